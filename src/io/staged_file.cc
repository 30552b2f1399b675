#include "io/staged_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "io/file_system.h"
#include "io/posix_file.h"

namespace minslice::io {

StagedFile::StagedFile(StagedFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      special_(std::move(other.special_)),
      fd_(std::move(other.fd_)) {}

StagedFile::~StagedFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<StagedFile> StagedFile::Open(const std::string& path) {
  StagedFile file(path, path);
  struct stat status{};
  if (stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return SystemFailure(path, "cannot be written", EISDIR);
    if (!S_ISREG(status.st_mode)) {
      file.fd_ = Descriptor(open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (file.fd_.get() < 0) return SystemFailure(path, "cannot be written", errno);
      return file;
    }
    if (char* real = realpath(path.c_str(), nullptr)) {
      file.target_ = real;
      std::free(real);
    }
  }
  file.temporary_ = file.target_ + ".tmp." + std::to_string(getpid());
  file.fd_ = Descriptor(open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.fd_.get() < 0) {
    const int error = errno;
    file.temporary_.clear();  // not ours to remove
    return SystemFailure(path, "cannot be written", error);
  }
  return file;
}

Result<void> StagedFile::Append(std::string_view bytes) {
  if (const int error = WriteAll(fd_.get(), bytes)) return SystemFailure(path_, "cannot be written", error);
  return {};
}

Result<void> StagedFile::Seal() {
  const bool regular = !temporary_.empty();
  int error = regular && fsync(fd_.get()) != 0 ? errno : 0;
  if (close(fd_.Release()) != 0 && error == 0) error = errno;
  if (error != 0) return SystemFailure(path_, "cannot be written", error);
  return {};
}

Result<StagedFile> StagedFile::Write(const std::string& path, std::string_view bytes) {
  struct stat status{};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    StagedFile special(path, path);
    special.special_ = bytes;
    return special;
  }
  Result<StagedFile> file = Open(path);
  if (!file) return file;
  if (auto written = file->Append(bytes); !written) return tl::unexpected(written.error());
  if (auto sealed = file->Seal(); !sealed) return tl::unexpected(sealed.error());
  return file;
}

Result<void> StagedFile::Commit() {
  if (fd_.get() >= 0) {
    if (auto sealed = Seal(); !sealed) return sealed;
    if (temporary_.empty()) return {};
  }
  if (temporary_.empty()) {
    Descriptor fd(open(target_.c_str(), O_WRONLY | O_CLOEXEC));
    if (fd.get() < 0) return SystemFailure(path_, "cannot be written", errno);
    if (const int error = WriteAll(fd.get(), special_))
      return SystemFailure(path_, "cannot be written", error);
    return {};
  }
  if (rename(temporary_.c_str(), target_.c_str()) != 0)
    return SystemFailure(path_, "cannot be written", errno);
  temporary_.clear();
  const Descriptor folder(open(FolderOf(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0)
    fsync(folder.get());  // the name, too, survives a power cut where the file system can
  return {};
}

Result<void> WriteTogether(std::span<const PendingFile> files) {
  std::vector<StagedFile> staged;
  staged.reserve(files.size());
  for (const PendingFile& file : files) {
    Result<StagedFile> one = StagedFile::Write(file.path, file.bytes);
    if (!one) return tl::unexpected(one.error());
    staged.push_back(std::move(*one));
  }
  for (StagedFile& file : staged) {
    if (auto committed = file.Commit(); !committed) return committed;
  }
  return {};
}

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error) && !error;
}

Result<std::vector<std::string>> MoveAside(const std::string& folder, std::span<const std::string> names,
                                           const std::string& subfolder) {
  std::vector<std::string> moved;
  for (const std::string& name : names) {
    const std::string from = JoinPath(folder, name);
    struct stat status{};
    if (lstat(from.c_str(), &status) != 0) continue;
    const std::string aside = JoinPath(folder, subfolder);
    if (auto made = RealFileSystem().MakeDirectories(aside); !made) return tl::unexpected(made.error());
    if (rename(from.c_str(), JoinPath(aside, name).c_str()) != 0)
      return SystemFailure(from, "cannot be moved to " + aside, errno);
    moved.push_back(name);
  }
  return moved;
}

}  // namespace minslice::io
