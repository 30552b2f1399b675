#include <cmath>
#include <string>

#include "minslice/stats/bootstrap_mean.h"
#include "stats/bca.h"
#include "stats/mean_distribution.h"
#include "stats/normal.h"
#include "stats/sample.h"

namespace minslice::stats {

Computed<MeanBootstrap> BootstrapMeanExact(std::span<const double> d, double level) {
  if (d.empty()) return Undefined("no_pairs", "there are no pairs; at least 2 are needed");
  if (!AllFinite(d)) return Undefined("not_finite", "a difference is NaN, infinite or beyond 1e100");
  if (!(level > 0 && level < 1)) return Undefined("level", "the level must lie between 0 and 1");
  if (d.size() == 1) return Undefined("too_few_pairs", "one pair resamples to itself; at least 2 are needed");
  const CentralSums sums = SumDeviations(d);
  const double n = static_cast<double>(sums.n);
  if (!(std::sqrt(sums.second / n) > 1e-14 * std::abs(sums.mean))) {
    return Undefined("no_variation", "all " + std::to_string(sums.n) +
                                         " differences are equal: resampling cannot see what else could be");
  }
  const MeanDistribution distribution(d, sums);
  MeanBootstrap result;
  result.estimate = sums.mean;
  BootstrapIntervals& intervals = result.intervals;
  intervals.level = level;
  intervals.n = sums.n;
  intervals.standard_error = std::sqrt(sums.second) / n;
  intervals.percentile = {distribution.Quantile((1 - level) / 2), distribution.Quantile((1 + level) / 2)};
  intervals.basic = {2 * sums.mean - intervals.percentile.upper, 2 * sums.mean - intervals.percentile.lower};
  intervals.acceleration =
      sums.third / (6 * sums.second * std::sqrt(sums.second));  // the jackknife's, in closed form
  const double below = distribution.Below(sums.mean);
  const double not_above = distribution.Cdf(sums.mean);
  intervals.z0 = NormalQuantile((below + not_above) / 2);
  result.z0_strict = NormalQuantile(below);
  result.bca_levels = BcaAlphas(intervals.z0, intervals.acceleration, level);
  result.bca_strict_levels = BcaAlphas(result.z0_strict, intervals.acceleration, level);
  intervals.bca = {distribution.Quantile(result.bca_levels.lower),
                   distribution.Quantile(result.bca_levels.upper)};
  result.bca_strict = {distribution.Quantile(result.bca_strict_levels.lower),
                       distribution.Quantile(result.bca_strict_levels.upper)};
  result.p_not_above_zero = distribution.Cdf(0);
  result.p_below_zero = distribution.Below(0);
  switch (distribution.kind()) {
    case MeanDistribution::Kind::kLattice:
      result.method = "lattice";
      break;
    case MeanDistribution::Kind::kCharacteristicFunction:
      result.method = "characteristic_function";
      break;
    case MeanDistribution::Kind::kRoundedLattice:
      result.method = "rounded_lattice";
      result.warnings.push_back("differences were rounded to multiples of " +
                                std::to_string(distribution.rounding()));
      break;
  }
  if (sums.n < 50) result.warnings.push_back("n < 50: bootstrap intervals of the mean are too narrow");
  return result;
}

}  // namespace minslice::stats
