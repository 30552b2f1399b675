#include "report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/grouped.h"
#include "report/escape.h"
#include "report/evidence_facts.h"
#include "report/slice_facts.h"

namespace minslice::report {

std::string Count(std::int64_t n) { return io::Grouped(n); }

std::string Many(std::int64_t n, const char* noun) { return io::Many(n, noun); }

std::string Rate(const std::optional<double>& rate) {
  return rate ? fmt::format("{:.1f}", *rate * 100) : "-";
}

std::string Points(const std::optional<double>& difference) {
  if (!difference) return "-";
  std::string text = fmt::format("{:+.1f}", *difference * 100);
  if (text == "-0.0" || text == "+0.0") return "0.0";
  return text;
}

std::string Size(const std::optional<double>& size) {
  return size ? fmt::format("{:.1f}", *size * 100) : "-";
}

std::string PValue(const std::optional<double>& p) {
  if (!p) return "-";
  if (*p < 0.0005) return "<.001";
  if (*p >= 0.9995) return "1.00";
  return fmt::format("{:.3f}", *p).substr(1);
}

std::string IntervalPoints(const VerdictRow& row) {
  if (!row.ci_low || !row.ci_high) return "-";
  return fmt::format("[{}, {}]", Points(row.ci_low), Points(row.ci_high));
}

std::string Percent(double fraction) {
  if (fraction <= 0) return "0";
  const double percent = fraction * 100;
  const int decimals = std::max(0, 2 - static_cast<int>(std::floor(std::log10(percent))));
  std::string text = fmt::format("{:.{}f}", percent, decimals);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::string DecisionWord(Decision decision) {
  std::string word = DecisionName(decision);
  for (char& c : word) c = static_cast<char>(c - 'a' + 'A');
  return word;
}

std::string MethodTitle(const std::string& method) {
  if (method == "tango") return "Tango";
  if (method == "bonett_price") return "Bonett-Price";
  if (method == "newcombe8" || method == "newcombe10") return "Newcombe";
  if (method == "agresti_min") return "Agresti-Min";
  if (method == "scas") return "SCAS";
  if (method == "wald") return "Wald";
  if (method == "paired_t_adjusted") return "t";
  if (method == "bootstrap_t_adjusted") return "boot-t";
  if (method == "cr2_adjusted") return "CR2";
  if (method == "wild_cluster_bootstrap_adjusted" || method == "wild_cluster_adjusted") return "wild";
  return method;
}

std::string SegmentStatus(const VerdictSegment& segment) {
  const std::string& status = segment.row.status;
  if (status == "block") return "BLOCK";
  if (status == "below_floor") return "BELOW FLOOR";
  if (status == "suspected") return "SUSPECTED";
  if (status == "floor_unresolved") return "floor open";
  if (status == "required_unresolved") return "REQUIRED open";
  if (status == "low_confidence" || (status == "reported" && segment.under_floor)) return "low confidence";
  if (status == "ok") return segment.row.testable.value_or(true) ? "ok" : "untestable";
  return status;
}

char SegmentMark(const VerdictSegment& segment) {
  const std::string& status = segment.row.status;
  if (status == "block" || status == "below_floor") return 'x';
  if (status == "suspected" || status == "floor_unresolved" || status == "required_unresolved") return '?';
  if (status == "low_confidence" || (status == "reported" && segment.under_floor)) return '.';
  if (segment.row.ci_low && *segment.row.ci_low > 0) return '+';
  if (segment.row.ci_high && *segment.row.ci_high < 0) return '-';
  return '~';
}

std::string AdjustedOver(const SegmentPolicy& policy) {
  std::string over = "over the slices of the dimension";
  if (policy.multiplicity == "none") {
    over = "not adjusted";
  } else if (policy.joint) {
    over = "over the slices of all gated dimensions";
  } else if (policy.families.method == "hierarchical") {
    over = "in the order of families";
  }
  return policy.strict ? "p of a fall beyond the margin, " + over : over;
}

std::string AggregateStatus(const Verdict& verdict) {
  if (verdict.aggregate.status.empty()) return "-";
  if (!verdict.aggregate.margin) return verdict.aggregate.status;
  return verdict.aggregate.status + " (m " + Size(verdict.aggregate.margin) + ")";
}

int SegmentRank(const VerdictSegment& segment) {
  static const std::vector<std::string> kOrder = {
      "block", "below_floor", "suspected",     "floor_unresolved", "required_unresolved",
      "ok",    "reported",    "low_confidence"};
  const auto it = std::find(kOrder.begin(), kOrder.end(), segment.row.status);
  return static_cast<int>(it - kOrder.begin());
}

const char* SegmentGroup(const VerdictSegment& segment) {
  const int rank = SegmentRank(segment);
  if (rank <= kLastBlockingRank) return "block";
  if (rank <= kLastDecidingRank) return "hold";
  return segment.under_floor ? "low" : "ok";
}

bool Comparable(const Verdict& verdict) {
  return std::none_of(verdict.reasons.begin(), verdict.reasons.end(), [](const VerdictReason& reason) {
    return reason.code == "suite_mismatch" || reason.code == "no_pairs";
  });
}

std::string ArmName(const VerdictArm& arm) {
  if (!arm.request_model.empty()) return arm.request_model;
  if (arm.response_models.size() == 1) return arm.response_models.front();
  return arm.target.empty() ? "(unnamed)" : arm.target;
}

std::string SliceArgument(const Verdict& verdict, const VerdictSegment& segment) {
  bool ambiguous = segment.value == "all" || segment.value.find(':') != std::string::npos;
  for (const VerdictSegment& other : verdict.segments) {
    ambiguous = ambiguous || (other.value == segment.value && other.dimension != segment.dimension);
  }
  return ambiguous ? segment.dimension + ":" + segment.value : segment.value;
}

std::vector<const VerdictSegment*> WorstFirst(const Verdict& verdict, const std::string& dimension) {
  std::vector<const VerdictSegment*> slices;
  for (const VerdictSegment& segment : verdict.segments) {
    if (dimension.empty() || segment.dimension == dimension) slices.push_back(&segment);
  }
  std::stable_sort(slices.begin(), slices.end(), [](const VerdictSegment* a, const VerdictSegment* b) {
    if (SegmentRank(*a) != SegmentRank(*b)) return SegmentRank(*a) < SegmentRank(*b);
    return a->row.delta.value_or(0) < b->row.delta.value_or(0);
  });
  return slices;
}

std::vector<const VerdictSegment*> BrokenSlices(const Verdict& verdict, std::size_t limit) {
  std::vector<const VerdictSegment*> slices;
  for (const VerdictSegment* segment : WorstFirst(verdict)) {
    if (slices.size() < limit && !segment->broke.empty() && SegmentRank(*segment) <= kLastDecidingRank)
      slices.push_back(segment);
  }
  return slices;
}

std::vector<ReasonLine> ReasonLines(const Verdict& verdict) {
  std::vector<ReasonLine> lines;
  std::vector<std::string> done;
  for (const VerdictReason& first : verdict.reasons) {
    if (std::find(done.begin(), done.end(), first.code) != done.end()) continue;
    done.push_back(first.code);
    std::vector<const VerdictReason*> kind;
    for (const VerdictReason& reason : verdict.reasons) {
      if (reason.code == first.code) kind.push_back(&reason);
    }
    const std::size_t in_full =
        std::min<std::size_t>(kind.size(), first.decision == verdict.decision ? 3 : 1);
    for (std::size_t i = 0; i < in_full; ++i) {
      const std::string& by = kind[i]->cleared_by;
      lines.push_back({kind[i]->decision, (by.empty() ? "" : "cleared by " + by + ": ") + kind[i]->text});
    }
    if (kind.size() == in_full) continue;
    std::string rest =
        fmt::format("{} in {} more:", first.code, Count(static_cast<std::int64_t>(kind.size() - in_full)));
    for (std::size_t i = in_full; i < kind.size() && i < in_full + 6; ++i) {
      rest += (i == in_full ? " " : ", ") + kind[i]->value;
    }
    if (kind.size() > in_full + 6) rest += ", ...";
    lines.push_back({first.decision, rest});
  }
  return lines;
}

namespace {

// What mends the first reason; running the suite again costs money and is the last thing to say.
std::string NextAfterInvalid(const Verdict& verdict) {
  const std::string code = verdict.reasons.empty() ? "" : verdict.reasons.front().code;
  if (code == "dimension_absent") return "correct segments.dimensions in the policy; the logs may be sound";
  if (code == "metric_not_binary") return "give the metric type: graded, or import it with a threshold";
  if (code == "metric_missing")
    return "name a metric whose score every row has, or grade the rows again; the log's rows show their "
           "scores";
  if (code == "cluster_absent")
    return "name a dimension that the cases carry in pairing.cluster, or take it out";
  if (code == "too_few_runs") return "run the suite with as many repeats as the reason names";
  if (code == "nondeterministic") return "minslice repeat LOG lists what differs between the runs";
  if (code == "response_model_mixed" || code == "response_model_mismatch" || code == "fingerprint_changed")
    return "minslice drift LOG names the rows; run again with one pinned model";
  if (code == "model_alias") return "run again under a dated model name";
  if (code == "score_out_of_range") return "give the metric the range that its scores have";
  if (code == "unfinished_log") return "complete the log: minslice run SUITE --target NAME -o LOG --resume";
  if (code == "budget_exhausted")
    return "complete the log: minslice run SUITE --target NAME -o LOG --resume, with a larger budget";
  if (code == "suite_mismatch" || code == "prompt_mismatch" || code == "segment_mismatch")
    return "give two logs of the same suite; these are not";
  if (code == "no_pairs") return "give two logs of the same cases; these have none in common";
  if (code == "missing_cap" || code == "slice_missing_cap" || code == "differential_missingness")
    return "ask what is missing again: minslice run SUITE --target NAME -o LOG --resume";
  return "repair the logs or run the suite again; these logs support no verdict";
}

// Where no prompt broke there is none to be shown.
std::string NextWithoutBroken(const Verdict& verdict) {
  const std::string code = verdict.reasons.empty() ? "" : verdict.reasons.front().code;
  if (code == "guardrail_inferior" || code == "metric_deteriorated" || code == "guardrail_unresolved")
    return "read the metric's own rows in the logs: the primary metric does not see this loss";
  if (code == "judge_unlabelled") return "label a sample of the answers and name it in the metric's labels";
  if (code == "missing_sensitive")
    return "ask what is missing again: minslice run SUITE --target NAME -o LOG --resume";
  if (code == "anchor_unusable") return "run the anchor's model on today's suite again";
  return "";
}

}  // namespace

std::string NextStep(const Verdict& verdict, const std::string& verdict_path) {
  const std::string save = verdict_path.empty() ? "keep the verdict with --out DIR, then: " : "";
  const std::string file = verdict_path.empty() ? "DIR/verdict.json" : ShellArgument(verdict_path);
  switch (verdict.decision) {
    case Decision::kPromote:
      return "";
    case Decision::kInvalid:
      return NextAfterInvalid(verdict);
    case Decision::kBlocked:
    case Decision::kHold: {
      if (verdict.broke.empty()) return NextWithoutBroken(verdict);
      const std::vector<const VerdictSegment*> broken = BrokenSlices(verdict, 1);
      std::string slice = broken.empty() ? "all" : ShellArgument(SliceArgument(verdict, *broken.front()));
      if (slice.empty()) slice = "all";
      if (!verdict.reasons.empty() && verdict.reasons.front().code == "family_regression")
        slice = ShellArgument("family:" + verdict.reasons.front().value);
      return fmt::format("{}minslice show {} {} --broke", save, file, slice);
    }
    case Decision::kInconclusive:
      // More cases do not help a candidate that looks worse than the margin.
      if (verdict.planning.pairs_for_goal && *verdict.planning.pairs_for_goal > verdict.aggregate.n_pairs &&
          verdict.aggregate.delta.value_or(0) > -verdict.policy.margin) {
        return fmt::format("more cases ({} pairs would do), or a policy that asks for less",
                           Count(*verdict.planning.pairs_for_goal));
      }
      if (verdict.aggregate.n_clusters && !verdict.reasons.empty() &&
          verdict.reasons.front().code == "underpowered")
        return "more cases, in more clusters: those of one cluster count for little";
      return "see the reasons; more cases in the slices they name";
  }
  return "";
}

namespace {

std::string RepeatsText(const char* side, const std::optional<VerdictRepeats>& repeats) {
  if (!repeats) return "";
  std::string rates;
  for (const double rate : repeats->rates) rates += (rates.empty() ? "" : " / ") + Rate(rate);
  std::string text =
      fmt::format("{} {} runs {} %, spread {} pt", side, repeats->repeats, rates, Size(repeats->spread));
  if (repeats->expected_spread)
    text += fmt::format(" (expected {}, 95 % point {})", Size(repeats->expected_spread),
                        Size(repeats->spread_95));
  if (repeats->cochran_p) text += fmt::format(", Cochran Q p {}", PValue(repeats->cochran_p));
  text += fmt::format(", {} cases flip between runs", Count(repeats->flaky));
  if (repeats->verdict == "nondeterministic") text += ", NONDETERMINISTIC";
  return text;
}

}  // namespace

std::vector<Fact> Facts(const Verdict& verdict) {
  std::vector<Fact> facts = SliceFacts(verdict);
  const VerdictRow& all = verdict.aggregate;
  if (verdict.nondeterminism) {
    std::string text = RepeatsText("incumbent", verdict.nondeterminism->incumbent);
    const std::string candidate = RepeatsText("candidate", verdict.nondeterminism->candidate);
    if (!text.empty() && !candidate.empty()) text += "; ";
    text += candidate;
    if (verdict.nondeterminism->noise_share)
      text += fmt::format("; noise share {:.0f} %", *verdict.nondeterminism->noise_share * 100);
    facts.push_back({"noise", text});
  }
  if (verdict.bootstrap) {
    const VerdictBootstrap& b = *verdict.bootstrap;
    facts.push_back({"bootstrap", fmt::format("{} replicates, seed {}: percentile [{}, {}], BCa [{}, {}]",
                                              Count(b.replicates), b.seed, Points(b.percentile[0]),
                                              Points(b.percentile[1]), Points(b.bca[0]), Points(b.bca[1]))});
  }
  if (verdict.mcnemar) {
    const VerdictMcNemar& m = *verdict.mcnemar;
    facts.push_back({"mcnemar", fmt::format("mid-p {}, exact {}, asymptotic {}, corrected {}", PValue(m.midp),
                                            PValue(m.exact), PValue(m.asymptotic), PValue(m.corrected))});
  }
  const VerdictMissing& missing = verdict.missing;
  std::string data = fmt::format("{} of {} cases paired", Count(missing.paired), Count(missing.cases));
  const auto add = [&](std::int64_t n, const std::string& noun, const std::string& rest) {
    if (n > 0) data += fmt::format(", {} {}{} {}", Count(n), noun, n == 1 ? "" : "s", rest);
  };
  add(static_cast<std::int64_t>(missing.incumbent_only_ids.size()), "case", "only in the incumbent's log");
  add(static_cast<std::int64_t>(missing.candidate_only_ids.size()), "case", "only in the candidate's log");
  add(static_cast<std::int64_t>(missing.incumbent_infra_ids.size()), "infra error", "of the incumbent");
  add(static_cast<std::int64_t>(missing.candidate_infra_ids.size()), "infra error", "of the candidate");
  add(missing.incumbent_model_errors, "model error", "of the incumbent (counted as fail)");
  add(missing.candidate_model_errors, "model error", "of the candidate (counted as fail)");
  if (missing.worst_case && missing.best_case) {
    data += *missing.worst_case == *missing.best_case
                ? fmt::format("; missing rows at their worst and best: {} either way",
                              DecisionName(*missing.worst_case))
                : fmt::format("; missing rows at their worst: {}, at their best: {}",
                              DecisionName(*missing.worst_case), DecisionName(*missing.best_case));
  }
  for (const auto& [side, arm, mixed, unknown] :
       {std::tuple("incumbent", &verdict.incumbent, verdict.drift.incumbent_mixed,
                   verdict.drift.incumbent_unknown),
        std::tuple("candidate", &verdict.candidate, verdict.drift.candidate_mixed,
                   verdict.drift.candidate_unknown)}) {
    if (mixed) {
      data += fmt::format("; {} answered by {} models", side, arm->response_models.size());
    } else if (arm->response_models.size() == 1) {
      data += fmt::format("; {} answered by {}", side, arm->response_models.front());
      if (unknown > 0) data += fmt::format(" ({} rows do not say)", Count(unknown));
    } else {
      data += fmt::format("; which model answered the {} is not in its log", side);
    }
  }
  facts.push_back({"data", data});
  AddEvidenceFacts(verdict, facts);
  const VerdictPlanning& planning = verdict.planning;
  if (planning.pairs_for_goal && planning.psi) {
    std::string text = fmt::format("{} at {:.0f} % power: {} pairs (have {}", planning.goal,
                                   verdict.policy.error_rates.power * 100, Count(*planning.pairs_for_goal),
                                   Count(all.n_pairs));
    if (all.resolution_ratio) text += fmt::format(", q {:.2f}", *all.resolution_ratio);
    text += ")";
    if (planning.pairs_for_2_points && planning.pairs_for_1_point) {
      text += fmt::format("; to see 2 pt {}, 1 pt {}", Count(*planning.pairs_for_2_points),
                          Count(*planning.pairs_for_1_point));
    }
    text += fmt::format("; psi {} %", Percent(*planning.psi));
    if (all.mde)
      text += fmt::format("; this suite sees {} pt, certifies a margin of {} pt", Size(all.mde),
                          Size(all.resolvable_margin));
    facts.push_back({"needs", text});
  }
  return facts;
}

}  // namespace minslice::report
