// Clusters: statsmodels' values are in the golden file; here matrix algebra, enumeration and index resampling
// in plain loops.
#include "minslice/stats/clusters.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "minslice/stats/bootstrap_cluster.h"
#include "rng/philox.h"
#include "stats/ratio_distribution.h"

namespace minslice::stats {
namespace {

struct Data {
  std::vector<double> d;
  std::vector<std::int64_t> cluster;
};

Data Clustered(std::uint64_t seed, int clusters, int smallest, int largest, bool lattice) {
  rng::Stream stream(seed, 0);
  Data data;
  for (int k = 0; k < clusters; ++k) {
    const double shift = stream.Uniform() - 0.4;
    const int size =
        smallest + static_cast<int>(stream.Below(static_cast<std::uint64_t>(largest - smallest) + 1));
    for (int i = 0; i < size; ++i) {
      const double value = shift + stream.Uniform() - 0.5;
      data.d.push_back(lattice ? std::round(value * 2) : value);
      data.cluster.push_back(100 - k);
    }
  }
  return data;
}

// CR2 with its adjustment matrices and Satterthwaite degrees of freedom written out (Bell, McCaffrey 2002), X
// = 1.
TEST(ClusterRobustMean, Cr2EqualsTheMatrixFormula) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const Data data = Clustered(seed, 7, 1, 6, false);
    const auto n = static_cast<Eigen::Index>(data.d.size());
    const Eigen::Map<const Eigen::VectorXd> y(data.d.data(), n);
    const Eigen::VectorXd ones = Eigen::VectorXd::Ones(n);
    const Eigen::MatrixXd hat = ones * ones.transpose() / static_cast<double>(n);
    const Eigen::MatrixXd residual_maker = Eigen::MatrixXd::Identity(n, n) - hat;
    const Eigen::VectorXd residual = residual_maker * y;
    double variance = 0;
    std::vector<Eigen::VectorXd> p;
    for (Eigen::Index from = 0; from < n;) {
      Eigen::Index size = 1;
      while (from + size < n && data.cluster[static_cast<std::size_t>(from + size)] ==
                                    data.cluster[static_cast<std::size_t>(from)])
        ++size;
      const Eigen::MatrixXd block = residual_maker.block(from, from, size, size);
      const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(block);
      const Eigen::VectorXd root =
          eigen.eigenvalues().unaryExpr([](double v) { return v > 1e-12 ? 1 / std::sqrt(v) : 0.0; });
      const Eigen::MatrixXd adjust =
          eigen.eigenvectors() * root.asDiagonal() * eigen.eigenvectors().transpose();
      const Eigen::RowVectorXd weights = Eigen::RowVectorXd::Ones(size) * adjust / static_cast<double>(n);
      variance += std::pow(weights.dot(residual.segment(from, size)), 2);
      p.push_back((weights * residual_maker.block(from, 0, size, n)).transpose());
      from += size;
    }
    double trace = 0, squares = 0;
    for (const auto& a : p) {
      trace += a.dot(a);
      for (const auto& b : p) squares += std::pow(a.dot(b), 2);
    }
    const auto clusters = SumClusters(data.d, data.cluster);
    const auto result = ClusterRobustMean(*clusters, ClusterError::kCr2, .95);
    ASSERT_TRUE(result);
    EXPECT_NEAR(result->standard_error, std::sqrt(variance), 1e-12);
    EXPECT_NEAR(result->df, trace * trace / squares, 1e-9);
    EXPECT_NEAR(result->mean.value, y.mean(), 1e-13);
  }
}

TEST(ClusterRobustMean, ClustersOfOneAreThePairedT) {
  const Data data = Clustered(4, 12, 1, 1, false);
  const auto clusters = SumClusters(data.d, data.cluster);
  const auto cr1 = ClusterRobustMean(*clusters, ClusterError::kCr1, .9);
  const auto cr2 = ClusterRobustMean(*clusters, ClusterError::kCr2, .9);
  EXPECT_NEAR(cr1->standard_error, cr2->standard_error, 1e-14);
  EXPECT_NEAR(cr2->df, 11, 1e-9);
  EXPECT_NEAR(cr1->design_effect, 1, 1e-12);
  EXPECT_EQ(cr1->icc, 0);
}

TEST(WildClusterBootstrap, EqualsTheEnumerationOfAllSigns) {
  const Data data = Clustered(5, 8, 2, 5, false);
  const auto clusters = SumClusters(data.d, data.cluster);
  const auto wild = WildClusterBootstrap(*clusters, {});
  ASSERT_TRUE(wild);
  EXPECT_TRUE(wild->exact);
  EXPECT_EQ(wild->replicates, 256);
  const auto t_of = [&](const std::vector<double>& sums) {
    double total = 0, n = 0, meat = 0;
    for (std::size_t k = 0; k < sums.size(); ++k) {
      total += sums[k];
      n += static_cast<double>(clusters->size[k]);
    }
    for (std::size_t k = 0; k < sums.size(); ++k)
      meat += std::pow(sums[k] - static_cast<double>(clusters->size[k]) * total / n, 2);
    return std::abs(total) / std::sqrt(meat);
  };
  const auto p_of = [&](double mu) {
    std::vector<double> shifted(clusters->sum);
    for (std::size_t k = 0; k < 8; ++k) shifted[k] -= mu * static_cast<double>(clusters->size[k]);
    int reached = 0;
    for (int code = 0; code < 256; ++code) {
      std::vector<double> flipped(shifted);
      for (std::size_t k = 0; k < 8; ++k) {
        if ((code >> k & 1) != 0) flipped[k] = -flipped[k];
      }
      reached += t_of(flipped) >= t_of(shifted) * (1 - 1e-12);
    }
    return reached / 256.0;
  };
  EXPECT_NEAR(wild->p, p_of(0), 1e-12);
  const double width = wild->mean.upper - wild->mean.lower;
  EXPECT_GT(p_of(wild->mean.lower + 1e-6 * width), .05);
  EXPECT_LE(p_of(wild->mean.lower - 1e-6 * width), .05);
  EXPECT_GT(p_of(wild->mean.upper - 1e-6 * width), .05);
  EXPECT_LE(p_of(wild->mean.upper + 1e-6 * width), .05);
}

TEST(WildClusterBootstrap, FewClustersCannotReject) {
  const Data data = Clustered(6, 4, 2, 3, false);
  const auto wild = WildClusterBootstrap(*SumClusters(data.d, data.cluster), {});
  ASSERT_TRUE(wild);
  EXPECT_TRUE(std::isinf(wild->mean.lower));
  EXPECT_FALSE(wild->mean.warnings.empty());
  EXPECT_GE(wild->p, .125);
}

TEST(WildClusterBootstrap, ThreadsChangeNoDigit) {
  const Data data = Clustered(7, 40, 2, 5, false);
  const auto clusters = SumClusters(data.d, data.cluster);
  omp_set_num_threads(1);
  const auto one = WildClusterBootstrap(*clusters, {.replicates = 999, .seed = 4});
  omp_set_num_threads(3);
  const auto three = WildClusterBootstrap(*clusters, {.replicates = 999, .seed = 4});
  EXPECT_EQ(one->mean.lower, three->mean.lower);
  EXPECT_EQ(one->p, three->p);
}

// All 5^5 draws of five unequal clusters.
TEST(RatioDistribution, EqualsTheEnumeration) {
  const std::vector<double> sums{1, -2, 3, 0, 2};
  const std::vector<std::int64_t> sizes{2, 3, 4, 1, 7};
  std::vector<double> ratios;
  for (int code = 0; code < 3125; ++code) {
    double sum = 0, items = 0;
    for (int rest = code, k = 0; k < 5; ++k, rest /= 5) {
      sum += sums[static_cast<std::size_t>(rest % 5)];
      items += static_cast<double>(sizes[static_cast<std::size_t>(rest % 5)]);
    }
    ratios.push_back(sum / items);
  }
  std::sort(ratios.begin(), ratios.end());
  const RatioDistribution distribution(sums, sizes);
  ASSERT_EQ(distribution.kind(), RatioDistribution::Kind::kTable);
  for (const double at : {-.7, -.3, 0.0, .1, .25, .5, .9}) {
    const double plain =
        static_cast<double>(std::upper_bound(ratios.begin(), ratios.end(), at + 1e-12) - ratios.begin()) /
        3125;
    const double below =
        static_cast<double>(std::lower_bound(ratios.begin(), ratios.end(), at - 1e-12) - ratios.begin()) /
        3125;
    EXPECT_NEAR(distribution.Cdf(at), plain, 1e-12);
    EXPECT_NEAR(distribution.Below(at), below, 1e-12);
  }
  for (const std::size_t rank : {79u, 500u, 1563u, 3046u}) {
    EXPECT_NEAR(distribution.Quantile((static_cast<double>(rank) - 0.5) / 3125), ratios[rank - 1], 1e-9);
  }
}

TEST(BootstrapClusters, SeededMeetsExactForEveryRoute) {
  struct Case {
    int clusters, smallest, largest;
    bool lattice;
    const char* exact;
    const char* drawn;
  };
  for (const Case& c :
       {Case{40, 3, 3, true, "lattice", "resampled"}, Case{40, 2, 6, true, "lattice", "resampled"},
        Case{30, 2, 6, false, "rounded_lattice", "resampled"},
        Case{200, 1, 9, false, "characteristic_function", "resampled"},
        Case{3000, 1, 1, true, "lattice", "resampled_types"}}) {
    const Data data = Clustered(10, c.clusters, c.smallest, c.largest, c.lattice);
    const auto clusters = SumClusters(data.d, data.cluster);
    const auto exact = BootstrapClustersExact(*clusters, .95);
    const auto drawn = BootstrapClusters(*clusters, {.replicates = 200000, .seed = 6});
    ASSERT_TRUE(exact && drawn);
    EXPECT_EQ(exact->method, c.exact);
    EXPECT_EQ(drawn->method, c.drawn);
    const double se = exact->intervals.standard_error;
    // One lattice step of items besides the Monte-Carlo error.
    const double step = c.lattice ? 1.0 / static_cast<double>(data.d.size()) : 0;
    EXPECT_NEAR(drawn->intervals.percentile.lower, exact->intervals.percentile.lower, .03 * se + step);
    EXPECT_NEAR(drawn->intervals.percentile.upper, exact->intervals.percentile.upper, .03 * se + step);
    EXPECT_NEAR(drawn->intervals.bca.lower, exact->intervals.bca.lower, .04 * se + step);
    EXPECT_NEAR(drawn->intervals.bca.upper, exact->intervals.bca.upper, .04 * se + step);
    EXPECT_NEAR(drawn->intervals.acceleration, exact->intervals.acceleration, 1e-9);
    EXPECT_NEAR(drawn->p_not_above_zero, exact->p_not_above_zero, .006);
  }
}

TEST(BootstrapClusters, LimitsAreAttainable) {
  // One cluster of 30 items that gain 12, four of one item, the first of which gains 1. 2-D convolution by
  // scripts/reference/random_cases.py: [0, 15/34].
  const auto clusters = SumClusters(
      [] {
        std::vector<double> d(34);
        for (int i = 0; i < 13; ++i) d[static_cast<std::size_t>(i)] = 1;
        return d;
      }(),
      [] {
        std::vector<std::int64_t> cluster(34, 1);
        for (int i = 31; i < 34; ++i) cluster[static_cast<std::size_t>(i)] = i;
        cluster[0] = 0;
        return cluster;
      }());
  const auto exact = BootstrapClustersExact(*clusters, .9);
  ASSERT_TRUE(exact);
  EXPECT_NEAR(exact->intervals.percentile.lower, 0, 1e-12);
  EXPECT_NEAR(exact->intervals.percentile.upper, 15. / 34, 1e-12);
}

TEST(Clusters, DegenerateInputIsAReason) {
  EXPECT_EQ(SumClusters({}, {}).error().code, "no_pairs");
  EXPECT_EQ(SumClusters(std::vector<double>{1}, {}).error().code, "length");
  EXPECT_EQ(SumClusters(std::vector<double>{std::nan("")}, std::vector<std::int64_t>{1}).error().code,
            "not_finite");
  const auto one = SumClusters(std::vector<double>{1, 2}, std::vector<std::int64_t>{7, 7});
  EXPECT_EQ(ClusterRobustMean(*one, ClusterError::kCr1, .95).error().code, "one_cluster");
  EXPECT_EQ(WildClusterBootstrap(*one, {}).error().code, "one_cluster");
  EXPECT_EQ(BootstrapClustersExact(*one, .95).error().code, "one_cluster");
  const auto same = SumClusters(std::vector<double>{1, 1, 1}, std::vector<std::int64_t>{1, 2, 2});
  EXPECT_EQ(ClusterRobustMean(*same, ClusterError::kCr1, .95).error().code, "no_variation");
  EXPECT_EQ(BootstrapClusters(*same, {}).error().code, "no_variation");
}

}  // namespace
}  // namespace minslice::stats
