// McNemar's tests for paired binary outcomes (one run a side). H0: P(broke) = P(fixed). Two-sided unless
// named otherwise. b = incumbent_only, c = candidate_only; b + c = 0 gives p = 1 in all of them. Sources:
// McNemar 1947; Edwards 1948 (corrected); Fagerland, Lydersen, Laake, BMC Med Res Methodol 13:91 (2013).
#ifndef MINSLICE_STATS_MCNEMAR_H_
#define MINSLICE_STATS_MCNEMAR_H_

#include "minslice/estimate.h"
#include "minslice/stats/counts.h"

namespace minslice::stats {

Test McNemarExact(const PairedCounts& counts);       // 2 P(Bin(b+c, 1/2) <= min(b, c)), at most 1
Test McNemarMidP(const PairedCounts& counts);        // exact minus P(= min(b, c)); 1 at b = c. The default p
Test McNemarAsymptotic(const PairedCounts& counts);  // chi-squared (b-c)^2/(b+c), 1 degree of freedom
Test McNemarCorrected(const PairedCounts& counts);   // (|b-c|-1)^2/(b+c); no correction at b = c, as R

// One-sided exact p for harm, P(Bin(b+c, 1/2) >= b): what slices are tested by (methods 2.5).
Test McNemarHarmExact(const PairedCounts& counts);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_MCNEMAR_H_
