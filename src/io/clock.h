// Time behind a small struct, so that a late second becomes a unit test.
#ifndef MINSLICE_IO_CLOCK_H_
#define MINSLICE_IO_CLOCK_H_

#include <cstdint>
#include <string>

namespace minslice::io {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t UnixSeconds() = 0;                      // wall clock
  virtual double MonotonicSeconds() = 0;                       // from an arbitrary start; never goes back
  std::string NowRfc3339() { return Rfc3339(UnixSeconds()); }  // "2026-11-21T03:00:00Z"

  static std::string Rfc3339(std::int64_t unix_seconds);
};

Clock& RealClock();

// Stands still until told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t unix_seconds = 0) : start_(unix_seconds) {}
  std::int64_t UnixSeconds() override { return start_ + static_cast<std::int64_t>(elapsed_s_); }
  double MonotonicSeconds() override { return elapsed_s_; }
  void Advance(double seconds) { elapsed_s_ += seconds; }

 private:
  std::int64_t start_;
  double elapsed_s_ = 0;
};

}  // namespace minslice::io

#endif  // MINSLICE_IO_CLOCK_H_
