// Differences d that come in clusters (questions on one document, turns of one conversation): the mean over
// all d, with errors that treat the cluster as the unit. Item-wise errors are too small by sqrt(deff): 43 %
// false alarms have been seen at 5 %.
//
// CR0 is the recipe of "adding error bars to evals" (Miller 2024); CR1 multiplies the variance by G/(G-1),
// with t(G-1), as statsmodels and sandwich; CR2 (Bell, McCaffrey 2002) is unbiased under independence, with
// Satterthwaite degrees of freedom: use it below some 50 clusters, and the wild bootstrap below 30.
#ifndef MINSLICE_STATS_CLUSTERS_H_
#define MINSLICE_STATS_CLUSTERS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::stats {

// Sums and sizes of G clusters, ascending by id; everything below needs no more.
struct ClusterSums {
  std::vector<double> sum;         // of d
  std::vector<std::int64_t> size;  // > 0
  std::vector<double> squares;     // of d
};
// cluster[i]: the id of item i. Reasons: "length", "no_pairs", "not_finite".
Computed<ClusterSums> SumClusters(std::span<const double> d, std::span<const std::int64_t> cluster);

enum class ClusterError { kCr0, kCr1, kCr2 };

struct ClusterMean {
  Estimate mean;  // method "cr0", "cr1", "cr2"; n = clusters
  double standard_error = 0;
  double t = 0;
  double df = 0;  // G - 1; CR2: Satterthwaite's
  double p = 1;   // two-sided
  double se_cr0 = 0, se_cr1 = 0, se_cr2 = 0;
  double se_independent = 0;  // sqrt(sum (d - mean)^2) / n: as if there were no clusters
  double design_effect = 1;   // (se_cr0 / se_independent)^2; 1 where that is 0/0
  double icc = 0;  // one-way analysis of variance; may be negative; 0 where every cluster has one item
  double design_effect_icc = 1;  // 1 + (m - 1) icc, m = sum size^2 / n (Kish)
  double n_effective = 0;        // n / design_effect_icc, at most n (a negative icc buys nothing)
  std::int64_t items = 0;
};
// Reasons: those above; "one_cluster", "no_variation", "level".
Computed<ClusterMean> ClusterRobustMean(const ClusterSums& clusters, ClusterError error, double level);

struct WildOptions {
  double level = 0.95;
  std::int64_t replicates = 9999;
  std::uint64_t seed = 0;
};
struct WildBootstrap {
  Estimate mean;  // interval: the means that the test does not reject; infinite where the clusters are too
                  // few to reject any
  double p = 1;   // two-sided, H0: mean = 0
  bool exact = false;  // all 2^G sign patterns instead of replicates
  std::int64_t replicates = 0;
};
// Wild cluster bootstrap-t with the null imposed and Rademacher signs (Cameron, Gelbach, Miller 2008). All
// 2^G patterns where they are no more than the replicates. Below G = 6 no p can reach .05: the estimate says
// so.
Computed<WildBootstrap> WildClusterBootstrap(const ClusterSums& clusters, const WildOptions& options);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_CLUSTERS_H_
