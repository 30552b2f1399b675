// What a suite sees and how many pairs would answer: for sentences of the verdict and for planning.
#ifndef MINSLICE_GATE_PAIRS_NEEDED_H_
#define MINSLICE_GATE_PAIRS_NEEDED_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "gate/analysis.h"
#include "minslice/estimate.h"
#include "minslice/policy.h"

namespace minslice::gate {

// Pairs at which a margin can be certified at the policy's power where nothing changes, rounded up.
std::optional<std::int64_t> PairsForMargin(double psi, double margin, const ErrorRates& rates);
// Pairs at which a gain is seen; none where nothing differs.
std::optional<std::int64_t> PairsForGain(double psi, double gain, const ErrorRates& rates);

// The smallest difference that so many pairs see at the policy's power and level: `counts` by
// stats::McNemarPlanningMde for the policy's test; several runs, clusters and grades by Connor's formula with
// the variance of a difference in psi's place.
Computed<double> DetectableDifference(const Policy& policy, std::int64_t n, double psi, bool counts);
Computed<double> DetectableDifference(const Policy& policy, const Analysis& analysis);

// The same for thousands of slices, which share few (pairs, discordant pairs).
class DetectableDifferences {
 public:
  explicit DetectableDifferences(const Policy& policy) : policy_(policy) {}
  Computed<double> Of(const Analysis& analysis);

 private:
  const Policy& policy_;
  std::map<std::pair<std::int64_t, std::int64_t>, Computed<double>> known_;
};

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_PAIRS_NEEDED_H_
