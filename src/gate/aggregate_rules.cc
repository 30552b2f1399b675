#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gate/pairs_needed.h"
#include "gate/rule_step.h"
#include "gate/sentences.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/power.h"

namespace minslice::gate {
namespace {

class AggregateRules : public RuleStep {
 public:
  using RuleStep::RuleStep;

  void Decide() {
    const Analysis& a = outcome_.aggregate;
    if (!a.delta) {
      Add(Decision::kInconclusive, "no_complete_pair", "no case has a score on both sides");
      return;
    }
    const double margin = policy_.margin;
    const ErrorRates& rates = policy_.error_rates;
    const std::optional<double> psi =
        a.variance ? std::optional<double>(RoundSignificant(*a.variance, 3)) : std::nullopt;
    std::string shown = fmt::format("aggregate {}", Points(*a.delta));
    if (a.ci_low) {
      shown = fmt::format("aggregate {} ({:.4g} % CI {} to {})", Points(*a.delta), a.level * 100,
                          Points(*a.ci_low), Points(*a.ci_high));
    }
    if (a.inferior) {
      Add(Decision::kBlocked, "aggregate_inferior",
          fmt::format("{}: shown to be worse than the margin of {} at one-sided {}", shown, Size(margin),
                      Level(rates.alpha_block)));
      return;
    }
    if (a.worse && !a.non_inferior) {
      Add(Decision::kHold, "aggregate_worse",
          fmt::format("{}: worse at one-sided {}, and a loss of the margin of {} is not excluded", shown,
                      Level(rates.alpha_block), Size(margin)));
      return;
    }
    if (policy_.goal == Goal::kNonInferiority) {
      if (a.non_inferior) return;
      std::string text = fmt::format("{}: not shown non-inferior at {} (one-sided {:.4g} % lower bound {})",
                                     shown, Size(margin), 100 * (1 - rates.alpha_promote),
                                     a.lower_bound ? Points(*a.lower_bound) : "none");
      const auto needed = psi ? PairsForMargin(*psi, margin, rates) : std::nullopt;
      if (needed && *needed > a.n) {
        text +=
            fmt::format("; if the true difference were 0, {} pairs would show it at {:.0f} % power (have {})",
                        Count(*needed), rates.power * 100, Count(a.n));
      }
      Add(Decision::kInconclusive, "not_non_inferior", text);
      return;
    }
    if (a.superior) return;
    const auto mde = DetectableDifference(policy_, a);
    // Of a few clusters the interval knows more than the formula, and where it is wider than the target
    // either way nothing of that size would have been seen.
    const bool wide = a.ci_low && a.ci_high && *a.ci_high - *a.ci_low > 2 * policy_.target_mde + kSlack;
    const bool powered =
        mde ? *mde <= policy_.target_mde + kSlack && !wide : a.ci_high && *a.ci_high < policy_.target_mde;
    const std::string p = a.p_value ? ", p " + PText(*a.p_value) : "";
    if (powered) {
      Add(Decision::kHold, "no_demonstrated_gain",
          fmt::format("{}{}: no gain shown, though this suite would have seen {}", shown, p,
                      mde ? Size(*mde) : "a gain of " + Size(policy_.target_mde)));
      return;
    }
    if (wide && mde && *mde <= policy_.target_mde + kSlack) {
      Add(Decision::kInconclusive, "underpowered",
          fmt::format("{}{}: no gain shown, and the interval is wider than the target of {} either way: {} "
                      "are too few",
                      shown, p, Size(policy_.target_mde),
                      a.clusters ? Many(*a.clusters, "cluster") : Many(a.n, "pair")));
      return;
    }
    std::string text =
        fmt::format("{}{}: no gain shown, and {} can only see {} at {:.0f} % power (target {})", shown, p,
                    Many(a.n, "pair"), mde ? Size(*mde) : "a larger difference", rates.power * 100,
                    Size(policy_.target_mde));
    if (const auto needed = psi ? PairsForGain(*psi, policy_.target_mde, rates) : std::nullopt)
      text += fmt::format("; {} pairs would see that target", Count(*needed));
    Add(Decision::kInconclusive, "underpowered", text);
  }

  void AddPromotion() {
    const Analysis& a = outcome_.aggregate;
    const std::int64_t tested = TestedSlices();
    std::string slices = tested > 0 ? fmt::format("; {} gated slice{} nothing against it", tested,
                                                  tested == 1 ? " shows" : "s show")
                                    : "";
    std::int64_t small = 0;
    std::int64_t small_pairs = 0;
    std::int64_t small_broke = 0;
    for (const Slice& slice : outcome_.slices) {
      if (!slice.gate || !slice.under_floor || slice.pooled) continue;
      ++small;
      small_pairs += slice.analysis.n;
      if (slice.analysis.counts) small_broke += slice.analysis.counts->incumbent_only;
    }
    if (small > 0) {
      slices += fmt::format("; {} under {} cases ({}{}) not gated alone", Many(small, "slice"), min_cases_,
                            Many(small_pairs, "pair"),
                            by_counts_ ? fmt::format(", {} broke", small_broke) : std::string());
    }
    if (policy_.goal == Goal::kSuperiority) {
      Add(Decision::kPromote, "superior",
          fmt::format("aggregate {} ({:.4g} % CI {} to {}), p {}: a gain is shown{}", Points(*a.delta),
                      a.level * 100, Points(a.ci_low.value_or(NAN)), Points(a.ci_high.value_or(NAN)),
                      PText(a.p_value.value_or(NAN)), slices));
    } else {
      Add(Decision::kPromote, "non_inferior",
          fmt::format("aggregate {}, one-sided {:.4g} % lower bound {}: {}non-inferior at {}{}",
                      Points(*a.delta), 100 * (1 - policy_.error_rates.alpha_promote),
                      Points(a.lower_bound.value_or(NAN)),
                      a.worse ? "worse, but by less than the margin: " : "", Size(policy_.margin), slices));
    }
  }

  // Nothing gates the slices: say so, and name the slice that would have been held.
  void WarnUngated() {
    if (input_.dimensions.empty()) return;
    std::vector<stats::SliceDiscordance> all;
    std::vector<const Slice*> candidates;
    for (const Slice& slice : outcome_.slices) {
      if (slice.analysis.n < min_cases_) continue;
      candidates.push_back(&slice);
      if (by_counts_) {
        all.push_back(
            {.broke = slice.analysis.counts->incumbent_only, .fixed = slice.analysis.counts->candidate_only});
      }
    }
    std::string text =
        "no slice is gated: the policy names no segments.dimensions, so slices are only reported";
    if (!candidates.empty()) {
      const double level = by_counts_ ? stats::HoldLevel(all, policy_.error_rates.max_expected_false_holds)
                                      : std::min(1.0, policy_.error_rates.max_expected_false_holds /
                                                          static_cast<double>(candidates.size()));
      const Slice* worst = nullptr;
      for (const Slice* slice : candidates) {
        if (!slice->analysis.p_harm || *slice->analysis.p_harm > level + kSlack) continue;
        if (slice->delta() > -slice->margin + kSlack) continue;
        if (worst == nullptr || *slice->analysis.p_harm < *worst->analysis.p_harm) worst = slice;
      }
      if (worst != nullptr) {
        text += fmt::format("; {} would be suspected: {}, p for harm {}", worst->value, Fall(*worst),
                            PText(*worst->analysis.p_harm));
      }
    }
    outcome_.warnings.push_back(text);
  }
};

}  // namespace

void DecideAggregate(RuleState& state) { AggregateRules(state).Decide(); }
void AddPromotion(RuleState& state) { AggregateRules(state).AddPromotion(); }
void WarnUngated(RuleState& state) { AggregateRules(state).WarnUngated(); }

}  // namespace minslice::gate
