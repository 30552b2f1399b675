// The bootstrap of a mean: n differences d (candidate minus incumbent, one a prompt), resampled with
// replacement.
//
// BootstrapMeanExact is the limit of infinitely many resamples: no seed, no Monte-Carlo error. Scores on a
// lattice (halves, thirds, decimals): every attainable mean has its probability. Others: characteristic
// function, O(n). BootstrapMean draws B seeded resamples, as other tools do: exact multinomial weights, the
// same digits on any machine with the same C library and at any thread count. Sources: Efron 1979, 1987
// (BCa); Hall 1988 (bootstrap-t). Quantiles are the inverse CDF (type 1).
#ifndef MINSLICE_STATS_BOOTSTRAP_MEAN_H_
#define MINSLICE_STATS_BOOTSTRAP_MEAN_H_

#include <span>
#include <string>
#include <vector>

#include "minslice/estimate.h"
#include "minslice/stats/bootstrap_binary.h"

namespace minslice::stats {

struct MeanBootstrap {
  double estimate = 0;
  BootstrapIntervals intervals;  // bca, z0: half of the ties counted below (scipy's choice)
  Interval bca_levels;           // the two quantiles that BCa takes
  Interval bca_strict;           // ties not counted (R boot, arch)
  Interval bca_strict_levels;
  double z0_strict = 0;
  double p_not_above_zero = 0;  // P(mean* <= 0)
  double p_below_zero = 0;      // P(mean* < 0)
  std::string method;           // lattice | characteristic_function | rounded_lattice | resampled
  std::vector<std::string> warnings;
};

// Reasons: "no_pairs", "too_few_pairs" (n = 1), "not_finite", "no_variation" (all d equal: an interval of no
// width would be false certainty), "level".
Computed<MeanBootstrap> BootstrapMeanExact(std::span<const double> d, double level);
Computed<MeanBootstrap> BootstrapMean(std::span<const double> d, const BootstrapOptions& options);

// Bootstrap-t: quantiles of (mean* - mean)/se*, limits mean - t se. Better than percentile for skewed d and n
// < 50. Resamples that are constant have no t and count as infinitely far out on both sides, which can only
// widen the interval.
Computed<Estimate> BootstrapT(std::span<const double> d, const BootstrapOptions& options);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BOOTSTRAP_MEAN_H_
