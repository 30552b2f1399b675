#include "stats/binomial.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace minslice::stats {
namespace {

constexpr double kLogSqrt2Pi = 0.91893853320467274178;
constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// log(n!) - [(n + 1/2) log n - n + log(2 pi) / 2] (Loader 2000).
double StirlingError(double n) {
  static const std::array<double, 16> kTable = {0,
                                                0.08106146679532725821967026,
                                                0.04134069595540929409382208,
                                                0.02767792568499833914878929,
                                                0.02079067210376509311152277,
                                                0.01664469118982119216319487,
                                                0.01387612882307074799874573,
                                                0.01189670994589177009505572,
                                                0.01041126526197209649747857,
                                                0.009255462182712732917728637,
                                                0.008330563433362871256469318,
                                                0.007573675487951840794972024,
                                                0.006942840107209529865664152,
                                                0.006408994188004207068439631,
                                                0.005951370112758847735624416,
                                                0.005554733551962801371038690};
  if (n < 16) return kTable[static_cast<std::size_t>(n)];
  const double r = 1 / (n * n);
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - (1.0 / 1188) * r) * r) * r) * r) / n;
}

// x log(x / np) + np - x, without cancellation near x = np (Loader 2000, bd0).
double Deviance(double x, double np) {
  if (std::abs(x - np) < 0.1 * (x + np)) {
    const double v = (x - np) / (x + np);
    double sum = (x - np) * v;
    double term = 2 * x * v;
    const double v2 = v * v;
    for (int j = 1; j < 1000; ++j) {
      term *= v2;
      const double next = sum + term / (2 * j + 1);
      if (next == sum) return next;
      sum = next;
    }
    return sum;
  }
  return x * std::log(x / np) + np - x;
}

// 1 + r_k + r_k r_{k-1} + ..., r_j = P(X = j - 1) / P(X = j) = j q / ((n - j + 1) p), down from k, for k left
// of the mode.
double LowerRatioSum(std::int64_t k, std::int64_t n, double odds) {
  double sum = 1;
  double term = 1;
  for (std::int64_t j = k; j > 0; --j) {
    term *= static_cast<double>(j) / (static_cast<double>(n - j + 1) * odds);
    sum += term;
    if (term < sum * 1e-18) break;
  }
  return sum;
}

}  // namespace

double LogBinomialPmf(std::int64_t k, std::int64_t n, double p, double q) {
  if (k < 0 || k > n) return kMinusInfinity;
  if (p <= 0) return k == 0 ? 0 : kMinusInfinity;
  if (q <= 0) return k == n ? 0 : kMinusInfinity;
  const double nn = static_cast<double>(n);
  if (k == 0) return p < 0.1 ? nn * std::log1p(-p) : nn * std::log(q);
  if (k == n) return q < 0.1 ? nn * std::log1p(-q) : nn * std::log(p);
  const double x = static_cast<double>(k);
  const double y = nn - x;
  return StirlingError(nn) - StirlingError(x) - StirlingError(y) - Deviance(x, nn * p) - Deviance(y, nn * q) -
         kLogSqrt2Pi - 0.5 * std::log(x * (y / nn));
}

double BinomialPmf(std::int64_t k, std::int64_t n, double p, double q) {
  return std::exp(LogBinomialPmf(k, n, p, q));
}

double BinomialCdf(std::int64_t k, std::int64_t n, double p, double q) {
  if (k < 0) return 0;
  if (k >= n || p <= 0) return 1;
  if (q <= 0) return 0;
  if (static_cast<double>(k) > static_cast<double>(n) * p) {
    return std::max(0.0, 1 - BinomialPmf(n - k - 1, n, q, p) * LowerRatioSum(n - k - 1, n, q / p));
  }
  return std::min(1.0, BinomialPmf(k, n, p, q) * LowerRatioSum(k, n, p / q));
}

double BinomialSf(std::int64_t k, std::int64_t n, double p, double q) { return BinomialCdf(n - k, n, q, p); }

HalfTail BinomialHalfTail(std::int64_t k, std::int64_t n) {
  HalfTail tail;
  if (k < 0) {
    tail.log_cdf = tail.log_pmf = kMinusInfinity;
    return tail;
  }
  k = std::min(k, n);
  if (n <= 52) {
    // Integers below 2^53: C(n, j) by the multiplicative rule, exact at each step.
    std::uint64_t choose = 1;
    std::uint64_t sum = 1;
    for (std::int64_t j = 1; j <= k; ++j) {
      choose = choose * static_cast<std::uint64_t>(n - j + 1) / static_cast<std::uint64_t>(j);
      sum += choose;
    }
    const int shift = -static_cast<int>(n);
    tail.cdf = std::ldexp(static_cast<double>(sum), shift);
    tail.pmf = std::ldexp(static_cast<double>(choose), shift);
    tail.log_cdf = std::log(tail.cdf);
    tail.log_pmf = std::log(tail.pmf);
    return tail;
  }
  tail.log_pmf = LogBinomialPmf(k, n, 0.5, 0.5);
  tail.pmf = std::exp(tail.log_pmf);
  if (2 * k < n) {
    tail.log_cdf = std::min(0.0, tail.log_pmf + std::log(LowerRatioSum(k, n, 1)));
    tail.cdf = std::exp(tail.log_cdf);
  } else {
    const double upper = k == n ? 0 : BinomialHalfTail(n - k - 1, n).cdf;
    tail.cdf = 1 - upper;
    tail.log_cdf = std::log1p(-upper);
  }
  return tail;
}

}  // namespace minslice::stats
