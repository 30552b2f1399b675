#include "minslice/stats/paired_t.h"

#include <cmath>
#include <string>

#include "stats/sample.h"

namespace minslice::stats {

Computed<PairedT> PairedTTest(std::span<const double> d, double level) {
  if (d.empty()) return Undefined("no_pairs", "there are no pairs; at least 2 are needed");
  if (!AllFinite(d)) return Undefined("not_finite", "a difference is NaN, infinite or beyond 1e100");
  if (!(level > 0 && level < 1)) return Undefined("level", "the level must lie between 0 and 1");
  if (d.size() == 1) return Undefined("too_few_pairs", "one pair has no variance; at least 2 are needed");
  const CentralSums sums = SumDeviations(d);
  const double n = static_cast<double>(sums.n);
  PairedT result;
  result.df = n - 1;
  result.standard_error = std::sqrt(sums.second / (n - 1) / n);
  if (!(result.standard_error > 1e-15 * std::abs(sums.mean))) {
    return Undefined("no_variation",
                     "all " + std::to_string(sums.n) + " differences are equal, so t has no denominator");
  }
  result.t = sums.mean / result.standard_error;
  result.p = StudentTwoSidedP(result.t, result.df);
  result.p_harm = result.t < 0 ? result.p / 2 : 1 - result.p / 2;
  const double reach = StudentUpperQuantile((1 - level) / 2, result.df) * result.standard_error;
  result.mean = {sums.mean, sums.mean - reach, sums.mean + reach, level, sums.n, "paired_t", {}};
  if (sums.n < 30) result.mean.warnings.push_back("n < 30: holds only for near-normal differences");
  return result;
}

}  // namespace minslice::stats
