// The paired bootstrap of delta for binary pairs. A resample depends on (b, c) only, so it is a trinomial draw:
// its quantiles exist exactly (B = infinity), and a seeded Monte-Carlo replicate costs O(1).
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
};

struct BootstrapIntervals {
  Interval percentile;
  Interval basic;
  Interval bca;  // ties half-weighted in z0 (scipy's choice)
  double z0 = 0;
  double acceleration = 0;
  double standard_error = 0;
  double level = 0.95;
  std::int64_t n = 0;
  std::int64_t replicates = 0;  // 0: exact, the limit of infinitely many
  std::uint64_t seed = 0;
};

// The limit B = infinity: deterministic, no seed. Quantiles are the inverse CDF (type 1) of the exact distribution.
Computed<BootstrapIntervals> BootstrapBinaryExact(const PairedCounts& counts, double level);

// B seeded replicates; same digits on any machine and at any thread count.
Computed<BootstrapIntervals> BootstrapBinary(const PairedCounts& counts, const BootstrapOptions& options);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BOOTSTRAP_BINARY_H_
