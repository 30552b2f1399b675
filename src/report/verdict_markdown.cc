// The same report as a GitHub comment. The first line is a hidden marker by which a bot finds its own comment
// again. A byte budget holds under the comment limit: slices that decide are kept, then the worst, then a
// line counts the rest.
#include <fmt/format.h>

#include <algorithm>

#include "report/escape.h"
#include "report/format.h"
#include "report/report.h"

namespace minslice::report {
namespace {

constexpr std::size_t kOpenRows = 20;  // beyond these the slices are folded
constexpr std::size_t kMaxNameBytes = 120;

// Within an HTML comment: nothing that could close it.
std::string MarkerName(const std::string& suite) {
  std::string name;
  for (const char c : suite.substr(0, 100)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    name += plain ? c : '-';
  }
  while (name.find("--") != std::string::npos) name.erase(name.find("--"), 1);
  return name;
}

// Cut in columns first: an entity costs up to six bytes.
std::string Code(const std::string& text, std::size_t columns = 60) {
  return MarkdownCode(CutToWidth(ValidUtf8(text), columns));
}

const char* Symbol(Decision decision) {
  switch (decision) {
    case Decision::kPromote:
      return "✅";
    case Decision::kHold:
      return "⏸️";
    case Decision::kInconclusive:
      return "❔";
    case Decision::kBlocked:
    case Decision::kInvalid:
      return "⛔";
  }
  return "";
}

std::string Interval(const VerdictRow& row) {
  if (!row.ci_low) return "-";
  return fmt::format("[{},&nbsp;{}]", Points(row.ci_low), Points(row.ci_high));
}

constexpr const char* kTableHead =
    "| slice | n | before % | after % | Δ pt | {:.0f} % CI | broke | fixed | p harm | p adj | status |\n"
    "|:--|--:|--:|--:|--:|:-:|--:|--:|--:|--:|:--|\n";

std::string SegmentRow(const VerdictSegment& segment) {
  const bool loud = SegmentRank(segment) <= 2;
  const std::string delta = Points(segment.row.delta);
  return fmt::format("| {} {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                     Code(segment.dimension, 24), Code(segment.value), segment.row.n_pairs,
                     Rate(segment.row.incumbent_rate), Rate(segment.row.candidate_rate),
                     loud ? fmt::format("**{}**", delta) : delta, Interval(segment.row), segment.broke.size(),
                     segment.fixed.size(), PValue(segment.row.p_harm), PValue(segment.row.p_adjusted),
                     (SegmentRank(segment) <= 1   ? "⛔ "
                      : SegmentRank(segment) <= 4 ? "⚠️ "
                                                  : "") +
                         SegmentStatus(segment));
}

// Blocked or held: these come first in WorstFirst.
bool Decides(const VerdictSegment* segment) { return SegmentRank(*segment) <= 4; }

constexpr std::size_t kRowBytes = 400;  // of a row with a long name: more than most have

}  // namespace

std::string VerdictMarkdown(const Verdict& verdict, std::size_t budget_bytes) {
  std::string out = fmt::format("<!-- minslice:gate {} -->\n", MarkerName(verdict.suite));
  out += fmt::format("### {} minslice: {}\n", Symbol(verdict.decision), DecisionName(verdict.decision));
  out += fmt::format("candidate {} vs incumbent {}, suite {}\n\n", Code(ArmName(verdict.candidate)),
                     Code(ArmName(verdict.incumbent)),
                     Code(verdict.suite.empty() ? "(unnamed)" : verdict.suite));
  constexpr std::size_t kMaxReasons = 10;
  constexpr std::size_t kMaxReasonColumns = 400;
  const std::vector<ReasonLine> reasons = ReasonLines(verdict);
  for (std::size_t i = 0; i < reasons.size() && i < kMaxReasons; ++i) {
    const std::string text = MarkdownText(CutToWidth(ValidUtf8(reasons[i].text), kMaxReasonColumns));
    if (i == 0) {
      out += fmt::format("**Why:** {}\n", text);
    } else {
      out += fmt::format("{}- {}: {}\n", i == 1 ? "\n" : "", DecisionName(reasons[i].decision), text);
    }
  }
  if (reasons.size() > kMaxReasons)
    out += fmt::format("- {} more reasons in verdict.json\n", reasons.size() - kMaxReasons);
  out += "\n";
  if (const std::string next = NextStep(verdict, "verdict.json"); !next.empty())
    out += fmt::format("**Next:** {}\n\n", MarkdownText(CutToWidth(ValidUtf8(next), 300)));

  if (!Comparable(verdict)) {
    out += fmt::format(
        "No figures: these logs do not answer the same cases.\n\n<sub>exit {} · policy {} · run {} · "
        "minslice {}</sub>\n",
        verdict.exit_code, Code(verdict.policy_sha256.substr(0, 8), 8),
        Code(verdict.run_hash.substr(0, 12), 12), MarkdownText(verdict.minslice));
    return out;
  }

  const std::vector<const VerdictSegment*> segments = WorstFirst(verdict);

  // What follows the table, first, so that the table knows its room.
  std::string tail = "\n";
  for (const VerdictSegment* segment : BrokenSlices(verdict, 5)) {
    tail += fmt::format("**Broke in {}:** ", Code(segment->value));
    constexpr std::size_t kIds = 12;
    for (std::size_t i = 0; i < segment->broke.size() && i < kIds; ++i)
      tail += (i > 0 ? ", " : "") + Code(segment->broke[i], 40);
    if (segment->broke.size() > kIds) tail += fmt::format(" and {} more", segment->broke.size() - kIds);
    const std::string argument = ShellArgument(SliceArgument(verdict, *segment));
    tail += " · " +
            Code("minslice show verdict.json " + (argument.empty() ? "all" : argument) + " --broke",
                 kMaxNameBytes) +
            "\n\n";
  }
  for (const Fact& fact : Facts(verdict)) {
    tail += fmt::format("**{}** {}  \n", fact.name, MarkdownText(CutToWidth(ValidUtf8(fact.text), 800)));
  }
  constexpr std::size_t kMaxWarnings = 10;
  for (std::size_t i = 0; i < verdict.warnings.size() && i < kMaxWarnings; ++i) {
    tail += fmt::format("{}> ⚠️ {}  \n", i == 0 ? "\n" : "",
                        MarkdownText(CutToWidth(ValidUtf8(verdict.warnings[i]), 300)));
  }
  if (verdict.warnings.size() > kMaxWarnings)
    tail += fmt::format("> {} more warnings in verdict.json\n", verdict.warnings.size() - kMaxWarnings);
  tail += fmt::format(
      "\n<sub>exit {} · policy {} · run {} · CI: two-sided; p harm: one-sided for harm; p adj: {} · minslice "
      "{}</sub>\n",
      verdict.exit_code, Code(verdict.policy_sha256.substr(0, 8), 8),
      Code(verdict.run_hash.substr(0, 12), 12), AdjustedOver(verdict.policy.segments),
      MarkdownText(verdict.minslice));

  const std::string table_head = fmt::format(fmt::runtime(kTableHead), verdict.aggregate.level * 100);
  out += table_head;
  out += fmt::format("| **all** | {} | {} | {} | {} | {} | {} | {} | {} |  | {} |\n",
                     verdict.aggregate.n_pairs, Rate(verdict.aggregate.incumbent_rate),
                     Rate(verdict.aggregate.candidate_rate), Points(verdict.aggregate.delta),
                     Interval(verdict.aggregate), verdict.broke.size(), verdict.fixed.size(),
                     PValue(verdict.aggregate.p_harm), MarkdownText(AggregateStatus(verdict)));
  constexpr std::size_t kReserve = 400;  // the fold's own markup and the line that counts
  // Slices that decide and find no row any more are at least named: half of the room is kept for their names.
  const std::size_t deciding =
      static_cast<std::size_t>(std::count_if(segments.begin(), segments.end(), Decides));
  const std::size_t room =
      budget_bytes - std::min(budget_bytes, out.size() + tail.size() + table_head.size() + kReserve);
  const std::size_t row_room = deciding * kRowBytes > room ? room / 2 : room;
  std::string folded;
  std::size_t shown = 0;
  std::size_t used = 0;
  for (const VerdictSegment* segment : segments) {
    const std::string row = SegmentRow(*segment);
    if (used + row.size() > row_room) break;
    used += row.size();
    ++shown;
    (shown <= kOpenRows ? out : folded) += row;
  }
  if (!folded.empty()) {
    out += fmt::format("\n<details><summary>{} more slices, worst first</summary>\n\n", shown - kOpenRows) +
           table_head + folded + "\n</details>\n";
  }
  if (shown < deciding) {
    std::string names;
    std::size_t named = shown;
    for (; named < deciding; ++named) {
      const std::string name = Code(segments[named]->value, 24);
      if (used + names.size() + name.size() + 2 > room) break;
      names += (names.empty() ? "" : ", ") + name;
    }
    if (!names.empty()) out += fmt::format("\n**Also blocked or held:** {}\n", names);
    if (named < deciding)
      out += fmt::format("\n{} more blocked or held slices in verdict.json\n",
                         Count(static_cast<std::int64_t>(deciding - named)));
  }
  const std::size_t rest = segments.size() - std::max(shown, deciding);
  if (rest > 0) {
    out += fmt::format("\n{} more slices in verdict.json\n", Count(static_cast<std::int64_t>(rest)));
  }
  return out + tail;
}

}  // namespace minslice::report
