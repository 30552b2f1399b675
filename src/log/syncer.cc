#include "log/syncer.h"

#include <algorithm>
#include <chrono>

#include "log/log_writer.h"

namespace minslice::log {
namespace {

// What was appended to a file that has been deleted lives as long as the descriptor: it is written to a new
// file beside the old place, where a person finds it.
Failure Rescue(io::AppendFile& file) {
  const std::string& path = file.path();
  const std::string rescued = path + ".rescued";
  std::string text = "was deleted or replaced while it was written";
  const Result<std::string> bytes = file.Contents();
  if (bytes && !io::RealFileSystem().Exists(rescued) && io::RealFileSystem().WriteFile(rescued, *bytes)) {
    text += "; its rows were saved to " + rescued + ", which --resume completes";
  } else {
    text += "; its rows could not be saved beside it";
  }
  return {Failure::Kind::kInternal, {{{path, 0, 0}, std::move(text)}}};
}

}  // namespace

Syncer::~Syncer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Syncer::Written(std::int64_t bytes) {
  bool many = false;
  {
    const std::lock_guard lock(mutex_);
    unsynced_ += bytes;
    many = unsynced_ >= LogWriter::kSyncBytes;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Loop(); });
  if (many) wake_.notify_one();
}

Result<void> Syncer::failure() {
  const std::lock_guard lock(mutex_);
  if (failure_) return tl::unexpected(*failure_);
  return {};
}

Result<void> Syncer::Finish() {
  if (Result<void> before = failure(); !before) return before;
  {
    const std::lock_guard lock(mutex_);
    if (unsynced_ == 0) return {};
  }
  return SyncNow();
}

// May run on two threads at once; fdatasync then waits for the same blocks.
Result<void> Syncer::SyncNow() {
  std::int64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return tl::unexpected(*failure_);
    bytes = unsynced_;
  }
  Result<void> synced = file_.Sync();
  const bool lost = file_.Lost();
  const std::lock_guard lock(mutex_);
  if (failure_) return tl::unexpected(*failure_);
  if (lost) {
    failure_ = Rescue(file_);
  } else if (!synced) {
    failure_ = synced.error();
  } else {
    unsynced_ -= std::min(bytes, unsynced_);
    return {};
  }
  return tl::unexpected(*failure_);
}

void Syncer::Loop() {
  const auto pause = std::chrono::duration<double>(LogWriter::kSyncSeconds);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait_for(lock, pause, [this] { return stop_ || unsynced_ >= LogWriter::kSyncBytes; });
    if (stop_ || failure_) break;  // the owner flushes and finishes what is left
    if (unsynced_ == 0) continue;
    lock.unlock();
    static_cast<void>(SyncNow());
    lock.lock();
  }
}

}  // namespace minslice::log
