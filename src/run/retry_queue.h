// The rows that wait to be asked again. Each becomes due at its own time; of those that are due the one that
// has waited longest for its answer goes first, so that no row is overtaken again and again and ends the run
// late.
#ifndef MINSLICE_RUN_RETRY_QUEUE_H_
#define MINSLICE_RUN_RETRY_QUEUE_H_

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <tuple>
#include <vector>

namespace minslice::run {

class RetryQueue {
 public:
  bool empty() const { return waiting_.empty() && due_.empty(); }
  std::size_t size() const { return waiting_.size() + due_.size(); }

  // `first_sent_s`: when the row was sent for the first time.
  void Push(double due_s, double first_sent_s, std::size_t slot) {
    waiting_.push({due_s, first_sent_s, slot});
  }

  // Whether a row is due at `now_s`; the next Pop gives the oldest of these.
  bool AnyDue(double now_s) {
    while (!waiting_.empty() && waiting_.top().due_s <= now_s) {
      due_.push({waiting_.top().first_sent_s, waiting_.top().slot});
      waiting_.pop();
    }
    return !due_.empty();
  }
  std::size_t Pop() {  // only where AnyDue was true
    const std::size_t slot = due_.top().slot;
    due_.pop();
    return slot;
  }

  // What was popped and could not be sent: it stays due.
  void PutBack(double first_sent_s, std::size_t slot) { due_.push({first_sent_s, slot}); }

  // In any order; for giving up.
  std::optional<std::size_t> Drop() {
    AnyDue(std::numeric_limits<double>::infinity());
    if (due_.empty()) return std::nullopt;
    return Pop();
  }

  // When the next row becomes due, or an infinite time; a row that is due already and not yet sent waits for
  // room, not for time.
  double NextDue() const {
    return waiting_.empty() ? std::numeric_limits<double>::infinity() : waiting_.top().due_s;
  }

 private:
  struct Waiting {
    double due_s = 0;
    double first_sent_s = 0;
    std::size_t slot = 0;
    bool operator>(const Waiting& other) const { return due_s > other.due_s; }
  };
  struct Due {
    double first_sent_s = 0;
    std::size_t slot = 0;
    bool operator>(const Due& other) const {
      return std::tie(first_sent_s, slot) > std::tie(other.first_sent_s, other.slot);
    }
  };
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace minslice::run

#endif  // MINSLICE_RUN_RETRY_QUEUE_H_
