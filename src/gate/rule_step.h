// What every step of the rules works on, and how it says what it found. The steps are run by rules.cc in the
// order in which they stand here; each reads what the ones before it put into the outcome.
#ifndef MINSLICE_GATE_RULE_STEP_H_
#define MINSLICE_GATE_RULE_STEP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gate/rules.h"
#include "minslice/policy.h"
#include "minslice/verdict.h"

namespace minslice::gate {

struct RuleState {
  const Policy& policy;
  const RuleInput& input;
  Outcome outcome;
  std::vector<double> share;  // of alpha_block, by dimension

  bool by_counts() const { return input.differences == nullptr; }
};

// Cuts the dimensions into slices, pools the small ones, and gathers families.
void BuildSlices(RuleState& state);
// p for harm over all slices of a dimension (or of all), and the level at which a slice is suspected.
void AdjustSlices(RuleState& state);
// Slice by slice: blocked, suspected, against its floor.
void DecideSlices(RuleState& state);
void DecideFamilies(RuleState& state);
// What the policy names must be there and be tested; required slices must be shown non-inferior.
void DecideNamedSlices(RuleState& state);
// The policy's goal.
void DecideAggregate(RuleState& state);
// Nothing gates the slices: says so, and names the slice that would have been held.
void WarnUngated(RuleState& state);
// Why the candidate may be promoted, where nothing speaks against it.
void AddPromotion(RuleState& state);
// The short form gating: instead of all of these but the first.
void DecideShort(RuleState& state);

// What the steps have in common.
class RuleStep {
 public:
  explicit RuleStep(RuleState& state)
      : policy_(state.policy),
        input_(state.input),
        outcome_(state.outcome),
        share_(state.share),
        by_counts_(state.by_counts()),
        min_cases_(state.policy.segments.min_cases) {}

 protected:
  // "segment refund_flow", with its dimension where there are several.
  std::string NameOf(const Slice& slice) const;
  // "segment refund_flow -14.9 pt (8 broke, 1 fixed of 47)"
  std::string Fall(const Slice& slice) const;
  // "; did you mean ...?" of a name that no case carries.
  std::string Nearest(const std::string& value) const;
  std::int64_t TestedSlices() const;

  void Add(Decision called, const char* code, std::string text, const Slice& slice);
  void Add(Decision called, const char* code, std::string text, std::string dimension = "",
           std::string value = "");

  const Policy& policy_;
  const RuleInput& input_;
  Outcome& outcome_;
  std::vector<double>& share_;
  bool by_counts_;
  int min_cases_;
};

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_RULE_STEP_H_
