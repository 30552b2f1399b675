// The score test for a difference of paired proportions and the intervals that invert it.
#ifndef MINSLICE_STATS_SCORE_INTERVAL_H_
#define MINSLICE_STATS_SCORE_INTERVAL_H_

#include "minslice/estimate.h"
#include "minslice/stats/counts.h"

namespace minslice::stats {

// Laud's skewness-corrected score with the n / (n - 1) variance factor. Falls in d.
double ScasScore(const PairedCounts& counts, double d);

// n > 0, z > 0.
Interval TangoLimits(const PairedCounts& counts, double z);
Interval ScasLimits(const PairedCounts& counts, double z);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_SCORE_INTERVAL_H_
