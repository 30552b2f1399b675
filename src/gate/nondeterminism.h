// The check of methods 2.7 in the gate: the runs that the policy asks for are there, and they agree as far as
// their own noise explains. The finding names the likely cause.
#ifndef MINSLICE_GATE_NONDETERMINISM_H_
#define MINSLICE_GATE_NONDETERMINISM_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minslice/paired_table.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"

namespace minslice::gate {

// A reason for invalid or hold, or a warning, as the policy has it; kIgnore: nothing.
void Follow(Consequence consequence, const char* code, std::string text, std::vector<VerdictReason>& reasons,
            std::vector<std::string>& warnings);

// Reasons: "too_few_runs", "nondeterministic". nullopt where no side ran its cases several times.
std::optional<VerdictNondeterminism> JudgeRepeats(const Policy& policy, const PairedTable& table,
                                                  std::span<const RunLog> incumbent,
                                                  std::span<const RunLog> candidate,
                                                  std::vector<VerdictReason>& reasons,
                                                  std::vector<std::string>& warnings);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_NONDETERMINISM_H_
