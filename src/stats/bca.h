// Efron's bias-corrected and accelerated interval: which quantiles of the bootstrap distribution to take.
#ifndef MINSLICE_STATS_BCA_H_
#define MINSLICE_STATS_BCA_H_

#include "minslice/estimate.h"

namespace minslice::stats {

// Phi(z0 + (z0 + z) / (1 - a (z0 + z))) at the two tails of `level`. Where the denominator is not positive
// (extreme a) the tail's end, 0 or 1.
Interval BcaAlphas(double z0, double acceleration, double level);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BCA_H_
