// Many slices: adjusted p-values and max-T under sign flips.
#include <vector>

#include "cli/stats_registry.h"
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

}  // namespace

void RegisterSliceFunctions(StatsRegistry& registry) {
  registry.Add("p_adjust", Adjust);
  registry.Add("maxt_signflip", MaxT);
}

}  // namespace minslice::cli
