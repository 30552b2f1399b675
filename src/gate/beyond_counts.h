// What of a policy counts (minslice/case_counts.h) cannot answer.
#ifndef MINSLICE_GATE_BEYOND_COUNTS_H_
#define MINSLICE_GATE_BEYOND_COUNTS_H_

#include <string>
#include <vector>

#include "minslice/policy.h"

namespace minslice::gate {

// Each a sentence: what looks at cases by id, or at their order. Empty: a verdict on counts has the figures
// of one on the logs.
std::vector<std::string> BeyondCounts(const Policy& policy);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_BEYOND_COUNTS_H_
