// Makes the disk follow what a log writer appends, on a thread of its own.
#ifndef MINSLICE_LOG_SYNCER_H_
#define MINSLICE_LOG_SYNCER_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "io/file_system.h"
#include "minslice/result.h"

namespace minslice::log {

class Syncer {
 public:
  explicit Syncer(io::AppendFile& file) : file_(file) {}
  ~Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  // So many bytes more are in the kernel's hands. Starts the thread.
  void Written(std::int64_t bytes);
  // What went wrong so far: the disk, or the file is no longer where it was.
  Result<void> failure();
  // Waits until everything written is on the disk.
  Result<void> Finish();

 private:
  void Loop();
  Result<void> SyncNow();

  io::AppendFile& file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::int64_t unsynced_ = 0;
  bool stop_ = false;
  std::optional<Failure> failure_;
  std::thread thread_;
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_SYNCER_H_
