#include "run/limiter.h"

#include <algorithm>
#include <cmath>

namespace minslice::run {
namespace {

constexpr double kFirstPauseS = 0.5;
constexpr double kLongestPauseS = 60;
constexpr double kTolerated = 1.0 / 16;  // a share of refusals that is no congestion

}  // namespace

void Limiter::Count(bool pushed_back) {
  ++in_round_;
  if (pushed_back) ++refused_in_round_;
  if (in_round_ < window()) return;
  const double share = static_cast<double>(refused_in_round_) / static_cast<double>(in_round_);
  if (share > kTolerated) {
    window_ = std::max(1.0, window_ * (1 - share / 2));
  } else {
    window_ = std::min(static_cast<double>(most_), window_ + std::max(1.0, static_cast<double>(most_) / 16));
  }
  narrowest_ = std::min(narrowest(), window());
  in_round_ = 0;
  refused_in_round_ = 0;
}

void Limiter::Answered() {
  refused_in_a_row_ = 0;
  pauses_in_a_row_ = 0;
  longest_asked_s_ = 0;
  Count(false);
}

void Limiter::PushedBack(double now_s, std::optional<double> retry_after_s, double uniform) {
  Count(true);
  // What was sent before the pause began and comes back refused says nothing new.
  if (now_s < resume_at_s_) return;
  ++refused_in_a_row_;
  longest_asked_s_ = std::max(longest_asked_s_, retry_after_s.value_or(0));
  // A narrow window turns over slowly; a pause of its own for one request would be the row's own wait again.
  if (refused_in_a_row_ < static_cast<std::size_t>(kTurnedAway)) return;
  const double own = std::min(kLongestPauseS, std::ldexp(kFirstPauseS, std::min(pauses_in_a_row_, 10)));
  const double pause_s =
      longest_asked_s_ > 0 ? std::min(longest_asked_s_, kLongestPauseS) : own * (0.5 + uniform / 2);
  resume_at_s_ = now_s + pause_s;
  ++pauses_;
  ++pauses_in_a_row_;
  refused_in_a_row_ = 0;
  longest_asked_s_ = 0;
}

}  // namespace minslice::run
