#include <fmt/format.h>
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gate/family_tests.h"
#include "gate/rule_step.h"
#include "gate/testable.h"
#include "minslice/paired_table.h"
#include "minslice/stats/multiplicity.h"

namespace minslice::gate {
namespace {

// What is adjusted: the p for harm, or with segments.strict the p of a fall beyond the margin.
double AdjustedP(const Slice& slice) {
  return slice.analysis.p_beyond.value_or(slice.analysis.p_harm.value_or(1));
}

std::vector<double> Adjust(const std::string& method, const std::vector<const Slice*>& slices,
                           bool by_counts) {
  std::vector<stats::SliceDiscordance> discordance;
  std::vector<double> p;
  for (const Slice* slice : slices) {
    p.push_back(AdjustedP(*slice));
    if (by_counts) {
      discordance.push_back(
          {.broke = slice->analysis.counts->incumbent_only, .fixed = slice->analysis.counts->candidate_only});
    }
  }
  if (by_counts && method == "wy_discrete") return stats::WestfallYoungDiscrete(discordance);
  if (by_counts && method == "tarone_holm") return stats::TaroneHolm(discordance);
  if (method == "hochberg") return stats::Hochberg(p);
  if (method == "bonferroni") return stats::Bonferroni(p);
  if (method == "bh") return stats::BenjaminiHochberg(p);
  if (method == "by") return stats::BenjaminiYekutieli(p);
  if (method == "none") return p;
  return stats::Holm(p);
}

class SliceAdjuster : public RuleStep {
 public:
  using RuleStep::RuleStep;

  void Run() {
    std::vector<stats::SliceDiscordance> all;
    std::int64_t may_hold = 0;
    std::vector<std::vector<Slice*>> tested(input_.dimensions.size());
    for (Slice& slice : outcome_.slices) {
      if (slice.tested()) tested[slice.dimension].push_back(&slice);
      if (!slice.may_hold) continue;
      ++may_hold;
      if (by_counts_)
        all.push_back(
            {.broke = slice.analysis.counts->incumbent_only, .fixed = slice.analysis.counts->candidate_only});
    }
    const bool ordered = policy_.segments.families.method == "hierarchical";
    if (policy_.segments.joint) {
      AdjustJointly(tested);
    } else {
      for (std::size_t d = 0; d < tested.size(); ++d) {
        if (tested[d].empty()) continue;
        if (ordered && HasFamilies(d)) {
          AdjustInOrder(d, tested[d]);
        } else {
          AdjustDimension(d, tested[d]);
        }
      }
    }
    if (may_hold == 0) return;
    outcome_.hold_level =
        by_counts_
            ? stats::HoldLevel(all, policy_.error_rates.max_expected_false_holds)
            : std::min(1.0, policy_.error_rates.max_expected_false_holds / static_cast<double>(may_hold));
  }

 private:
  void AdjustDimension(std::size_t d, const std::vector<Slice*>& slices) {
    const std::vector<const Slice*> view(slices.begin(), slices.end());
    std::string& method = outcome_.dimensions[d].multiplicity;
    std::vector<double> adjusted;
    if (by_counts_ || policy_.segments.multiplicity != "wy_discrete") {
      adjusted = Adjust(policy_.segments.multiplicity, view, by_counts_);
      // Tarone's bound needs counts; without them it is Holm's.
      if (!by_counts_ && method == "tarone_holm") method = "holm";
    } else {
      adjusted = StepDown({&d, 1}, {&slices, 1});
    }
    // What the usual adjustment would have said, where the exact one sees more.
    std::vector<double> holm;
    if (by_counts_ && policy_.segments.multiplicity == "wy_discrete" && slices.size() > 1)
      holm = Adjust("holm", view, true);
    for (std::size_t k = 0; k < slices.size(); ++k) {
      slices[k]->p_adjusted = adjusted[k];
      if (!holm.empty()) slices[k]->p_holm = holm[k];
      slices[k]->alpha = outcome_.dimensions[d].alpha;
    }
    if (!by_counts_) return;
    std::vector<stats::SliceDiscordance> discordance;
    std::vector<double> all_broken;  // p of a fall beyond the margin, were all that changed broken
    for (const Slice* slice : view) {
      const stats::PairedCounts& counts = *slice->analysis.counts;
      discordance.push_back({.broke = counts.incumbent_only, .fixed = counts.candidate_only});
      all_broken.push_back(BeyondP(
          {.both = counts.n() - counts.discordant(), .incumbent_only = counts.discordant()}, slice->margin));
    }
    const std::vector<double> smallest = policy_.segments.strict
                                             ? TimesFamily(policy_.segments.multiplicity, all_broken)
                                             : SmallestAdjusted(policy_.segments.multiplicity, discordance);
    for (std::size_t k = 0; k < slices.size(); ++k) slices[k]->smallest_adjusted = smallest[k];
  }

  // One family-wise level over the slices of all gated dimensions together.
  void AdjustJointly(const std::vector<std::vector<Slice*>>& tested) {
    std::vector<std::size_t> dimensions;
    std::vector<std::vector<Slice*>> slices;
    for (std::size_t d = 0; d < tested.size(); ++d) {
      if (tested[d].empty()) continue;
      dimensions.push_back(d);
      slices.push_back(tested[d]);
    }
    if (dimensions.empty()) return;
    const std::vector<double> adjusted = StepDown(dimensions, slices);
    std::size_t next = 0;
    for (const std::vector<Slice*>& cut : slices) {
      for (Slice* slice : cut) {
        slice->p_adjusted = adjusted[next++];
        slice->alpha = policy_.error_rates.alpha_block;
      }
    }
  }

  bool HasFamilies(std::size_t d) const {
    return std::any_of(outcome_.families.begin(), outcome_.families.end(),
                       [&](const Family& family) { return family.dimension == d && !family.slices.empty(); });
  }

  void AdjustInOrder(std::size_t d, const std::vector<Slice*>& slices) {
    std::vector<double> p;
    for (const Slice* slice : slices) p.push_back(slice->analysis.p_harm.value_or(1));
    std::vector<std::ptrdiff_t> family_of(slices.size(), -1);
    std::vector<double> family_p;
    std::vector<Family*> families;
    for (Family& family : outcome_.families) {
      if (family.dimension != d || family.slices.empty()) continue;
      std::vector<double> own;
      std::vector<stats::SliceDiscordance> discordance;
      for (std::size_t k = 0; k < slices.size(); ++k) {
        if (slices[k]->family != family.name) continue;
        family_of[k] = static_cast<std::ptrdiff_t>(families.size());
        own.push_back(p[k]);
        if (by_counts_)
          discordance.push_back({.broke = slices[k]->analysis.counts->incumbent_only,
                                 .fixed = slices[k]->analysis.counts->candidate_only});
      }
      family.p_node = FamilyP(family.analysis.p_harm.value_or(1), own, discordance);
      family_p.push_back(*family.p_node);
      families.push_back(&family);
    }
    const FamilyAdjusted adjusted = AdjustByFamily(family_p, p, family_of);
    const std::optional<double> alpha = outcome_.dimensions[d].alpha;
    for (std::size_t f = 0; f < families.size(); ++f) {
      families[f]->p_adjusted = adjusted.family[f];
      families[f]->alpha = alpha;
    }
    for (std::size_t k = 0; k < slices.size(); ++k) {
      slices[k]->p_adjusted = adjusted.slice[k];
      slices[k]->alpha = alpha;
    }
    outcome_.dimensions[d].multiplicity = "hierarchical";
  }

  // Westfall and Young by swapping the sides of whole prompts or clusters: one list of p, cut after cut.
  std::vector<double> StepDown(std::span<const std::size_t> dimensions,
                               std::span<const std::vector<Slice*>> slices) {
    std::vector<SliceCut> cuts;
    std::vector<const Slice*> view;
    for (std::size_t c = 0; c < dimensions.size(); ++c) {
      SliceCut& cut = cuts.emplace_back();
      cut.dimension = dimensions[c];
      cut.slice_of_value.assign(input_.dimensions[cut.dimension].values.size(), kNoValue);
      for (const Slice* slice : slices[c]) {
        for (const std::uint32_t v : slice->members) cut.slice_of_value[v] = cut.slices;
        ++cut.slices;
        view.push_back(slice);
      }
    }
    std::string method = policy_.segments.multiplicity;
    Computed<std::vector<double>> adjusted = Undefined("no_cases", "the cases themselves are not at hand");
    if (input_.swaps != nullptr)
      adjusted = input_.swaps->StepDown(cuts, policy_.segments.multiplicity == "max_t", method);
    if (!adjusted) {
      method = "holm";
      outcome_.warnings.push_back(fmt::format(
          "{}: adjusted by Holm: {}", outcome_.dimensions[dimensions.front()].name, adjusted.error().text));
      adjusted = Adjust("holm", view, false);
    }
    for (const std::size_t d : dimensions) outcome_.dimensions[d].multiplicity = method;
    // Counted patterns may fall a little below the exact p of a slice alone.
    for (std::size_t k = 0; k < view.size(); ++k)
      (*adjusted)[k] = std::max((*adjusted)[k], view[k]->analysis.p_harm.value_or(1));
    return *std::move(adjusted);
  }
};

}  // namespace

void AdjustSlices(RuleState& state) { SliceAdjuster(state).Run(); }

}  // namespace minslice::gate
