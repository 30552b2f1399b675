// Files behind a small abstract struct, so that a torn write or a full disk becomes a unit test.
#ifndef MINSLICE_IO_FILE_SYSTEM_H_
#define MINSLICE_IO_FILE_SYSTEM_H_

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "minslice/result.h"

namespace minslice::io {

// A file that only grows, locked against a second writer for as long as the object lives. One thread writes;
// Sync and Lost may be called from another one meanwhile.
class AppendFile {
 public:
  virtual ~AppendFile() = default;

  // All or nothing: one write(2) in the common case; where the disk takes only a part, that part is cut off
  // again. After a failure that could not be undone every further call fails.
  Result<void> Append(std::string_view bytes);
  Result<void> Sync();                     // fdatasync
  Result<void> CutTo(std::int64_t bytes);  // drops what stands after so many bytes
  // Whether the path names another file by now, or none: what is appended then is gone with the last
  // descriptor.
  virtual bool Lost() = 0;
  // The file's bytes, also after it was deleted.
  virtual Result<std::string> Contents() = 0;
  std::int64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 protected:
  AppendFile(std::string path, std::int64_t size) : path_(std::move(path)), size_(size) {}
  // As the system calls: -1 and errno on failure.
  virtual ssize_t WriteSome(const char* data, std::size_t size) = 0;
  virtual int TruncateTo(std::int64_t size) = 0;
  virtual int SyncData() = 0;

 private:
  std::string path_;
  std::int64_t size_;
  std::atomic<bool> broken_{false};
};

// A file that is read in pieces. What is no regular file (a pipe) is held in memory.
class RandomFile {
 public:
  virtual ~RandomFile() = default;
  virtual std::int64_t size() const = 0;
  // Replaces `bytes` by the `size` bytes at `offset`, fewer at the end of the file.
  virtual Result<void> ReadAt(std::int64_t offset, std::size_t size, std::string& bytes) = 0;
};

// The bytes of a file in order.
class InputStream {
 public:
  virtual ~InputStream() = default;
  virtual Result<std::size_t> Read(char* to, std::size_t room) = 0;  // 0 at the end
  virtual std::int64_t size() const { return 0; }                    // of the file; 0: not known
};

enum class AppendMode {
  kCreate,    // refuses an existing file
  kContinue,  // refuses a missing one
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The whole file. The string's capacity leaves `slack` bytes after its end. Folders, devices and named
  // pipes are refused: they may have no end. The shell's pipes (/dev/stdin, /dev/fd/63) are read, up to
  // kMostOfAPipe bytes.
  virtual Result<std::string> ReadFile(const std::string& path, std::size_t slack = 0) = 0;
  // The same in blocks and without that bound; by default from ReadFile.
  virtual Result<std::unique_ptr<InputStream>> OpenInput(const std::string& path);
  // Atomic: a reader sees the old file or the whole new one, never a part (temporary file in the same folder,
  // fsync, rename). What is no regular file (a pipe, /dev/stdout) is written to as it stands.
  virtual Result<void> WriteFile(const std::string& path, std::string_view bytes) = 0;
  virtual Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, AppendMode mode) = 0;
  virtual bool Exists(const std::string& path) = 0;
  virtual Result<std::int64_t> Size(const std::string& path) = 0;
  // Unless a file system knows better, the whole file is held.
  virtual Result<std::unique_ptr<RandomFile>> OpenRandom(const std::string& path);
  virtual Result<void> MakeDirectories(const std::string& path) = 0;  // as mkdir -p
};

inline constexpr std::size_t kMostOfAPipe = std::size_t{1} << 30U;

FileSystem& RealFileSystem();

// The folder of a path ("." where it has none) and a path taken relative to a folder, as strings.
std::string FolderOf(const std::string& path);
std::string JoinPath(const std::string& folder, const std::string& relative);

}  // namespace minslice::io

#endif  // MINSLICE_IO_FILE_SYSTEM_H_
