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
  // Step-down p for harm of disjoint slices from the joint distribution under swaps of the sides
  // (methods 2.5). slice_of_case: 0 ... slices - 1 or kNoValue. `method` is set to the name of what was used.
  virtual Computed<std::vector<double>> StepDown(std::span<const std::uint32_t> slice_of_case,
                                                 std::uint32_t slices, std::string& method) const = 0;
};

struct RuleValue {
  std::string value;
  std::int64_t carried = 0;          // cases with this value, paired or not; 0: the value is passed over
  stats::PairedCounts counts;        // of its complete pairs
  std::vector<std::uint32_t> cases;  // for differences only
  bool no_value = false;
};
struct RuleDimension {
  std::string name;
  std::vector<RuleValue> values;
};
struct RuleInput {
  stats::PairedCounts aggregate;
  std::vector<RuleDimension> dimensions;          // ascending by name
  const DifferenceSource* differences = nullptr;  // absent: by counts
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
  Analysis analysis;
  std::optional<double> p_adjusted, p_holm, alpha, floor_low, floor_high;
  std::string status;

  double delta() const { return analysis.delta.value_or(0); }
  bool tested() const { return gate && !under_floor; }
};

struct RuleReason {
  VerdictReason reason;
  std::ptrdiff_t slice = -1;  // index into Outcome::slices
};

struct Outcome {
  Decision decision = Decision::kPromote;
  std::vector<RuleReason> reasons;  // in the order found
  Analysis aggregate;
  std::vector<Slice> slices;
  std::vector<VerdictDimension> dimensions;
  std::optional<double> hold_level;
  std::vector<std::string> warnings;
};

Outcome ApplyRules(const Policy& policy, const RuleInput& input);

int Gravity(Decision decision);  // promote 0 ... invalid 4

// Pairs at which a margin can be certified, and a gain seen, rounded up. With no discordance at all Tango's
// bound z^2 / (n + z^2) decides the margin; a gain has no answer then.
std::optional<std::int64_t> PairsForMargin(double psi, double margin, const ErrorRates& rates);
std::optional<std::int64_t> PairsForGain(double psi, double gain, const ErrorRates& rates);

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
