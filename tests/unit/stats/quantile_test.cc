#include "minslice/stats/quantile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "rng/philox.h"

namespace minslice::stats {
namespace {

std::vector<double> UpTo(std::int64_t n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

// Ranks by exact rational arithmetic:
//   python3: cdf of Bin(n, q) in fractions.Fraction; l = max{l: P(X <= l-1) <= (1-level)/2},
//   u = min{u: P(X >= u) <= (1-level)/2}, n + 1 where there is none.
TEST(OrderStatisticInterval, RanksByEnumeration) {
  struct Row {
    std::int64_t n;
    double q, level;
    std::int64_t lower, upper;
  };
  for (const Row& row :
       {Row{100, .5, .95, 40, 61}, Row{367, .99, .95, 359, 368}, Row{368, .99, .95, 360, 368},
        Row{1000, .99, .95, 983, 997}, Row{71, .95, .95, 63, 72}, Row{72, .95, .95, 64, 72},
        Row{10, .5, .9, 2, 9}, Row{1000, .99, .99, 981, 998}}) {
    const auto interval = OrderStatisticInterval(UpTo(row.n), row.q, row.level);
    ASSERT_TRUE(interval);
    EXPECT_EQ(interval->lower_rank, row.lower) << row.n << ' ' << row.q;
    EXPECT_EQ(interval->upper_rank, row.upper) << row.n << ' ' << row.q;
    EXPECT_EQ(interval->lower, row.lower == 0 ? std::nullopt : std::optional<double>(row.lower));
    EXPECT_EQ(interval->upper, row.upper > row.n ? std::nullopt : std::optional<double>(row.upper));
    EXPECT_EQ(interval->value, std::ceil(row.q * static_cast<double>(row.n) - 1e-9));
  }
}

// ../shared/notes/load.md, section 6.
TEST(SmallestSampleForQuantile, TheKnownOnes) {
  EXPECT_EQ(SmallestSampleForQuantile(.95, .95), 72);
  EXPECT_EQ(SmallestSampleForQuantile(.99, .95), 368);
  EXPECT_EQ(SmallestSampleForQuantile(.999, .95), 3688);
  EXPECT_EQ(SmallestSampleForQuantile(.5, .95), 6);
  EXPECT_EQ(SmallestSampleForQuantile(.01, .95), 368);
  for (const double q : {.5, .9, .99}) {
    const std::int64_t n = SmallestSampleForQuantile(q, .95);
    EXPECT_TRUE(OrderStatisticInterval(UpTo(n), q, .95)->upper);
    EXPECT_FALSE(OrderStatisticInterval(UpTo(n - 1), q, .95)->upper);
  }
}

TEST(OrderStatisticInterval, FailuresAreInfinite) {
  std::vector<double> values = UpTo(1000);
  for (std::size_t i = 990; i < 1000; ++i) values[i] = std::numeric_limits<double>::infinity();
  const auto interval = OrderStatisticInterval(values, .99, .95);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->value, 990);
  EXPECT_TRUE(std::isinf(*interval->upper));
  EXPECT_FALSE(OrderStatisticInterval({}, .5, .95));
  EXPECT_FALSE(OrderStatisticInterval(UpTo(10), 1, .95));
  EXPECT_FALSE(OrderStatisticInterval(UpTo(10), .5, 0));
  EXPECT_FALSE(OrderStatisticInterval(std::vector<double>{1, std::nan("")}, .5, .95));
}

TEST(BatchedQuantileInterval, IsNotNarrowerThanForIndependentValues) {
  std::vector<double> values(5000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>((i * 7919) % 5000);
  for (const double q : {.5, .9, .99}) {
    const auto batched = BatchedQuantileInterval(values, q, .95);
    const auto plain = OrderStatisticInterval(values, q, .95);
    ASSERT_TRUE(batched && plain);
    EXPECT_EQ(batched->value, plain->value);
    EXPECT_LE(batched->lower_rank, plain->lower_rank + 1) << q;
    EXPECT_GE(batched->upper_rank, plain->upper_rank - 1) << q;
  }
  EXPECT_FALSE(BatchedQuantileInterval(UpTo(39), .5, .95));
}

TEST(BatchedQuantileInterval, TimeOrderMatters) {
  const std::vector<double> rising = UpTo(4000);  // as dependent as can be
  std::vector<double> mixed(4000);
  for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] = static_cast<double>((i * 1237) % 4000 + 1);
  const auto slow = BatchedQuantileInterval(rising, .5, .95);
  const auto fast = BatchedQuantileInterval(mixed, .5, .95);
  ASSERT_TRUE(slow && fast);
  EXPECT_EQ(slow->value, fast->value);
  EXPECT_GT(slow->upper_rank - slow->lower_rank, 5 * (fast->upper_rank - fast->lower_rank));
}

// Coverage of the true median and 99th percentile (known here) over 400 samples of independent values: at
// least the level, less three standard errors.
TEST(OrderStatisticInterval, Covers) {
  int covered_median = 0;
  int covered_tail = 0;
  constexpr int kSamples = 400;
  constexpr std::size_t kSize = 800;
  for (std::uint64_t s = 0; s < kSamples; ++s) {
    rng::Stream stream(20261121, s);
    std::vector<double> values(kSize);
    for (double& value : values) value = stream.Uniform();
    const auto median = OrderStatisticInterval(values, .5, .95);
    const auto tail = OrderStatisticInterval(values, .99, .95);
    covered_median += *median->lower <= .5 && .5 <= *median->upper ? 1 : 0;
    covered_tail += *tail->lower <= .99 && .99 <= *tail->upper ? 1 : 0;
  }
  const double least = .95 - 3 * std::sqrt(.95 * .05 / kSamples);
  EXPECT_GE(covered_median, least * kSamples);
  EXPECT_GE(covered_tail, least * kSamples);
}

}  // namespace
}  // namespace minslice::stats
