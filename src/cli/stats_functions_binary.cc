// Binary pairs, one proportion, and planning: the golden functions that a 2x2 table or a handful of numbers
// answers.
#include <string>

#include "cli/stats_registry.h"
#include "minslice/stats/counts.h"
#include "minslice/stats/mcnemar.h"

namespace minslice::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

stats::PairedCounts Table(const json& in) {
  return {.both = CountField(in, "n11"),
          .incumbent_only = CountField(in, "n10"),
          .candidate_only = CountField(in, "n01"),
          .neither = CountField(in, "n00")};
}

ordered_json TestJson(const Test& test, bool has_statistic) {
  ordered_json result;
  if (has_statistic) result["statistic"] = NumberJson(test.statistic);
  result["p"] = NumberJson(test.p);
  result["log10_p"] = NumberJson(test.log10_p);
  return result;
}

}  // namespace

void RegisterBinaryFunctions(StatsRegistry& registry) {
  registry.Add("mcnemar_exact",
               [](const json& in) { return TestJson(stats::McNemarExact(Table(in)), false); });
  registry.Add("mcnemar_midp", [](const json& in) { return TestJson(stats::McNemarMidP(Table(in)), false); });
  registry.Add("mcnemar_asymptotic",
               [](const json& in) { return TestJson(stats::McNemarAsymptotic(Table(in)), true); });
  registry.Add("mcnemar_cc",
               [](const json& in) { return TestJson(stats::McNemarCorrected(Table(in)), true); });
}

}  // namespace minslice::cli
