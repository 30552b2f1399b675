#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "gate/rule_step.h"
#include "gate/sentences.h"
#include "io/nearest_name.h"
#include "minslice/stats/proportion.h"

namespace minslice::gate {
namespace {

class ShortForm : public RuleStep {
 public:
  using RuleStep::RuleStep;

  // The short form, on point estimates as its words say.
  void Run() {
    const ShortGating& gating = *policy_.gating;
    std::int64_t judged = 0;
    const Slice* lowest = nullptr;
    for (Slice& slice : outcome_.slices) {
      slice.status = "reported";
      if (!slice.gate) continue;
      if (slice.under_floor) {
        slice.status = "low_confidence";
        continue;
      }
      ++judged;
      slice.status = "ok";
      const double rate = slice.analysis.candidate_rate.value_or(0);
      if (lowest == nullptr || rate < lowest->analysis.candidate_rate.value_or(0)) lowest = &slice;
      const auto n = slice.analysis.effective_n.value_or(slice.analysis.n);
      const auto wilson = stats::WilsonInterval(
          static_cast<std::int64_t>(std::llround(rate * static_cast<double>(n))), n, 0.95);
      if (wilson) {
        slice.floor_low = wilson->lower;
        slice.floor_high = wilson->upper;
      }
      if (rate >= gating.threshold - kSlack) continue;
      slice.status = "below_floor";
      std::string text =
          fmt::format("{} passes {} of {}, below {} ({})", NameOf(slice), Percent(rate),
                      Count(slice.analysis.n), Percent(gating.threshold), Points(slice.delta()));
      if (wilson) {
        text += wilson->upper < gating.threshold
                    ? fmt::format("; its 95 % Wilson interval {:.1f} to {} lies below too",
                                  wilson->lower * 100, Percent(wilson->upper))
                    : fmt::format("; its 95 % Wilson interval {:.1f} to {} reaches the threshold",
                                  wilson->lower * 100, Percent(wilson->upper));
      }
      Add(Decision::kBlocked, "slice_below_threshold", text, slice);
    }
    for (const std::string& name : gating.segments) {
      bool found = false;
      for (const Slice& slice : outcome_.slices) found = found || slice.value == name;
      if (found) continue;
      Add(Decision::kInconclusive, "slice_absent",
          fmt::format("no case carries the segment {}{}", io::Quoted(name), Nearest(name)), "", name);
    }
    if (judged == 0) {
      Add(Decision::kInconclusive, "nothing_gated",
          fmt::format("no segment has {} cases: nothing was gated, and an empty gate does not pass",
                      gating.min_cases_per_segment));
    }
    if (outcome_.reasons.empty()) {
      Add(Decision::kPromote, "above_threshold",
          fmt::format("all {} segments with at least {} cases pass {} or more; the lowest is {} with {}",
                      judged, gating.min_cases_per_segment, Percent(gating.threshold), lowest->value,
                      Percent(lowest->analysis.candidate_rate.value_or(0))));
    }
    const Analysis& a = outcome_.aggregate;
    if (a.delta && !a.non_inferior) {
      outcome_.warnings.push_back(
          fmt::format("the aggregate ({}, one-sided {:.4g} % lower bound {}) is not shown non-inferior at "
                      "{}; gating: decides on "
                      "point estimates of segments only",
                      Points(*a.delta), 100 * (1 - policy_.error_rates.alpha_promote),
                      a.lower_bound ? Points(*a.lower_bound) : "none", Size(policy_.margin)));
    }
  }
};

}  // namespace

void DecideShort(RuleState& state) { ShortForm(state).Run(); }

}  // namespace minslice::gate
