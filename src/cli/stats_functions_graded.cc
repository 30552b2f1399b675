// Graded scores, repeats and clusters.
#include <cstdint>
#include <string>
#include <vector>

#include "cli/stats_registry.h"
#include "minslice/stats/bootstrap_cluster.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/bounded_mean.h"
#include "minslice/stats/clusters.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/repeats.h"
#include "minslice/stats/sign_flip.h"
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

stats::ClusterSums ClustersOf(const json& in) {
  std::vector<std::int64_t> cluster;
  for (const double id : NumbersField(in, "cluster")) {
    if (!(id >= -9e15 && id <= 9e15)) throw StatsInputError("expected integers in 'cluster'");
    cluster.push_back(static_cast<std::int64_t>(id));
  }
  return ValueOrThrow(stats::SumClusters(NumbersField(in, "d"), cluster));
}

ordered_json ClusterErrors(const json& in) {
  const double level = NumberField(in, "level", 0.95);
  const stats::ClusterSums clusters = ClustersOf(in);
  const stats::ClusterMean cr1 =
      ValueOrThrow(stats::ClusterRobustMean(clusters, stats::ClusterError::kCr1, level));
  const stats::ClusterMean cr2 =
      ValueOrThrow(stats::ClusterRobustMean(clusters, stats::ClusterError::kCr2, level));
  return {{"estimate", NumberJson(cr1.mean.value)},
          {"se_cr0", NumberJson(cr1.se_cr0)},
          {"se_cr1", NumberJson(cr1.se_cr1)},
          {"t", NumberJson(cr1.t)},
          {"df", NumberJson(cr1.df)},
          {"p", NumberJson(cr1.p)},
          {"lower", NumberJson(cr1.mean.lower)},
          {"upper", NumberJson(cr1.mean.upper)},
          {"se_cr2", NumberJson(cr1.se_cr2)},
          {"df_cr2", NumberJson(cr2.df)},
          {"se_iid_plugin", NumberJson(cr1.se_independent)},
          {"icc_anova", NumberJson(cr1.icc)},
          {"design_effect_cr0", NumberJson(cr1.design_effect)}};
}

stats::MeanBootstrap ClusterBootstrapOf(const json& in) {
  return ValueOrThrow(stats::BootstrapClustersExact(ClustersOf(in), NumberField(in, "level", 0.95)));
}

ordered_json ClusterPercentile(const json& in) {
  return LimitsJson(ClusterBootstrapOf(in).intervals.percentile);
}

ordered_json ClusterBcaMid(const json& in) {
  const stats::MeanBootstrap b = ClusterBootstrapOf(in);
  return BcaJson(b.intervals.z0, b.intervals.acceleration, b.bca_levels, b.intervals.bca);
}

ordered_json SignFlipOf(const json& in) {
  const stats::SignFlip flip = ValueOrThrow(stats::SignFlipTest(DifferencesField(in)));
  return {{"p", NumberJson(flip.p)},
          {"midp", NumberJson(flip.midp)},
          {"p_harm", NumberJson(flip.p_harm)},
          {"p_gain", NumberJson(flip.p_gain)},
          {"log10_p", NumberJson(flip.log10_p)},
          {"method", flip.method}};
}

stats::BootstrapOptions SeededFields(const json& in) {
  return {.level = NumberField(in, "level", 0.95),
          .replicates = IntegerField(in, "B", 10000),
          .seed = static_cast<std::uint64_t>(IntegerField(in, "seed", 0))};
}

ordered_json EstimateJson(const Estimate& estimate) {
  ordered_json result{{"estimate", NumberJson(estimate.value)},
                      {"lower", NumberJson(estimate.lower)},
                      {"upper", NumberJson(estimate.upper)}};
  if (!estimate.warnings.empty()) result["warnings"] = estimate.warnings;
  return result;
}

ordered_json Resampled(const stats::MeanBootstrap& boot) {
  return {{"estimate", NumberJson(boot.estimate)},
          {"percentile", LimitsJson(boot.intervals.percentile)},
          {"basic", LimitsJson(boot.intervals.basic)},
          {"bca", LimitsJson(boot.intervals.bca)},
          {"se", NumberJson(boot.intervals.standard_error)},
          {"method", boot.method}};
}

ordered_json MeanResampled(const json& in) {
  return Resampled(ValueOrThrow(stats::BootstrapMean(DifferencesField(in), SeededFields(in))));
}
ordered_json ClustersResampled(const json& in) {
  return Resampled(ValueOrThrow(stats::BootstrapClusters(ClustersOf(in), SeededFields(in))));
}
ordered_json StudentisedOf(const json& in) {
  return EstimateJson(ValueOrThrow(stats::BootstrapT(DifferencesField(in), SeededFields(in))));
}

ordered_json WildOf(const json& in) {
  const stats::WildBootstrap wild = ValueOrThrow(stats::WildClusterBootstrap(
      ClustersOf(in), {.level = NumberField(in, "level", 0.95),
                       .replicates = IntegerField(in, "B", 9999),
                       .seed = static_cast<std::uint64_t>(IntegerField(in, "seed", 0))}));
  ordered_json result = EstimateJson(wild.mean);
  result["p"] = NumberJson(wild.p);
  result["exact"] = wild.exact;
  return result;
}

ordered_json BoundedOf(const json& in) {
  const std::string name = TextField(in, "method", "betting");
  for (const stats::BoundedMethod method :
       {stats::BoundedMethod::kEmpiricalLikelihood, stats::BoundedMethod::kBetting,
        stats::BoundedMethod::kHoeffding}) {
    if (name != stats::BoundedMethodName(method)) continue;
    return EstimateJson(ValueOrThrow(
        stats::BoundedMeanInterval(DifferencesField(in), NumberField(in, "low", -1),
                                   NumberField(in, "high", 1), NumberField(in, "level", 0.95), method)));
  }
  throw StatsInputError("expected 'empirical_likelihood', 'betting' or 'hoeffding' for 'method', found '" +
                        name + "'");
}

// incumbent, candidate: one array of scores a prompt.
ordered_json VarianceSplitOf(const json& in) {
  struct Side {
    std::vector<double> scores;
    std::int64_t repeats = 1;
  };
  const auto side = [&](const char* name) {
    const auto found = in.find(name);
    if (found == in.end() || !found->is_array())
      throw StatsInputError(std::string("expected rows of scores for '") + name + "'");
    Side read;
    for (const json& row : *found) {
      if (!row.is_array() || row.empty() ||
          (!read.scores.empty() && static_cast<std::int64_t>(row.size()) != read.repeats)) {
        throw StatsInputError(std::string("the rows of '") + name + "' must be arrays of one length");
      }
      read.repeats = static_cast<std::int64_t>(row.size());
      for (const json& value : row) read.scores.push_back(ToNumber(value, std::string("'") + name + "'"));
    }
    return read;
  };
  const Side incumbent = side("incumbent"), candidate = side("candidate");
  const stats::VarianceSplit split = ValueOrThrow(
      stats::SplitVariance({incumbent.scores, incumbent.repeats}, {candidate.scores, candidate.repeats}));
  return {{"mean", NumberJson(split.mean)},
          {"variance", NumberJson(split.variance)},
          {"omega2", NumberJson(split.omega2)},
          {"sigma2_incumbent", NumberJson(split.sigma2_incumbent)},
          {"sigma2_candidate", NumberJson(split.sigma2_candidate)},
          {"se", NumberJson(split.standard_error)},
          {"noise_share", NumberJson(split.noise_share)},
          {"repeats_that_pay", split.repeats_that_pay}};
}

}  // namespace

void RegisterGradedFunctions(StatsRegistry& registry) {
  registry.Add("paired_t", PairedTOf);
  registry.Add("wilcoxon_signed_rank", WilcoxonOf);
  registry.Add("cluster_se", ClusterErrors);
  registry.Add("sign_flip", SignFlipOf);
  registry.Add("boot_mean_resampled", MeanResampled);
  registry.Add("boot_mean_t", StudentisedOf);
  registry.Add("boot_cluster_resampled", ClustersResampled);
  registry.Add("wild_cluster", WildOf);
  registry.Add("bounded_mean", BoundedOf);
  registry.Add("variance_split", VarianceSplitOf);
  registry.Add("boot_cluster_percentile", ClusterPercentile);
  registry.Add("boot_cluster_bca_mid", ClusterBcaMid);
  registry.Add("boot_mean_percentile", MeanPercentile);
  registry.Add("boot_mean_basic", MeanBasic);
  registry.Add("boot_mean_bca_mid", MeanBcaMid);
  registry.Add("boot_mean_bca_strict", MeanBcaStrict);
  registry.Add("boot_mean_moments", MeanMoments);
}

}  // namespace minslice::cli
