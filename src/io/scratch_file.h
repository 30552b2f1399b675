// Bytes that are written once, read back once, and gone with the process unless they get a name: what would
// else be held in memory.
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
  // Over the first bytes of what was appended.
  Result<void> Replace(std::string_view first_bytes);
  // Hands out all bytes from `from` on in order, in blocks.
  Result<void> Read(const std::function<Result<void>(std::string_view block)>& visit, std::int64_t from = 0);
  // All bytes become the file `path`, at once and over what has that name, without being copied; they may
  // still be on their way to the disk. False: that cannot be here (a link, no regular file, a file system
  // that does not know files without a name), and nothing has changed.
  Result<bool> BecomeFile(const std::string& path);

 private:
  ScratchFile(std::string folder, Descriptor fd, bool nameless)
      : folder_(std::move(folder)), fd_(std::move(fd)), nameless_(nameless) {}
  Result<void> Put(std::string_view bytes);
  Result<void> Flush();

  std::string folder_;  // for messages
  Descriptor fd_;
  bool nameless_;        // never had a name, so that it may get one
  std::string waiting_;  // not yet written
};

}  // namespace minslice::io

#endif  // MINSLICE_IO_SCRATCH_FILE_H_
