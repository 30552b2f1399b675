// Slices that the policy names, and dimensions that it gates: each must be there and be tested.
#include <fmt/format.h>
#include <algorithm>
#include <cstdint>
#include <string>

#include "gate/pairs_needed.h"
#include "gate/rule_step.h"
#include "gate/sentences.h"
#include "gate/slice_names.h"
#include "io/nearest_name.h"

namespace minslice::gate {
namespace {

class NamedSlices : public RuleStep {
 public:
  using RuleStep::RuleStep;

  void Run() {
    DecideUntested();
    DecideRequired();
  }

 private:
  // A gate that tests nothing must not pass: every gated dimension has a tested slice, and every value that
  // the policy names is one.
  void DecideUntested() {
    for (const PolicyDimension& named : policy_.segments.dimensions) {
      if (named.role != DimensionRole::kGate) continue;
      bool carried = false;
      bool tested = false;
      for (const Slice& slice : outcome_.slices) {
        if (input_.dimensions[slice.dimension].name != named.key || !slice.gate) continue;
        carried = true;
        tested = tested || slice.tested();
        if (named.values.empty() || slice.pooled || !slice.under_floor) continue;
        Add(Decision::kInconclusive, "slice_under_floor",
            fmt::format("the policy gates {}, which has {}, under {}", NameOf(slice),
                        Many(slice.analysis.n, "pair"), min_cases_),
            slice);
      }
      if (!carried || tested) continue;
      Add(Decision::kInconclusive, "nothing_gated",
          fmt::format("no slice of {} has {} pairs: nothing of it was gated, and an empty gate does not pass",
                      named.key, min_cases_),
          named.key);
    }
  }

  void DecideRequired() {
    for (const RequiredSlice& required : policy_.segments.required) {
      bool found = false;
      for (Slice& slice : outcome_.slices) {
        if (slice.pooled ||
            !Names(required, input_.dimensions[slice.dimension].name, slice.value, slice.family))
          continue;
        found = true;
        if (slice.required) continue;  // an earlier pattern named it
        slice.required = true;
        const Analysis& a = slice.analysis;
        if (a.non_inferior && !slice.under_floor) continue;
        if (slice.status == "ok" || slice.status == "reported" || slice.status == "low_confidence")
          slice.status = "required_unresolved";
        const auto needed =
            a.variance ? PairsForMargin(RoundSignificant(*a.variance, 3), slice.margin, policy_.error_rates)
                       : std::nullopt;
        std::string text = fmt::format("required {} ", NameOf(slice));
        const std::string seen =
            a.lower_bound && a.delta
                ? fmt::format(" ({} of {}, one-sided {:.4g} % lower bound {})", Points(*a.delta),
                              Many(a.n, "pair"), 100 * (1 - policy_.error_rates.alpha_promote),
                              Points(*a.lower_bound))
                : " (no complete pair)";
        if (a.non_inferior) {
          text += fmt::format(
              "has too few pairs to be relied on, under {}, though they are above the margin of {}{}",
              min_cases_, Size(slice.margin), seen);
        } else {
          text += fmt::format("is not shown non-inferior at {}{}", Size(slice.margin), seen);
          if (slice.under_floor) text += fmt::format("; it has {}, under {}", Many(a.n, "pair"), min_cases_);
          if (needed && a.n > 0) {
            text += fmt::format("; if its true difference were 0, {} pairs would show it",
                                Count(std::max<std::int64_t>(*needed, min_cases_)));
          }
        }
        Add(Decision::kInconclusive, "required_slice_unresolved", text, slice);
      }
      if (!found) {
        const std::string name =
            required.dimension.empty() ? required.value : required.dimension + ": " + required.value;
        Add(Decision::kInconclusive, "required_slice_absent",
            fmt::format("no case carries the required slice {}{}{}", io::Quoted(name),
                        Nearest(required.value), Place(required.where)),
            required.dimension, required.value);
      }
    }
    for (const PolicyDimension& dimension : policy_.segments.dimensions) {
      for (const std::string& value : dimension.values) {
        bool found = false;
        for (const Slice& slice : outcome_.slices) {
          found = found || (input_.dimensions[slice.dimension].name == dimension.key && slice.value == value);
        }
        if (found) continue;
        Add(Decision::kInconclusive, "slice_absent",
            fmt::format("no case carries the gated slice {}: {}{}{}", dimension.key, io::Quoted(value),
                        Nearest(value), Place(dimension.where)),
            dimension.key, value);
      }
    }
  }
};

}  // namespace

void DecideNamedSlices(RuleState& state) { NamedSlices(state).Run(); }

}  // namespace minslice::gate
