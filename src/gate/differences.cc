// Rows that counts cannot describe: several runs a side, clusters, graded scores. Every statement is about
// the mean over prompts of d = mean(candidate runs) - mean(incumbent runs); the runs of one prompt are never
// counted as prompts (methods 2.3).
#include <algorithm>
#include <cmath>
#include <vector>

#include "gate/analysis.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/paired_t.h"

namespace minslice::gate {
namespace {

// One value a cluster, such that Student's t over them is the cluster-robust t_{G-1} of the mean: mean +
// sum(d - mean) * G / n.
std::vector<double> ByCluster(const Differences& differences, double mean) {
  std::vector<std::pair<std::uint32_t, double>> deviations;
  for (std::size_t i = 0; i < differences.difference.size(); ++i) {
    deviations.emplace_back(differences.cluster[i], differences.difference[i] - mean);
  }
  std::stable_sort(deviations.begin(), deviations.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<double> sums;
  for (std::size_t i = 0; i < deviations.size(); ++i) {
    if (i == 0 || deviations[i].first != deviations[i - 1].first) sums.push_back(0);
    sums.back() += deviations[i].second;
  }
  const double scale = static_cast<double>(sums.size()) / static_cast<double>(differences.difference.size());
  for (double& sum : sums) sum = mean + sum * scale;
  return sums;
}

}  // namespace

Analysis AnalyseDifferences(const Differences& differences, double margin, const Policy& policy) {
  Analysis analysis;
  analysis.n = static_cast<std::int64_t>(differences.difference.size());
  analysis.level = DisplayLevel(policy);
  const bool clustered = !differences.cluster.empty();
  analysis.method = clustered ? "cluster_robust_t" : "paired_t";
  if (analysis.n == 0) {
    analysis.warnings.emplace_back("incumbent_rate, candidate_rate, delta, ci, p_value: no complete pair");
    return analysis;
  }
  const auto n = static_cast<double>(analysis.n);
  analysis.incumbent_rate = differences.incumbent_sum / n;
  analysis.candidate_rate = differences.candidate_sum / n;
  double sum = 0;
  double squares = 0;
  for (const double d : differences.difference) {
    sum += d;
    squares += d * d;
  }
  const double mean = sum / n;
  analysis.delta = mean;
  std::vector<double> units(differences.difference.begin(), differences.difference.end());
  if (clustered) {
    units = ByCluster(differences, mean);
    analysis.clusters = static_cast<std::int64_t>(units.size());
  }
  if (squares == 0) {
    // Nothing changed anywhere: as for zero discordant pairs, an interval of Tango's width about 0, never [0,
    // 0].
    const auto units_n = static_cast<std::int64_t>(units.size());
    const Analysis zero = AnalyseCounts({.both = units_n}, margin, policy);
    analysis.ci_low = zero.ci_low;
    analysis.ci_high = zero.ci_high;
    analysis.lower_bound = zero.lower_bound;
    analysis.non_inferior = zero.non_inferior;
    analysis.method = zero.method;
    analysis.p_value = 1;
    analysis.p_harm = 1;
    analysis.min_attainable_p = 1;
    analysis.variance = 0;
    analysis.warnings.emplace_back("no case changed: no difference was seen, which is not equality");
    return analysis;
  }
  const auto t = stats::PairedTTest(units, analysis.level);
  if (!t) {
    analysis.warnings.push_back("ci, p_value, p_harm: " + t.error().text);
    return analysis;
  }
  analysis.ci_low = std::max(-1.0, t->mean.lower);
  analysis.ci_high = std::min(1.0, t->mean.upper);
  analysis.p_value = t->p;
  analysis.p_harm = t->p_harm;
  // What one pair contributes to the variance of the mean; with clusters that includes the design effect.
  analysis.variance = t->standard_error * t->standard_error * n + mean * mean;
  const double alpha_promote = policy.error_rates.alpha_promote;
  const double alpha_block = policy.error_rates.alpha_block;
  const auto promote = stats::PairedTTest(units, 1 - 2 * alpha_promote);
  const auto block = stats::PairedTTest(units, 1 - 2 * alpha_block);
  if (promote) {
    analysis.lower_bound = std::max(-1.0, promote->mean.lower);
    analysis.non_inferior = promote->mean.lower > -margin;
  }
  if (block) {
    analysis.inferior = block->mean.upper < -margin;
    analysis.worse = block->mean.upper < 0;
  }
  return analysis;
}

}  // namespace minslice::gate
