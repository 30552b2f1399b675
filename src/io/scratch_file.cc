#include "io/scratch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "io/file_system.h"

namespace minslice::io {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18U;

}  // namespace

Result<ScratchFile> ScratchFile::Make(const std::string& beside) {
  std::error_code error;
  std::string folder = FolderOf(beside);
  if (std::filesystem::exists(beside, error) && !std::filesystem::is_regular_file(beside, error))
    folder = std::filesystem::temp_directory_path(error).string();
  std::string name = JoinPath(folder, ".minslice-XXXXXX");
  Descriptor fd(mkostemp(name.data(), O_CLOEXEC));
  if (fd.get() < 0) return SystemFailure(beside, "cannot be written", errno);
  unlink(name.c_str());
  return ScratchFile(std::move(folder), std::move(fd));
}

Result<void> ScratchFile::Append(std::string_view bytes) {
  waiting_ += bytes;
  if (waiting_.size() < kBlock) return {};
  if (const int error = WriteAll(fd_.get(), waiting_))
    return SystemFailure(folder_, "cannot hold the rows that are read", error);
  waiting_.clear();
  return {};
}

Result<void> ScratchFile::Read(const std::function<Result<void>(std::string_view block)>& visit) {
  std::string block(kBlock, '\0');
  for (off_t at = 0;;) {
    const ssize_t n = pread(fd_.get(), block.data(), block.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemFailure(folder_, "cannot be read back", errno);
    if (n == 0) break;
    if (auto visited = visit(std::string_view(block).substr(0, static_cast<std::size_t>(n))); !visited)
      return visited;
    at += n;
  }
  return waiting_.empty() ? Result<void>() : visit(waiting_);
}

}  // namespace minslice::io
