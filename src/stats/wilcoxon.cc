#include "minslice/stats/wilcoxon.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/normal.h"
#include "stats/ranks.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

constexpr std::int64_t kExactUpTo = 1000;

// P(|W - mean| >= |w - mean|) over all sign patterns; doubled ranks are integers.
double ExactP(const std::vector<double>& ranks, double w_plus) {
  std::size_t total = 0;
  std::vector<double> mass{1};
  mass.reserve(static_cast<std::size_t>(ranks.size() * (ranks.size() + 1)) + 1);
  for (const double rank : ranks) {
    const auto step = static_cast<std::size_t>(std::lround(2 * rank));
    mass.resize(total + step + 1, 0.0);
    for (std::size_t s = total + step + 1; s-- > 0;) {
      const double stays = s <= total ? mass[s] : 0;
      const double rises = s >= step ? mass[s - step] : 0;
      mass[s] = (stays + rises) / 2;
    }
    total += step;
  }
  const auto w = static_cast<std::size_t>(std::lround(2 * w_plus));
  const std::size_t smaller = std::min(w, total - w);
  double tail = 0;
  for (std::size_t s = 0; s <= smaller; ++s) tail += mass[s];
  return std::min(1.0, 2 * tail);
}

double NormalP(double w_plus, double mean, double variance, double correction) {
  if (!(variance > 0)) return 1;
  const double distance = std::max(0.0, std::abs(w_plus - mean) - correction);
  return std::min(1.0, 2 * NormalSf(distance / std::sqrt(variance)));
}

}  // namespace

Computed<WilcoxonSignedRank> WilcoxonTest(std::span<const double> d) {
  if (d.empty()) return Undefined("no_pairs", "there are no pairs; at least 1 is needed");
  if (!AllFinite(d)) return Undefined("not_finite", "a difference is NaN, infinite or beyond 1e100");
  double largest = 0;
  for (const double value : d) largest = std::max(largest, std::abs(value));
  const double tolerance = 1e-9 * largest;
  std::vector<double> sizes, nonzero;
  std::vector<double> signs;
  for (const double value : d) {
    const bool zero = std::abs(value) <= tolerance;
    sizes.push_back(zero ? 0 : std::abs(value));
    if (zero) continue;
    nonzero.push_back(std::abs(value));
    signs.push_back(value);
  }
  WilcoxonSignedRank result;
  result.n = static_cast<std::int64_t>(d.size());
  result.n_nonzero = static_cast<std::int64_t>(nonzero.size());
  if (nonzero.empty()) {
    result.exact_p = 1;
    return result;
  }
  const Ranks ranks = MidRanks(nonzero, tolerance);
  for (std::size_t i = 0; i < nonzero.size(); ++i)
    (signs[i] > 0 ? result.w_plus : result.w_minus) += ranks.rank[i];
  const auto tie_term = [](const Ranks& of, bool drop_first) {
    double sum = 0;
    for (std::size_t i = drop_first ? 1 : 0; i < of.ties.size(); ++i) {
      const double t = static_cast<double>(of.ties[i]);
      sum += t * (t * t - 1);
    }
    return sum;
  };
  const double m = static_cast<double>(result.n_nonzero);
  const double n = static_cast<double>(result.n);
  const double z = n - m;
  {
    const double mean = m * (m + 1) / 4;
    const double variance = m * (m + 1) * (2 * m + 1) / 24 - tie_term(ranks, false) / 48;
    result.normal_p = NormalP(result.w_plus, mean, variance, 0);
    result.normal_p_corrected = NormalP(result.w_plus, mean, variance, .5);
  }
  {
    const Ranks all = MidRanks(sizes, tolerance);
    double w_plus = 0;
    for (std::size_t i = 0; i < d.size(); ++i) {
      if (sizes[i] > 0 && d[i] > 0) w_plus += all.rank[i];
    }
    const double mean = (n * (n + 1) - z * (z + 1)) / 4;
    const double variance =
        (n * (n + 1) * (2 * n + 1) - z * (z + 1) * (2 * z + 1)) / 24 - tie_term(all, z > 0) / 48;
    result.pratt_p = NormalP(w_plus, mean, variance, 0);
    result.pratt_p_corrected = NormalP(w_plus, mean, variance, .5);
  }
  if (result.n_nonzero <= kExactUpTo) result.exact_p = ExactP(ranks.rank, result.w_plus);
  result.p = result.exact_p.value_or(result.normal_p);
  return result;
}

}  // namespace minslice::stats
