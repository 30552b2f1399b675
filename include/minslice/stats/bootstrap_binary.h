// The paired bootstrap of delta for binary pairs. A resample depends on (b, c) only, so it is a trinomial
// draw: its quantiles exist exactly (B = infinity), and a seeded Monte-Carlo replicate costs O(1).
//
// Mind the method, not its price: below 50 discordant pairs its percentile and BCa intervals cover too little
// (95 % intervals cover 22-99 % at n <= 50), and without discordant pairs it gives [0, 0], false certainty.
// That last case is a reason here, "no_discordant_pairs", and so is "no_spread": every pair moved the same
// way. Prefer TangoInterval.
#ifndef MINSLICE_STATS_BOOTSTRAP_BINARY_H_
#define MINSLICE_STATS_BOOTSTRAP_BINARY_H_

#include <cstdint>

#include "minslice/estimate.h"
#include "minslice/stats/counts.h"

namespace minslice::stats {

struct BootstrapOptions {
  double level = 0.95;
  std::int64_t replicates = 10000;  // B, [100, 1e8]
  std::uint64_t seed = 0;
  bool studentised = false;  // costs 4 bytes a replicate
};

struct BootstrapIntervals {
  Interval percentile;
  Interval basic;
  Interval bca;          // ties half-weighted in z0 (scipy's choice)
  Interval bca_strict;   // z0 from P(<) alone (R's boot, arch)
  Interval studentised;  // Monte Carlo on request only, else NaN: quantiles of (delta* - delta) / se*
  double z0 = 0;
  double z0_strict = 0;
  double acceleration = 0;  // jackknife: skewness / (6 sqrt n)
  Interval bca_alpha;       // the two probabilities whose quantiles are the BCa limits
  Interval bca_strict_alpha;
  double standard_error = 0;
  double p_not_above_zero = 0;  // P(delta* <= 0)
  double p_below_zero = 0;      // P(delta* < 0)
  double level = 0.95;
  std::int64_t n = 0;
  std::int64_t replicates = 0;  // 0: exact, the limit of infinitely many
  std::uint64_t seed = 0;
};

// The limit B = infinity: deterministic, no seed. Quantiles are the inverse CDF (type 1) of the exact
// distribution. About 10 us at any n.
Computed<BootstrapIntervals> BootstrapBinaryExact(const PairedCounts& counts, double level);

// B seeded replicates; the same digits at any thread count. Replicate r draws b* + c* and then c* from Philox
// stream (seed, r). O(B + range of delta*) time, O(range) memory.
Computed<BootstrapIntervals> BootstrapBinary(const PairedCounts& counts, const BootstrapOptions& options);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BOOTSTRAP_BINARY_H_
