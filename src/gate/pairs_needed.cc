#include "gate/pairs_needed.h"

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

}  // namespace minslice::gate
