#include <fmt/format.h>
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gate/rule_step.h"
#include "gate/slice_names.h"

namespace minslice::gate {
namespace {

class SliceBuilder : public RuleStep {
 public:
  using RuleStep::RuleStep;

  void Run() {
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

 private:
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
};

}  // namespace

void BuildSlices(RuleState& state) { SliceBuilder(state).Run(); }

}  // namespace minslice::gate
