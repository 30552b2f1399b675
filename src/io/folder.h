// What lies in a folder.
#ifndef MINSLICE_IO_FOLDER_H_
#define MINSLICE_IO_FOLDER_H_

#include <string>
#include <vector>

#include "minslice/result.h"

namespace minslice::io {

bool IsFolder(const std::string& path);
// The names of its regular files, ascending bytewise.
Result<std::vector<std::string>> FilesIn(const std::string& folder);

}  // namespace minslice::io

#endif  // MINSLICE_IO_FOLDER_H_
