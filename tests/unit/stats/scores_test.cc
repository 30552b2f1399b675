// Graded scores: t, Wilcoxon, correlation, bounded means. scipy's values are in the golden file; here plain
// loops and edges.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "minslice/stats/bounded_mean.h"
#include "minslice/stats/correlation.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/wilcoxon.h"
#include "rng/philox.h"

namespace minslice::stats {
namespace {

std::vector<double> Draw(rng::Stream& stream, std::size_t n, double shift) {
  std::vector<double> d(n);
  for (double& value : d) value = stream.Uniform() - shift;
  return d;
}

TEST(Wilcoxon, ExactEqualsTheEnumerationWithTiesAndZeros) {
  rng::Stream stream(1, 0);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> d(1 + stream.Below(11));
    for (double& value : d) value = (static_cast<double>(stream.Below(9)) - 4) / 4;
    const auto test = WilcoxonTest(d);
    ASSERT_TRUE(test);
    // Mid-ranks of |d|, zeros dropped, by counting.
    std::vector<double> sizes, ranks;
    double w_plus = 0;
    for (const double value : d) {
      if (value != 0) sizes.push_back(std::abs(value));
    }
    for (const double value : d) {
      if (value == 0) continue;
      double below = 0, same = 0;
      for (const double size : sizes) {
        below += size < std::abs(value);
        same += size == std::abs(value);
      }
      ranks.push_back(below + (same + 1) / 2);
      if (value > 0) w_plus += ranks.back();
    }
    const double total = std::accumulate(ranks.begin(), ranks.end(), 0.0);
    EXPECT_DOUBLE_EQ(test->w_plus, w_plus);
    EXPECT_DOUBLE_EQ(test->w_plus + test->w_minus, total);
    double p = 0;
    for (std::uint64_t code = 0; code < std::uint64_t{1} << ranks.size(); ++code) {
      double w = 0;
      for (std::size_t i = 0; i < ranks.size(); ++i) w += (code >> i & 1U) != 0 ? ranks[i] : 0;
      if (std::abs(w - total / 2) >= std::abs(w_plus - total / 2) - 1e-9)
        p += std::exp2(-static_cast<double>(ranks.size()));
    }
    EXPECT_NEAR(*test->exact_p, ranks.empty() ? 1 : p, 1e-12);
  }
}

TEST(Wilcoxon, SwappingSidesChangesOnlyTheSums) {
  rng::Stream stream(2, 0);
  const std::vector<double> d = Draw(stream, 40, .4);
  std::vector<double> mirrored(d);
  for (double& value : mirrored) value = -value;
  const auto a = WilcoxonTest(d), b = WilcoxonTest(mirrored);
  EXPECT_EQ(a->w_plus, b->w_minus);
  EXPECT_DOUBLE_EQ(*a->exact_p, *b->exact_p);
  EXPECT_DOUBLE_EQ(a->pratt_p, b->pratt_p);
}

TEST(Wilcoxon, Degenerate) {
  EXPECT_EQ(WilcoxonTest({}).error().code, "no_pairs");
  EXPECT_EQ(WilcoxonTest(std::vector<double>{INFINITY}).error().code, "not_finite");
  EXPECT_EQ(WilcoxonTest(std::vector<double>{0, 0, 0})->p, 1);
  EXPECT_EQ(WilcoxonTest(std::vector<double>{3})->p, 1);
}

TEST(PairedT, SwapLevelAndDegenerate) {
  rng::Stream stream(3, 0);
  const std::vector<double> d = Draw(stream, 35, .45);
  std::vector<double> mirrored(d);
  for (double& value : mirrored) value = -value;
  const auto a = PairedTTest(d, .95), b = PairedTTest(mirrored, .95), wide = PairedTTest(d, .99);
  EXPECT_DOUBLE_EQ(a->mean.lower, -b->mean.upper);
  EXPECT_DOUBLE_EQ(a->p, b->p);
  EXPECT_NEAR(a->p_harm + b->p_harm, 1, 1e-15);
  EXPECT_LT(wide->mean.lower, a->mean.lower);
  // CI and test agree: the limit is the mean that is just not rejected.
  std::vector<double> shifted(d);
  for (double& value : shifted) value -= a->mean.lower;
  EXPECT_NEAR(PairedTTest(shifted, .95)->p, .05, 1e-12);
  EXPECT_EQ(PairedTTest({}, .95).error().code, "no_pairs");
  EXPECT_EQ(PairedTTest(std::vector<double>{1}, .95).error().code, "too_few_pairs");
  EXPECT_EQ(PairedTTest(std::vector<double>{.1, .1}, .95).error().code, "no_variation");
  EXPECT_EQ(PairedTTest(std::vector<double>{.1, std::nan("")}, .95).error().code, "not_finite");
}

TEST(Correlation, SpearmanIsPearsonOfRanksAndSymmetric) {
  rng::Stream stream(4, 0);
  const std::vector<double> x = Draw(stream, 30, 0);
  std::vector<double> y(30), cubed(30);
  for (std::size_t i = 0; i < 30; ++i) {
    y[i] = x[i] + stream.Uniform();
    cubed[i] = std::pow(x[i], 3);  // same ranks
  }
  EXPECT_EQ(Spearman(x, y, .95)->estimate.value, Spearman(cubed, y, .95)->estimate.value);
  EXPECT_DOUBLE_EQ(Spearman(x, y, .95)->p, Spearman(y, x, .95)->p);
  EXPECT_NEAR(Spearman(x, cubed, .95)->estimate.value, 1, 1e-12);
  EXPECT_LT(Spearman(x, y, .99)->estimate.lower, Spearman(x, y, .9)->estimate.lower);
  EXPECT_EQ(Spearman(x, std::vector<double>(30, 1.0), .95).error().code, "constant");
  EXPECT_EQ(Spearman(x, std::vector<double>(3, 1.0), .95).error().code, "length");
  EXPECT_EQ(Kendall(std::vector<double>{1, 2}, std::vector<double>{1, 2}).error().code, "too_few_pairs");
}

// The weights of the empirical likelihood at a limit: they sum to 1, have the limit as their mean, and their
// likelihood ratio is at the threshold. lambda by bisection of its own.
TEST(BoundedMean, EmpiricalLikelihoodLimitsSolveItsEquations) {
  rng::Stream stream(5, 0);
  std::vector<double> d(20);
  for (double& value : d) value = std::pow(stream.Uniform(), 3);
  const auto interval = BoundedMeanInterval(d, 0, 1, .95, BoundedMethod::kEmpiricalLikelihood);
  ASSERT_TRUE(interval);
  for (const double mu : {interval->lower, interval->upper}) {
    double low = -1e4, high = 1e4;
    for (const double value : d) {
      if (value > mu) low = std::max(low, -1 / (value - mu));
      if (value < mu) high = std::min(high, 1 / (mu - value));
    }
    const auto slope = [&](double lambda) {
      double sum = 0;
      for (const double value : d) sum += (value - mu) / (1 + lambda * (value - mu));
      return sum;
    };
    for (int i = 0; i < 200; ++i) {
      const double middle = (low + high) / 2;
      (slope(middle) > 0 ? low : high) = middle;
    }
    double mass = 0, mean = 0, ratio = 0;
    for (const double value : d) {
      const double weight = 1 / (20 * (1 + low * (value - mu)));
      mass += weight;
      mean += weight * value;
      ratio -= 2 * std::log(20 * weight);
    }
    EXPECT_NEAR(mass, 1, 1e-8);
    EXPECT_NEAR(mean, mu, 1e-8);
    EXPECT_NEAR(ratio, 2.093024054408263 * 2.093024054408263, 1e-6);  // scipy.stats.t.ppf(.975, 19)
  }
}

// Coverage of the mean of Beta(.5, 2)-like scores at n = 20 (u^3: mean 1/4): t 92 %, empirical likelihood
// near 95, betting and Hoeffding above. 2,000 samples: standard error .5 points.
TEST(BoundedMean, CoverageOnSkewedScores) {
  rng::Stream stream(6, 0);
  int likelihood = 0, betting = 0, hoeffding = 0;
  double width_betting = 0, width_hoeffding = 0;
  for (int r = 0; r < 2000; ++r) {
    std::vector<double> d(20);
    for (double& value : d) value = std::pow(stream.Uniform(), 3);
    const auto covers = [&](BoundedMethod method, double* width) {
      const auto interval = BoundedMeanInterval(d, 0, 1, .95, method);
      if (width != nullptr) *width += interval->upper - interval->lower;
      return interval->lower <= .25 && .25 <= interval->upper;
    };
    likelihood += covers(BoundedMethod::kEmpiricalLikelihood, nullptr);
    betting += covers(BoundedMethod::kBetting, &width_betting);
    hoeffding += covers(BoundedMethod::kHoeffding, &width_hoeffding);
  }
  EXPECT_GT(likelihood, 1850);
  EXPECT_LT(likelihood, 1930);
  EXPECT_GT(betting, 1900);
  EXPECT_GT(hoeffding, 1980);
  EXPECT_LT(width_betting, width_hoeffding);
}

TEST(BoundedMean, Degenerate) {
  for (const BoundedMethod method :
       {BoundedMethod::kEmpiricalLikelihood, BoundedMethod::kBetting, BoundedMethod::kHoeffding}) {
    EXPECT_EQ(BoundedMeanInterval({}, 0, 1, .95, method).error().code, "no_pairs");
    EXPECT_EQ(BoundedMeanInterval(std::vector<double>{2}, 0, 1, .95, method).error().code, "range");
    EXPECT_EQ(BoundedMeanInterval(std::vector<double>{.5}, 1, 0, .95, method).error().code, "range");
    EXPECT_EQ(BoundedMeanInterval(std::vector<double>{std::nan("")}, 0, 1, .95, method).error().code,
              "not_finite");
  }
  EXPECT_EQ(BoundedMeanInterval(std::vector<double>{1, 1}, 0, 1, .95, BoundedMethod::kEmpiricalLikelihood)
                .error()
                .code,
            "no_variation");
  // Ten passes of ten: no false certainty.
  const auto all = BoundedMeanInterval(std::vector<double>(10, 1.0), 0, 1, .95, BoundedMethod::kBetting);
  EXPECT_EQ(all->upper, 1);
  EXPECT_LT(all->lower, .8);
}

}  // namespace
}  // namespace minslice::stats
