#include "io/faulty_file_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace minslice::io {
namespace {

class FaultyAppendFile final : public AppendFile {
 public:
  FaultyAppendFile(std::unique_ptr<AppendFile> real, int fd, std::shared_ptr<Faults> faults)
      : AppendFile(real->path(), real->size()), real_(std::move(real)), fd_(fd), faults_(std::move(faults)) {}
  ~FaultyAppendFile() override { close(fd_); }
  FaultyAppendFile(const FaultyAppendFile&) = delete;
  FaultyAppendFile& operator=(const FaultyAppendFile&) = delete;

 protected:
  ssize_t WriteSome(const char* data, std::size_t size) override {
    if (faults_->interrupts > 0) {
      --faults_->interrupts;
      errno = EINTR;
      return -1;
    }
    if (faults_->free_bytes <= 0) {
      errno = ENOSPC;
      return -1;
    }
    size = std::min({size, faults_->largest_write, static_cast<std::size_t>(faults_->free_bytes)});
    const ssize_t n = write(fd_, data, size);
    if (n > 0) faults_->free_bytes -= n;
    ++faults_->writes;
    return n;
  }
  int TruncateTo(std::int64_t size) override {
    if (faults_->truncate_fails) {
      errno = EIO;
      return -1;
    }
    const off_t now = lseek(fd_, 0, SEEK_END);
    const int cut = ftruncate(fd_, size);
    if (cut == 0 && now > size) faults_->free_bytes += now - size;  // the disk has them again
    return cut;
  }
  int SyncData() override {
    ++faults_->syncs;
    if (faults_->sync_errno == 0) return fdatasync(fd_);
    errno = faults_->sync_errno;
    return -1;
  }

  bool Lost() override { return real_->Lost(); }
  Result<std::string> Contents() override { return real_->Contents(); }

 private:
  std::unique_ptr<AppendFile> real_;  // holds the lock
  int fd_;
  std::shared_ptr<Faults> faults_;
};

}  // namespace

Result<std::string> FaultyFileSystem::ReadFile(const std::string& path, std::size_t slack) {
  if (!faults_->lost_path.empty() && path == faults_->lost_path) {
    return FailInternal(path + ": cannot be read: input/output error");
  }
  return RealFileSystem().ReadFile(path, slack);
}

Result<void> FaultyFileSystem::WriteFile(const std::string& path, std::string_view bytes) {
  if (static_cast<std::int64_t>(bytes.size()) > faults_->free_bytes) {
    return FailInternal(path + ": cannot be written: no space left on device");
  }
  faults_->free_bytes -= static_cast<std::int64_t>(bytes.size());
  return RealFileSystem().WriteFile(path, bytes);
}

Result<std::unique_ptr<AppendFile>> FaultyFileSystem::OpenAppend(const std::string& path, AppendMode mode) {
  auto real = RealFileSystem().OpenAppend(path, mode);
  if (!real) return real;
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return FailInternal(path + ": cannot be opened twice");
  return std::unique_ptr<AppendFile>(std::make_unique<FaultyAppendFile>(std::move(*real), fd, faults_));
}

}  // namespace minslice::io
