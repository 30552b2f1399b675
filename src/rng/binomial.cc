#include "rng/binomial.h"

#include <array>
#include <cmath>

namespace minslice::rng {
namespace {

// log(k!) - [(k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2]: the tail of Stirling's series, in which BTRS is
// written.
double StirlingTail(double k) {
  static constexpr std::array<double, 10> kTable = {
      0.08106146679532726,  0.04134069595540929, 0.02767792568499834, 0.02079067210376509,
      0.01664469118982119,  0.01387612882307075, 0.01189670994589177, 0.01041126526197209,
      0.009255462182712733, 0.008330563433362871};
  if (k < 10) return kTable[static_cast<std::size_t>(k)];
  const double x = 1 / (k + 1);
  const double x2 = x * x;
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680) * x2) * x2) * x2) * x;
}

}  // namespace

BinomialSampler::BinomialSampler(std::int64_t trials, double probability) : trials_(trials < 0 ? 0 : trials) {
  if (!(probability > 0)) probability = 0;
  if (probability > 1) probability = 1;
  flipped_ = probability > 0.5;
  p_ = flipped_ ? 1 - probability : probability;
  const double q = 1 - p_;
  const double n = static_cast<double>(trials_);
  odds_ = p_ / q;
  inverts_ = n * p_ < 10;
  if (inverts_) {
    p_zero_ = std::exp(n * std::log1p(-p_));
    return;
  }
  const double deviation = std::sqrt(n * p_ * q);
  b_ = 1.15 + 2.53 * deviation;
  a_ = -0.0873 + 0.0248 * b_ + 0.01 * p_;
  c_ = n * p_ + 0.5;
  v_r_ = 0.92 - 4.2 / b_;
  alpha_ = (2.83 + 5.1 / b_) * deviation;
  mode_ = static_cast<std::int64_t>(std::floor((n + 1) * p_));
}

std::int64_t BinomialSampler::Draw(Stream& stream) const {
  if (trials_ == 0 || p_ == 0) return flipped_ ? trials_ : 0;
  const std::int64_t successes = inverts_ ? Invert(stream) : Reject(stream);
  return flipped_ ? trials_ - successes : successes;
}

std::int64_t BinomialSampler::Invert(Stream& stream) const {
  double rest = stream.Uniform();
  double mass = p_zero_;
  std::int64_t k = 0;
  // The loop ends at the latest where the mass has run out: rounding may leave a remainder of some 1e-16.
  while (rest > mass && k < trials_ && mass > 0) {
    rest -= mass;
    ++k;
    mass *= odds_ * static_cast<double>(trials_ - k + 1) / static_cast<double>(k);
  }
  return k;
}

std::int64_t BinomialSampler::Reject(Stream& stream) const {
  const double n = static_cast<double>(trials_);
  const double m = static_cast<double>(mode_);
  for (;;) {
    const double v = stream.Uniform();
    const double u = stream.Uniform() - 0.5;
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a_ / us + b_) * u + c_);
    if (us >= 0.07 && v <= v_r_) return static_cast<std::int64_t>(k);
    if (k < 0 || k > n) continue;
    // Only one draw in seven gets here, and many samplers are drawn from once: nothing of it is prepared.
    const double log_mode =
        (m + 0.5) * std::log((m + 1) / (odds_ * (n - m + 1))) + StirlingTail(m) + StirlingTail(n - m);
    const double log_v = std::log(v * alpha_ / (a_ / (us * us) + b_));
    const double bound = log_mode + (n + 1) * std::log1p((k - m) / (n - k + 1)) +
                         (k + 0.5) * std::log(odds_ * (n - k + 1) / (k + 1)) - StirlingTail(k) -
                         StirlingTail(n - k);
    if (log_v <= bound) return static_cast<std::int64_t>(k);
  }
}

}  // namespace minslice::rng
