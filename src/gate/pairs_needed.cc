#include "gate/pairs_needed.h"

#include <algorithm>
#include <cmath>

#include "gate/rules.h"
#include "minslice/stats/power.h"

namespace minslice::gate {

std::optional<std::int64_t> PairsForMargin(double psi, double margin, const ErrorRates& rates) {
  const auto needed = stats::NonInferiorityPairsNeeded(psi, margin, rates.alpha_promote, rates.power);
  if (!needed) return std::nullopt;
  return static_cast<std::int64_t>(std::ceil(*needed - kSlack));
}

std::optional<std::int64_t> PairsForGain(double psi, double gain, const ErrorRates& rates) {
  const auto needed =
      stats::McNemarPairsNeeded(psi, gain, {.alpha = rates.alpha_promote, .sides = 2, .power = rates.power});
  if (!needed) return std::nullopt;
  return static_cast<std::int64_t>(std::ceil(*needed - kSlack));
}

Computed<double> DetectableDifference(const Policy& policy, std::int64_t n, double psi, bool counts) {
  if (psi <= 0) return Undefined("no_discordance", "no discordant pairs, so nothing to plan an effect by");
  const stats::PowerOptions options{
      .alpha = policy.error_rates.alpha_promote, .sides = 2, .power = policy.error_rates.power};
  if (!counts) return stats::McNemarMde(static_cast<double>(n), std::min(1.0, psi), options);
  const stats::McNemarTest test = policy.p_method == "mcnemar_asymptotic" ? stats::McNemarTest::kAsymptotic
                                  : policy.p_method == "mcnemar_midp"     ? stats::McNemarTest::kMidP
                                                                          : stats::McNemarTest::kExact;
  return stats::McNemarPlanningMde(n, psi, test, options);
}

Computed<double> DetectableDifference(const Policy& policy, const Analysis& analysis) {
  return DetectableDifference(policy, analysis.n, analysis.variance.value_or(0), analysis.counts.has_value());
}

Computed<double> DetectableDifferences::Of(const Analysis& analysis) {
  if (!analysis.counts) return DetectableDifference(policy_, analysis);
  const std::pair key{analysis.n, analysis.counts->discordant()};
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  return known_.emplace(key, DetectableDifference(policy_, analysis)).first->second;
}

}  // namespace minslice::gate
