// Flaky prompts: those on which the incumbent's own runs disagree (methods 2.6), and the file that keeps some
// of them out of the decision for a while (docs/formats/quarantine.md). Nothing is left out in silence: every
// entry is accounted for, and the difference is given with and without.
#ifndef MINSLICE_GATE_QUARANTINE_H_
#define MINSLICE_GATE_QUARANTINE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minslice/paired_table.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/result.h"
#include "minslice/verdict.h"

namespace minslice::gate {

Result<Quarantine> ParseQuarantine(const std::string& text, const std::string& path);

// Which cases are flaky, and which of them the file keeps out; without the differences. nullopt where the
// incumbent ran its cases once (or its scores are graded, and always differ a little) and no file is named.
std::optional<VerdictFlaky> FindFlaky(const Policy& policy, const PairedTable& table,
                                      std::span<const RunLog> candidate, std::vector<std::string>& warnings);

// The aggregate over all cases but these, ids ascending.
VerdictFlakyDifference DifferenceWithout(const Policy& policy, const PairedTable& table,
                                         std::span<const std::string> left_out);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_QUARANTINE_H_
