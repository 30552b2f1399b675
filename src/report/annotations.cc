#include <fmt/format.h>

#include "report/escape.h"
#include "report/format.h"
#include "report/machine.h"
#include "report/machine_escape.h"

namespace minslice::report {
namespace {

constexpr std::size_t kMaxOfAKind = 10;    // by type and step; GitHub drops the rest in silence
constexpr std::size_t kMaxColumns = 1000;  // of a message

std::string Line(const Verdict& verdict, const char* kind, const std::string& title,
                 const std::string& message) {
  std::string properties;
  // An absolute path is none of the repository's: GitHub could not show the line.
  const std::string& file = verdict.policy.path;
  if (!file.empty() && file.front() != '/' && !file.starts_with(".."))
    properties = "file=" + WorkflowProperty(file) + ",line=1,";
  return fmt::format("::{} {}title={}::{}\n", kind, properties, WorkflowProperty(title),
                     WorkflowData(CutToWidth(ValidUtf8(message), kMaxColumns)));
}

}  // namespace

std::string VerdictAnnotations(const Verdict& verdict) {
  const char* kind = verdict.decision == Decision::kPromote ? "notice"
                     : verdict.decision == Decision::kHold || verdict.decision == Decision::kInconclusive
                         ? "warning"
                         : "error";
  const std::string first = verdict.reasons.empty()
                                ? RowSentence(verdict.aggregate, verdict.broke.size(), verdict.fixed.size())
                                : verdict.reasons.front().text;
  std::string out = Line(verdict, kind, fmt::format("minslice: {}", DecisionName(verdict.decision)), first);
  // The statuses of an invalid run's slices say nothing.
  if (verdict.decision == Decision::kInvalid) return out;
  const std::vector<const VerdictSegment*> segments = WorstFirst(verdict);
  for (const auto& [decision, of] : {std::pair(Decision::kBlocked, "error"), {Decision::kHold, "warning"}}) {
    std::size_t total = 0;
    for (const VerdictSegment* segment : segments) total += SegmentDecision(*segment) == decision ? 1U : 0U;
    // One line is the verdict's, one may be needed to count the rest.
    const std::size_t room = kMaxOfAKind - (kind == std::string_view(of) ? 1 : 0);
    const std::size_t shown = total <= room ? total : room - 1;
    std::size_t n = 0;
    for (const VerdictSegment* segment : segments) {
      if (SegmentDecision(*segment) != decision || n++ >= shown) continue;
      out += Line(verdict, of,
                  fmt::format("minslice: {} {}: {}", segment->dimension,
                              CutToWidth(ValidUtf8(segment->value), 60), SegmentStatus(*segment)),
                  RowSentence(segment->row, segment->broke.size(), segment->fixed.size()));
    }
    if (total > shown) {
      out += Line(verdict, of, "minslice: more slices",
                  fmt::format("{} more slices {}; all of them are in verdict.json and in the step summary",
                              total - shown, decision == Decision::kBlocked ? "block" : "are held"));
    }
  }
  return out;
}

}  // namespace minslice::report
