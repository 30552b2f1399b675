// The pinned older model: many small losses that each pass, one after another, show against it as one.
#ifndef MINSLICE_GATE_ANCHOR_H_
#define MINSLICE_GATE_ANCHOR_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"

namespace minslice::gate {

// The candidate against the anchor's log, by the primary metric, over the cases that both have with one
// prompt; another suite is no obstacle. Reasons, both holds: "anchor_creep" (not shown non-inferior at
// anchor.margin), "anchor_unusable".
VerdictAnchor JudgeAnchor(const Policy& policy, std::span<const RunLog> anchor,
                          std::span<const RunLog> candidate, std::vector<VerdictReason>& reasons,
                          std::vector<std::string>& warnings);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_ANCHOR_H_
