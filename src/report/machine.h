// A verdict for the places that programs read: CI systems, spreadsheets, monitoring. docs/formats/reports.md
// describes each. The same verdict gives the same bytes.
#ifndef MINSLICE_REPORT_MACHINE_H_
#define MINSLICE_REPORT_MACHINE_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "minslice/record.h"
#include "minslice/verdict.h"

namespace minslice::report {

// JUnit XML: the test case "verdict" (fails unless promote), one for the aggregate, one for each slice:
// failure where it blocks or holds, skipped where it is too small to be gated alone.
std::string VerdictJUnit(const Verdict& verdict);

// GitHub workflow commands: one line for the verdict, then the slices that block (::error) or hold
// (::warning), at most ten lines of a kind, because the runner drops more in silence.
std::string VerdictAnnotations(const Verdict& verdict);

// RFC 4180 with a header; figures are fractions with all their digits, empty where there is none.
std::string SlicesCsv(const Verdict& verdict);  // the aggregate first, then the slices as in the verdict

// The cases that PromptsCsv lists; views into the verdict.
std::unordered_set<std::string_view> PromptsListed(const Verdict& verdict);
// The prompts that broke, were fixed, or lack a graded answer on one side, a row for each run of them, with
// both outputs where the logs were read with them.
std::string PromptsCsv(const Verdict& verdict, std::span<const RunLog> incumbent,
                       std::span<const RunLog> candidate);

// Prometheus text format (node_exporter's textfile collector, a Pushgateway, GitLab's metrics report).
std::string VerdictPrometheus(const Verdict& verdict);

// Shared by these reports. "47 pairs, 91.5 to 76.6 %, delta -14.9 pt [-28.5, -3.0], broke 8, fixed 1, ...".
std::string RowSentence(const VerdictRow& row, std::size_t broke, std::size_t fixed);
// The reason that names the slice, gravest first; nullptr where none does.
const VerdictReason* ReasonOf(const Verdict& verdict, const VerdictSegment& segment);
// The slice is one of those that decide: its status blocks (kBlocked) or holds (kHold); kPromote otherwise.
Decision SegmentDecision(const VerdictSegment& segment);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_MACHINE_H_
