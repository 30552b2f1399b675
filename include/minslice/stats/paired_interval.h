// Two-sided confidence intervals for delta = P(candidate passes) - P(incumbent passes) from n binary pairs.
// level in (0, 1); n = 0 is a reason, "no_pairs". Limits lie in [-1, 1].
#ifndef MINSLICE_STATS_PAIRED_INTERVAL_H_
#define MINSLICE_STATS_PAIRED_INTERVAL_H_

#include <string_view>

#include "minslice/estimate.h"
#include "minslice/stats/counts.h"

namespace minslice::stats {

enum class PairedMethod { kTango, kBonettPrice, kNewcombe8, kNewcombe10, kAgrestiMin, kScas, kWald };

// "tango", "bonett_price", "newcombe8", "newcombe10", "agresti_min", "scas", "wald".
std::string_view PairedMethodName(PairedMethod method);
Computed<PairedMethod> PairedMethodFromName(std::string_view name);

Computed<Estimate> PairedInterval(const PairedCounts& counts, double level,
                                  PairedMethod method = PairedMethod::kTango);

// Tango 1998: all d with |T(d)| <= z. Zero discordance gives +-z^2/(n + z^2), never [0, 0].
Computed<Estimate> TangoInterval(const PairedCounts& counts, double level);

// T(d) of methods 2.1: the score statistic for H0: delta = d, d in [-1, 1]. T(0) is McNemar's z.
double TangoScore(const PairedCounts& counts, double d);

// Non-inferiority, H0: delta <= -margin against delta > -margin: z = T(-margin), one-sided p (Nam 1997, Tango
// 1998). margin in [0, 1).
Computed<Test> NonInferiority(const PairedCounts& counts, double margin);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_PAIRED_INTERVAL_H_
