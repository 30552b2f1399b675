// Binary pairs, one proportion, and planning: the golden functions that a 2x2 table or a handful of numbers
// answers.
#include <string>

#include "cli/stats_registry.h"
#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/counts.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/power.h"
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

ordered_json LimitsJson(const Interval& interval) {
  ordered_json result;
  result["lower"] = NumberJson(interval.lower);
  result["upper"] = NumberJson(interval.upper);
  return result;
}

// Without "replicates" the exact distribution (B = infinity), with it that many seeded replicates.
stats::BootstrapIntervals Bootstrap(const json& in) {
  const double level = NumberField(in, "level", 0.95);
  const std::int64_t replicates = IntegerField(in, "replicates", 0);
  if (replicates == 0) return ValueOrThrow(stats::BootstrapBinaryExact(Table(in), level));
  return ValueOrThrow(
      stats::BootstrapBinary(Table(in), {.level = level,
                                         .replicates = replicates,
                                         .seed = static_cast<std::uint64_t>(IntegerField(in, "seed", 0)),
                                         .studentised = false}));
}

ordered_json BcaJson(const stats::BootstrapIntervals& intervals, bool strict) {
  const Interval& alpha = strict ? intervals.bca_strict_alpha : intervals.bca_alpha;
  ordered_json result;
  result["z0"] = NumberJson(strict ? intervals.z0_strict : intervals.z0);
  result["a"] = NumberJson(intervals.acceleration);
  result["alpha1"] = NumberJson(alpha.lower);
  result["alpha2"] = NumberJson(alpha.upper);
  result.update(LimitsJson(strict ? intervals.bca_strict : intervals.bca));
  return result;
}

// Every resample of a table without discordant pairs gives 0: its distribution is a point, though no interval
// should be made of it.
bool IsPoint(const json& in) {
  const stats::PairedCounts table = Table(in);
  return table.n() > 0 && table.discordant() == 0;
}

ordered_json MomentsJson(const json& in) {
  stats::BootstrapIntervals intervals;
  if (IsPoint(in)) {
    intervals.p_not_above_zero = 1;
  } else {
    intervals = Bootstrap(in);
  }
  ordered_json result;
  result["se"] = NumberJson(intervals.standard_error);
  result["p_le0"] = NumberJson(intervals.p_not_above_zero);
  result["p_lt0"] = NumberJson(intervals.p_below_zero);
  result["jackknife_accel"] = NumberJson(intervals.acceleration);
  return result;
}

stats::PowerOptions Options(const json& in) {
  return {.alpha = NumberField(in, "alpha", 0.05),
          .sides = static_cast<int>(IntegerField(in, "sides", 2)),
          .power = NumberField(in, "power", 0.80)};
}

struct Truth {
  double psi, delta;
};

// psi and delta, or p10 and p01 (which win, being what psi and delta were made of).
Truth TruthOf(const json& in) {
  if (in.contains("p10") && in.contains("p01")) {
    const double p10 = NumberField(in, "p10");
    const double p01 = NumberField(in, "p01");
    return {p10 + p01, p01 - p10};
  }
  return {NumberField(in, "psi"), NumberField(in, "delta")};
}

ordered_json McNemarPowerJson(const json& in) {
  const auto [psi, delta] = TruthOf(in);
  const std::int64_t n = CountField(in, "n");
  const stats::PowerOptions options = Options(in);
  ordered_json result;
  result["connor"] = ValueOrThrow(stats::McNemarPower(static_cast<double>(n), psi, delta, options));
  result["miettinen"] =
      ValueOrThrow(stats::McNemarPowerMiettinen(static_cast<double>(n), psi, delta, options));
  const auto add = [&, p = psi, d = delta](const std::string& name, stats::McNemarTest test) {
    const stats::ExactPower power = ValueOrThrow(stats::McNemarExactPower(n, p, d, test, options));
    result[name] = power.power;
    result[name + "_size"] = power.size;
    result[name + "_type_m"] = NumberJson(power.type_m);
    result[name + "_type_s"] = NumberJson(power.type_s);
  };
  add("exact", stats::McNemarTest::kExact);
  add("midp", stats::McNemarTest::kMidP);
  add("asymptotic", stats::McNemarTest::kAsymptotic);
  return result;
}

ordered_json McNemarSampleSizeJson(const json& in) {
  const auto [psi, delta] = TruthOf(in);
  ordered_json result;
  result["connor"] = ValueOrThrow(stats::McNemarPairsNeeded(psi, delta, Options(in)));
  result["miettinen"] = ValueOrThrow(stats::McNemarPairsNeededMiettinen(psi, delta, Options(in)));
  return result;
}

ordered_json McNemarMdeJson(const json& in) {
  const std::int64_t n = CountField(in, "n");
  const double psi = NumberField(in, "psi");
  const stats::PowerOptions options = Options(in);
  ordered_json result;
  const auto add = [&result](const char* name, const Computed<double>& mde) {
    // One test may see psi itself where another does not: null for that one.
    result[name] = mde ? NumberJson(*mde) : ordered_json(nullptr);
  };
  const Computed<double> connor = stats::McNemarMde(static_cast<double>(n), psi, options);
  add("connor", connor);
  add("exact", stats::McNemarExactMde(n, psi, stats::McNemarTest::kExact, options));
  add("midp", stats::McNemarExactMde(n, psi, stats::McNemarTest::kMidP, options));
  if (result["exact"].is_null() && result["midp"].is_null()) ValueOrThrow(connor);
  return result;
}

ordered_json NonInferiorityPowerJson(const json& in) {
  const auto [psi, delta] = TruthOf(in);
  const std::int64_t n = CountField(in, "n");
  const double margin = NumberField(in, "margin");
  const double alpha = NumberField(in, "alpha", 0.05);
  ordered_json result;
  result["power"] = ValueOrThrow(stats::NonInferiorityExactPower(n, psi, delta, margin, alpha));
  if (psi > 0) {
    result["formula"] =
        ValueOrThrow(stats::NonInferiorityPower(static_cast<double>(n), psi, delta, margin, alpha));
  }
  return result;
}

ordered_json TwoProportionPowerJson(const json& in) {
  const stats::TwoProportionPower power = ValueOrThrow(
      stats::UnpairedPower(NumberField(in, "p1"), NumberField(in, "p2"), NumberField(in, "n_per_group"),
                           NumberField(in, "alpha", 0.05), static_cast<int>(IntegerField(in, "sides", 2))));
  ordered_json result;
  result["pooled_one_tail"] = power.pooled_one_tail;
  result["pooled_both_tails"] = power.pooled_both_tails;
  result["arcsine_both_tails"] = power.arcsine_both_tails;
  return result;
}

ordered_json TwoProportionMdeJson(const json& in) {
  const std::string direction = TextField(in, "direction", "up");
  if (direction != "up" && direction != "down")
    throw StatsInputError("expected 'direction' to be up or down, found " + direction);
  ordered_json result;
  result["mde"] = ValueOrThrow(stats::UnpairedMde(NumberField(in, "p1"), NumberField(in, "n_per_group"),
                                                  Options(in), direction == "up"));
  return result;
}

ordered_json PairedTPowerJson(const json& in) {
  const double d = NumberField(in, "d");
  const double n = NumberField(in, "n");
  stats::PowerOptions options = Options(in);
  const stats::PairedTPower power = ValueOrThrow(stats::PairedTTestPower(d, n, options.alpha, options.sides));
  options.power = 0.80;
  ordered_json result;
  result["both_tails"] = power.both_tails;
  result["one_tail"] = power.one_tail;
  result["n_for_80"] = ValueOrThrow(stats::PairedTPairsNeeded(d, options));
  result["mde_80"] = ValueOrThrow(stats::PairedTMde(n, options));
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
  registry.Add("boot_binary_percentile", [](const json& in) {
    return LimitsJson(IsPoint(in) ? Interval{0, 0} : Bootstrap(in).percentile);
  });
  registry.Add("boot_binary_basic",
               [](const json& in) { return LimitsJson(IsPoint(in) ? Interval{0, 0} : Bootstrap(in).basic); });
  registry.Add("boot_binary_bca_mid", [](const json& in) { return BcaJson(Bootstrap(in), false); });
  registry.Add("boot_binary_bca_strict", [](const json& in) { return BcaJson(Bootstrap(in), true); });
  registry.Add("boot_binary_moments", MomentsJson);
  registry.Add("mcnemar_power", McNemarPowerJson);
  registry.Add("mcnemar_sample_size", McNemarSampleSizeJson);
  registry.Add("mcnemar_mde", McNemarMdeJson);
  registry.Add("noninferiority_power", NonInferiorityPowerJson);
  registry.Add("two_proportion_power", TwoProportionPowerJson);
  registry.Add("two_proportion_mde", TwoProportionMdeJson);
  registry.Add("paired_t_power", PairedTPowerJson);
}

}  // namespace minslice::cli
