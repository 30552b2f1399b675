#include "report/machine.h"

#include <fmt/format.h>

#include "report/format.h"

namespace minslice::report {

std::string RowSentence(const VerdictRow& row, std::size_t broke, std::size_t fixed) {
  std::string text =
      fmt::format("{}, {} to {} %, delta {} pt, {:.3g} % CI {}, broke {}, fixed {}",
                  Many(row.n_pairs, "pair"), Rate(row.incumbent_rate), Rate(row.candidate_rate),
                  Points(row.delta), row.level * 100, IntervalPoints(row), broke, fixed);
  if (row.p_harm) text += ", p for harm " + PValue(row.p_harm);
  if (row.p_adjusted) text += ", adjusted p " + PValue(row.p_adjusted);
  return text;
}

const VerdictReason* ReasonOf(const Verdict& verdict, const VerdictSegment& segment) {
  for (const VerdictReason& reason : verdict.reasons) {
    if (reason.dimension == segment.dimension && reason.value == segment.value) return &reason;
  }
  return nullptr;
}

Decision SegmentDecision(const VerdictSegment& segment) {
  const std::string& status = segment.row.status;
  if (status == "block" || status == "below_floor") return Decision::kBlocked;
  if (status == "suspected" || status == "floor_unresolved" || status == "required_unresolved")
    return Decision::kHold;
  return Decision::kPromote;
}

}  // namespace minslice::report
