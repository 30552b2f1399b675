#include "minslice/stats/nondeterminism.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "stats/boost_policy.h"
#include "stats/normal.h"

namespace minslice::stats {
namespace {

// The integrands below are smooth and vanish with all derivatives at +-kReach, so the trapezoid rule
// converges faster than any power of the step: at 1/16 the error is below 1e-12 for every k that is allowed.
constexpr double kReach = 10;
constexpr double kStep = 1.0 / 16;

template <class Integrand>
double Integrate(Integrand f) {
  double sum = 0;
  for (double x = -kReach; x <= kReach; x += kStep) sum += f(x);
  return sum * kStep;
}

// P(range <= r) = k integral phi(x) (Phi(x + r) - Phi(x))^(k-1) dx, x the smallest of the k.
double RangeCdf(int k, double r) {
  return Integrate([k, r](double x) {
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    // Both tails from the side on which they do not cancel.
    const double between = x > 0 ? NormalSf(x) - NormalSf(x + r) : NormalCdf(x + r) - NormalCdf(x);
    return k * density * std::pow(between, k - 1);
  });
}

bool BadShape(std::span<const double> scores, int repeats) {
  return repeats > 0 && scores.size() % static_cast<std::size_t>(repeats) != 0;
}

tl::unexpected<Reason> FewRepeats(int repeats) {
  return Undefined("repeats",
                   "there is " + std::to_string(repeats) + " repeat; at least 2 are needed, 3 are usual");
}

}  // namespace

Computed<Test> CochranQ(std::span<const double> scores, int repeats) {
  if (repeats < 2) return FewRepeats(repeats);
  if (BadShape(scores, repeats)) return Undefined("shape", "the scores are not cases x repeats");
  if (scores.empty()) return Undefined("no_cases", "there are no cases");
  const auto k = static_cast<std::size_t>(repeats);
  std::vector<std::int64_t> by_repeat(k, 0);
  // Sums of squares of counts: exact in 64 bits up to 3e9 rows.
  std::int64_t total = 0;
  std::int64_t sum_case_squared = 0;
  for (std::size_t i = 0; i < scores.size(); i += k) {
    std::int64_t passes = 0;
    for (std::size_t r = 0; r < k; ++r) {
      const double score = scores[i + r];
      if (score != 0 && score != 1) return Undefined("not_binary", "Cochran's Q is for scores of 0 and 1");
      if (score == 0) continue;
      ++passes;
      ++by_repeat[r];
    }
    total += passes;
    sum_case_squared += passes * passes;
  }
  const auto real = [](std::int64_t x) { return static_cast<double>(x); };
  const std::int64_t denominator = static_cast<std::int64_t>(k) * total - sum_case_squared;
  if (denominator == 0) {
    return Undefined("no_changes", "no case changed between the repeats, so there is nothing to test");
  }
  double spread = 0;  // K sum G^2 - T^2 = K sum (G - T/K)^2
  const double mean = real(total) / static_cast<double>(k);
  for (const std::int64_t passes : by_repeat) spread += (real(passes) - mean) * (real(passes) - mean);
  Test test;
  const double df = static_cast<double>(k) - 1;
  test.statistic = df * static_cast<double>(k) * spread / real(denominator);
  test.method = "cochran_q";
  test.p = boost::math::cdf(boost::math::complement(
      boost::math::chi_squared_distribution<double, BoostPolicy>(df), test.statistic));
  test.log10_p = std::log10(test.p);
  return test;
}

double NormalRangeMean(int k) {
  // E(max) - E(min) = integral of 1 - Phi^k - (1 - Phi)^k.
  return Integrate([k](double x) {
    const double upper = NormalSf(x);
    return -std::expm1(k * std::log1p(-upper)) - std::pow(upper, k);
  });
}

double NormalRangeQuantile(int k, double p) {
  // Bracketed from above and closed by toms748: about ten evaluations.
  const auto excess = [k, p](double r) { return RangeCdf(k, r) - p; };
  double high = 4;
  while (excess(high) < 0) high *= 1.5;
  std::uintmax_t evaluations = 60;
  const auto [low, up] = boost::math::tools::toms748_solve(
      excess, 0.0, high, boost::math::tools::eps_tolerance<double>(46), evaluations);
  return (low + up) / 2;
}

Computed<RepeatSpread> SpreadOfRepeats(std::span<const double> scores, int repeats) {
  if (repeats < 2) return FewRepeats(repeats);
  if (BadShape(scores, repeats)) return Undefined("shape", "the scores are not cases x repeats");
  const auto k = static_cast<std::size_t>(repeats);
  RepeatSpread result;
  result.repeats = repeats;
  result.rates.assign(k, 0);
  double variance = 0;
  for (std::size_t i = 0; i < scores.size(); i += k) {
    const std::span<const double> row = scores.subspan(i, k);
    if (std::any_of(row.begin(), row.end(), [](double score) { return std::isnan(score); })) continue;
    ++result.n;
    double sum = 0;
    for (std::size_t r = 0; r < k; ++r) {
      result.rates[r] += row[r];
      sum += row[r];
    }
    const auto [low, high] = std::minmax_element(row.begin(), row.end());
    if (*low == 1) ++result.all_pass;
    if (*high == 1) ++result.any_pass;
    if (*low == *high) continue;
    ++result.flipped;
    const double mean = sum / static_cast<double>(k);
    double squares = 0;
    for (const double score : row) squares += (score - mean) * (score - mean);
    variance += squares / static_cast<double>(k - 1);
  }
  if (result.n == 0) return Undefined("no_cases", "no case has a score in every repeat");
  const auto n = static_cast<double>(result.n);
  for (double& rate : result.rates) rate /= n;
  const auto [low, high] = std::minmax_element(result.rates.begin(), result.rates.end());
  result.spread = *high - *low;
  result.variance = variance / n;
  if (result.flipped > 0) {
    const double standard_error = std::sqrt(result.variance / n);
    result.expected_spread = NormalRangeMean(repeats) * standard_error;
    result.spread_95 = NormalRangeQuantile(repeats, 0.95) * standard_error;
  }
  return result;
}

double PassAll(std::int64_t passes, std::int64_t runs, std::int64_t k) {
  double product = 1;
  for (std::int64_t i = 0; i < k; ++i) {
    if (passes - i <= 0) return 0;
    product *= static_cast<double>(passes - i) / static_cast<double>(runs - i);
  }
  return product;
}

double PassAny(std::int64_t passes, std::int64_t runs, std::int64_t k) {
  return 1 - PassAll(runs - passes, runs, k);
}

}  // namespace minslice::stats
