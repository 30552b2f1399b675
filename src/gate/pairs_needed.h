// How many pairs would answer: for sentences of the verdict and for planning.
#ifndef MINSLICE_GATE_PAIRS_NEEDED_H_
#define MINSLICE_GATE_PAIRS_NEEDED_H_

#include <cstdint>
#include <optional>

#include "minslice/policy.h"

namespace minslice::gate {

// Pairs at which a margin can be certified at the policy's power where nothing changes, rounded up.
std::optional<std::int64_t> PairsForMargin(double psi, double margin, const ErrorRates& rates);
// Pairs at which a gain is seen; none where nothing differs.
std::optional<std::int64_t> PairsForGain(double psi, double gain, const ErrorRates& rates);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_PAIRS_NEEDED_H_
