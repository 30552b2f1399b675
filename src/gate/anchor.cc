#include "gate/anchor.h"

#include <fmt/format.h>

#include <utility>

#include "gate/case_data.h"
#include "gate/integrity.h"
#include "gate/prepare.h"
#include "gate/sentences.h"
#include "gate/verdict_rows.h"
#include "pair/pair.h"

namespace minslice::gate {
namespace {

void Hold(const char* code, std::string text, std::vector<VerdictReason>& reasons) {
  reasons.push_back(InvalidReason(code, std::move(text)));
  reasons.back().decision = Decision::kHold;
}

}  // namespace

VerdictAnchor JudgeAnchor(const Policy& policy, std::span<const RunLog> anchor,
                          std::span<const RunLog> candidate, std::vector<VerdictReason>& reasons,
                          std::vector<std::string>& warnings) {
  VerdictAnchor out;
  Policy against = policy;
  against.goal = Goal::kNonInferiority;
  against.margin = policy.anchor->margin;
  out.margin = against.margin;
  if (!anchor.empty()) {
    out.path = anchor.front().path;
    out.sha256 = anchor.front().sha256;
    out.model = anchor.front().run.request_model;
    out.started_at = anchor.front().run.started_at;
  }
  const pair::PairResult paired = pair::Pair(anchor, candidate, policy.metric);
  for (const pair::Finding& finding : paired.findings) {
    if (finding.code == "suite_mismatch") {
      warnings.push_back(fmt::format(
          "anchor {}: made with another suite; compared over the cases that both have", out.path));
      continue;
    }
    Hold("anchor_unusable", fmt::format("the anchor {} cannot be compared: {}", out.path, finding.text),
         reasons);
    out.row.status = "unusable";
    return out;
  }
  const PreparedTable prepared(policy, paired.table);
  const Analysis analysis = AnalyseTable(against, prepared.table(), against.margin);
  out.row = AggregateRow(against, analysis);
  if (analysis.non_inferior) return out;
  std::string text = analysis.delta
                         ? fmt::format(
                               "against the anchor {} the candidate has {} over {} shared cases (one-sided "
                               "{:.4g} % lower bound {})",
                               out.path, Points(*analysis.delta), Count(analysis.n),
                               100 * (1 - policy.error_rates.alpha_promote),
                               analysis.lower_bound ? Points(*analysis.lower_bound) : "none")
                         : fmt::format("the anchor {} shares no graded case with the candidate", out.path);
  text += fmt::format(": a cumulative loss of {} is {}", Size(against.margin),
                      analysis.inferior ? "shown" : "not excluded");
  Hold("anchor_creep", std::move(text), reasons);
  return out;
}

}  // namespace minslice::gate
