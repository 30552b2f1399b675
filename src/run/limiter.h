// How many requests may be in flight while the gateway pushes back (429, 503 with a Retry-After, 529), and
// when nobody may send at all.
//
// The window is judged once a round, a round being as many answers as the window was wide when it began. A
// round with a share p of refusals shrinks it by the factor 1 - p/2, one with few or none lets it grow by a
// sixteenth of the most: additive increase, and a decrease in proportion to the congestion (DCTCP, RFC 8257),
// because a provider that refuses one request in twenty at random is not a provider that is full, and halving
// on each refusal would starve a run for it. Refusals without an answer between them are another matter: the
// limit belongs to the key, so that after kTurnedAway of them everybody waits.
#ifndef MINSLICE_RUN_LIMITER_H_
#define MINSLICE_RUN_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

namespace minslice::run {

class Limiter {
 public:
  static constexpr int kTurnedAway = 8;

  explicit Limiter(std::size_t most) : most_(most == 0 ? 1 : most), window_(static_cast<double>(most_)) {}

  std::size_t window() const { return static_cast<std::size_t>(window_); }
  // Before this moment of the monotonic clock nothing may be sent.
  double resume_at_s() const { return resume_at_s_; }

  // The gateway answered, with whatever.
  void Answered();
  // The gateway asked to be left alone. `uniform` in [0, 1) spreads the pause where it named none.
  void PushedBack(double now_s, std::optional<double> retry_after_s, double uniform);

  std::int64_t pauses() const { return pauses_; }
  std::size_t narrowest() const { return narrowest_ == 0 ? most_ : narrowest_; }

 private:
  void Count(bool pushed_back);

  std::size_t most_;
  double window_;
  std::size_t in_round_ = 0;
  std::size_t refused_in_round_ = 0;
  std::size_t refused_in_a_row_ = 0;
  int pauses_in_a_row_ = 0;
  double longest_asked_s_ = 0;  // by the refusals in a row
  double resume_at_s_ = 0;
  std::int64_t pauses_ = 0;
  std::size_t narrowest_ = 0;
};

}  // namespace minslice::run

#endif  // MINSLICE_RUN_LIMITER_H_
