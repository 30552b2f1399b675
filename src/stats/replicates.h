// Order statistics of B replicates.
#ifndef MINSLICE_STATS_REPLICATES_H_
#define MINSLICE_STATS_REPLICATES_H_

#include <span>
#include <vector>

namespace minslice::stats {

// The inverse of the empirical CDF (type 1) at each p: the ceil(p B)-th smallest, at least the smallest.
// Reorders the values, which must not be none or NaN; a few quantiles cost half of sorting.
std::vector<double> SelectQuantiles(std::span<double> values, std::span<const double> p);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_REPLICATES_H_
