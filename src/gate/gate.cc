#include "gate/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <tuple>
#include <utility>

#include "gate/anchor.h"
#include "gate/case_data.h"
#include "gate/cuts.h"
#include "gate/integrity.h"
#include "gate/metrics.h"
#include "gate/nondeterminism.h"
#include "gate/partial.h"
#include "gate/policy_reader.h"
#include "gate/prepare.h"
#include "gate/quarantine.h"
#include "gate/rules.h"
#include "gate/sentences.h"
#include "gate/sequential_verdict.h"
#include "gate/serving.h"
#include "gate/shrinkage_rows.h"
#include "gate/slice_names.h"
#include "gate/testable.h"
#include "gate/traffic_weights.h"
#include "gate/usage.h"
#include "gate/verdict_rows.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "minslice/evidence_id.h"
#include "minslice/run_hash.h"
#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/version.h"
#include "pair/counted.h"

namespace minslice::gate {
namespace {

// Names the policy, the logs and who answered in them; run_hash is over all of it.
void Identify(const Policy& policy, const PairedTable& table, std::span<const RunLog> incumbent,
              std::span<const RunLog> candidate, const Context& context, Verdict& verdict,
              std::vector<VerdictReason>& invalid) {
  verdict.minslice = kVersion;
  verdict.policy = policy;
  verdict.policy_json = ResolvedPolicyJson(policy);
  verdict.policy_sha256 = io::Sha256Hex(verdict.policy_json);
  const Answered incumbent_answered = WhoAnswered(incumbent);
  const Answered candidate_answered = WhoAnswered(candidate);
  verdict.incumbent = ArmOf(incumbent, table.incumbent.repeats, incumbent_answered);
  verdict.candidate = ArmOf(candidate, table.candidate.repeats, candidate_answered);
  verdict.drift.incumbent_mixed = incumbent_answered.by_model.size() > 1;
  verdict.drift.candidate_mixed = candidate_answered.by_model.size() > 1;
  verdict.drift.incumbent_unknown = incumbent_answered.unknown;
  verdict.drift.candidate_unknown = candidate_answered.unknown;
  JudgeServing(policy.drift, "incumbent", incumbent, incumbent_answered, verdict.drift.findings, invalid,
               verdict.warnings);
  JudgeServing(policy.drift, "candidate", candidate, candidate_answered, verdict.drift.findings, invalid,
               verdict.warnings);
  for (const auto& [side, logs] : {std::pair("incumbent", incumbent), std::pair("candidate", candidate)}) {
    for (const RunLog& log : logs) {
      VerdictInput input;
      input.side = side;
      input.path = log.path;
      input.sha256 = log.sha256;
      input.suite = log.run.suite;
      input.suite_sha256 = log.run.suite_sha256;
      input.response_models = ArmOf({&log, 1}, 1, WhoAnswered({&log, 1})).response_models;
      if (verdict.suite.empty()) verdict.suite = log.run.suite;
      verdict.inputs.push_back(std::move(input));
    }
  }
  if (policy.ledger) {
    verdict.ledger = ReadState(context.ledger ? *context.ledger : std::vector<LedgerLine>(), candidate,
                               policy.ledger->candidates);
    verdict.ledger->path = policy.ledger->path;
  }
  verdict.run_hash =
      io::Sha256Hex(RunHashText(verdict, context.anchor.empty() ? "" : context.anchor.front().sha256));
}

// The policy with the level that the ledger leaves to one of several candidates.
Policy WithSharedLevel(const Policy& policy, Verdict& verdict) {
  Policy shared = policy;
  if (!verdict.ledger) return shared;
  shared.error_rates.alpha_promote =
      LevelOfCandidates(policy.error_rates.alpha_promote, verdict.ledger->candidates);
  verdict.ledger->alpha_promote = shared.error_rates.alpha_promote;
  return shared;
}

// The flaky cases with what they do to the difference; gives the ids that the decision leaves out.
std::vector<std::string> ListFlaky(const Policy& policy, const PairedTable& table,
                                   std::span<const RunLog> candidate, Verdict& verdict) {
  verdict.flaky = FindFlaky(policy, table, candidate, verdict.warnings);
  if (!verdict.flaky) return {};
  VerdictFlaky& flaky = *verdict.flaky;
  const std::vector<std::string>& apart = flaky.policy == "keep" ? flaky.ids : flaky.quarantined;
  if (!apart.empty()) {
    flaky.with = DifferenceWithout(policy, table, {});
    flaky.without = DifferenceWithout(policy, table, apart);
  }
  return flaky.quarantined;
}

// How many slices are held for nothing, on average, where nothing changed: sum of F_s(hold_level), F_s the
// largest attainable p of the slice at or below it.
VerdictHolds ExpectedHolds(const Policy& policy, const Outcome& outcome) {
  VerdictHolds holds;
  holds.most_expected = policy.error_rates.max_expected_false_holds;
  if (!outcome.hold_level) return holds;
  double expected = 0;
  for (const Slice& slice : outcome.slices) {
    if (slice.status == "suspected") ++holds.slices;
    if (slice.may_hold) expected += LargestAttainable(slice.analysis, *outcome.hold_level);
  }
  holds.expected_false = expected;
  return holds;
}

// A gated dimension that no case carries would gate nothing in silence.
void CheckDimensions(const Policy& policy, const PairedTable& table, Verdict& verdict,
                     std::vector<VerdictReason>& invalid) {
  if (table.n_cases() == 0) return;
  std::vector<std::string> names;
  for (const Dimension& dimension : table.dimensions) names.push_back(dimension.name);
  for (const PolicyDimension& dimension : policy.segments.dimensions) {
    if (std::find(names.begin(), names.end(), dimension.key) != names.end()) continue;
    std::string what =
        io::Quoted(dimension.key) + Place(dimension.where) + io::DidYouMean(dimension.key, names);
    for (const std::string& part : dimension.cross) {
      if (std::find(names.begin(), names.end(), part) != names.end()) continue;
      what = fmt::format("{}{}: {} is missing{}", io::Quoted(dimension.key), Place(dimension.where),
                         io::Quoted(part), io::DidYouMean(part, names));
    }
    if (dimension.role == DimensionRole::kReport) {
      verdict.warnings.push_back("no case carries the dimension " + what);
    } else {
      invalid.push_back(
          InvalidReason("dimension_absent", "no case carries the gated dimension " + what, dimension.key));
    }
  }
}

// What a hurried command line does: one file for both sides, or the files the wrong way round.
void WarnOfSides(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                 std::vector<std::string>& warnings) {
  for (const RunLog& log : incumbent) {
    if (pair::CountsOf(log) != nullptr) continue;  // both sides in one file
    for (const RunLog& other : candidate) {
      if (log.sha256.empty() || EvidenceId(log.sha256, log.path) != EvidenceId(other.sha256, other.path))
        continue;
      warnings.push_back(
          fmt::format("{}: the same log on both sides: a run is compared with itself", other.path));
    }
  }
  const auto ran_for = [](std::span<const RunLog> logs, std::string_view target) {
    return std::any_of(logs.begin(), logs.end(), [&](const RunLog& log) { return log.run.target == target; });
  };
  if (ran_for(incumbent, "candidate") || ran_for(candidate, "incumbent")) {
    warnings.emplace_back(
        "the log given for one side was run for the other's target (\"candidate\" as the incumbent, or the "
        "reverse): "
        "are the sides swapped?");
  }
}

// What can be done at the same time as something else is, where there is enough of it.
std::launch Launch(const PairedTable& table) {
  constexpr std::size_t kWorthAThread = 20000;  // cases
  return table.n_cases() >= kWorthAThread ? std::launch::async : std::launch::deferred;
}

// The decision again with the missing rows at their worst and at their best for the candidate (methods 2.6).
std::optional<VerdictReason> CheckSensitivity(const Policy& policy, const PairedTable& table,
                                              Decision decided, VerdictMissing& missing) {
  if (policy.missing.sensitivity == "none" || !AnyMissing(table)) return std::nullopt;
  const auto decide = [&](Fill fill) {
    const CaseData data(table, policy, fill);
    RuleInput input = data.Input();
    input.slice_intervals = false;
    return ApplyRules(policy, input).decision;
  };
  auto best_case = std::async(Launch(table), decide, Fill::kForCandidate);
  missing.worst_case = decide(Fill::kAgainstCandidate);
  missing.best_case = best_case.get();
  if (*missing.worst_case == decided && *missing.best_case == decided) return std::nullopt;
  VerdictReason reason;
  reason.code = "missing_sensitive";
  reason.text = fmt::format(
      "the missing rows decide: {} on complete pairs, {} with them against the candidate, {} with them for "
      "it",
      DecisionName(decided), DecisionName(*missing.worst_case), DecisionName(*missing.best_case));
  reason.decision = Decision::kHold;
  return reason;
}

struct ChangedIds {
  std::vector<std::string> broke, fixed;
};

// The ids that changed, by slice and over the suite, in one pass; a pooled slice has its members' too.
std::vector<ChangedIds> ListChanged(const PairedTable& table, const CaseData& data, const Outcome& outcome,
                                    Verdict& verdict) {
  std::vector<std::vector<std::vector<std::uint32_t>>> slices_of(table.dimensions.size());
  for (std::size_t d = 0; d < slices_of.size(); ++d)
    slices_of[d].resize(table.dimensions[d].values.size() + 1);
  for (std::uint32_t s = 0; s < outcome.slices.size(); ++s) {
    for (const std::uint32_t v : outcome.slices[s].members)
      slices_of[outcome.slices[s].dimension][v].push_back(s);
  }
  std::vector<ChangedIds> changed(outcome.slices.size());
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    const std::uint8_t code = data.codes()[i];
    if (code != kIncumbentOnly && code != kCandidateOnly) continue;
    const bool broke = code == kIncumbentOnly;
    (broke ? verdict.broke : verdict.fixed).emplace_back(table.case_ids[i]);
    for (std::size_t d = 0; d < slices_of.size(); ++d) {
      const std::uint32_t value = table.dimensions[d].value_of_case[i];
      for (const std::uint32_t s : slices_of[d][value == kNoValue ? slices_of[d].size() - 1 : value]) {
        (broke ? changed[s].broke : changed[s].fixed).emplace_back(table.case_ids[i]);
      }
    }
  }
  return changed;
}

// The ids of all slices that carry the family's name, small ones too.
ChangedIds ChangedInFamily(const Outcome& outcome, const Family& family,
                           const std::vector<ChangedIds>& changed) {
  ChangedIds ids;
  for (std::size_t s = 0; s < outcome.slices.size(); ++s) {
    const Slice& slice = outcome.slices[s];
    if (slice.pooled || slice.dimension != family.dimension || slice.family != family.name) continue;
    ids.broke.insert(ids.broke.end(), changed[s].broke.begin(), changed[s].broke.end());
    ids.fixed.insert(ids.fixed.end(), changed[s].fixed.begin(), changed[s].fixed.end());
  }
  std::sort(ids.broke.begin(), ids.broke.end());
  std::sort(ids.fixed.begin(), ids.fixed.end());
  return ids;
}

// Gravest first; within one gravity integrity, then the rules in their order, slices by p.
void OrderReasons(Outcome& outcome, const std::vector<ChangedIds>& changed,
                  std::vector<VerdictReason> invalid, std::optional<VerdictReason> sensitive,
                  const Reviews& reviews, Verdict& verdict) {
  const auto p_of = [&](const RuleReason& found) {
    return found.slice < 0
               ? -1.0
               : outcome.slices[static_cast<std::size_t>(found.slice)].analysis.p_harm.value_or(1);
  };
  std::stable_sort(outcome.reasons.begin(), outcome.reasons.end(),
                   [&](const RuleReason& a, const RuleReason& b) {
                     if (a.reason.decision != b.reason.decision)
                       return Gravity(a.reason.decision) > Gravity(b.reason.decision);
                     return p_of(a) < p_of(b);
                   });
  verdict.reasons = std::move(invalid);
  for (RuleReason& found : outcome.reasons) {
    if (found.slice >= 0) found.reason.case_ids = changed[static_cast<std::size_t>(found.slice)].broke;
    if (found.family >= 0)
      found.reason.case_ids =
          ChangedInFamily(outcome, outcome.families[static_cast<std::size_t>(found.family)], changed).broke;
    verdict.reasons.push_back(std::move(found.reason));
  }
  if (sensitive) {
    const auto behind = std::find_if(
        verdict.reasons.begin(), verdict.reasons.end(),
        [](const VerdictReason& reason) { return Gravity(reason.decision) < Gravity(Decision::kHold); });
    verdict.reasons.insert(behind, std::move(*sensitive));
  }
  ApplyReviews(reviews, verdict.reasons, verdict);
  // What is cleared stands behind what is not.
  const auto standing = [](const VerdictReason& reason) {
    return reason.cleared_by.empty() ? Gravity(reason.decision) : -1;
  };
  std::stable_sort(verdict.reasons.begin(), verdict.reasons.end(),
                   [&](const VerdictReason& a, const VerdictReason& b) { return standing(a) > standing(b); });
  verdict.decision = Decision::kPromote;
  for (const VerdictReason& reason : verdict.reasons) {
    if (reason.decision == Decision::kHold)
      ++(reason.cleared_by.empty() ? verdict.holds.standing : verdict.holds.cleared);
    if (reason.cleared_by.empty() && Gravity(reason.decision) > Gravity(verdict.decision))
      verdict.decision = reason.decision;
  }
  if (verdict.decision != Decision::kPromote) {
    std::erase_if(verdict.reasons,
                  [](const VerdictReason& reason) { return reason.decision == Decision::kPromote; });
  } else if (verdict.reasons.empty() || verdict.reasons.front().decision != Decision::kPromote) {
    VerdictReason cleared;
    cleared.code = "review_cleared";
    cleared.text = fmt::format("{} hold{} cleared by a signed review, and nothing else stands against it",
                               verdict.holds.cleared, verdict.holds.cleared == 1 ? " is" : "s are");
    cleared.decision = Decision::kPromote;
    verdict.reasons.insert(verdict.reasons.begin(), std::move(cleared));
  }
}

// The bootstrap of the aggregate, and McNemar's tests where it has counts.
void Resample(const Policy& policy, const CaseData& data, const Analysis& aggregate, Verdict& verdict) {
  if (aggregate.n == 0) {
    verdict.warnings.emplace_back("mcnemar, bootstrap: no complete pair");
    return;
  }
  if (aggregate.counts) {
    const stats::PairedCounts& counts = *aggregate.counts;
    verdict.mcnemar = VerdictMcNemar{.exact = stats::McNemarExact(counts).p,
                                     .midp = stats::McNemarMidP(counts).p,
                                     .asymptotic = stats::McNemarAsymptotic(counts).p,
                                     .corrected = stats::McNemarCorrected(counts).p};
  } else {
    verdict.warnings.emplace_back("mcnemar: it is for one run a side, scored 0 or 1, without clusters");
  }
  const auto bootstrap =
      aggregate.counts ? stats::BootstrapBinary(*aggregate.counts, {.level = aggregate.level,
                                                                    .replicates = policy.bootstrap_replicates,
                                                                    .seed = policy.bootstrap_seed})
                       : data.Bootstrap(aggregate.level);
  if (!bootstrap) {
    verdict.warnings.push_back("bootstrap: " + bootstrap.error().text);
    return;
  }
  verdict.bootstrap.emplace();
  verdict.bootstrap->replicates = bootstrap->replicates;
  verdict.bootstrap->seed = bootstrap->seed;
  verdict.bootstrap->percentile[0] = bootstrap->percentile.lower;
  verdict.bootstrap->percentile[1] = bootstrap->percentile.upper;
  verdict.bootstrap->bca[0] = bootstrap->bca.lower;
  verdict.bootstrap->bca[1] = bootstrap->bca.upper;
}

void CountMissingRows(const pair::PairResult& paired, std::int64_t complete, VerdictMissing& missing) {
  missing.cases = static_cast<std::int64_t>(paired.table.n_cases());
  missing.paired = complete;
  missing.incumbent_only_ids = paired.unpaired.incumbent_only;
  missing.candidate_only_ids = paired.unpaired.candidate_only;
  missing.incumbent_infra_ids = paired.unpaired.incumbent_infra;
  missing.candidate_infra_ids = paired.unpaired.candidate_infra;
  for (const std::uint8_t flag : paired.table.incumbent.model_error) missing.incumbent_model_errors += flag;
  for (const std::uint8_t flag : paired.table.candidate.model_error) missing.candidate_model_errors += flag;
}

// What the mean would have hidden.
void WarnOfMean(const Outcome& outcome, Verdict& verdict) {
  const Slice* worst = nullptr;
  for (const Slice& slice : outcome.slices) {
    if (slice.status == "block" && (worst == nullptr || slice.delta() < worst->delta())) worst = &slice;
  }
  const Analysis& all = outcome.aggregate;
  if (worst == nullptr || all.delta.value_or(-1) < 0) return;
  verdict.warnings.push_back(
      fmt::format("on the mean alone the candidate looks no worse ({} to {}); the fall is in {}",
                  Percent(*all.incumbent_rate), Percent(*all.candidate_rate), worst->value));
}

}  // namespace

Verdict Decide(const Policy& asked, const pair::PairResult& paired, std::span<const RunLog> incumbent,
               std::span<const RunLog> candidate, const Context& context) {
  Verdict verdict;
  verdict.warnings = paired.warnings;
  std::vector<VerdictReason> invalid;
  for (const pair::Finding& finding : paired.findings) {
    invalid.push_back(InvalidReason(finding.code, finding.text));
    invalid.back().case_ids = finding.case_ids;
  }
  WarnOfSides(incumbent, candidate, verdict.warnings);
  auto usage =
      std::async(Launch(paired.table), [=] { return std::pair(UsageOf(incumbent), UsageOf(candidate)); });
  Identify(asked, paired.table, incumbent, candidate, context, verdict, invalid);
  const Policy policy = WithSharedLevel(asked, verdict);
  verdict.nondeterminism =
      JudgeRepeats(policy, paired.table, incumbent, candidate, invalid, verdict.warnings);
  std::vector<std::string> left_out = ListFlaky(policy, paired.table, candidate, verdict);
  std::optional<SequentialView> sequential;
  if (policy.sequential) {
    const PreparedTable oriented(policy, paired.table, left_out);
    if (SharesClusters(oriented.table()))
      invalid.push_back(
          InvalidReason("sequential_clusters",
                        "cases share clusters, and stopping early takes the cases to be independent; "
                        "take sequential out of the policy"));
    const std::optional<std::int64_t> together = StoppedTogether(policy, incumbent, candidate);
    sequential = ViewSequential(policy, oriented.table(), together);
    AcceptStopped(policy, *sequential, together.has_value(), candidate, invalid, verdict);
    left_out.insert(left_out.end(), sequential->behind.begin(), sequential->behind.end());
    std::sort(left_out.begin(), left_out.end());
  }
  const PreparedTable prepared(policy, paired.table, left_out);
  const CutTable cut(policy.segments, prepared.table());
  const PairedTable& table = cut.table();
  for (const TableFault& fault : prepared.faults()) invalid.push_back(InvalidReason(fault.code, fault.text));
  CheckDimensions(policy, table, verdict, invalid);
  verdict.warnings.insert(verdict.warnings.end(), cut.warnings().begin(), cut.warnings().end());

  const CaseData data(table, policy, Fill::kNone);
  Outcome outcome = ApplyRules(policy, data.Input());
  if (sequential) DecideSequential(policy, *sequential, table, outcome);
  if (table.n_cases() > 0) CheckMissing(policy, table, outcome, invalid);
  const auto is_no_pairs = [](const VerdictReason& reason) { return reason.code == "no_pairs"; };
  if (outcome.aggregate.n == 0 && std::none_of(invalid.begin(), invalid.end(), is_no_pairs)) {
    invalid.push_back(InvalidReason("no_pairs", "no case has a graded answer on both sides"));
  }
  std::vector<VerdictMetric> metrics =
      JudgeMetrics(policy, {incumbent, candidate, left_out}, invalid, verdict.warnings);
  if (policy.anchor)
    verdict.anchor = JudgeAnchor(policy, context.anchor, candidate, invalid, verdict.warnings);
  std::optional<VerdictReason> sensitive;
  if (outcome.aggregate.n > 0 && !sequential)
    sensitive = CheckSensitivity(policy, table, outcome.decision, verdict.missing);

  if (policy.weights.present()) {
    verdict.weighted = WeightedRow(policy, table, data, outcome.aggregate);
    if (auto clash = SimpsonClash(*verdict.weighted, outcome.aggregate)) invalid.push_back(*std::move(clash));
  }

  std::vector<ChangedIds> changed = ListChanged(table, data, outcome, verdict);
  verdict.holds = ExpectedHolds(policy, outcome);
  OrderReasons(outcome, changed, std::move(invalid), std::move(sensitive), context.reviews, verdict);
  verdict.exit_code = DecisionExitCode(verdict.decision);
  if (const auto mapped = policy.exit_map.find(DecisionName(verdict.decision));
      mapped != policy.exit_map.end()) {
    verdict.exit_code = mapped->second;
  }

  verdict.aggregate = AggregateRow(policy, outcome.aggregate);
  verdict.metrics.push_back(PrimaryMetric(policy, verdict.aggregate));
  std::move(metrics.begin(), metrics.end(), std::back_inserter(verdict.metrics));
  for (const Family& family : outcome.families) {
    VerdictFamily row = FamilyRow(policy, outcome, family);
    ChangedIds ids = ChangedInFamily(outcome, family, changed);
    row.broke = std::move(ids.broke);
    row.fixed = std::move(ids.fixed);
    verdict.families.push_back(std::move(row));
  }
  DetectableDifferences detectable(policy);
  for (std::size_t s = 0; s < outcome.slices.size(); ++s) {
    verdict.segments.push_back(SegmentRow(policy, outcome, outcome.slices[s], detectable));
    verdict.segments.back().broke = std::move(changed[s].broke);
    verdict.segments.back().fixed = std::move(changed[s].fixed);
  }
  Shrink(outcome, verdict.aggregate.level, verdict.segments, outcome.dimensions);
  SortSegments(verdict.segments);
  // Without the last bits that the level is widened by.
  if (outcome.hold_level) verdict.hold_level = RoundSignificant(*outcome.hold_level, 12);
  WarnOfMean(outcome, verdict);
  verdict.warnings.insert(verdict.warnings.end(), outcome.warnings.begin(), outcome.warnings.end());
  for (const VerdictDimension& dimension : outcome.dimensions) {
    if (dimension.no_value_pairs == 0) continue;
    verdict.warnings.push_back(fmt::format(
        "{} no {} and stand{} as the slice {}",
        dimension.no_value_pairs == 1 ? "1 pair carries" : Many(dimension.no_value_pairs, "pair") + " carry",
        dimension.name, dimension.no_value_pairs == 1 ? "s" : "", kNoValueName));
  }
  verdict.dimensions = std::move(outcome.dimensions);
  Resample(policy, data, outcome.aggregate, verdict);
  verdict.planning = PlanningOf(policy, outcome.aggregate);
  std::tie(verdict.incumbent_usage, verdict.candidate_usage) = usage.get();
  verdict.partial = ListPartial(table);
  CountMissingRows(paired, outcome.aggregate.n, verdict.missing);
  if (!verdict.nondeterminism)
    verdict.warnings.emplace_back("nondeterminism: each side ran once; repeats would show it");
  return verdict;
}

}  // namespace minslice::gate
