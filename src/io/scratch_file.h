// Bytes that are written once, read back once, and gone with the process: what would else be held in memory.
#ifndef MINSLICE_IO_SCRATCH_FILE_H_
#define MINSLICE_IO_SCRATCH_FILE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "io/posix_file.h"
#include "minslice/result.h"

namespace minslice::io {

class ScratchFile {
 public:
  // On the disk of `beside`, which is to become a file there; in the folder for temporary files where
  // `beside` is no regular file. It has no name that outlives this call.
  static Result<ScratchFile> Make(const std::string& beside);

  Result<void> Append(std::string_view bytes);
  // Hands out all bytes in order, in blocks.
  Result<void> Read(const std::function<Result<void>(std::string_view block)>& visit);

 private:
  ScratchFile(std::string folder, Descriptor fd) : folder_(std::move(folder)), fd_(std::move(fd)) {}

  std::string folder_;  // for messages
  Descriptor fd_;
  std::string waiting_;  // not yet written
};

}  // namespace minslice::io

#endif  // MINSLICE_IO_SCRATCH_FILE_H_
