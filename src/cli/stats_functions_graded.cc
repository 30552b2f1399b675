// Graded scores, repeats and clusters: t, Wilcoxon.
#include <vector>

#include "cli/stats_registry.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/wilcoxon.h"

namespace minslice::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Differences, candidate minus baseline, or given as "d".
std::vector<double> DifferencesField(const json& in) {
  if (in.contains("d")) return NumbersField(in, "d");
  std::vector<double> candidate = NumbersField(in, "candidate");
  const std::vector<double> baseline = NumbersField(in, "baseline");
  if (candidate.size() != baseline.size())
    throw StatsInputError("'candidate' and 'baseline' differ in length");
  for (std::size_t i = 0; i < candidate.size(); ++i) candidate[i] -= baseline[i];
  return candidate;
}

ordered_json PairedTOf(const json& in) {
  const stats::PairedT t =
      ValueOrThrow(stats::PairedTTest(DifferencesField(in), NumberField(in, "level", 0.95)));
  return {{"t", NumberJson(t.t)},
          {"df", NumberJson(t.df)},
          {"p", NumberJson(t.p)},
          {"estimate", NumberJson(t.mean.value)},
          {"lower", NumberJson(t.mean.lower)},
          {"upper", NumberJson(t.mean.upper)}};
}

ordered_json WilcoxonOf(const json& in) {
  const stats::WilcoxonSignedRank w = ValueOrThrow(stats::WilcoxonTest(DifferencesField(in)));
  ordered_json result{{"w_plus", NumberJson(w.w_plus)}, {"w_minus", NumberJson(w.w_minus)}};
  if (w.exact_p) result["exact_p"] = NumberJson(*w.exact_p);
  result["normal_p_wilcox"] = NumberJson(w.normal_p);
  result["normal_p_wilcox_cc"] = NumberJson(w.normal_p_corrected);
  result["normal_p_pratt"] = NumberJson(w.pratt_p);
  result["normal_p_pratt_cc"] = NumberJson(w.pratt_p_corrected);
  return result;
}

stats::MeanBootstrap MeanBootstrapOf(const json& in) {
  return ValueOrThrow(stats::BootstrapMeanExact(DifferencesField(in), NumberField(in, "level", 0.95)));
}

ordered_json LimitsJson(const Interval& interval) {
  return {{"lower", NumberJson(interval.lower)}, {"upper", NumberJson(interval.upper)}};
}

ordered_json BcaJson(double z0, double acceleration, const Interval& levels, const Interval& limits) {
  return {{"z0", NumberJson(z0)},
          {"a", NumberJson(acceleration)},
          {"alpha1", NumberJson(levels.lower)},
          {"alpha2", NumberJson(levels.upper)},
          {"lower", NumberJson(limits.lower)},
          {"upper", NumberJson(limits.upper)}};
}

ordered_json MeanPercentile(const json& in) { return LimitsJson(MeanBootstrapOf(in).intervals.percentile); }
ordered_json MeanBasic(const json& in) { return LimitsJson(MeanBootstrapOf(in).intervals.basic); }

ordered_json MeanBcaMid(const json& in) {
  const stats::MeanBootstrap b = MeanBootstrapOf(in);
  return BcaJson(b.intervals.z0, b.intervals.acceleration, b.bca_levels, b.intervals.bca);
}

ordered_json MeanBcaStrict(const json& in) {
  const stats::MeanBootstrap b = MeanBootstrapOf(in);
  return BcaJson(b.z0_strict, b.intervals.acceleration, b.bca_strict_levels, b.bca_strict);
}

ordered_json MeanMoments(const json& in) {
  const stats::MeanBootstrap b = MeanBootstrapOf(in);
  return {{"estimate", NumberJson(b.estimate)},
          {"se", NumberJson(b.intervals.standard_error)},
          {"p_le0", NumberJson(b.p_not_above_zero)},
          {"p_lt0", NumberJson(b.p_below_zero)},
          {"jackknife_accel", NumberJson(b.intervals.acceleration)}};
}

}  // namespace

void RegisterGradedFunctions(StatsRegistry& registry) {
  registry.Add("paired_t", PairedTOf);
  registry.Add("wilcoxon_signed_rank", WilcoxonOf);
  registry.Add("boot_mean_percentile", MeanPercentile);
  registry.Add("boot_mean_basic", MeanBasic);
  registry.Add("boot_mean_bca_mid", MeanBcaMid);
  registry.Add("boot_mean_bca_strict", MeanBcaStrict);
  registry.Add("boot_mean_moments", MeanMoments);
}

}  // namespace minslice::cli
