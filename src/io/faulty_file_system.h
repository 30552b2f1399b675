// A file system that breaks on purpose: for tests of whatever writes.
#ifndef MINSLICE_IO_FAULTY_FILE_SYSTEM_H_
#define MINSLICE_IO_FAULTY_FILE_SYSTEM_H_

#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "io/file_system.h"

namespace minslice::io {

// Counts of what happened and what shall go wrong next; shared by the files that the system opened.
struct Faults {
  std::int64_t free_bytes =
      std::numeric_limits<std::int64_t>::max();  // appended bytes that still fit; then ENOSPC
  std::size_t largest_write = std::numeric_limits<std::size_t>::max();  // longer writes are short
  int interrupts = 0;  // so many writes fail with EINTR first
  bool truncate_fails = false;
  std::atomic<int> sync_errno{0};  // 0: sync works; read by whatever thread syncs
  std::string lost_path;           // reading this path fails with EIO
  std::int64_t writes = 0;
  std::atomic<std::int64_t> syncs{0};
};

// Files are real; appends and reads go through the faults. WriteFile obeys free_bytes and is atomic then too.
class FaultyFileSystem final : public FileSystem {
 public:
  FaultyFileSystem() : faults_(std::make_shared<Faults>()) {}
  Faults& faults() { return *faults_; }

  Result<std::string> ReadFile(const std::string& path, std::size_t slack = 0) override;
  Result<void> WriteFile(const std::string& path, std::string_view bytes) override;
  Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, AppendMode mode) override;
  bool Exists(const std::string& path) override { return RealFileSystem().Exists(path); }
  Result<std::int64_t> Size(const std::string& path) override { return RealFileSystem().Size(path); }
  Result<void> MakeDirectories(const std::string& path) override {
    return RealFileSystem().MakeDirectories(path);
  }

 private:
  std::shared_ptr<Faults> faults_;
};

}  // namespace minslice::io

#endif  // MINSLICE_IO_FAULTY_FILE_SYSTEM_H_
