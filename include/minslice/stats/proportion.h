// Intervals for one proportion, x passes of n. n = 0 is a reason. Wilson 1927; Clopper, Pearson 1934;
// Jeffreys: Brown, Cai, DasGupta 2001 (0 and 1 forced at x = 0 and x = n where golden says so).
#ifndef MINSLICE_STATS_PROPORTION_H_
#define MINSLICE_STATS_PROPORTION_H_

#include <cstdint>

#include "minslice/estimate.h"

namespace minslice::stats {

Computed<Estimate> WilsonInterval(std::int64_t x, std::int64_t n, double level);
Computed<Estimate> ClopperPearsonInterval(std::int64_t x, std::int64_t n, double level);
Computed<Estimate> JeffreysInterval(std::int64_t x, std::int64_t n, double level);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_PROPORTION_H_
