// Many slices: adjusted p-values, step-down families, trees and orders.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/stats_registry.h"
#include "minslice/stats/hierarchy.h"
#include "minslice/stats/max_t.h"
#include "minslice/stats/multiplicity.h"

namespace minslice::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json Adjust(const json& in) {
  const std::vector<double> p = NumbersField(in, "p");
  for (const double value : p) {
    if (value < 0 || value > 1) throw StatsInputError("expected p-values from 0 to 1 in 'p'");
  }
  return {{"bonferroni", NumbersJson(stats::Bonferroni(p))}, {"holm", NumbersJson(stats::Holm(p))},
          {"holm_sidak", NumbersJson(stats::HolmSidak(p))},  {"hochberg", NumbersJson(stats::Hochberg(p))},
          {"hommel", NumbersJson(stats::Hommel(p))},         {"bh", NumbersJson(stats::BenjaminiHochberg(p))},
          {"by", NumbersJson(stats::BenjaminiYekutieli(p))}};
}

// D: rows = items, columns = hypotheses.
ordered_json MaxT(const json& in) {
  const auto found = in.find("D");
  if (found == in.end() || !found->is_array() || found->empty())
    throw StatsInputError("expected rows of numbers for 'D'");
  std::vector<double> rows;
  std::size_t columns = 0;
  for (const json& row : *found) {
    if (!row.is_array() || row.empty() || (columns != 0 && row.size() != columns)) {
      throw StatsInputError("the rows of 'D' must be arrays of one length");
    }
    columns = row.size();
    for (const json& value : row) rows.push_back(ToNumber(value, "'D'"));
  }
  const stats::SliceTable table = ValueOrThrow(stats::SliceTable::FromRows(rows, columns));
  const stats::JointAdjustment joint = ValueOrThrow(
      stats::SignFlipMaxT(table, {.replicates = IntegerField(in, "B", 10000),
                                  .seed = static_cast<std::uint64_t>(IntegerField(in, "seed", 0)),
                                  .alternative = stats::Alternative::kTwoSided}));
  return {{"abs_t", NumbersJson(joint.statistic)},
          {"raw_p", NumbersJson(joint.raw_p)},
          {"single_step_p", NumbersJson(joint.single_step_p)},
          {"step_down_p", NumbersJson(joint.step_down_p)}};
}

std::vector<stats::SliceDiscordance> SlicesField(const json& in) {
  const std::vector<double> broke = NumbersField(in, "b");
  const std::vector<double> fixed = NumbersField(in, "c");
  if (broke.size() != fixed.size()) throw StatsInputError("'b' and 'c' differ in length");
  std::vector<stats::SliceDiscordance> slices;
  for (std::size_t i = 0; i < broke.size(); ++i) {
    for (const double count : {broke[i], fixed[i]}) {
      if (!(count >= 0 && count <= 1e9) || count != std::floor(count)) {
        throw StatsInputError("expected integers from 0 to 1000000000 in 'b' and 'c'");
      }
    }
    slices.push_back({static_cast<std::int64_t>(broke[i]), static_cast<std::int64_t>(fixed[i])});
  }
  return slices;
}

// b, c: discordant pairs of disjoint slices.
ordered_json Discrete(const json& in) {
  const std::vector<stats::SliceDiscordance> slices = SlicesField(in);
  return {{"p_harm", NumbersJson(stats::HarmP(slices))},
          {"wy_discrete", NumbersJson(stats::WestfallYoungDiscrete(slices))},
          {"tarone_holm", NumbersJson(stats::TaroneHolm(slices))},
          {"hold_level", NumberJson(stats::HoldLevel(slices, NumberField(in, "max_expected", 0.25)))}};
}

// d, and "cuts": one array of slice numbers a cut, null for no slice; "cluster": which items are flipped and
// drawn together.
ordered_json Joint(const json& in, Computed<stats::JointAdjustment> (*method)(const stats::SliceTable&,
                                                                              const stats::JointOptions&)) {
  const std::vector<double> d = NumbersField(in, "d");
  const auto found = in.find("cuts");
  if (found == in.end() || !found->is_array())
    throw StatsInputError("expected arrays of slice numbers for 'cuts'");
  const auto number = [](const json& value, const char* what) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 10'000'000) {
      throw StatsInputError(std::string("expected small non-negative integers in ") + what + ", found " +
                            value.dump());
    }
    return value.get<std::uint32_t>();
  };
  std::vector<std::vector<std::uint32_t>> slice_of;
  std::vector<stats::Cut> cuts;
  for (const json& cut : *found) {
    if (!cut.is_array()) throw StatsInputError("expected arrays of slice numbers for 'cuts'");
    std::uint32_t slices = 0;
    slice_of.emplace_back();
    for (const json& value : cut) {
      slice_of.back().push_back(value.is_null() ? stats::kNoSlice : number(value, "'cuts'"));
      if (!value.is_null()) slices = std::max(slices, slice_of.back().back() + 1);
    }
    cuts.push_back({{}, slices});
  }
  for (std::size_t i = 0; i < cuts.size(); ++i) cuts[i].slice_of = slice_of[i];
  std::vector<std::uint32_t> cluster;
  std::uint32_t clusters = 0;
  if (in.contains("cluster")) {
    for (const json& value : in["cluster"]) {
      cluster.push_back(number(value, "'cluster'"));
      clusters = std::max(clusters, cluster.back() + 1);
    }
  }
  const std::string alternative = TextField(in, "alternative", "harm");
  if (alternative != "harm" && alternative != "two_sided") {
    throw StatsInputError("expected 'harm' or 'two_sided' for 'alternative', found '" + alternative + "'");
  }
  const stats::SliceTable table = ValueOrThrow(stats::SliceTable::FromCuts(d, cuts, cluster, clusters));
  const stats::JointAdjustment joint =
      ValueOrThrow(method(table, {.replicates = IntegerField(in, "B", 10000),
                                  .seed = static_cast<std::uint64_t>(IntegerField(in, "seed", 0)),
                                  .alternative = alternative == "harm" ? stats::Alternative::kHarm
                                                                       : stats::Alternative::kTwoSided}));
  return {{"statistic", NumbersJson(joint.statistic)},
          {"raw_p", NumbersJson(joint.raw_p)},
          {"single_step_p", NumbersJson(joint.single_step_p)},
          {"step_down_p", NumbersJson(joint.step_down_p)},
          {"exact", joint.exact}};
}

// parent (-1: root) and p of each node.
ordered_json Hierarchical(const json& in) {
  const std::vector<double> parent = NumbersField(in, "parent");
  const std::vector<double> p = NumbersField(in, "p");
  if (parent.size() != p.size()) throw StatsInputError("'parent' and 'p' differ in length");
  std::vector<stats::HierarchyNode> nodes;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!(parent[i] >= -1 && parent[i] <= 1e9))
      throw StatsInputError("expected node numbers or -1 in 'parent'");
    nodes.push_back({static_cast<std::int64_t>(parent[i]), p[i]});
  }
  return {{"adjusted", NumbersJson(ValueOrThrow(stats::Meinshausen(nodes)))}};
}

ordered_json FallbackOrder(const json& in) {
  return {{"adjusted",
           NumbersJson(ValueOrThrow(stats::Fallback(NumbersField(in, "p"), NumbersField(in, "weight"))))}};
}

}  // namespace

void RegisterSliceFunctions(StatsRegistry& registry) {
  registry.Add("p_adjust", Adjust);
  registry.Add("maxt_signflip", MaxT);
  registry.Add("wy_discrete", Discrete);
  registry.Add("slices_max_t", [](const json& in) { return Joint(in, stats::SignFlipMaxT); });
  registry.Add("slices_min_p", [](const json& in) { return Joint(in, stats::SignFlipMinP); });
  registry.Add("romano_wolf", [](const json& in) { return Joint(in, stats::RomanoWolf); });
  registry.Add("hierarchical", Hierarchical);
  registry.Add("fallback", FallbackOrder);
}

}  // namespace minslice::cli
