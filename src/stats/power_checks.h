// Checks of the arguments that all planning functions share; a reason where one is unusable.
#ifndef MINSLICE_STATS_POWER_CHECKS_H_
#define MINSLICE_STATS_POWER_CHECKS_H_

#include <optional>

#include "minslice/estimate.h"
#include "minslice/stats/power.h"

namespace minslice::stats::power_checks {

std::optional<Reason> Check(const PowerOptions& options);
std::optional<Reason> CheckPsi(double psi);
std::optional<Reason> CheckDelta(double psi, double delta);
std::optional<Reason> CheckPairs(double n_pairs);

}  // namespace minslice::stats::power_checks

#endif  // MINSLICE_STATS_POWER_CHECKS_H_
