// The rules of methods section 3 over one set of figures: which slices stand against the candidate, what the
// aggregate shows, and the decision. Integrity (duplicates, missing rows, mixed models) is judged elsewhere
// (gate.cc).
#ifndef MINSLICE_GATE_RULES_H_
#define MINSLICE_GATE_RULES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gate/analysis.h"
#include "minslice/policy.h"
#include "minslice/stats/counts.h"
#include "minslice/verdict.h"

namespace minslice::gate {

inline constexpr char kNoValueName[] = "(none)";  // the cases that carry no value of a dimension
inline constexpr double kSlack = 1e-9;            // 1 of 20 is 5 points, whatever the last bit says

// Where the figures of a slice come from case means instead of counts. Case indices are ascending.
class DifferenceSource {
 public:
  virtual ~DifferenceSource() = default;
  virtual Analysis Analyse(std::span<const std::uint32_t> cases, double margin) const = 0;
  virtual Analysis AnalyseAll(double margin) const = 0;
};

// The slices of one dimension that are tested: slice_of_value has an index below `slices`, or kNoValue, for
// each of RuleDimension::values.
struct SliceCut {
  std::size_t dimension = 0;
  std::vector<std::uint32_t> slice_of_value;
  std::uint32_t slices = 0;
};

// Adjusts slices by what swapping the sides of whole prompts (or clusters) does to all of them at once
// (methods 2.5): dimensions may overlap, and nothing is assumed independent.
class SwapSource {
 public:
  virtual ~SwapSource() = default;
  // Step-down p for harm, cut after cut. `max_t`: by the largest t instead of the smallest p. `method` is set
  // to the name of what was used.
  virtual Computed<std::vector<double>> StepDown(std::span<const SliceCut> cuts, bool max_t,
                                                 std::string& method) const = 0;
};

struct RuleValue {
  std::string value;
  std::int64_t carried = 0;          // cases with this value, paired or not; 0: the value is passed over
  stats::PairedCounts counts;        // of its complete pairs
  std::vector<std::uint32_t> cases;  // for differences only
  bool no_value = false;
  std::string family;  // empty: none
};
struct RuleDimension {
  std::string name;
  std::vector<RuleValue> values;
};
struct RuleInput {
  stats::PairedCounts aggregate;
  std::vector<RuleDimension> dimensions;          // ascending by name
  const DifferenceSource* differences = nullptr;  // absent: by counts
  const SwapSource* swaps = nullptr;              // absent: slices are adjusted by their counts alone
  bool slice_intervals = true;                    // false: only what the rules need of a slice
};

struct Slice {
  std::size_t dimension = 0;
  std::string value;
  std::vector<std::uint32_t> members;  // indices into RuleDimension::values; several in a pooled slice
  bool gate = false;
  bool under_floor = false;
  bool pooled = false;
  bool required = false;
  bool no_value = false;
  bool may_hold =
      false;           // counts in the expected false holds: tested, or what the small slices make together
  std::string family;  // empty: none
  double margin = 0;   // that it is held against
  std::optional<double> floor;
  Analysis analysis;
  std::optional<double> p_adjusted, p_holm, alpha, floor_low, floor_high;
  std::optional<double> smallest_adjusted;  // were all that changed broken (gate/testable.h)
  std::string status;

  double delta() const { return analysis.delta.value_or(0); }
  bool tested() const { return gate && !under_floor; }
};

// The slices of one dimension that the policy puts together, with the cases of all of them.
struct Family {
  std::size_t dimension = 0;
  std::string name;
  std::vector<std::size_t> slices;  // that are tested: indices into Outcome::slices
  std::int64_t members = 0;         // slices that carry its name, small ones too
  bool gate = false;
  Analysis analysis;
  std::optional<double> p_node, p_adjusted, alpha;  // p_node: of the family's own test (families.h)
  std::string status;
};

struct RuleReason {
  VerdictReason reason;
  std::ptrdiff_t slice = -1;   // index into Outcome::slices
  std::ptrdiff_t family = -1;  // index into Outcome::families
};

struct Outcome {
  Decision decision = Decision::kPromote;
  std::vector<RuleReason> reasons;  // in the order found
  Analysis aggregate;
  std::vector<Slice> slices;
  std::vector<Family> families;
  std::vector<VerdictDimension> dimensions;
  std::optional<double> hold_level;
  std::vector<std::string> warnings;
};

Outcome ApplyRules(const Policy& policy, const RuleInput& input);

// The rules on bare counts, for planning: what `simulate` draws is judged by the same code as logs are.
struct CountedSlice {
  std::string value;
  stats::PairedCounts counts;
};
struct CountedDimension {
  std::string name;
  std::vector<CountedSlice> slices;  // disjoint
};
struct RuleOutcome {
  Decision decision = Decision::kPromote;
  std::vector<std::string> codes;                            // of every reason
  std::vector<std::pair<std::size_t, std::size_t>> blocked;  // (dimension, slice)
  std::vector<std::pair<std::size_t, std::size_t>> suspected;
};
RuleOutcome DecideCounts(const Policy& policy, const stats::PairedCounts& aggregate,
                         std::span<const CountedDimension> dimensions);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_RULES_H_
