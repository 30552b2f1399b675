// Rows that counts cannot describe: several runs a side, clusters, graded scores. Every statement is about
// the mean over prompts of d = mean(candidate runs) - mean(incumbent runs); the runs of one prompt are never
// counted as prompts: that gives 10.6 to 12.7 % false alarms at K = 3 (methods 2.3).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "gate/analysis.h"
#include "minslice/stats/bootstrap_cluster.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/clusters.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/sign_flip.h"

namespace minslice::gate {
namespace {

constexpr std::int64_t kFew = 30;              // below, t is too sure of itself (methods 2.3)
constexpr std::int64_t kFewReplicates = 2000;  // of the bootstrap that takes its place

// The interval of the mean, two-sided at `level`, its method, and what one pair adds to the variance of the
// mean.
struct MeanInterval {
  double lower = -1;
  double upper = 1;
  std::string method;
  double standard_error = 0;
};

MeanInterval Clipped(const Estimate& estimate, double standard_error) {
  // A bootstrap whose limit is infinite says "anything": the range of a difference.
  return {std::max(-1.0, estimate.lower), std::min(1.0, estimate.upper), estimate.method, standard_error};
}

Computed<MeanInterval> IntervalOf(const Differences& differences, const stats::ClusterSums* clusters,
                                  double level, const Policy& policy) {
  if (clusters != nullptr) {
    const auto robust = stats::ClusterRobustMean(*clusters, stats::ClusterError::kCr2, level);
    if (!robust) return tl::unexpected(robust.error());
    if (static_cast<std::int64_t>(clusters->sum.size()) >= kFew)
      return Clipped(robust->mean, robust->standard_error);
    const auto wild = stats::WildClusterBootstrap(
        *clusters, {.level = level, .replicates = kFewReplicates - 1, .seed = policy.bootstrap_seed});
    if (!wild) return tl::unexpected(wild.error());
    return Clipped(wild->mean, robust->standard_error);
  }
  const auto t = stats::PairedTTest(differences.difference, level);
  if (!t) return tl::unexpected(t.error());
  if (static_cast<std::int64_t>(differences.difference.size()) >= kFew)
    return Clipped(t->mean, t->standard_error);
  const auto bootstrap = stats::BootstrapT(
      differences.difference, {.level = level, .replicates = kFewReplicates, .seed = policy.bootstrap_seed});
  if (!bootstrap) return tl::unexpected(bootstrap.error());
  return Clipped(*bootstrap, t->standard_error);
}

// Nothing changed anywhere: as for zero discordant pairs, an interval of Tango's width about 0, never [0, 0].
void FillUnchanged(std::int64_t units, double margin, const Policy& policy, Analysis& analysis) {
  Policy tango = policy;
  tango.ci_method = "tango";
  const Analysis zero = AnalyseCounts({.both = units}, margin, tango);
  analysis.ci_low = zero.ci_low;
  analysis.ci_high = zero.ci_high;
  analysis.lower_bound = zero.lower_bound;
  analysis.non_inferior = zero.non_inferior;
  analysis.method = zero.method;
  analysis.variance = 0;
  analysis.warnings.emplace_back("no case changed: no difference was seen, which is not equality");
}

}  // namespace

Analysis AnalyseDifferences(const Differences& differences, double margin, const Policy& policy) {
  Analysis analysis;
  analysis.n = static_cast<std::int64_t>(differences.difference.size());
  analysis.level = DisplayLevel(policy);
  analysis.method = differences.cluster.empty() ? "paired_t" : "cr2";
  if (analysis.n == 0) {
    analysis.warnings.emplace_back("incumbent_rate, candidate_rate, delta, ci, p_value: no complete pair");
    return analysis;
  }
  const auto n = static_cast<double>(analysis.n);
  analysis.incumbent_rate = differences.incumbent_sum / n;
  analysis.candidate_rate = differences.candidate_sum / n;
  double sum = 0;
  for (const double d : differences.difference) sum += d;
  analysis.delta = sum / n;

  std::optional<stats::ClusterSums> clusters;
  if (!differences.cluster.empty()) {
    const std::vector<std::int64_t> ids(differences.cluster.begin(), differences.cluster.end());
    if (auto sums = stats::SumClusters(differences.difference, ids)) {
      analysis.clusters = static_cast<std::int64_t>(sums->sum.size());
      clusters = std::move(*sums);
    }
  }
  // The randomisation test: sides swapped by prompt, or by whole cluster. At one run a side it is McNemar's.
  const auto flip =
      stats::SignFlipTest(clusters ? std::span<const double>(clusters->sum) : differences.difference);
  if (flip) {
    analysis.p_value = flip->midp;
    analysis.p_harm = flip->p_harm;
    analysis.min_attainable_p = std::exp2(-static_cast<double>(flip->n_nonzero));
  } else {
    analysis.warnings.push_back("p_value, p_harm: " + flip.error().text);
  }
  const bool unchanged = std::all_of(differences.difference.begin(), differences.difference.end(),
                                     [](double d) { return d == 0; });
  if (unchanged) {
    FillUnchanged(analysis.clusters.value_or(analysis.n), margin, policy, analysis);
    return analysis;
  }
  const stats::ClusterSums* cluster_sums = clusters ? &*clusters : nullptr;
  const auto shown = IntervalOf(differences, cluster_sums, analysis.level, policy);
  if (!shown) {
    analysis.warnings.push_back("ci: " + shown.error().text);
    return analysis;
  }
  analysis.ci_low = shown->lower;
  analysis.ci_high = shown->upper;
  analysis.method = shown->method;
  // What one pair contributes to the variance of the mean, the design effect of clusters included; planning
  // takes it as psi.
  analysis.variance =
      std::min(1.0, shown->standard_error * shown->standard_error * n + *analysis.delta * *analysis.delta);
  const auto promote =
      IntervalOf(differences, cluster_sums, 1 - 2 * policy.error_rates.alpha_promote, policy);
  if (promote) {
    analysis.lower_bound = promote->lower;
    analysis.non_inferior = promote->lower > -margin;
  }
  const auto block =
      policy.error_rates.alpha_block == policy.error_rates.alpha_promote
          ? promote
          : IntervalOf(differences, cluster_sums, 1 - 2 * policy.error_rates.alpha_block, policy);
  if (block) {
    analysis.inferior = block->upper < -margin;
    analysis.worse = block->upper < 0;
  }
  return analysis;
}

Computed<stats::BootstrapIntervals> BootstrapDifferences(const Differences& differences, double level,
                                                         const Policy& policy) {
  const stats::BootstrapOptions options{
      .level = level, .replicates = policy.bootstrap_replicates, .seed = policy.bootstrap_seed};
  if (differences.cluster.empty()) {
    const auto bootstrap = stats::BootstrapMean(differences.difference, options);
    if (!bootstrap) return tl::unexpected(bootstrap.error());
    return bootstrap->intervals;
  }
  const std::vector<std::int64_t> ids(differences.cluster.begin(), differences.cluster.end());
  const auto clusters = stats::SumClusters(differences.difference, ids);
  if (!clusters) return tl::unexpected(clusters.error());
  const auto bootstrap = stats::BootstrapClusters(*clusters, options);
  if (!bootstrap) return tl::unexpected(bootstrap.error());
  return bootstrap->intervals;
}

}  // namespace minslice::gate
