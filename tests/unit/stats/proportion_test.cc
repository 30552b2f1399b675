#include "minslice/stats/proportion.h"

#include <gtest/gtest.h>

#include <cmath>

namespace minslice::stats {
namespace {

using Interval5 = Computed<Estimate> (*)(std::int64_t, std::int64_t, double);

// Mean coverage over a uniform rate: the integral of P(x | p) over the interval of x is a difference of
// regularised incomplete betas, I(u; x+1, n-x+1) - I(l; x+1, n-x+1), over n + 1. Here by Simpson's rule on
// the likelihood, which needs no beta function.
double MeanCoverage(std::int64_t n, Interval5 interval) {
  double sum = 0;
  for (std::int64_t x = 0; x <= n; ++x) {
    const Estimate estimate = *interval(x, n, 0.95);
    const auto nn = static_cast<double>(n);
    const auto xx = static_cast<double>(x);
    const double log_choose = std::lgamma(nn + 1) - std::lgamma(xx + 1) - std::lgamma(nn - xx + 1);
    const auto likelihood = [&](double p) {
      if (p <= 0) return x == 0 ? 1.0 : 0.0;
      if (p >= 1) return x == n ? 1.0 : 0.0;
      return std::exp(log_choose + xx * std::log(p) + (nn - xx) * std::log1p(-p));
    };
    constexpr int kSteps = 400;
    const double h = (estimate.upper - estimate.lower) / kSteps;
    double integral = 0;
    for (int i = 0; i <= kSteps; ++i) {
      const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
      integral += weight * likelihood(estimate.lower + i * h);
    }
    sum += integral * h / 3;
  }
  return sum;
}

// Methods 4.6: Wilson .956/.954/.952/.951/.9505, Clopper-Pearson .995/.984/.973/.965/.959 at n = 3, 10, 30,
// 100, 300.
TEST(Proportion, MeanCoverage) {
  const std::int64_t n[] = {3, 10, 30, 100, 300};
  const double wilson[] = {.956, .954, .952, .951, .9505};
  const double clopper[] = {.995, .984, .973, .965, .959};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(MeanCoverage(n[i], WilsonInterval), wilson[i], 6e-4) << n[i];
    EXPECT_NEAR(MeanCoverage(n[i], ClopperPearsonInterval), clopper[i], 6e-4) << n[i];
  }
}

TEST(Proportion, EdgesAndReasons) {
  for (const Interval5 interval : {WilsonInterval, WilsonCorrectedInterval, ClopperPearsonInterval,
                                   JeffreysInterval, AgrestiCoullInterval}) {
    EXPECT_EQ(interval(0, 0, 0.95).error().code, "no_cases");
    EXPECT_EQ(interval(3, 2, 0.95).error().code, "bad_count");
    EXPECT_EQ(interval(-1, 2, 0.95).error().code, "bad_count");
    EXPECT_EQ(interval(1, 2, 1).error().code, "bad_level");
    EXPECT_EQ(interval(1, 2, std::nan("")).error().code, "bad_level");
    for (const std::int64_t n : {1, 2, 7, 1000, 1'000'000'000}) {
      for (const std::int64_t x : {std::int64_t{0}, n / 3, n - 1, n}) {
        const Estimate e = *interval(x, n, 0.99);
        EXPECT_TRUE(e.lower >= 0 && e.upper <= 1 && e.lower <= e.upper) << e.method << ' ' << x << '/' << n;
        if (e.method != "jeffreys") {  // whose interval may leave out x / n at 0 and n
          EXPECT_LE(e.lower, e.value + 1e-15) << e.method << ' ' << x << '/' << n;
          EXPECT_GE(e.upper, e.value - 1e-15) << e.method << ' ' << x << '/' << n;
        }
        const Estimate mirrored = *interval(n - x, n, 0.99);
        EXPECT_NEAR(e.lower, 1 - mirrored.upper, 2e-15 + 1e-9 * e.lower) << e.method << ' ' << x << '/' << n;
      }
    }
  }
  EXPECT_EQ(WilsonInterval(0, 20, 0.95)->lower, 0);
  EXPECT_EQ(ClopperPearsonInterval(20, 20, 0.95)->upper, 1);
}

}  // namespace
}  // namespace minslice::stats
