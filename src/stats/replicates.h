// Order statistics of B replicates.
#ifndef MINSLICE_STATS_REPLICATES_H_
#define MINSLICE_STATS_REPLICATES_H_

#include <span>

namespace minslice::stats {

// The inverse of the empirical CDF (type 1): the ceil(p B)-th smallest, at least the smallest. sorted
// ascending, not empty.
double SortedQuantile(std::span<const double> sorted, double p);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_REPLICATES_H_
