// How figures look in the reports: rates in per cent and differences in points with one decimal, p-values
// with three digits.
#ifndef MINSLICE_REPORT_FORMAT_H_
#define MINSLICE_REPORT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "minslice/verdict.h"

namespace minslice::report {

std::string Count(std::int64_t n);                            // 1,289
std::string Many(std::int64_t n, const char* noun);           // 1,289 pairs, 1 pair
std::string Rate(const std::optional<double>& rate);          // 87.1, "-" where there is none
std::string Points(const std::optional<double>& difference);  // +0.3, -14.9; never "-0.0"
std::string Size(const std::optional<double>& size);          // 2.1: a margin or an effect, no sign
std::string PValue(const std::optional<double>& p);           // .050, 1.00, <.001
std::string IntervalPoints(const VerdictRow& row);            // [-28.5, -3.0]
std::string Percent(double fraction);                         // 8.33: three significant digits, no sign

std::string DecisionWord(Decision decision);  // PROMOTE, HOLD, ...
std::string MethodTitle(const std::string& method);

// "BLOCK", "below floor", ...: what the status column of a slice says; and its mark, which reads without
// colour.
std::string SegmentStatus(const VerdictSegment& segment);
char SegmentMark(const VerdictSegment& segment);
std::string AggregateStatus(const Verdict& verdict);

// Over what the adjusted p of a slice holds: "over the slices of the dimension".
std::string AdjustedOver(const SegmentPolicy& policy);

// 0 for the gravest status; reports list by rank, then by delta.
int SegmentRank(const VerdictSegment& segment);
// block, hold, low or ok: what the pages filter and colour by.
const char* SegmentGroup(const VerdictSegment& segment);
inline constexpr int kLastBlockingRank = 1;  // block, below_floor
inline constexpr int kLastDecidingRank = 4;  // and suspected, floor_unresolved, required_unresolved

// The slices by rank, then by delta; of one dimension, or of all where it is empty.
std::vector<const VerdictSegment*> WorstFirst(const Verdict& verdict, const std::string& dimension = "");

// Whether both logs answer the same cases: figures of others would be read as an answer.
bool Comparable(const Verdict& verdict);

// The model of an arm in one name: what was asked for, or what answered, or the target.
std::string ArmName(const VerdictArm& arm);
// "refund_flow", or "flow:refund_flow" where the value alone could mean another dimension's; unescaped.
std::string SliceArgument(const Verdict& verdict, const VerdictSegment& segment);
// A slice that broke prompts and stands in the way, worst first; as many as `limit`.
std::vector<const VerdictSegment*> BrokenSlices(const Verdict& verdict, std::size_t limit);
// The reasons as a reader takes them in: the first of each kind in full (three where they carry the
// decision), the rest of a kind in one line that names their slices. Unescaped.
struct ReasonLine {
  Decision decision = Decision::kPromote;
  std::string text;
};
std::vector<ReasonLine> ReasonLines(const Verdict& verdict);

// What to do next, with the command to type; empty after a promotion. `verdict_path` is where verdict.json
// lies; empty: it was not written. Unescaped but for the shell.
std::string NextStep(const Verdict& verdict, const std::string& verdict_path);

// The sentences under the table, in order: repeats, bootstrap, data, planning. Unescaped.
struct Fact {
  std::string name;
  std::string text;
};
std::vector<Fact> Facts(const Verdict& verdict);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_FORMAT_H_
