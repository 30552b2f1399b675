// The four counts of n binary pairs. delta and psi give everything that paired binary statistics need.
#ifndef MINSLICE_STATS_COUNTS_H_
#define MINSLICE_STATS_COUNTS_H_

#include <cstdint>

namespace minslice::stats {

// Each count in [0, 1e9]. Always build with designated initialisers: PairedCounts{.both = 550, ...}.
struct PairedCounts {
  std::int64_t both = 0;            // both sides pass
  std::int64_t incumbent_only = 0;  // b: regressions, broke
  std::int64_t candidate_only = 0;  // c: fixes, fixed
  std::int64_t neither = 0;

  std::int64_t n() const { return both + incumbent_only + candidate_only + neither; }
  std::int64_t discordant() const { return incumbent_only + candidate_only; }
  // (c - b) / n, candidate minus incumbent, in [-1, 1]; n must be > 0.
  double delta() const {
    return static_cast<double>(candidate_only - incumbent_only) / static_cast<double>(n());
  }
  // psi = (b + c) / n, the discordance rate; n must be > 0.
  double psi() const { return static_cast<double>(discordant()) / static_cast<double>(n()); }
  PairedCounts swapped() const { return {both, candidate_only, incumbent_only, neither}; }
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_COUNTS_H_
