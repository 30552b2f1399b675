#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gate/rule_step.h"
#include "gate/sentences.h"
#include "minslice/stats/proportion.h"

namespace minslice::gate {
namespace {

class SliceRules : public RuleStep {
 public:
  using RuleStep::RuleStep;

  void Run() {
    CountFloors();
    for (Slice& slice : outcome_.slices) {
      const double margin = slice.margin;
      if (!slice.gate) {
        slice.status = "reported";
        continue;
      }
      if (slice.under_floor) {
        slice.status = "low_confidence";
        if (slice.may_hold) {
          DecideSmall(slice);
        } else {
          WarnSmall(slice);
        }
        continue;
      }
      slice.status = "ok";
      const Analysis& a = slice.analysis;
      const VerdictDimension& family = outcome_.dimensions[slice.dimension];
      ReadFloor(slice);
      const bool large = a.delta && *a.delta <= -margin + kSlack;
      const bool blocked = large && slice.p_adjusted && *slice.p_adjusted <= *slice.alpha;
      if (blocked) {
        slice.status = "block";
        const std::int64_t tested = policy_.segments.joint ? TestedSlices() : family.gated;
        std::string text =
            fmt::format("{}, adjusted p {}{} <= {} by {} over {} slice{}{}", Fall(slice),
                        policy_.segments.strict ? "of a fall beyond " + Size(margin) + " " : "",
                        PText(*slice.p_adjusted), Level(*slice.alpha), family.multiplicity, tested,
                        tested == 1 ? "" : "s", policy_.segments.joint ? " of all gated dimensions" : "");
        if (slice.p_holm) text += "; Holm would say " + PText(*slice.p_holm);
        Add(Decision::kBlocked, "slice_regression", text, slice);
      }
      if (!blocked && large && a.p_harm && *a.p_harm <= outcome_.hold_level.value_or(0) + kSlack) {
        slice.status = "suspected";
        Add(Decision::kHold, "slice_suspected",
            fmt::format("{}, p for harm {} <= {}: suspected, not shown (adjusted p {}); a person should read "
                        "what broke",
                        Fall(slice), PText(*a.p_harm), Level(RoundSignificant(*outcome_.hold_level, 3)),
                        PText(slice.p_adjusted.value_or(1))),
            slice);
      }
      if (slice.floor && slice.floor_high) {
        const double floor = *slice.floor;
        if (*slice.floor_high < floor) {
          if (!blocked) slice.status = "below_floor";
          Add(Decision::kBlocked, "slice_below_floor",
              fmt::format(
                  "{}: the candidate passes {} of {}, shown below the floor of {} (one-sided upper bound "
                  "{}, Clopper-Pearson at {} over {} slice{})",
                  NameOf(slice), Percent(*a.candidate_rate), Count(a.n), Percent(floor),
                  Percent(*slice.floor_high), Level(*slice.alpha), family.gated,
                  family.gated == 1 ? "" : "s"),
              slice);
        } else if (slice.floor_low.value_or(0) < floor) {
          if (slice.status == "ok") slice.status = "floor_unresolved";
          if (policy_.segments.floor_on_unresolved == "hold") {
            Add(Decision::kHold, "floor_unresolved",
                fmt::format(
                    "{}: the candidate passes {} of {} (one-sided bounds {:.1f} and {}), so the floor of {} "
                    "is neither shown kept nor broken",
                    NameOf(slice), Percent(*a.candidate_rate), Count(a.n), slice.floor_low.value_or(0) * 100,
                    Percent(*slice.floor_high), Percent(floor)),
                slice);
          }
        }
      }
    }
  }

 private:
  // How many slices of each dimension are held against a floor.
  void CountFloors() {
    floored_.assign(input_.dimensions.size(), 0);
    for (const Slice& slice : outcome_.slices) {
      if (slice.floor && slice.may_hold) ++floored_[slice.dimension];
    }
  }

  // The candidate's rate against the absolute floor. "Below" blocks, so it is said of any of the family's S
  // slices with at most alpha in all: Clopper and Pearson's exact bound at alpha / S each. With Wilson's at
  // alpha each, 40 slices of 30 at a true rate of .90 against a floor of .85 block falsely 27 % of the time
  // (at .85 itself 94 %); so they do 0.4 % (at most 5 %). "Kept" is Clopper and Pearson's bound too: Wilson's
  // says so of a true rate at the floor of .90 in 7.2 % (n = 25).
  void ReadFloor(Slice& slice) {
    if (!slice.floor || !slice.analysis.candidate_rate) return;
    const double alpha = policy_.error_rates.alpha_block * share_[slice.dimension];
    const std::int64_t slices_in_family = floored_[slice.dimension];
    const double below_alpha = alpha / static_cast<double>(std::max<std::int64_t>(1, slices_in_family));
    const auto independent = slice.analysis.effective_n.value_or(slice.analysis.n);
    const double passes = *slice.analysis.candidate_rate * static_cast<double>(independent);
    const auto low = stats::ClopperPearsonInterval(static_cast<std::int64_t>(std::floor(passes + kSlack)),
                                                   independent, 1 - 2 * policy_.error_rates.alpha_block);
    const auto high = stats::ClopperPearsonInterval(static_cast<std::int64_t>(std::ceil(passes - kSlack)),
                                                    independent, 1 - 2 * below_alpha);
    if (low) slice.floor_low = low->lower;
    if (high) slice.floor_high = high->upper;
  }

  // A slice too small to be gated that fell as no noise would, taken alone: said, since it cannot block.
  void WarnSmall(const Slice& slice) {
    const Analysis& a = slice.analysis;
    if (!a.p_harm || *a.p_harm > policy_.error_rates.alpha_block || slice.delta() > -slice.margin + kSlack)
      return;
    outcome_.warnings.push_back(
        fmt::format("{}, p for harm {}: under {} cases, so it is not gated; read what broke", Fall(slice),
                    PText(*a.p_harm), min_cases_));
  }

  // A pool that stays small: what it shows holds the verdict for a person, since it is too small to block.
  void DecideSmall(Slice& slice) {
    const Analysis& a = slice.analysis;
    const char* small = "; with so few cases it holds and does not block";
    ReadFloor(slice);
    if (slice.floor && slice.floor_high && *slice.floor_high < *slice.floor) {
      slice.status = "suspected";
      Add(Decision::kHold, "small_slices_below_floor",
          fmt::format("{}: the candidate passes {} of {}, shown below the floor of {} (upper bound {}){}",
                      NameOf(slice), Percent(*a.candidate_rate), Count(a.n), Percent(*slice.floor),
                      Percent(*slice.floor_high), small),
          slice);
    }
    const bool large = a.delta && *a.delta <= -slice.margin + kSlack;
    if (!large || !a.p_harm || *a.p_harm > outcome_.hold_level.value_or(0) + kSlack) {
      WarnSmall(slice);
      return;
    }
    slice.status = "suspected";
    Add(Decision::kHold, "small_slices_suspected",
        fmt::format("{}, p for harm {} <= {}{}; read what broke", Fall(slice), PText(*a.p_harm),
                    Level(RoundSignificant(*outcome_.hold_level, 3)), small),
        slice);
  }

  std::vector<std::int64_t> floored_;  // slices held against a floor, by dimension
};

}  // namespace

void DecideSlices(RuleState& state) { SliceRules(state).Run(); }

}  // namespace minslice::gate
