// SIGINT and SIGTERM while a run lasts.
#ifndef MINSLICE_CLI_STOP_SIGNALS_H_
#define MINSLICE_CLI_STOP_SIGNALS_H_

#include <atomic>
#include <csignal>

namespace minslice::cli {

// The first signal drains, the second stops. A closed connection must not kill us.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static const std::atomic<int>* count();  // of the signals since the object was made

 private:
  struct sigaction interrupt_ = {};
  struct sigaction terminate_ = {};
  struct sigaction pipe_ = {};
  struct sigaction file_size_ = {};
};

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_STOP_SIGNALS_H_
