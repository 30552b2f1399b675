// Methods 4.7: what pooling runs, or ignoring clusters, does to the error rate, and that the tests here keep
// it. Published rates are over 1,000 runs; the tolerance is four standard errors of the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

#include "minslice/stats/clusters.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/sign_flip.h"
#include "rng/philox.h"

namespace minslice::stats {
namespace {

constexpr int kRuns = 2000;

double Normal(rng::Stream& stream) {
  const double u = stream.Uniform(), v = stream.Uniform();
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

void Near(double published, double found, const char* what) {
  EXPECT_NEAR(found, published, 4 * std::sqrt(published * (1 - published) * (1.0 / 1000 + 1.0 / kRuns)))
      << what;
}

// Pass probability p ~ Beta(2, .4), sides clip(p +- e), e ~ N(0, .2), K = 3 runs a side.
TEST(RepeatsStudy, PoolingRunsIsWrongAndPromptMeansAreRight) {
  std::vector<double> quantile(4096);
  for (std::size_t i = 0; i < quantile.size(); ++i) {
    quantile[i] =
        boost::math::ibeta_inv(2.0, .4, (static_cast<double>(i) + .5) / static_cast<double>(quantile.size()));
  }
  const double published_pooled[] = {.106, .124, .127}, published_flip[] = {.047, .060, .054};
  const int sizes[] = {50, 200, 840};
  std::printf("  n   pooled   sign flip (mid-p)   t\n");
  for (int c = 0; c < 3; ++c) {
    int pooled = 0, flip = 0, flip_exact = 0, t = 0;
    for (int run = 0; run < kRuns; ++run) {
      rng::Stream stream(30 + static_cast<std::uint64_t>(c), static_cast<std::uint64_t>(run));
      PairedCounts runs;
      std::vector<double> d(static_cast<std::size_t>(sizes[c]));
      for (double& value : d) {
        const double p = quantile[stream.Below(quantile.size())];
        const double e = .2 * Normal(stream);
        const double before = std::clamp(p + e, 0.0, 1.0), after = std::clamp(p - e, 0.0, 1.0);
        int sum = 0;
        for (int k = 0; k < 3; ++k) {
          const bool x = stream.Uniform() < before, y = stream.Uniform() < after;
          ++(x ? (y ? runs.both : runs.incumbent_only) : (y ? runs.candidate_only : runs.neither));
          sum += y - x;
        }
        value = sum / 3.0;
      }
      pooled += McNemarMidP(runs).p <= .05;
      const auto flips = SignFlipTest(d);
      flip += flips->midp <= .05;
      flip_exact += flips->p <= .05;
      const auto student = PairedTTest(d, .95);
      t += student && student->p <= .05;
    }
    std::printf("%4d   %.3f    %.3f               %.3f\n", sizes[c], pooled / double{kRuns},
                flip / double{kRuns}, t / double{kRuns});
    Near(published_pooled[c], pooled / double{kRuns}, "pooled");
    Near(published_flip[c], flip / double{kRuns}, "flip");
    EXPECT_LE(flip_exact / double{kRuns}, .05 + 3 * std::sqrt(.05 * .95 / kRuns));
    EXPECT_LE(t / double{kRuns}, .05 + 4 * std::sqrt(.05 * .95 / kRuns));
    EXPECT_GT(pooled / double{kRuns}, .085);
  }
}

// 50 clusters of 10; an item is discordant with probability .2, up with probability logistic(3u), u ~ N(0, 1)
// a cluster.
TEST(RepeatsStudy, ClustersAreTheUnit) {
  int item = 0, flip = 0, flip_exact = 0, cr1 = 0, cr2 = 0;
  for (int run = 0; run < kRuns; ++run) {
    rng::Stream stream(40, static_cast<std::uint64_t>(run));
    PairedCounts counts;
    std::vector<double> d;
    std::vector<std::int64_t> cluster;
    for (int k = 0; k < 50; ++k) {
      const double up = 1 / (1 + std::exp(-3 * Normal(stream)));
      for (int i = 0; i < 10; ++i) {
        const double value = stream.Uniform() < .2 ? (stream.Uniform() < up ? 1 : -1) : 0;
        d.push_back(value);
        cluster.push_back(k);
        ++(value > 0 ? counts.candidate_only : value < 0 ? counts.incumbent_only : counts.both);
      }
    }
    const auto clusters = SumClusters(d, cluster);
    item += McNemarMidP(counts).p <= .05;
    const auto flips = SignFlipTest(clusters->sum);
    flip += flips->midp <= .05;
    flip_exact += flips->p <= .05;
    cr1 += ClusterRobustMean(*clusters, ClusterError::kCr1, .95)->p <= .05;
    cr2 += ClusterRobustMean(*clusters, ClusterError::kCr2, .95)->p <= .05;
  }
  const double runs = kRuns;
  std::printf("item McNemar %.3f  cluster sign flip %.3f (exact %.3f)  CR1-t %.3f  CR2-t %.3f\n", item / runs,
              flip / runs, flip_exact / runs, cr1 / runs, cr2 / runs);
  Near(.181, item / runs, "item");
  Near(.047, flip / runs, "flip");
  Near(.048, cr1 / runs, "cr1");
  EXPECT_LE(flip_exact / runs, .05 + 3 * std::sqrt(.05 * .95 / runs));
  EXPECT_NEAR(cr2 / runs, .05, 4 * std::sqrt(.05 * .95 / runs));
}

// Twelve clusters: CR0 with normal quantiles rejects too often; CR2 and the cluster sign flip keep the level.
TEST(RepeatsStudy, FewClusters) {
  int cr0 = 0, cr2 = 0, flip = 0;
  const int runs = 1000;
  for (int run = 0; run < runs; ++run) {
    rng::Stream stream(41, static_cast<std::uint64_t>(run));
    ClusterSums clusters;
    for (int k = 0; k < 12; ++k) {
      const std::int64_t size = 2 + static_cast<std::int64_t>(stream.Below(9));
      const double shift = Normal(stream);
      double sum = 0, squares = 0;
      for (std::int64_t i = 0; i < size; ++i) {
        const double value = shift + Normal(stream);
        sum += value;
        squares += value * value;
      }
      clusters.sum.push_back(sum);
      clusters.squares.push_back(squares);
      clusters.size.push_back(size);
    }
    const auto robust = ClusterRobustMean(clusters, ClusterError::kCr2, .95);
    cr0 += std::abs(robust->mean.value) > 1.959964 * robust->se_cr0;
    cr2 += robust->p <= .05;
    flip += SignFlipTest(clusters.sum)->p <= .05;
  }
  std::printf("12 clusters: CR0-z %.3f  CR2 %.3f  cluster sign flip %.3f\n", cr0 / double{runs},
              cr2 / double{runs}, flip / double{runs});
  EXPECT_GT(cr0 / double{runs}, .075);
  EXPECT_LE(cr2 / double{runs}, .05 + 3 * std::sqrt(.05 * .95 / runs));
  EXPECT_LE(flip / double{runs}, .05 + 3 * std::sqrt(.05 * .95 / runs));
}

}  // namespace
}  // namespace minslice::stats
