#include "gate/rules.h"

#include <utility>

#include "gate/rule_step.h"

namespace minslice::gate {

Outcome ApplyRules(const Policy& policy, const RuleInput& input) {
  RuleState state{policy, input, {}, {}};
  Outcome& outcome = state.outcome;
  outcome.aggregate = state.by_counts() ? AnalyseCounts(input.aggregate, policy.margin, policy)
                                        : input.differences->AnalyseAll(policy.margin);
  BuildSlices(state);
  if (policy.gating) {
    DecideShort(state);
  } else {
    AdjustSlices(state);
    DecideSlices(state);
    DecideFamilies(state);
    DecideNamedSlices(state);
    DecideAggregate(state);
    if (policy.segments.dimensions.empty()) WarnUngated(state);
  }
  for (const RuleReason& found : outcome.reasons) {
    if (Gravity(found.reason.decision) > Gravity(outcome.decision)) outcome.decision = found.reason.decision;
  }
  if (outcome.decision == Decision::kPromote && !policy.gating) AddPromotion(state);
  return std::move(outcome);
}

RuleOutcome DecideCounts(const Policy& policy, const stats::PairedCounts& aggregate,
                         std::span<const CountedDimension> dimensions) {
  RuleInput input;
  input.aggregate = aggregate;
  input.slice_intervals = false;
  for (const CountedDimension& dimension : dimensions) {
    RuleDimension out;
    out.name = dimension.name;
    for (const CountedSlice& slice : dimension.slices) {
      RuleValue value;
      value.value = slice.value;
      value.carried = slice.counts.n();
      value.counts = slice.counts;
      out.values.push_back(std::move(value));
    }
    input.dimensions.push_back(std::move(out));
  }
  const Outcome outcome = ApplyRules(policy, input);
  RuleOutcome result;
  result.decision = outcome.decision;
  for (const RuleReason& found : outcome.reasons) result.codes.push_back(found.reason.code);
  for (const Slice& slice : outcome.slices) {
    if (slice.pooled) continue;
    if (slice.status == "block") result.blocked.emplace_back(slice.dimension, slice.members.front());
    if (slice.status == "suspected") result.suspected.emplace_back(slice.dimension, slice.members.front());
  }
  return result;
}

}  // namespace minslice::gate
