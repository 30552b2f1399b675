// The bootstrap of a mean over items when whole clusters are resampled: sum over drawn clusters / items in
// drawn clusters.
//
// Exact (B = infinity): clusters of one size are the bootstrap of their means; clusters of different sizes by
// the joint distribution of (sum, items) where it fits a table of two million cells, else by the
// characteristic function of sum - r items. Seeded: B replicates; where clusters take few distinct (sum,
// size) types the type counts are drawn instead of clusters.
#ifndef MINSLICE_STATS_BOOTSTRAP_CLUSTER_H_
#define MINSLICE_STATS_BOOTSTRAP_CLUSTER_H_

#include "minslice/estimate.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/clusters.h"

namespace minslice::stats {

// Only percentile, basic, bca and what belongs to them; p_not_above_zero and p_below_zero are given too. The
// jackknife leaves out one cluster. Reasons: "one_cluster", "no_variation", "level", "no_pairs".
Computed<MeanBootstrap> BootstrapClustersExact(const ClusterSums& clusters, double level);
Computed<MeanBootstrap> BootstrapClusters(const ClusterSums& clusters, const BootstrapOptions& options);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BOOTSTRAP_CLUSTER_H_
