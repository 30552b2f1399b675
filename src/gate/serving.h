// Which model answered a side, judged by the policy's drift block (gate/drift.h finds, this decides).
#ifndef MINSLICE_GATE_SERVING_H_
#define MINSLICE_GATE_SERVING_H_

#include <span>
#include <string>
#include <vector>

#include "gate/integrity.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"

namespace minslice::gate {

// Reasons: "response_model_mixed", "response_model_mismatch", "fingerprint_changed", "model_alias".
void JudgeServing(const DriftPolicy& policy, const char* side, std::span<const RunLog> logs,
                  const Answered& answered, std::vector<VerdictDriftFinding>& findings,
                  std::vector<VerdictReason>& reasons, std::vector<std::string>& warnings);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_SERVING_H_
