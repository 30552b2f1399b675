// Tango, Statistics in Medicine 17:891 (1998); Nam, Biometrics 53:1422 (1997); Laud, Pharmaceutical
// Statistics 16:334 (2017) and the paired form of the R package ratesci (scorepairci, bcf = TRUE, skew =
// TRUE).
#include "stats/score_interval.h"

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>

#include "minslice/stats/paired_interval.h"
#include "stats/boost_policy.h"
#include "stats/normal.h"

namespace minslice::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What a score statistic is made of, under H0: delta = d.
struct ScoreParts {
  double excess;    // c - b - n d
  double variance;  // of the excess, at the restricted maximum likelihood estimate
  double slope;     // of the variance in d
  double psi;       // discordance rate there
};

// For d <= 0, so that lam = -d >= 0: then the discriminant is a sum of positive terms and q needs no
// difference of near-equal numbers. q is the estimate of P(candidate only), q + lam of P(incumbent only).
ScoreParts PartsBelowZero(double b, double c, double n, double d) {
  const double lam = -d;
  const double spread = lam * (1 - lam);
  const double linear = (2 * n - b + c) * lam - (b + c);
  const double root = std::sqrt(linear * linear + 8 * n * c * spread);
  double q = 0;
  if (linear <= 0) {
    q = (root - linear) / (4 * n);
  } else if (root + linear > 0) {
    q = 2 * c * spread / (root + linear);
  }
  // variance = (root - linear) / 2 + n spread, and d = -lam.
  const double rate = 2 * n - b + c;
  const double bend = 1 - 2 * lam;
  const double root_slope = root > 0 ? (linear * rate + 4 * n * c * bend) / root : rate;
  const double slope = -((root_slope - rate) / 2 + n * bend);
  return {c - b - n * d, n * (2 * q + spread), slope, 2 * q + lam};
}

ScoreParts Parts(double b, double c, double n, double d) {
  if (d <= 0) return PartsBelowZero(b, c, n, d);
  ScoreParts mirrored = PartsBelowZero(c, b, n, -d);
  mirrored.excess = -mirrored.excess;
  mirrored.slope = -mirrored.slope;
  return mirrored;
}

double Ratio(double excess, double variance) {
  if (variance > 0) return excess / std::sqrt(variance);
  return excess > 0 ? kInfinity : excess < 0 ? -kInfinity : 0;
}

// The root of a function that falls from positive to negative in [low, high]; an end where there is no change
// of sign.
template <class F>
double FallingRoot(F f, double low, double high) {
  const double at_low = f(low);
  const double at_high = f(high);
  if (!(at_low > 0)) return low;
  if (!(at_high < 0)) return high;
  std::uintmax_t iterations = 200;
  const auto bracket = boost::math::tools::toms748_solve(
      f, low, high, at_low, at_high,
      [](double l, double h) { return h - l <= 4e-16 * std::max(std::abs(l), std::abs(h)) || h - l < 1e-17; },
      iterations, BoostPolicy());
  return 0.5 * (bracket.first + bracket.second);
}

// Lower limit: the score falls from +inf at d = -1 to 0 at the estimate. The denominator is multiplied out,
// since that stays finite, and Newton's steps are taken as long as they stay within the bracket and halve it;
// else it is cut in the middle.
double TangoLower(double b, double c, double n, double z) {
  if (b >= n) return -1;
  if (b == 0 && c == 0) return -z * z / (n + z * z);
  if (c >= n) return (n - z * z) / (n + z * z);  // there T(d)^2 = n (1 - d) / (1 + d)
  double low = -1;
  double high = (c - b) / n;
  // Bonett and Price's limit is seldom far.
  const double shifted = (c - b) / (n + 2);
  double d = shifted - z * std::sqrt(((b + c + 2) / (n + 2) - shifted * shifted) / (n + 2));
  double width = high - low;
  for (int i = 0; i < 200; ++i) {
    if (!(d > low && d < high)) d = low + (high - low) / 2;
    if (d <= low || d >= high) break;  // neighbouring doubles
    const ScoreParts parts = Parts(b, c, n, d);
    const double deviation = std::sqrt(parts.variance);
    const double value = parts.excess - z * deviation;
    if (value == 0) return d;
    (value > 0 ? low : high) = d;
    const double slope = -n - z * parts.slope / (2 * deviation);
    const double step = -value / slope;
    if (std::abs(step) <= 2e-16 * std::max(std::abs(d), 1e-3)) return d + step;
    d += step;
    if (i > 6 && high - low > 0.5 * width) d = low + (high - low) / 2;
    width = high - low;
  }
  return low + (high - low) / 2;
}

double ScasFrom(const ScoreParts& parts, double d, double n) {
  const double variance = parts.variance * (n / (n - 1));
  const double score = Ratio(parts.excess, variance);
  if (!std::isfinite(score)) return score;
  if (variance <= 0) return 0;
  // Third central moment of one pair's difference: E(D^3) = d, E(D^2) = psi.
  const double third = d - 3 * d * parts.psi + 2 * d * d * d;
  const double k = n * third / (6 * variance * std::sqrt(variance));
  // k x^2 + x - (score + k) = 0, the root that goes to `score` as k goes to 0, without cancellation.
  const double discriminant = std::max(0.0, 1 + 4 * k * (score + k));
  return 2 * (score + k) / (1 + std::sqrt(discriminant));
}

double ScasLower(double b, double c, double n, double z) {
  if (b >= n || n <= 1) return -1;
  // The score runs off to infinity at both ends: squeezed into (-1, 1), its sign and its root stay.
  return FallingRoot(
      [=](double d) {
        const double excess = ScasFrom(Parts(b, c, n, d), d, n) - z;
        return std::isinf(excess) ? std::copysign(1.0, excess) : excess / (1 + std::abs(excess));
      },
      -1, 1);
}

}  // namespace

double TangoScore(const PairedCounts& counts, double d) {
  const ScoreParts parts =
      Parts(static_cast<double>(counts.incumbent_only), static_cast<double>(counts.candidate_only),
            static_cast<double>(counts.n()), d);
  return Ratio(parts.excess, parts.variance);
}

double ScasScore(const PairedCounts& counts, double d) {
  const double n = static_cast<double>(counts.n());
  return ScasFrom(
      Parts(static_cast<double>(counts.incumbent_only), static_cast<double>(counts.candidate_only), n, d), d,
      n);
}

// The upper limit is the mirrored lower limit of the swapped table, so swapping the sides mirrors the
// interval to the bit.
Interval TangoLimits(const PairedCounts& counts, double z) {
  const double b = static_cast<double>(counts.incumbent_only);
  const double c = static_cast<double>(counts.candidate_only);
  const double n = static_cast<double>(counts.n());
  return {TangoLower(b, c, n, z), -TangoLower(c, b, n, z)};
}

Interval ScasLimits(const PairedCounts& counts, double z) {
  const double b = static_cast<double>(counts.incumbent_only);
  const double c = static_cast<double>(counts.candidate_only);
  const double n = static_cast<double>(counts.n());
  return {ScasLower(b, c, n, z), -ScasLower(c, b, n, z)};
}

Computed<Test> NonInferiority(const PairedCounts& counts, double margin) {
  if (counts.n() <= 0) return Undefined("no_pairs", "there are no pairs (n = 0); at least one is needed");
  if (!(margin >= 0 && margin < 1)) return Undefined("bad_margin", "the margin must lie in [0, 1)");
  const double z = TangoScore(counts, -margin);
  return Test{.statistic = z,
              .p = NormalSf(z),
              .log10_p = std::isinf(z) ? (z > 0 ? -kInfinity : 0) : LogNormalSf(z) / std::log(10.0),
              .method = "noninferiority_tango"};
}

}  // namespace minslice::stats
