// Intervals for one proportion, x passes of n, 0 <= x <= n; n = 0 is a reason. Limits lie in [0, 1].
// Sources: Wilson 1927; Newcombe 1998 method 4 (Wilson with continuity correction); Clopper, Pearson 1934;
// Agresti, Coull 1998; Jeffreys: Brown, Cai, DasGupta 2001, the plain posterior quantiles (0 and 1 are not
// forced at x = 0 and x = n, as statsmodels). Mean coverage of a 95 % interval over a uniform rate at n = 30:
// Wilson .952, Clopper-Pearson .973 (methods 4.6).
#ifndef MINSLICE_STATS_PROPORTION_H_
#define MINSLICE_STATS_PROPORTION_H_

#include <cstdint>

#include "minslice/estimate.h"

namespace minslice::stats {

Computed<Estimate> WilsonInterval(std::int64_t x, std::int64_t n, double level);
Computed<Estimate> WilsonCorrectedInterval(std::int64_t x, std::int64_t n, double level);
Computed<Estimate> ClopperPearsonInterval(std::int64_t x, std::int64_t n, double level);
Computed<Estimate> JeffreysInterval(std::int64_t x, std::int64_t n, double level);
Computed<Estimate> AgrestiCoullInterval(std::int64_t x, std::int64_t n, double level);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_PROPORTION_H_
