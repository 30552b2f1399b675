// Many slices: adjusted p-values.
#include <vector>

#include "cli/stats_registry.h"
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

}  // namespace

void RegisterSliceFunctions(StatsRegistry& registry) { registry.Add("p_adjust", Adjust); }

}  // namespace minslice::cli
