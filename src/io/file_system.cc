#include "io/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>

#include "io/posix_file.h"
#include "io/staged_file.h"

namespace minslice::io {
namespace {

class RealAppendFile final : public AppendFile {
 public:
  RealAppendFile(std::string path, int fd, std::int64_t size) : AppendFile(std::move(path), size), fd_(fd) {}

 protected:
  ssize_t WriteSome(const char* data, std::size_t size) override { return write(fd_.get(), data, size); }
  int TruncateTo(std::int64_t size) override { return ftruncate(fd_.get(), size); }
  int SyncData() override { return fdatasync(fd_.get()); }

  bool Lost() override {
    struct stat open_file{};
    struct stat named{};
    if (fstat(fd_.get(), &open_file) != 0) return false;
    if (stat(path().c_str(), &named) != 0) return errno == ENOENT || errno == ENOTDIR;
    return open_file.st_dev != named.st_dev || open_file.st_ino != named.st_ino;
  }
  Result<std::string> Contents() override {
    return RealFileSystem().ReadFile("/proc/self/fd/" + std::to_string(fd_.get()));
  }

 private:
  Descriptor fd_;
};

class RegularFile final : public RandomFile {
 public:
  RegularFile(std::string path, int fd, std::int64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}

  std::int64_t size() const override { return size_; }
  Result<void> ReadAt(std::int64_t offset, std::size_t size, std::string& bytes) override {
    bytes.resize(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n = pread(fd_.get(), bytes.data() + done, size - done,
                              static_cast<off_t>(offset + static_cast<std::int64_t>(done)));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return SystemFailure(path_, "cannot be read", errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    bytes.resize(done);
    return {};
  }

 private:
  std::string path_;
  Descriptor fd_;
  std::int64_t size_;
};

class RealInput final : public InputStream {
 public:
  RealInput(std::string path, int fd, std::int64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}
  Result<std::size_t> Read(char* to, std::size_t room) override {
    for (;;) {
      const ssize_t n = read(fd_.get(), to, room);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return SystemFailure(path_, "cannot be read", errno);
    }
  }
  std::int64_t size() const override { return size_; }

 private:
  std::string path_;
  Descriptor fd_;
  std::int64_t size_;
};

class HeldFile final : public RandomFile {
 public:
  explicit HeldFile(std::string bytes) : bytes_(std::move(bytes)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
  Result<void> ReadAt(std::int64_t offset, std::size_t size, std::string& bytes) override {
    const auto at = static_cast<std::size_t>(std::max<std::int64_t>(offset, 0));
    bytes = at < bytes_.size() ? bytes_.substr(at, size) : std::string();
    return {};
  }

 private:
  std::string bytes_;
};

// From memory, for file systems that have no stream of their own.
class TextInput final : public InputStream {
 public:
  explicit TextInput(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> Read(char* to, std::size_t room) override {
    const std::size_t n = std::min(room, text_.size() - at_);
    std::memcpy(to, text_.data() + at_, n);
    at_ += n;
    return n;
  }
  std::int64_t size() const override { return static_cast<std::int64_t>(text_.size()); }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

// A pipe that the shell opened for us, which ends when its writer does.
bool IsOpenPipe(const std::string& path) {
  return path == "/dev/stdin" || path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/");
}

// Opened without waiting for a writer; what may have no end is refused. `size` is 0 for pipes.
Result<int> OpenToRead(const std::string& path, std::int64_t& size) {
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0 && errno == ENXIO) return FailAt({path}, "is a socket or a device, expected a file");
  if (fd.get() < 0) return SystemFailure(path, "cannot be read", errno);
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return SystemFailure(path, "cannot be read", errno);
  if (S_ISDIR(status.st_mode)) return FailAt({path}, "is a folder, expected a file");
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
    return FailAt({path}, "is a device, expected a file");
  if (S_ISSOCK(status.st_mode)) return FailAt({path}, "is a socket, expected a file");
  if (S_ISFIFO(status.st_mode) && !IsOpenPipe(path))
    return FailAt({path}, "is a named pipe, expected a file");
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) < 0)
    return SystemFailure(path, "cannot be read", errno);
  size = S_ISREG(status.st_mode) ? static_cast<std::int64_t>(status.st_size) : 0;
  return fd.Release();
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<InputStream>> OpenInput(const std::string& path) override {
    std::int64_t size = 0;
    const auto fd = OpenToRead(path, size);
    if (!fd) return tl::unexpected(fd.error());
    return std::make_unique<RealInput>(path, *fd, size);
  }

  Result<std::string> ReadFile(const std::string& path, std::size_t slack) override {
    std::int64_t size = 0;
    const auto fd = OpenToRead(path, size);
    if (!fd) return tl::unexpected(fd.error());
    RealInput input(path, *fd, size);
    std::string text;
    const auto expected = static_cast<std::size_t>(size);
    try {
      text.reserve(expected + slack + 1);
      for (;;) {
        // One byte more than the file had, so that the common case ends without growing.
        const std::size_t at = text.size();
        const std::size_t room = at <= expected ? expected - at + 1 : std::size_t{1} << 16U;
        text.resize(at + room);
        const auto n = input.Read(text.data() + at, room);
        if (!n) return tl::unexpected(n.error());
        text.resize(at + *n);
        if (*n == 0) break;
        if (size == 0 && text.size() > kMostOfAPipe)
          return FailAt({path}, "more than 1 GiB from a pipe: expected a file");
      }
      text.reserve(text.size() + slack);
    } catch (const std::bad_alloc&) {
      return FailInternal(path + ": not enough memory to read it whole");
    }
    return text;
  }

  Result<void> WriteFile(const std::string& path, std::string_view bytes) override {
    Result<StagedFile> file = StagedFile::Write(path, bytes);
    if (!file) return tl::unexpected(file.error());
    return file->Commit();
  }

  Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, AppendMode mode) override {
    const int create = mode == AppendMode::kCreate ? O_CREAT | O_EXCL : 0;
    Descriptor fd(open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | create, 0666));
    if (fd.get() < 0 && errno == EEXIST) return FailAt({path}, "already exists; nothing was written");
    if (fd.get() < 0) return SystemFailure(path, "cannot be written", errno);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return FailAt({path}, "is being written by another process");
      // File systems without locks (some network mounts) are written to all the same.
      if (errno != ENOLCK && errno != EOPNOTSUPP && errno != EINVAL)
        return SystemFailure(path, "cannot be locked", errno);
    }
    struct stat status{};
    if (fstat(fd.get(), &status) != 0) return SystemFailure(path, "cannot be written", errno);
    return std::unique_ptr<AppendFile>(std::make_unique<RealAppendFile>(path, fd.Release(), status.st_size));
  }

  Result<std::unique_ptr<RandomFile>> OpenRandom(const std::string& path) override {
    // A named pipe must not hold us up before it is refused.
    Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return SystemFailure(path, "cannot be read", errno);
    struct stat status{};
    if (fstat(fd.get(), &status) != 0) return SystemFailure(path, "cannot be read", errno);
    if (!S_ISREG(status.st_mode)) return FileSystem::OpenRandom(path);
    return std::unique_ptr<RandomFile>(std::make_unique<RegularFile>(path, fd.Release(), status.st_size));
  }

  bool Exists(const std::string& path) override {
    struct stat status{};
    return stat(path.c_str(), &status) == 0;
  }

  Result<std::int64_t> Size(const std::string& path) override {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) return SystemFailure(path, "cannot be read", errno);
    return static_cast<std::int64_t>(status.st_size);
  }

  Result<void> MakeDirectories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return SystemFailure(path, "cannot be made", error.value());
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<RandomFile>> FileSystem::OpenRandom(const std::string& path) {
  Result<std::string> bytes = ReadFile(path, 0);
  if (!bytes) return tl::unexpected(bytes.error());
  return std::unique_ptr<RandomFile>(std::make_unique<HeldFile>(std::move(*bytes)));
}

Result<void> AppendFile::Append(std::string_view bytes) {
  if (broken_) return FailInternal(path_ + ": not written: an earlier write failed and could not be undone");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = WriteSome(bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int error = n < 0 ? errno : ENOSPC;
      if (done > 0 && TruncateTo(size_) != 0) broken_ = true;
      return SystemFailure(path_, "cannot be written", error);
    }
    done += static_cast<std::size_t>(n);
  }
  size_ += static_cast<std::int64_t>(bytes.size());
  return {};
}

Result<void> AppendFile::Sync() {
  if (broken_) return FailInternal(path_ + ": not written: an earlier write failed and could not be undone");
  while (SyncData() != 0) {
    if (errno == EINTR) continue;
    if (errno == EINVAL || errno == EROFS) return {};  // pipes and the like have nothing to sync
    return SystemFailure(path_, "cannot be written", errno);
  }
  return {};
}

Result<void> AppendFile::CutTo(std::int64_t bytes) {
  if (bytes >= size_) return {};
  if (TruncateTo(bytes) != 0) return SystemFailure(path_, "cannot be cut", errno);
  size_ = bytes;
  return {};
}

Result<std::unique_ptr<InputStream>> FileSystem::OpenInput(const std::string& path) {
  auto text = ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  return std::make_unique<TextInput>(std::move(*text));
}

FileSystem& RealFileSystem() {
  static PosixFileSystem file_system;
  return file_system;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string JoinPath(const std::string& folder, const std::string& relative) {
  if (!relative.empty() && relative[0] == '/') return relative;
  if (folder.empty() || folder == ".") return relative;
  return folder.back() == '/' ? folder + relative : folder + "/" + relative;
}

}  // namespace minslice::io
