#include "minslice/stats/bootstrap_cluster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "rng/binomial.h"
#include "rng/philox.h"
#include "stats/bca.h"
#include "stats/normal.h"
#include "stats/purposes.h"
#include "stats/ratio_distribution.h"
#include "stats/replicates.h"
#include "stats/resampler.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

bool OneSize(const ClusterSums& clusters) {
  return std::all_of(clusters.size.begin(), clusters.size.end(),
                     [&](std::int64_t size) { return size == clusters.size[0]; });
}

// Acceleration from the jackknife that leaves out one cluster.
double Acceleration(const ClusterSums& clusters) {
  double total = 0, items = 0;
  for (std::size_t k = 0; k < clusters.sum.size(); ++k) {
    total += clusters.sum[k];
    items += static_cast<double>(clusters.size[k]);
  }
  std::vector<double> left_out;
  for (std::size_t k = 0; k < clusters.sum.size(); ++k) {
    left_out.push_back((total - clusters.sum[k]) / (items - static_cast<double>(clusters.size[k])));
  }
  const CentralSums sums = SumDeviations(left_out);
  return sums.second > 0 ? -sums.third / (6 * sums.second * std::sqrt(sums.second)) : 0;
}

// quantiles: the values at six levels, as a vector.
template <class Quantiles>
void Finish(MeanBootstrap& result, double below, double not_above, double level, Quantiles quantiles) {
  BootstrapIntervals& intervals = result.intervals;
  intervals.level = level;
  intervals.z0 = NormalQuantile((below + not_above) / 2);
  result.z0_strict = NormalQuantile(below);
  result.bca_levels = BcaAlphas(intervals.z0, intervals.acceleration, level);
  result.bca_strict_levels = BcaAlphas(result.z0_strict, intervals.acceleration, level);
  const std::array<double, 6> levels{(1 - level) / 2,
                                     (1 + level) / 2,
                                     result.bca_levels.lower,
                                     result.bca_levels.upper,
                                     result.bca_strict_levels.lower,
                                     result.bca_strict_levels.upper};
  const std::vector<double> limits = quantiles(levels);
  intervals.percentile = {limits[0], limits[1]};
  intervals.basic = {2 * result.estimate - limits[1], 2 * result.estimate - limits[0]};
  intervals.bca = {limits[2], limits[3]};
  result.bca_strict = {limits[4], limits[5]};
  if (intervals.n < 30) {
    result.warnings.push_back("fewer than 30 clusters: bootstrap intervals are too narrow");
  }
}

// Draws per distinct (sum, size): counts of types are multinomial, one binomial draw a type.
struct Types {
  std::vector<double> sum, size;
  std::vector<std::int64_t> count;
};

Types TypesOf(const ClusterSums& clusters) {
  std::map<std::pair<double, std::int64_t>, std::int64_t> counts;
  for (std::size_t k = 0; k < clusters.sum.size(); ++k) ++counts[{clusters.sum[k], clusters.size[k]}];
  Types types;
  for (const auto& [type, count] : counts) {
    types.sum.push_back(type.first);
    types.size.push_back(static_cast<double>(type.second));
    types.count.push_back(count);
  }
  return types;
}

std::pair<double, double> DrawTypes(const Types& types, std::int64_t clusters, rng::Stream& stream) {
  double sum = 0, items = 0;
  std::int64_t left = clusters, population = clusters;
  for (std::size_t k = 0; k < types.count.size() && left > 0; ++k) {
    const double share = static_cast<double>(types.count[k]) / static_cast<double>(population);
    const std::int64_t drawn =
        k + 1 == types.count.size() ? left : rng::BinomialSampler(left, share).Draw(stream);
    sum += static_cast<double>(drawn) * types.sum[k];
    items += static_cast<double>(drawn) * types.size[k];
    left -= drawn;
    population -= types.count[k];
  }
  return {sum, items};
}

}  // namespace

Computed<MeanBootstrap> BootstrapClustersExact(const ClusterSums& clusters, double level) {
  const Computed<ClusterMean> robust = ClusterRobustMean(clusters, ClusterError::kCr0, level);
  if (!robust) return tl::unexpected<Reason>(robust.error());
  if (OneSize(clusters)) {
    std::vector<double> means;
    for (const double sum : clusters.sum) means.push_back(sum / static_cast<double>(clusters.size[0]));
    return BootstrapMeanExact(means, level);
  }
  const RatioDistribution distribution(clusters.sum, clusters.size);
  MeanBootstrap result;
  result.estimate = robust->mean.value;
  result.intervals.n = static_cast<std::int64_t>(clusters.sum.size());
  result.intervals.standard_error = robust->se_cr0;
  result.intervals.acceleration = Acceleration(clusters);
  result.p_not_above_zero = distribution.Cdf(0);
  result.p_below_zero = distribution.Below(0);
  switch (distribution.kind()) {
    case RatioDistribution::Kind::kTable:
      result.method = "lattice";
      break;
    case RatioDistribution::Kind::kCharacteristicFunction:
      result.method = "characteristic_function";
      break;
    case RatioDistribution::Kind::kRoundedTable:
      result.method = "rounded_lattice";
      result.warnings.push_back("cluster sums were rounded to multiples of " +
                                std::to_string(distribution.rounding()));
      break;
  }
  Finish(result, distribution.Below(result.estimate), distribution.Cdf(result.estimate), level,
         [&](std::span<const double> levels) {
           std::vector<double> limits;
           for (const double p : levels) limits.push_back(distribution.Quantile(p));
           return limits;
         });
  return result;
}

Computed<MeanBootstrap> BootstrapClusters(const ClusterSums& clusters, const BootstrapOptions& options) {
  if (options.replicates < 100 || options.replicates > 100'000'000) {
    return Undefined("replicates", "between 100 and 100,000,000 replicates, asked for " +
                                       std::to_string(options.replicates));
  }
  const Computed<ClusterMean> robust = ClusterRobustMean(clusters, ClusterError::kCr0, options.level);
  if (!robust) return tl::unexpected<Reason>(robust.error());
  const auto count = static_cast<std::int64_t>(clusters.sum.size());
  const bool one_size = OneSize(clusters);
  std::vector<double> sizes;
  double items = 0, total = 0;
  for (std::size_t k = 0; k < clusters.sum.size(); ++k) {
    items += static_cast<double>(clusters.size[k]);
    total += clusters.sum[k];
    if (!one_size) sizes.push_back(static_cast<double>(clusters.size[k]));
  }
  const Types types = TypesOf(clusters);
  // A binomial draw costs about as much as 200 weights.
  const bool by_type = static_cast<std::int64_t>(types.count.size()) * 200 < count;
  const Resampler resampler(clusters.sum, sizes);
  std::vector<double> means(static_cast<std::size_t>(options.replicates));
  // How many means are at most each of these. Equal ratios may differ in their last bits.
  const double estimate = total / items;
  const double noise = 1e-12 * robust->se_cr0;
  std::int64_t below_zero = 0, not_above_zero = 0, below_estimate = 0, not_above_estimate = 0;
#pragma omp parallel for schedule(static) \
    reduction(+ : below_zero, not_above_zero, below_estimate, not_above_estimate)
  for (std::int64_t r = 0; r < options.replicates; ++r) {
    double mean = 0;
    if (by_type) {
      rng::Stream stream(options.seed, static_cast<std::uint64_t>(r), kPurposeCluster);
      const auto [sum, drawn_items] = DrawTypes(types, count, stream);
      mean = sum / drawn_items;
    } else {
      const Resampler::Sums drawn =
          resampler.Draw(options.seed, static_cast<std::uint64_t>(r), kPurposeCluster);
      mean = drawn.x / (one_size ? items : drawn.y);
    }
    means[static_cast<std::size_t>(r)] = mean;
    below_zero += mean <= -noise;
    not_above_zero += mean <= noise;
    below_estimate += mean <= estimate - noise;
    not_above_estimate += mean <= estimate + noise;
  }
  const double replicates = static_cast<double>(options.replicates);
  const auto share = [&](std::int64_t count_at_most) {
    return static_cast<double>(count_at_most) / replicates;
  };
  MeanBootstrap result;
  result.estimate = estimate;
  result.method = by_type ? "resampled_types" : "resampled";
  result.intervals.n = count;
  result.intervals.replicates = options.replicates;
  result.intervals.seed = options.seed;
  result.intervals.standard_error = std::sqrt(SumDeviations(means).second / (replicates - 1));
  result.intervals.acceleration = Acceleration(clusters);
  result.p_not_above_zero = share(not_above_zero);
  result.p_below_zero = share(below_zero);
  Finish(result, share(below_estimate), share(not_above_estimate), options.level,
         [&](std::span<const double> levels) { return SelectQuantiles(means, levels); });
  return result;
}

}  // namespace minslice::stats
