#include "minslice/stats/clusters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "stats/sample.h"

namespace minslice::stats {

Computed<ClusterSums> SumClusters(std::span<const double> d, std::span<const std::int64_t> cluster) {
  if (d.size() != cluster.size()) return Undefined("length", "each difference needs its cluster");
  if (d.empty()) return Undefined("no_pairs", "there are no pairs");
  if (!AllFinite(d)) return Undefined("not_finite", "a difference is NaN, infinite or beyond 1e100");
  std::vector<std::size_t> order(d.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!std::is_sorted(cluster.begin(), cluster.end()))
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return cluster[a] < cluster[b]; });
  ClusterSums sums;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (k == 0 || cluster[order[k]] != cluster[order[k - 1]]) {
      sums.sum.push_back(0);
      sums.size.push_back(0);
      sums.squares.push_back(0);
    }
    const double value = d[order[k]];
    sums.sum.back() += value;
    sums.squares.back() += value * value;
    ++sums.size.back();
  }
  return sums;
}

Computed<ClusterMean> ClusterRobustMean(const ClusterSums& clusters, ClusterError error, double level) {
  const std::size_t count = clusters.sum.size();
  if (count == 0) return Undefined("no_pairs", "there are no pairs");
  if (!(level > 0 && level < 1)) return Undefined("level", "the level must lie between 0 and 1");
  if (count == 1)
    return Undefined("one_cluster", "one cluster has no variance between clusters; at least 2 are needed");
  const double g = static_cast<double>(count);
  double n = 0, total = 0, size2 = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const double size = static_cast<double>(clusters.size[k]);
    n += size;
    total += clusters.sum[k];
    size2 += size * size;
  }
  const double mean = total / n;
  // With the mean as the only regressor the leverage of a cluster is its share of the items, so CR2 divides
  // by 1 - share.
  double meat = 0, meat2 = 0, within = 0, all = 0, between = 0;
  double diagonal = 0, leverage = 0, leverage2 = 0;  // for Satterthwaite
  for (std::size_t k = 0; k < count; ++k) {
    const double size = static_cast<double>(clusters.size[k]);
    const double residual = clusters.sum[k] - size * mean;
    meat += residual * residual;
    meat2 += residual * residual / (1 - size / n);
    between += residual * residual / size;
    const double own = std::max(0.0, clusters.squares[k] - clusters.sum[k] * clusters.sum[k] / size);
    within += own;
    diagonal += size / (n * n) * (size / (n * n));
    const double b = size * size / (n * n * n * (1 - size / n));
    leverage += b;
    leverage2 += b * b;
  }
  all = within + between;
  ClusterMean result;
  result.items = static_cast<std::int64_t>(n);
  result.se_cr0 = std::sqrt(meat) / n;
  result.se_cr1 = result.se_cr0 * std::sqrt(g / (g - 1));
  result.se_cr2 = std::sqrt(meat2) / n;
  result.se_independent = std::sqrt(all) / n;
  if (!(result.se_cr0 > 1e-15 * std::abs(mean)) || result.se_cr0 == 0) {
    return Undefined("no_variation", "all " + std::to_string(count) + " clusters have the same mean");
  }
  result.design_effect = std::pow(result.se_cr0 / result.se_independent, 2);
  if (n > g) {
    const double mean_between = between / (g - 1);
    const double mean_within = within / (n - g);
    const double typical = (n - size2 / n) / (g - 1);
    result.icc = (mean_between - mean_within) / (mean_between + (typical - 1) * mean_within);
  }
  result.design_effect_icc = 1 + (size2 / n - 1) * result.icc;
  result.n_effective = n / std::max(1.0, result.design_effect_icc);
  const char* method = "cr1";
  result.standard_error = result.se_cr1;
  result.df = g - 1;
  if (error == ClusterError::kCr0) {
    method = "cr0";
    result.standard_error = result.se_cr0;
  } else if (error == ClusterError::kCr2) {
    method = "cr2";
    result.standard_error = result.se_cr2;
    const double trace = 1 / n;
    result.df = trace * trace / (diagonal + leverage * leverage - leverage2);
  }
  result.t = mean / result.standard_error;
  result.p = StudentTwoSidedP(result.t, result.df);
  const double reach = StudentUpperQuantile((1 - level) / 2, result.df) * result.standard_error;
  result.mean = {mean, mean - reach, mean + reach, level, static_cast<std::int64_t>(count), method, {}};
  if (count < 30 && error != ClusterError::kCr2) {
    result.mean.warnings.push_back("fewer than 30 clusters: CR2 or the wild bootstrap is more honest");
  }
  return result;
}

}  // namespace minslice::stats
