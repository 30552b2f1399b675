// People's labels of some cases (docs/formats/labels.md), by which a judge's metric is corrected: JSON Lines,
// {"case_id": "r-1", "incumbent": 1, "candidate": 0}, in the metric's own range.
#ifndef MINSLICE_GATE_LABELS_H_
#define MINSLICE_GATE_LABELS_H_

#include <string>

#include "minslice/policy_blocks.h"
#include "minslice/result.h"

namespace minslice::gate {

Result<Labels> ParseLabels(const std::string& text, const std::string& path);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_LABELS_H_
