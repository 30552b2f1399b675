#include "suite/sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace minslice::suite {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Case> Pool(const std::vector<std::pair<std::string, int>>& slices) {
  std::vector<Case> pool;
  for (const auto& [name, n] : slices) {
    for (int i = 0; i < n; ++i) {
      Case c;
      c.id = name + "-" + std::to_string(i);
      c.segments = {{"flow", name}, {"lang", i % 2 == 0 ? "de" : "en"}};
      pool.push_back(std::move(c));
    }
  }
  return pool;
}

std::set<std::string> Ids(const std::vector<Case>& pool, const Sample& sample) {
  std::set<std::string> ids;
  for (const std::size_t i : sample.cases) ids.insert(pool[i].id);
  return ids;
}

std::vector<std::int64_t> Drawn(const Sample& sample) {
  std::vector<std::int64_t> drawn;
  for (const Stratum& stratum : sample.strata) drawn.push_back(stratum.drawn);
  return drawn;
}

const std::vector<Case> kPool = Pool({{"a", 900}, {"b", 90}, {"c", 10}});

TEST(Sample, AllocatesWithFloors) {
  // Without a floor 90, 9, 1 of 100.
  EXPECT_THAT(Drawn(*DrawSample(kPool, {.by = {"flow"}, .total = 100, .floor = 0})), ElementsAre(90, 9, 1));
  // With it the rest is what is left: 100 - 20 - 10.
  EXPECT_THAT(Drawn(*DrawSample(kPool, {.by = {"flow"}, .total = 100, .floor = 20})),
              ElementsAre(70, 20, 10));
  // Roots 30 : 9.49 : 3.16, the last capped by its pool of 10: 90 split 30 : 9.49.
  EXPECT_THAT(Drawn(*DrawSample(
                  kPool, {.by = {"flow"}, .total = 200, .floor = 0, .allocation = Allocation::kSquareRoot})),
              ElementsAre(144, 46, 10));
  // Neyman: 900 x .1 against 90 x .5 and 10 x .5 is 18 : 9 : 1.
  SampleOptions optimal{.by = {"flow"}, .total = 56, .floor = 0, .allocation = Allocation::kOptimal};
  optimal.deviation = {{{"a"}, 0.1}, {{"b"}, 0.5}};
  optimal.other_deviation = 0.5;
  EXPECT_THAT(Drawn(*DrawSample(kPool, optimal)), ElementsAre(36, 18, 2));
}

// The allocation that Neyman's theorem calls best has the smallest variance of the weighted mean among all.
TEST(Sample, OptimalIsOptimal) {
  const std::vector<double> weight = {900, 90, 10};
  const std::vector<double> deviation = {0.1, 0.5, 0.5};
  std::vector<double> share;
  for (std::size_t h = 0; h < 3; ++h) share.push_back(weight[h] * deviation[h]);
  const std::vector<std::int64_t> low = {1, 1, 1};
  const std::vector<std::int64_t> high = {900, 90, 10};
  const auto variance = [&](const std::vector<std::int64_t>& n) {
    double sum = 0;
    for (std::size_t h = 0; h < 3; ++h)
      sum += weight[h] * weight[h] * deviation[h] * deviation[h] / static_cast<double>(n[h]);
    return sum;
  };
  const double best = variance(Allocate(share, low, high, 56));
  for (std::int64_t a = 1; a < 55; ++a) {
    for (std::int64_t b = 1; a + b < 56; ++b) {
      const std::int64_t c = 56 - a - b;
      if (c > 10) continue;
      EXPECT_GE(variance({a, b, c}), best * (1 - 0.005)) << a << " " << b << " " << c;
    }
  }
}

TEST(Sample, AllocationsAddUpWithinTheirBounds) {
  for (std::int64_t total = 6; total <= 60; ++total) {
    const std::vector<double> share = {1, 2.5, 0.01, 7, 7, 0.3};
    const std::vector<std::int64_t> low = {1, 1, 1, 1, 1, 1};
    const std::vector<std::int64_t> high = {10, 10, 10, 10, 10, 10};
    const auto count = Allocate(share, low, high, total);
    EXPECT_EQ(std::accumulate(count.begin(), count.end(), std::int64_t{0}), total);
    for (const std::int64_t n : count) {
      EXPECT_GE(n, 1);
      EXPECT_LE(n, 10);
    }
    EXPECT_NEAR(static_cast<double>(count[3]), static_cast<double>(count[4]), 1);
  }
}

TEST(Sample, OrderOfLinesChangesNothingAndSeedsDo) {
  const SampleOptions options{.by = {"flow"}, .total = 100, .floor = 5};
  std::vector<Case> shuffled = kPool;
  std::reverse(shuffled.begin(), shuffled.end());
  const auto ids = Ids(kPool, *DrawSample(kPool, options));
  EXPECT_EQ(ids, Ids(shuffled, *DrawSample(shuffled, options)));
  SampleOptions other = options;
  other.seed = 1;
  EXPECT_NE(ids, Ids(kPool, *DrawSample(kPool, other)));
}

TEST(Sample, LargerDrawsContainSmallerOnes) {
  const auto small = Ids(kPool, *DrawSample(kPool, {.by = {"flow"}, .total = 100, .floor = 5}));
  const auto large = Ids(kPool, *DrawSample(kPool, {.by = {"flow"}, .total = 300, .floor = 5}));
  EXPECT_TRUE(std::includes(large.begin(), large.end(), small.begin(), small.end()));
}

// Every case has the same chance: 400 seeds draw each of 90 with probability 1/3.
TEST(Sample, DrawsEveryCaseEquallyOften) {
  const std::vector<Case> pool = Pool({{"a", 90}});
  std::vector<int> hits(pool.size(), 0);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto sample = DrawSample(pool, {.by = {"flow"}, .total = 30, .floor = 0, .seed = seed});
    for (const std::size_t i : sample->cases) ++hits[i];
  }
  double chi2 = 0;
  for (const int h : hits) chi2 += (h - 400.0 / 3) * (h - 400.0 / 3) / (400.0 / 3 * 2 / 3);
  EXPECT_GT(chi2, 45);  // 89 degrees of freedom: the bulk lies within 89 +- 3 x 13.3
  EXPECT_LT(chi2, 135);
}

TEST(Sample, CrossesAndCasesWithoutAValue) {
  std::vector<Case> pool = Pool({{"a", 40}, {"b", 40}});
  pool[0].segments.pop_back();
  const auto sample = DrawSample(pool, {.by = {"flow", "lang"}, .total = 40, .floor = 5});
  ASSERT_TRUE(sample);
  ASSERT_EQ(sample->strata.size(), 5U);
  EXPECT_THAT(sample->strata[0].values, ElementsAre("a", "(none)"));
  EXPECT_EQ(sample->strata[0].drawn, 1);
}

TEST(Sample, SaysWhatIsWrong) {
  const auto text = [](const SampleOptions& options) {
    return DrawSample(kPool, options).error().diagnostics[0].message;
  };
  EXPECT_THAT(text({.by = {"flw"}, .total = 10}), HasSubstr("did you mean \"flow\""));
  EXPECT_THAT(text({.by = {"flow"}, .total = 30, .floor = 20}),
              HasSubstr("takes 50 cases, more than the 30"));
  EXPECT_THAT(text({.by = {"flow"}, .total = 1001}), HasSubstr("the pool has 1000 cases"));
}

}  // namespace
}  // namespace minslice::suite
