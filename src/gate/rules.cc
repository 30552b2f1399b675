#include "gate/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "gate/family_tests.h"
#include "gate/sentences.h"
#include "gate/slice_names.h"
#include "gate/testable.h"
#include "io/nearest_name.h"
#include "minslice/paired_table.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/power.h"
#include "minslice/stats/proportion.h"
#include "stats/normal.h"

namespace minslice::gate {
namespace {

std::vector<double> Adjust(const std::string& method, const std::vector<const Slice*>& slices,
                           bool by_counts) {
  std::vector<stats::SliceDiscordance> discordance;
  std::vector<double> p;
  for (const Slice* slice : slices) {
    p.push_back(slice->analysis.p_harm.value_or(1));
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

class Pass {
 public:
  Pass(const Policy& policy, const RuleInput& input)
      : policy_(policy),
        input_(input),
        by_counts_(input.differences == nullptr),
        min_cases_(policy.segments.min_cases) {}

  Outcome Run() {
    AnalyseAggregate();
    BuildSlices();
    if (policy_.gating) {
      DecideShort();
    } else {
      AdjustSlices();
      DecideSlices();
      DecideFamilies();
      DecideUntested();
      DecideRequired();
      DecideAggregate();
      if (policy_.segments.dimensions.empty()) WarnUngated();
    }
    for (const RuleReason& found : outcome_.reasons) {
      if (Gravity(found.reason.decision) > Gravity(outcome_.decision))
        outcome_.decision = found.reason.decision;
    }
    if (outcome_.decision == Decision::kPromote) AddPromotion();
    return std::move(outcome_);
  }

 private:
  std::string NameOf(const Slice& slice) const {
    const std::string& dimension = input_.dimensions[slice.dimension].name;
    return input_.dimensions.size() > 1 ? "segment " + slice.value + " (" + dimension + ")"
                                        : "segment " + slice.value;
  }
  std::string Fall(const Slice& slice) const {
    const Analysis& a = slice.analysis;
    std::string text = NameOf(slice) + " " + Points(slice.delta());
    if (a.counts) {
      text +=
          fmt::format(" ({} broke, {} fixed of {})", a.counts->incumbent_only, a.counts->candidate_only, a.n);
    } else {
      text += fmt::format(" (mean of {} cases)", a.n);
    }
    return text;
  }
  void Add(Decision called, const char* code, std::string text, const Slice& slice) {
    Add(called, code, std::move(text), input_.dimensions[slice.dimension].name, slice.value);
    outcome_.reasons.back().slice = &slice - outcome_.slices.data();
  }
  void Add(Decision called, const char* code, std::string text, std::string dimension = "",
           std::string value = "") {
    RuleReason found;
    found.reason.code = code;
    found.reason.text = std::move(text);
    found.reason.dimension = std::move(dimension);
    found.reason.value = std::move(value);
    found.reason.decision = called;
    outcome_.reasons.push_back(std::move(found));
  }

  void AnalyseAggregate() {
    outcome_.aggregate = by_counts_ ? AnalyseCounts(input_.aggregate, policy_.margin, policy_)
                                    : input_.differences->AnalyseAll(policy_.margin);
  }

  const PolicyDimension* PolicyOf(const std::string& name) const {
    for (const PolicyDimension& dimension : policy_.segments.dimensions) {
      if (dimension.key == name) return &dimension;
    }
    return nullptr;
  }

  bool Gated(const PolicyDimension* dimension, const std::string& value) const {
    if (policy_.gating) {
      const std::vector<std::string>& names = policy_.gating->segments;
      return names.empty() || std::find(names.begin(), names.end(), value) != names.end();
    }
    if (dimension == nullptr || dimension->role != DimensionRole::kGate) return false;
    return dimension->values.empty() ||
           std::find(dimension->values.begin(), dimension->values.end(), value) != dimension->values.end();
  }

  Analysis AnalyseValues(const RuleDimension& dimension, const std::vector<std::uint32_t>& members,
                         double margin) const {
    if (by_counts_) {
      stats::PairedCounts sum;
      for (const std::uint32_t v : members) {
        const stats::PairedCounts& counts = dimension.values[v].counts;
        sum.both += counts.both;
        sum.incumbent_only += counts.incumbent_only;
        sum.candidate_only += counts.candidate_only;
        sum.neither += counts.neither;
      }
      return AnalyseCounts(sum, margin, policy_, input_.slice_intervals);
    }
    if (members.size() == 1)
      return input_.differences->Analyse(dimension.values[members.front()].cases, margin);
    std::vector<std::uint32_t> cases;
    for (const std::uint32_t v : members)
      cases.insert(cases.end(), dimension.values[v].cases.begin(), dimension.values[v].cases.end());
    std::sort(cases.begin(), cases.end());
    return input_.differences->Analyse(cases, margin);
  }

  void BuildSlices() {
    double total_weight = 0;
    for (const RuleDimension& dimension : input_.dimensions) {
      const PolicyDimension* named = PolicyOf(dimension.name);
      if (named != nullptr && named->role == DimensionRole::kGate) total_weight += named->weight;
    }
    for (std::size_t d = 0; d < input_.dimensions.size(); ++d) BuildDimension(d, total_weight);
    for (const Slice& slice : outcome_.slices) {
      VerdictDimension& dimension = outcome_.dimensions[slice.dimension];
      if (slice.tested()) ++dimension.gated;
      if (policy_.gating && slice.gate) dimension.role = "gate";
    }
    if (policy_.segments.families.present()) BuildFamilies();
  }

  // The slices of one dimension, and behind them what its small ones make together.
  void BuildDimension(std::size_t d, double total_weight) {
    const RuleDimension& dimension = input_.dimensions[d];
    const PolicyDimension* named = PolicyOf(dimension.name);
    VerdictDimension summary;
    summary.name = dimension.name;
    summary.role = "report";
    double share = 1;
    if (!policy_.gating && named != nullptr && named->role == DimensionRole::kGate) {
      share = named->weight / total_weight;
      summary.role = "gate";
      summary.alpha = policy_.error_rates.alpha_block * (policy_.segments.joint ? 1 : share);
      summary.multiplicity = policy_.segments.multiplicity;
    }
    share_.push_back(share);
    std::map<std::string, std::vector<std::uint32_t>> small;  // by family
    for (std::uint32_t v = 0; v < dimension.values.size(); ++v) {
      const RuleValue& value = dimension.values[v];
      if (value.carried == 0) continue;
      Slice slice;
      slice.dimension = d;
      slice.value = value.no_value ? FreeName(dimension, value.value) : value.value;
      slice.no_value = value.no_value;
      slice.family = value.family;
      slice.members = {v};
      slice.gate = Gated(named, value.value);
      slice.margin = policy_.segments.margin;
      slice.floor = policy_.segments.floor_pass_rate;
      if (const SegmentOverride* own = OverrideOf(policy_.segments, dimension.name, value.value)) {
        slice.margin = own->margin.value_or(slice.margin);
        if (own->floor_pass_rate) slice.floor = own->floor_pass_rate;
      }
      slice.analysis = AnalyseValues(dimension, slice.members, slice.margin);
      slice.under_floor = slice.analysis.n < min_cases_;
      slice.may_hold = slice.tested();
      if (value.no_value) summary.no_value_pairs = slice.analysis.n;
      if (slice.gate && slice.under_floor) {
        small[slice.family].push_back(v);
        ++summary.under_floor;
        summary.under_floor_pairs += slice.analysis.n;
        summary.under_floor_broke += value.counts.incumbent_only;
      }
      outcome_.slices.push_back(std::move(slice));
    }
    if (!policy_.gating && policy_.segments.under_floor == "pool") PoolSmall(d, std::move(small));
    outcome_.dimensions.push_back(std::move(summary));
  }

  // What is too small alone is gated by family where that reaches min_cases, and the rest together. A rest
  // that stays small may hold, but not block.
  void PoolSmall(std::size_t d, std::map<std::string, std::vector<std::uint32_t>> small) {
    std::vector<std::uint32_t> rest = std::move(small[""]);
    for (auto& [family, members] : small) {
      if (family.empty()) continue;
      if (PairsOf(d, members) >= min_cases_) {
        AddPool(d, std::move(members), family);
      } else {
        rest.insert(rest.end(), members.begin(), members.end());
      }
    }
    if (rest.size() > 1) {
      std::sort(rest.begin(), rest.end());
      AddPool(d, std::move(rest), "");
    } else if (rest.size() == 1) {
      for (Slice& slice : outcome_.slices) {
        if (slice.dimension == d && !slice.pooled && slice.members == rest) slice.may_hold = true;
      }
    }
  }

  std::int64_t PairsOf(std::size_t d, const std::vector<std::uint32_t>& members) const {
    std::int64_t pairs = 0;
    for (const Slice& slice : outcome_.slices) {
      if (slice.dimension == d && !slice.pooled &&
          std::binary_search(members.begin(), members.end(), slice.members.front()))
        pairs += slice.analysis.n;
    }
    return pairs;
  }

  void AddPool(std::size_t d, std::vector<std::uint32_t> members, const std::string& family) {
    const RuleDimension& dimension = input_.dimensions[d];
    Slice pool;
    pool.dimension = d;
    pool.pooled = true;
    pool.gate = true;
    pool.may_hold = true;
    pool.family = family;
    pool.value = FreeName(dimension,
                          fmt::format("{}(under {} cases)", family.empty() ? "" : family + " ", min_cases_));
    pool.members = std::move(members);
    pool.margin = policy_.segments.margin;
    pool.floor = policy_.segments.floor_pass_rate;
    pool.analysis = AnalyseValues(dimension, pool.members, pool.margin);
    pool.under_floor = pool.analysis.n < min_cases_;
    outcome_.slices.push_back(std::move(pool));
  }

  // A name that we make must not be one that a case carries: two slices would answer to it.
  static std::string FreeName(const RuleDimension& dimension, std::string name) {
    const auto taken = [&] {
      return std::any_of(dimension.values.begin(), dimension.values.end(), [&](const RuleValue& value) {
        return !value.no_value && value.carried > 0 && value.value == name;
      });
    };
    while (taken()) name = "(" + name + ")";
    return name;
  }

  void BuildFamilies() {
    std::map<std::pair<std::size_t, std::string>, std::size_t> known;
    std::vector<std::vector<std::uint32_t>> values;
    for (std::size_t s = 0; s < outcome_.slices.size(); ++s) {
      const Slice& slice = outcome_.slices[s];
      if (slice.family.empty()) continue;
      const auto [found, is_new] =
          known.try_emplace({slice.dimension, slice.family}, outcome_.families.size());
      if (is_new) {
        Family& family = outcome_.families.emplace_back();
        family.dimension = slice.dimension;
        family.name = slice.family;
        values.emplace_back();
      }
      Family& family = outcome_.families[found->second];
      family.gate = family.gate || slice.gate;
      if (slice.tested()) family.slices.push_back(s);
      if (slice.pooled) continue;
      ++family.members;
      values[found->second].push_back(slice.members.front());
    }
    for (std::size_t f = 0; f < values.size(); ++f) {
      Family& family = outcome_.families[f];
      family.analysis =
          AnalyseValues(input_.dimensions[family.dimension], values[f], policy_.segments.margin);
      family.status = family.gate && !policy_.gating ? "ok" : "reported";
      if (family.status == "ok" && family.slices.empty()) family.status = "low_confidence";
    }
  }

  void AdjustSlices() {
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
    for (const Slice* slice : view)
      discordance.push_back(
          {.broke = slice->analysis.counts->incumbent_only, .fixed = slice->analysis.counts->candidate_only});
    const std::vector<double> smallest = SmallestAdjusted(policy_.segments.multiplicity, discordance);
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
                      NameOf(slice), Percent(*a.candidate_rate), a.n, Percent(*slice.floor),
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

  void DecideFamilies() {
    for (Family& family : outcome_.families) {
      const Analysis& a = family.analysis;
      if (!family.p_adjusted || *family.p_adjusted > *family.alpha) continue;
      if (!a.delta || *a.delta > -policy_.segments.margin + kSlack) continue;
      family.status = "block";
      std::string text = fmt::format("family {} {}", family.name, Points(*a.delta));
      if (a.counts)
        text += fmt::format(" ({} broke, {} fixed of {} in {} slices)", a.counts->incumbent_only,
                            a.counts->candidate_only, a.n, family.members);
      Add(Decision::kBlocked, "family_regression",
          fmt::format("{}, adjusted p {} <= {} in the order of families", text, PText(*family.p_adjusted),
                      Level(*family.alpha)),
          input_.dimensions[family.dimension].name, family.name);
      outcome_.reasons.back().family = &family - outcome_.families.data();
    }
  }

  std::int64_t TestedSlices() const {
    return std::count_if(outcome_.slices.begin(), outcome_.slices.end(),
                         [](const Slice& slice) { return slice.tested(); });
  }

  // How many slices of each dimension are held against a floor.
  void CountFloors() {
    floored_.assign(input_.dimensions.size(), 0);
    for (const Slice& slice : outcome_.slices) {
      if (slice.floor && slice.may_hold) ++floored_[slice.dimension];
    }
  }

  void DecideSlices() {
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
            fmt::format("{}, adjusted p {} <= {} by {} over {} slice{}{}", Fall(slice),
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
                  NameOf(slice), Percent(*a.candidate_rate), a.n, Percent(floor), Percent(*slice.floor_high),
                  Level(*slice.alpha), family.gated, family.gated == 1 ? "" : "s"),
              slice);
        } else if (slice.floor_low.value_or(0) < floor) {
          if (slice.status == "ok") slice.status = "floor_unresolved";
          if (policy_.segments.floor_on_unresolved == "hold") {
            Add(Decision::kHold, "floor_unresolved",
                fmt::format(
                    "{}: the candidate passes {} of {} (one-sided bounds {:.1f} and {}), so the floor of {} "
                    "is neither shown kept nor broken",
                    NameOf(slice), Percent(*a.candidate_rate), a.n, slice.floor_low.value_or(0) * 100,
                    Percent(*slice.floor_high), Percent(floor)),
                slice);
          }
        }
      }
    }
  }

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
            fmt::format("the policy gates {}, which has {} pairs, under {}", NameOf(slice), slice.analysis.n,
                        min_cases_),
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
        std::string text =
            fmt::format("required {} is not shown non-inferior at {}", NameOf(slice), Size(slice.margin));
        if (a.lower_bound && a.delta) {
          text += fmt::format(" ({} of {} pairs, one-sided {:.4g} % lower bound {})", Points(*a.delta), a.n,
                              100 * (1 - policy_.error_rates.alpha_promote), Points(*a.lower_bound));
        } else {
          text += " (no complete pair)";
        }
        const auto needed =
            a.variance ? PairsForMargin(RoundSignificant(*a.variance, 3), slice.margin, policy_.error_rates)
                       : std::nullopt;
        if (slice.under_floor) text += fmt::format("; it has {} pairs, under {}", a.n, min_cases_);
        if (needed && a.n > 0) {
          text += fmt::format("; if its true difference were 0, {} pairs would show it",
                              std::max<std::int64_t>(*needed, min_cases_));
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

  std::string Nearest(const std::string& value) const {
    std::vector<std::string> known;
    for (const RuleDimension& dimension : input_.dimensions) {
      for (const RuleValue& known_value : dimension.values) {
        if (known_value.carried > 0) known.push_back(known_value.value);
      }
    }
    return io::DidYouMean(value, known, 8);
  }

  void DecideAggregate() {
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
                        *needed, rates.power * 100, a.n);
      }
      Add(Decision::kInconclusive, "not_non_inferior", text);
      return;
    }
    if (a.superior) return;
    const auto mde = psi && *psi > 0
                         ? stats::McNemarMde(static_cast<double>(a.n), *psi,
                                             {.alpha = rates.alpha_promote, .sides = 2, .power = rates.power})
                         : Undefined("no_discordance", "no discordant pairs");
    const bool powered =
        mde ? *mde <= policy_.target_mde + kSlack : a.ci_high && *a.ci_high < policy_.target_mde;
    const std::string p = a.p_value ? ", p " + PText(*a.p_value) : "";
    if (powered) {
      Add(Decision::kHold, "no_demonstrated_gain",
          fmt::format("{}{}: no gain shown, though this suite would have seen {}", shown, p,
                      mde ? Size(*mde) : "a gain of " + Size(policy_.target_mde)));
      return;
    }
    std::string text = fmt::format(
        "{}{}: no gain shown, and {} pairs can only see {} at {:.0f} % power (target {})", shown, p, a.n,
        mde ? Size(*mde) : "a larger difference", rates.power * 100, Size(policy_.target_mde));
    if (const auto needed = psi ? PairsForGain(*psi, policy_.target_mde, rates) : std::nullopt)
      text += fmt::format("; {} pairs would see that target", *needed);
    Add(Decision::kInconclusive, "underpowered", text);
  }

  void AddPromotion() {
    if (policy_.gating) return;  // DecideShort has said why
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
      slices += fmt::format("; {} slice{} under {} cases ({} pairs{}) not gated alone", small,
                            small == 1 ? "" : "s", min_cases_, small_pairs,
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

  // The short form, on point estimates as its words say.
  void DecideShort() {
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
      std::string text = fmt::format("{} passes {} of {}, below {} ({})", NameOf(slice), Percent(rate),
                                     slice.analysis.n, Percent(gating.threshold), Points(slice.delta()));
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

  const Policy& policy_;
  const RuleInput& input_;
  bool by_counts_;
  int min_cases_;
  std::vector<double> share_;          // of alpha_block, by dimension
  std::vector<std::int64_t> floored_;  // slices held against a floor, by dimension
  Outcome outcome_;
};

}  // namespace

double LargestAttainable(const Analysis& analysis, double level) {
  if (!analysis.counts) return analysis.min_attainable_p.value_or(0) <= level ? level : 0;
  return LargestAttainable(analysis.counts->discordant(), level);
}

double LargestAttainable(std::int64_t m, double level) {
  const auto p_of = [m](std::int64_t broke) {
    const stats::SliceDiscordance slice{.broke = broke, .fixed = m - broke};
    return stats::HarmP(std::span(&slice, 1)).front();
  };
  // p falls as more broke; the least number whose p is low enough has the largest such p.
  std::int64_t enough = m + 1;
  std::int64_t too_few = -1;
  while (enough - too_few > 1) {
    const std::int64_t middle = too_few + (enough - too_few) / 2;
    (p_of(middle) <= level ? enough : too_few) = middle;
  }
  return enough > m ? 0 : p_of(enough);
}

int Gravity(Decision decision) {
  switch (decision) {
    case Decision::kInvalid:
      return 4;
    case Decision::kBlocked:
      return 3;
    case Decision::kHold:
      return 2;
    case Decision::kInconclusive:
      return 1;
    case Decision::kPromote:
      return 0;
  }
  return 0;
}

std::optional<std::int64_t> PairsForMargin(double psi, double margin, const ErrorRates& rates) {
  if (psi <= 0) {
    const double z = stats::NormalUpperQuantile(rates.alpha_promote);
    return static_cast<std::int64_t>(std::ceil(z * z * (1 - margin) / margin));
  }
  const auto needed = stats::NonInferiorityPairsNeeded(psi, margin, rates.alpha_promote, rates.power);
  if (!needed) return std::nullopt;
  return static_cast<std::int64_t>(std::ceil(*needed - kSlack));
}

std::optional<std::int64_t> PairsForGain(double psi, double gain, const ErrorRates& rates) {
  const auto needed =
      stats::McNemarPairsNeeded(psi, gain, {.alpha = rates.alpha_promote, .sides = 2, .power = rates.power});
  if (!needed) return std::nullopt;
  return static_cast<std::int64_t>(std::ceil(*needed - kSlack));
}

Outcome ApplyRules(const Policy& policy, const RuleInput& input) { return Pass(policy, input).Run(); }

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
