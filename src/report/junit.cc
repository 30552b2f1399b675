// JUnit XML as GitLab, Jenkins, Buildkite and the like read it. GitLab counts only the first of several test
// cases of one name, so names are kept apart.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "report/format.h"
#include "report/machine.h"
#include "report/machine_escape.h"

namespace minslice::report {
namespace {

// GitLab reads files of up to 30 MB: texts are bounded, so that ten thousand slices stay below.
constexpr std::size_t kMaxIds = 20;
constexpr std::size_t kMaxTextBytes = 2000;

std::string Bounded(std::string text) {
  if (text.size() <= kMaxTextBytes) return text;
  text.resize(kMaxTextBytes);
  return text + "...";
}

std::string Ids(const std::vector<std::string>& ids) {
  std::string text;
  for (std::size_t i = 0; i < ids.size() && i < kMaxIds; ++i)
    text += (i > 0 ? ", " : "") + Bounded(ids[i]).substr(0, 200);
  if (ids.size() > kMaxIds) text += fmt::format(" and {} more", ids.size() - kMaxIds);
  return text;
}

class Cases {
 public:
  // `outcome` is "" (passed), "failure", "error" or "skipped".
  void Add(const std::string& group, const std::string& name, const std::string& outcome,
           const std::string& type, const std::string& message, const std::string& detail) {
    std::string shown = XmlText(Bounded(name));
    const std::string class_name = XmlText("minslice." + Bounded(group));
    for (int copy = 2; !names_.insert({class_name, shown}).second; ++copy)
      shown = fmt::format("{} ({})", XmlText(Bounded(name)), copy);
    text_ += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\">\n", class_name, shown);
    if (outcome == "skipped") {
      text_ += fmt::format("      <skipped message=\"{}\"/>\n", XmlText(Bounded(message)));
      ++skipped;
    } else if (!outcome.empty()) {
      text_ += fmt::format("      <{0} message=\"{1}\" type=\"{2}\">{3}</{0}>\n", outcome,
                           XmlText(Bounded(message)), XmlText(type), XmlText(detail));
      ++(outcome == "error" ? errors : failures);
    }
    if (outcome.empty() || outcome == "skipped")
      text_ += fmt::format("      <system-out>{}</system-out>\n", XmlText(detail));
    text_ += "    </testcase>\n";
    ++tests;
  }

  int tests = 0, failures = 0, errors = 0, skipped = 0;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::set<std::pair<std::string, std::string>> names_;
};

void AddSegment(const Verdict& verdict, const VerdictSegment& segment, Cases& cases) {
  const Decision decision = SegmentDecision(segment);
  const VerdictReason* reason = ReasonOf(verdict, segment);
  std::string detail = RowSentence(segment.row, segment.broke.size(), segment.fixed.size());
  std::string outcome;
  std::string message;
  if (decision != Decision::kPromote) {
    outcome = "failure";
    message = reason != nullptr ? reason->text : SegmentStatus(segment);
    if (!segment.broke.empty()) detail += "; broke: " + Ids(segment.broke);
  } else if (segment.under_floor || segment.row.status == "low_confidence") {
    outcome = "skipped";
    message = fmt::format("{}, fewer than {}: shown, not gated alone", Many(segment.row.n_pairs, "pair"),
                          verdict.policy.segments.min_cases);
  }
  cases.Add("slice." + segment.dimension, segment.value, outcome, segment.row.status, message, detail);
}

}  // namespace

std::string VerdictJUnit(const Verdict& verdict) {
  Cases cases;
  std::string why;
  for (const ReasonLine& line : ReasonLines(verdict))
    why += (why.empty() ? "" : "; ") + std::string(DecisionName(line.decision)) + ": " + line.text;
  const std::string first =
      verdict.reasons.empty() ? DecisionName(verdict.decision) : verdict.reasons.front().text;
  const char* outcome = verdict.decision == Decision::kPromote   ? ""
                        : verdict.decision == Decision::kInvalid ? "error"
                                                                 : "failure";
  cases.Add("gate", "verdict", outcome, DecisionName(verdict.decision),
            fmt::format("{}: {}", DecisionName(verdict.decision), first), Bounded(why));
  cases.Add("gate", "aggregate", verdict.aggregate.status == "inferior" ? "failure" : "",
            verdict.aggregate.status, AggregateStatus(verdict),
            AggregateStatus(verdict) + ": " +
                RowSentence(verdict.aggregate, verdict.broke.size(), verdict.fixed.size()));
  for (const VerdictSegment& segment : verdict.segments) AddSegment(verdict, segment, cases);
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\"", cases.tests,
                  cases.failures, cases.errors, cases.skipped);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  const std::string name = XmlText("minslice gate " + Bounded(verdict.suite));
  out += fmt::format("<testsuites name=\"minslice\" {}>\n  <testsuite name=\"{}\" {}>\n    <properties>\n",
                     counts, name, counts);
  for (const auto& [key, value] :
       {std::pair<const char*, std::string>{"verdict", DecisionName(verdict.decision)},
        {"exit_code", std::to_string(verdict.exit_code)},
        {"incumbent", ArmName(verdict.incumbent)},
        {"candidate", ArmName(verdict.candidate)},
        {"policy_sha256", verdict.policy_sha256},
        {"run_hash", verdict.run_hash},
        {"minslice", verdict.minslice}}) {
    out += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", key, XmlText(Bounded(value)));
  }
  return out + "    </properties>\n" + cases.text() + "  </testsuite>\n</testsuites>\n";
}

}  // namespace minslice::report
