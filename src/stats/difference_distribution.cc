#include "stats/difference_distribution.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "stats/binomial.h"
#include "stats/normal.h"

namespace minslice::stats {
namespace {

constexpr std::int64_t kTableUpTo = 128;
constexpr double kPi = std::numbers::pi;
// exp(-kCut) is what we leave out, of the mass and of the characteristic function.
constexpr double kCut = 39;

// sin(x) - x without cancellation near 0.
double SineMinusIdentity(double x) {
  if (std::abs(x) > 0.5) return std::sin(x) - x;
  const double x2 = x * x;
  double term = -x * x2 / 6;
  double sum = term;
  for (int k = 4; k < 20; k += 2) {
    term *= -x2 / (k * (k + 1));
    sum += term;
    if (std::abs(term) < 1e-18 * std::abs(sum)) break;
  }
  return sum;
}

// Coefficients 0 to `count` - 1 of (p0 + p1 x + p2 x^2)^n, p0 > 0, from P A' = n P' A. Positive terms as long
// as k <= n + 1.
template <class Out>
void PowerCoefficients(std::int64_t n, double p0, double p1, double p2, std::int64_t count, Out out) {
  double before = 0;
  double last = std::pow(p0, static_cast<double>(n));
  out(0, last);
  for (std::int64_t k = 1; k < count; ++k) {
    const double next =
        (static_cast<double>(n - k + 1) * p1 * last + static_cast<double>(2 * n - k + 2) * p2 * before) /
        (static_cast<double>(k) * p0);
    out(k, next);
    before = last;
    last = next;
  }
}

}  // namespace

DifferenceDistribution::DifferenceDistribution(std::int64_t n, std::int64_t b, std::int64_t c) {
  const double nn = static_cast<double>(n);
  const double mean = static_cast<double>(c - b) / nn;
  const double psi = static_cast<double>(b + c) / nn;
  const double variance = nn * std::max(0.0, psi - mean * mean);
  deviation_ = std::sqrt(variance);
  const double third = nn * (mean - 3 * mean * psi + 2 * mean * mean * mean);
  sixth_skewness_ = variance > 0 ? third / (6 * variance * deviation_) : 0;
  // Support: a difference of +-1 a pair, or none where there is no such pair to draw.
  lowest_ = (b > 0 ? -n : c == n ? n : 0) - (c - b);
  highest_ = (c > 0 ? n : b == n ? -n : 0) - (c - b);
  if (lowest_ == highest_) {
    cdf_ = {1};
  } else if (n <= kTableUpTo) {
    BuildTable(n, b, c);
  } else {
    BuildFrequencies(n, b, c);
  }
}

void DifferenceDistribution::BuildTable(std::int64_t n, std::int64_t b, std::int64_t c) {
  const double nn = static_cast<double>(n);
  const double p_broke = static_cast<double>(b) / nn;
  const double p_fixed = static_cast<double>(c) / nn;
  const double p_same = static_cast<double>(n - b - c) / nn;
  cdf_.assign(static_cast<std::size_t>(highest_ - lowest_ + 1), 0);
  if (b == 0 || c == 0) {
    // One-sided: a binomial count.
    const double p = b == 0 ? p_fixed : p_broke;
    for (std::int64_t k = 0; k <= n; ++k) {
      cdf_[static_cast<std::size_t>(b == 0 ? k : n - k)] = BinomialPmf(k, n, p, p_same);
    }
  } else {
    // Entry i is the difference i - n. The lower half from the all-broke end, the upper half from the
    // all-fixed end.
    PowerCoefficients(n, p_broke, p_same, p_fixed, n + 1,
                      [this](std::int64_t k, double p) { cdf_[static_cast<std::size_t>(k)] = p; });
    PowerCoefficients(n, p_fixed, p_same, p_broke, n,
                      [this, n](std::int64_t k, double p) { cdf_[static_cast<std::size_t>(2 * n - k)] = p; });
  }
  double sum = 0;
  for (double& value : cdf_) value = sum += value;
}

void DifferenceDistribution::BuildFrequencies(std::int64_t n, std::int64_t b, std::int64_t c) {
  const double nn = static_cast<double>(n);
  const double mean = static_cast<double>(c - b) / nn;
  const std::array<double, 3> step = {-1 - mean, -mean, 1 - mean};
  const std::array<double, 3> p = {static_cast<double>(b) / nn, static_cast<double>(n - b - c) / nn,
                                   static_cast<double>(c) / nn};
  // Bernstein: P(|offset| >= h) <= 2 exp(-h^2 / (2 (variance + h reach / 3))).
  const double reach = 1 + std::abs(mean);
  const double linear = kCut * reach / 3;
  const double half = linear + std::sqrt(linear * linear + 2 * kCut * deviation_ * deviation_);
  lowest_ = std::max(lowest_, -static_cast<std::int64_t>(std::ceil(half)));
  highest_ = std::min(highest_, static_cast<std::int64_t>(std::ceil(half)));
  period_ = highest_ - lowest_ + 1;

  // log of the centred step's characteristic function, z = 1 + re + i im, with re and im free of
  // cancellation.
  const auto add = [&](std::int64_t j) {
    const double angle = 2 * kPi * static_cast<double>(j) / static_cast<double>(period_);
    double re = 0;
    double im = 0;
    for (std::size_t s = 0; s < 3; ++s) {
      const double half_sine = std::sin(0.5 * step[s] * angle);
      re -= 2 * p[s] * half_sine * half_sine;
      im += p[s] * SineMinusIdentity(step[s] * angle);
    }
    const double log_modulus = 0.5 * nn * std::log1p(2 * re + re * re + im * im);
    if (!(log_modulus > -kCut)) return false;
    const double phase = nn * std::atan2(im, 1 + re);
    const double modulus = std::exp(log_modulus);
    frequencies_.push_back(
        {angle, modulus * std::cos(phase), modulus * std::sin(phase), 1 / std::sin(0.5 * angle)});
    if (2 * j == period_) {
      frequencies_.back().real *= 0.5;
      frequencies_.back().imaginary *= 0.5;
    }
    return true;
  };
  // |z|^2 is a quadratic in cos t: the modulus falls from t = 0 to a single turning point and may rise again
  // to pi (where nearly all pairs are discordant the difference keeps its parity). So what matters is at the
  // two ends.
  const std::int64_t last = period_ / 2;
  std::int64_t low = 1;
  while (low <= last && add(low)) ++low;
  for (std::int64_t j = last; j > low && add(j); --j) {
  }
}

double DifferenceDistribution::Cdf(std::int64_t offset) const {
  if (offset < lowest_) return 0;
  if (offset >= highest_) return 1;
  if (period_ == 0) return std::min(1.0, cdf_[static_cast<std::size_t>(offset - lowest_)]);
  // Sum over i = lowest .. offset of e^(-i angle) in closed form: a phase at the middle times a ratio of
  // sines.
  const double terms = static_cast<double>(offset - lowest_ + 1);
  const double middle = 0.5 * static_cast<double>(lowest_ + offset);
  double sum = 0.5 * terms;
  for (const Frequency& f : frequencies_) {
    const double phase = f.angle * middle;
    sum += (f.real * std::cos(phase) + f.imaginary * std::sin(phase)) * std::sin(0.5 * f.angle * terms) *
           f.inverse_sine;
  }
  return std::clamp(2 * sum / static_cast<double>(period_), 0.0, 1.0);
}

double DifferenceDistribution::Pmf(std::int64_t offset) const {
  if (offset < lowest_ || offset > highest_) return 0;
  if (period_ == 0) {
    const auto i = static_cast<std::size_t>(offset - lowest_);
    return i == 0 ? cdf_[0] : cdf_[i] - cdf_[i - 1];
  }
  double sum = 0.5;
  for (const Frequency& f : frequencies_) {
    const double phase = f.angle * static_cast<double>(offset);
    sum += f.real * std::cos(phase) + f.imaginary * std::sin(phase);
  }
  return std::clamp(2 * sum / static_cast<double>(period_), 0.0, 1.0);
}

std::int64_t DifferenceDistribution::Quantile(double p) const {
  if (period_ == 0) {
    const auto found = std::lower_bound(cdf_.begin(), cdf_.end(), p);
    return std::min(highest_, lowest_ + (found - cdf_.begin()));
  }
  if (p <= 0) return lowest_;
  if (p >= 1) return highest_;
  // Cornish-Fisher comes within a step or two; then bracket and halve.
  const double z = NormalQuantile(p);
  const double guess = deviation_ * (z + sixth_skewness_ * (z * z - 1));
  const auto clamp = [this](double x) {
    return static_cast<std::int64_t>(
        std::clamp(std::ceil(x), static_cast<double>(lowest_), static_cast<double>(highest_)));
  };
  std::int64_t high = clamp(guess - 0.5);
  std::int64_t low = high - 1;  // Cdf(low) < p <= Cdf(high), once found
  for (std::int64_t step = 1; high < highest_ && Cdf(high) < p; step *= 2) {
    low = high;
    high = std::min(highest_, high + step);
  }
  for (std::int64_t step = 1; low >= lowest_ && Cdf(low) >= p; step *= 2) {
    high = low;
    low = std::max(lowest_ - 1, low - step);
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (Cdf(middle) >= p ? high : low) = middle;
  }
  return high;
}

}  // namespace minslice::stats
