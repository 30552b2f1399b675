// The formats' functions, for the table in import.cc. See Format::read.
#ifndef MINSLICE_IMPORT_FORMATS_H_
#define MINSLICE_IMPORT_FORMATS_H_

#include <span>
#include <string>

#include "import/import.h"

namespace minslice::import {

Result<ImportedRun> ReadJsonl(std::span<const std::string> paths, const Options& options,
                              io::FileSystem& files);
Result<ImportedRun> ReadCsv(std::span<const std::string> paths, const Options& options,
                            io::FileSystem& files);
Result<ImportedRun> ReadLmEval(std::span<const std::string> paths, const Options& options,
                               io::FileSystem& files);
Result<ImportedRun> ReadInspect(std::span<const std::string> paths, const Options& options,
                                io::FileSystem& files);
Result<ImportedRun> ReadPromptfoo(std::span<const std::string> paths, const Options& options,
                                  io::FileSystem& files);
Result<ImportedRun> ReadNemo(std::span<const std::string> paths, const Options& options,
                             io::FileSystem& files);

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_FORMATS_H_
