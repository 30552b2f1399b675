#include "io/scratch_file.h"

#include <fcntl.h>
#include <sys/stat.h>
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
constexpr std::size_t kLarge = kBlock / 8;  // is not copied first

}  // namespace

Result<ScratchFile> ScratchFile::Make(const std::string& beside) {
  std::error_code error;
  std::string folder = FolderOf(beside);
  if (std::filesystem::exists(beside, error) && !std::filesystem::is_regular_file(beside, error))
    folder = std::filesystem::temp_directory_path(error).string();
  Descriptor nameless(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
  if (nameless.get() >= 0) return ScratchFile(std::move(folder), std::move(nameless), true);
  std::string name = JoinPath(folder, ".minslice-XXXXXX");
  Descriptor fd(mkostemp(name.data(), O_CLOEXEC));
  if (fd.get() < 0) return SystemFailure(beside, "cannot be written", errno);
  unlink(name.c_str());
  return ScratchFile(std::move(folder), std::move(fd), false);
}

Result<void> ScratchFile::Append(std::string_view bytes) {
  if (waiting_.empty() && bytes.size() >= kLarge) return Put(bytes);
  waiting_ += bytes;
  return waiting_.size() < kBlock ? Result<void>() : Flush();
}

Result<void> ScratchFile::Put(std::string_view bytes) {
  if (const int error = WriteAll(fd_.get(), bytes))
    return SystemFailure(folder_, "cannot hold the rows that are read", error);
  return {};
}

Result<void> ScratchFile::Flush() {
  auto put = Put(waiting_);
  if (put) waiting_.clear();
  return put;
}

Result<void> ScratchFile::Replace(std::string_view first_bytes) {
  if (auto flushed = Flush(); !flushed) return flushed;
  for (off_t at = 0; !first_bytes.empty();) {
    const ssize_t n = pwrite(fd_.get(), first_bytes.data(), first_bytes.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemFailure(folder_, "cannot hold the rows that are read", errno);
    first_bytes.remove_prefix(static_cast<std::size_t>(n));
    at += n;
  }
  return {};
}

Result<bool> ScratchFile::BecomeFile(const std::string& path) {
  struct stat status{};
  if (!nameless_ || (lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))) return false;
  if (auto flushed = Flush(); !flushed) return tl::unexpected(flushed.error());
  const std::string own = "/proc/self/fd/" + std::to_string(fd_.get());
  const std::string temporary = path + ".tmp." + std::to_string(getpid());
  if (linkat(AT_FDCWD, own.c_str(), AT_FDCWD, temporary.c_str(), AT_SYMLINK_FOLLOW) != 0) return false;
  if (rename(temporary.c_str(), path.c_str()) == 0) return true;
  const int error = errno;
  unlink(temporary.c_str());
  return SystemFailure(path, "cannot be written", error);
}

Result<void> ScratchFile::Read(const std::function<Result<void>(std::string_view block)>& visit,
                               std::int64_t from) {
  if (auto flushed = Flush(); !flushed) return flushed;
  std::string block(kBlock, '\0');
  for (off_t at = from;;) {
    const ssize_t n = pread(fd_.get(), block.data(), block.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemFailure(folder_, "cannot be read back", errno);
    if (n == 0) break;
    if (auto visited = visit(std::string_view(block).substr(0, static_cast<std::size_t>(n))); !visited)
      return visited;
    at += n;
  }
  return {};
}

}  // namespace minslice::io
