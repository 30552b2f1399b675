#include "import/line_batches.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace minslice::import {
namespace {

constexpr std::size_t kBatch = std::size_t{1} << 19U;
constexpr std::size_t kLeast = std::size_t{1} << 16U;    // what a file looks like is told by so much
constexpr std::size_t kLargest = std::size_t{4} << 20U;  // a larger one, for a long line, is not kept

// Cuts the stream at the last newline of each block.
class Cutter {
 public:
  Cutter(io::PlainStream& stream, std::string path, std::size_t longest)
      : stream_(stream), path_(std::move(path)), longest_(longest) {}

  // False: there are no more lines.
  Result<bool> Next(LineBatch& batch) {
    if (batch.capacity < kBatch || batch.capacity > kLargest) Resize(batch, kBatch, 0);
    while (batch.capacity < rest_.size() + kBatch / 2) Resize(batch, batch.capacity * 2, 0);
    std::memcpy(batch.text.get(), rest_.data(), rest_.size());
    batch.size = rest_.size();
    std::size_t searched = 0, whole = 0;
    while (!at_end_ && (whole == 0 || batch.size < kLeast)) {
      if (batch.size == batch.capacity)
        Resize(batch, std::min(batch.capacity * 2, longest_ + kBatch), batch.size);
      const auto n = stream_.Read(batch.text.get() + batch.size, batch.capacity - batch.size);
      if (!n) return tl::unexpected(n.error());
      at_end_ = *n == 0;
      batch.size += *n;
      const void* newline = memrchr(batch.text.get() + searched, '\n', batch.size - searched);
      if (newline != nullptr)
        whole = static_cast<std::size_t>(static_cast<const char*>(newline) - batch.text.get()) + 1;
      searched = batch.size;
      if (whole == 0 && batch.size > longest_) return TooLong(line_);
    }
    if (whole == 0) whole = batch.size;
    rest_.assign(batch.text.get() + whole, batch.size - whole);
    batch.size = whole;
    std::memset(batch.text.get() + whole, 0, io::LineSource::kLineSlack);
    return Split(batch);
  }
  bool at_end() const { return at_end_ && rest_.empty(); }

 private:
  static void Resize(LineBatch& batch, std::size_t capacity, std::size_t kept) {
    auto text = std::make_unique_for_overwrite<char[]>(capacity + io::LineSource::kLineSlack);
    if (kept > 0) std::memcpy(text.get(), batch.text.get(), kept);
    batch.text = std::move(text);
    batch.capacity = capacity;
  }
  tl::unexpected<Failure> TooLong(std::int64_t line) const {
    return FailAt({path_, static_cast<int>(line), 0},
                  "a line of more than " + std::to_string(longest_ >> 20U) + " MiB: not read");
  }
  Result<bool> Split(LineBatch& batch) {
    batch.lines.clear();
    batch.first_line = line_;
    batch.terminated = true;
    const char* at = batch.text.get();
    const char* const end = at + batch.size;
    while (at < end) {
      const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
      const char* stop = newline == nullptr ? end : static_cast<const char*>(newline);
      batch.terminated = newline != nullptr;
      if (static_cast<std::size_t>(stop - at) > longest_) return TooLong(line_);
      batch.lines.emplace_back(at, static_cast<std::size_t>(stop - at));
      ++line_;
      at = stop + 1;
    }
    return !batch.lines.empty();
  }

  io::PlainStream& stream_;
  std::string path_, rest_;
  std::size_t longest_;
  std::int64_t line_ = 1;
  bool at_end_ = false;
};

class Batches {
 public:
  Batches(Cutter& cutter, const BatchWork& work, std::size_t threads)
      : cutter_(cutter), work_(work), places_(2 * threads) {
    for (LineBatch& place : places_) free_.push_back(&place);
  }

  Result<void> Run(LineBatch first, std::size_t threads) {
    *free_.back() = std::move(first);
    LineBatch* batch = free_.back();
    free_.pop_back();
    next_number_ = 1;
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i) {
      try {
        others.emplace_back([this] { Work(nullptr); });
      } catch (const std::system_error&) {
        break;  // none to be had: fewer do the same
      }
    }
    Work(batch);
    for (std::thread& other : others) other.join();
    if (thrown_) std::rethrow_exception(thrown_);
    if (failure_) return tl::unexpected(*failure_);
    return {};
  }

 private:
  void Work(LineBatch* batch) {
    // A thread must not end by an exception.
    try {
      for (std::size_t number = 0; batch != nullptr || Cut(batch, number); batch = nullptr) {
        if (work_.read) work_.read(*batch);
        TakeReady(number, batch);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      thrown_ = std::current_exception();
      stopped_ = true;
      changed_.notify_all();
    }
  }
  // The next batch of the stream, once there is a place for it.
  bool Cut(LineBatch*& batch, std::size_t& number) {
    const std::lock_guard cutting(cutting_);
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || ended_ || !free_.empty(); });
      if (stopped_ || ended_) return false;
      batch = free_.back();
      free_.pop_back();
    }
    const auto cut = cutter_.Next(*batch);
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    if (cut && *cut) {
      number = next_number_++;
      return true;
    }
    // What was cut before is still taken: errors come in the order of the lines.
    if (!cut) failure_ = cut.error();
    ended_ = true;
    changed_.notify_all();
    return false;
  }
  void TakeReady(std::size_t number, LineBatch* batch) {
    std::unique_lock lock(mutex_);
    ready_.emplace(number, batch);
    if (taking_) return;  // whoever takes will find it
    taking_ = true;
    while (!stopped_ && !ready_.empty() && ready_.begin()->first == next_taken_) {
      LineBatch* next = ready_.begin()->second;
      ready_.erase(ready_.begin());
      lock.unlock();
      const bool go_on = work_.take(*next);
      lock.lock();
      ++next_taken_;
      free_.push_back(next);
      if (!go_on) {
        stopped_ = true;
        failure_.reset();  // of lines that nobody asks for any more
      }
      changed_.notify_all();
    }
    taking_ = false;
  }

  Cutter& cutter_;
  const BatchWork& work_;
  std::vector<LineBatch> places_;
  std::mutex cutting_, mutex_;
  std::condition_variable changed_;
  std::vector<LineBatch*> free_;
  std::map<std::size_t, LineBatch*> ready_;
  std::size_t next_number_ = 0, next_taken_ = 0;
  bool taking_ = false, stopped_ = false, ended_ = false;
  std::optional<Failure> failure_;
  std::exception_ptr thrown_;
};

}  // namespace

Result<void> InBatches(io::PlainStream& stream, const std::string& path, std::size_t longest,
                       std::size_t threads, const BatchWork& work) {
  Cutter cutter(stream, path, longest);
  LineBatch first;
  const auto any = cutter.Next(first);
  if (!any) return tl::unexpected(any.error());
  if (!*any) return {};
  if (work.begin) work.begin(first);
  if (!cutter.at_end())
    return Batches(cutter, work, std::max<std::size_t>(threads, 1))
        .Run(std::move(first), std::max<std::size_t>(threads, 1));
  if (work.read) work.read(first);
  work.take(first);
  return {};
}

}  // namespace minslice::import
