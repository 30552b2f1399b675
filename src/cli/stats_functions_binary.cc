// Binary pairs, one proportion, and planning: the golden functions that a 2x2 table or a handful of numbers
// answers.
#include <string>

#include "cli/stats_registry.h"
#include "minslice/stats/counts.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/proportion.h"

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

ordered_json PairedIntervalJson(const json& in, stats::PairedMethod method) {
  const Estimate estimate =
      ValueOrThrow(stats::PairedInterval(Table(in), NumberField(in, "level", 0.95), method));
  ordered_json result;
  result["estimate"] = NumberJson(estimate.value);
  result["lower"] = NumberJson(estimate.lower);
  result["upper"] = NumberJson(estimate.upper);
  return result;
}

ordered_json ProportionIntervals(const json& in) {
  const std::int64_t x = CountField(in, "x");
  const std::int64_t n = CountField(in, "n");
  const double level = NumberField(in, "level", 0.95);
  ordered_json result;
  const auto add = [&](const char* name, const Computed<Estimate>& computed) {
    const Estimate estimate = ValueOrThrow(computed);
    result[name] = {NumberJson(estimate.lower), NumberJson(estimate.upper)};
  };
  add("wilson", stats::WilsonInterval(x, n, level));
  add("clopper_pearson", stats::ClopperPearsonInterval(x, n, level));
  add("agresti_coull", stats::AgrestiCoullInterval(x, n, level));
  add("jeffreys", stats::JeffreysInterval(x, n, level));
  add("wilson_cc", stats::WilsonCorrectedInterval(x, n, level));
  return result;
}

ordered_json NonInferiorityJson(const json& in) {
  const Test test = ValueOrThrow(stats::NonInferiority(Table(in), NumberField(in, "margin")));
  ordered_json result;
  result["z"] = NumberJson(test.statistic);
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
  for (const stats::PairedMethod method :
       {stats::PairedMethod::kTango, stats::PairedMethod::kBonettPrice, stats::PairedMethod::kNewcombe8,
        stats::PairedMethod::kNewcombe10, stats::PairedMethod::kAgrestiMin, stats::PairedMethod::kScas,
        stats::PairedMethod::kWald}) {
    registry.Add("paired_ci_" + std::string(stats::PairedMethodName(method)),
                 [method](const json& in) { return PairedIntervalJson(in, method); });
  }
  registry.Add("noninferiority_tango", NonInferiorityJson);
  registry.Add("proportion_ci", ProportionIntervals);
}

}  // namespace minslice::cli
