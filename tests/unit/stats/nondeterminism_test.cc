// Expected values: statsmodels 0.15.0 cochrans_q; scipy 1.17.1 studentized_range.ppf(.95, k, 1e9) and quad
// over the range's distribution (recipes beside them); methods 2.7 for the sizes of the rule.
#include "minslice/stats/nondeterminism.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace minslice::stats {
namespace {

TEST(CochranQ, AgreesWithStatsmodels) {
  // cochrans_q([[1,1,0],[1,1,1],[0,0,1],[1,0,1],[1,1,0],[0,0,0],[1,1,0],[0,1,0],[1,1,0],[1,1,1]])
  const std::vector<double> x = {1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0,
                                 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1};
  const auto q = CheckNondeterminism(x, 3, {});
  ASSERT_TRUE(q);
  EXPECT_NEAR(q->cochran_q, 2.5714285714285716, 1e-14);
  EXPECT_NEAR(q->cochran_p, 0.2764530466295643, 1e-14);
}

TEST(CochranQ, SaysWhyThereIsNone) {
  const auto code = [](const std::vector<double>& x, std::int64_t k) {
    return CheckNondeterminism(x, k, {}).error().code;
  };
  EXPECT_EQ(code({1, 0}, 1), "one_repeat");
  EXPECT_EQ(code({}, 3), "no_prompts");
  EXPECT_EQ(code({1, 0, 1, 0}, 3), "shape");
  EXPECT_EQ(code({1, 0, 0.5}, 3), "not_binary");
  EXPECT_EQ(CheckNondeterminism(std::vector<double>{1, 1, 1, 0, 0, 0}, 3, {})->cochran_p, 1);
}

// Under independent flips of the same cases Q rejects at its level: 2,000 suites of 200 cases, 10 % flaky at
// .5.
TEST(CochranQ, KeepsItsLevelWhereOnlyCasesFlip) {
  std::mt19937_64 engine(7);
  int rejected = 0;
  for (int run = 0; run < 2000; ++run) {
    std::vector<double> x;
    for (int i = 0; i < 200; ++i) {
      for (int r = 0; r < 3; ++r) x.push_back(i < 20 ? static_cast<double>(engine() >> 63) : 1.0);
    }
    const auto q = CheckNondeterminism(x, 3, {});
    if (q && q->cochran_p < 0.05) ++rejected;
  }
  EXPECT_GT(rejected, 60);  // 100 expected, standard error 9.7
  EXPECT_LT(rejected, 140);
}

TEST(NormalRange, AgreesWithScipy) {
  const struct {
    int k;
    double mean, q95;
  } kRows[] = {{2, 1.128379167095512, 2.771807648699354},
               {3, 1.6925687506432687, 3.3144931553981203},
               {5, 2.3259289472810387, 3.8576555103786236},
               {10, 3.0775054616703454, 4.474124221725903},
               {100, 5.015187272883368, 6.084637537173177}};
  for (const auto& row : kRows) {
    EXPECT_NEAR(NormalRangeMean(row.k), row.mean, 1e-11) << row.k;
    EXPECT_NEAR(NormalRangeQuantile(row.k, 0.95), row.q95, 1e-10) << row.k;
  }
}

TEST(Nondeterminism, CountsAndRates) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x = {1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, none, 0};
  const auto s = CheckNondeterminism(x, 3, {});
  ASSERT_TRUE(s);
  EXPECT_EQ(s->n, 4);
  EXPECT_EQ(s->flipped, 2);
  EXPECT_DOUBLE_EQ(s->lowest_rate, 0.25);
  EXPECT_DOUBLE_EQ(s->highest_rate, 0.75);
  EXPECT_DOUBLE_EQ(s->spread, 0.5);
  // Two cases with p = 2/3 and 1/3: p (1 - p) 3/2 = 1/3 each, over four cases.
  EXPECT_NEAR(s->variance, (1.0 / 3 + 1.0 / 3) / 4, 1e-15);
  EXPECT_NEAR(s->expected_spread, 1.6925687506432687 * std::sqrt(s->variance / 4), 1e-12);
  EXPECT_NEAR(s->spread_limit, 3.3144931553981203 * std::sqrt(s->variance / 4), 1e-12);
}

// Methods 2.7: n = 840, 3 % flaky prompts with p uniform in .2-.8: expected .46, 95 % point .91 points.
TEST(Nondeterminism, SizesOfTheRule) {
  std::mt19937_64 engine(11);
  const auto uniform = [&engine] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  const struct {
    int n;
    double share, expected, q95;
  } kRows[] = {{840, 0.03, 0.46, 0.91}, {840, 0.05, 0.60, 1.17}, {200, 0.03, 0.95, 1.86}};
  for (const auto& row : kRows) {
    double mean = 0;
    double limit = 0;
    double expected = 0;
    std::vector<double> spreads;
    const int runs = 300;
    for (int run = 0; run < runs; ++run) {
      std::vector<double> x;
      const int flaky = static_cast<int>(std::lround(row.share * row.n));
      for (int i = 0; i < row.n; ++i) {
        const double p = i < flaky ? 0.2 + 0.6 * uniform() : 1;
        for (int r = 0; r < 3; ++r) x.push_back(uniform() < p ? 1 : 0);
      }
      const auto s = CheckNondeterminism(x, 3, {});
      ASSERT_TRUE(s);
      mean += s->spread / runs;
      expected += s->expected_spread / runs;
      limit += s->spread_limit / runs;
      spreads.push_back(s->spread);
    }
    // .02 points beside the rounding of the source: the normal approximation to a lattice of 1/n.
    EXPECT_NEAR(expected * 100, row.expected, 0.03) << row.n << " " << row.share;
    EXPECT_NEAR(mean * 100, row.expected, 0.06) << row.n << " " << row.share;
    EXPECT_NEAR(limit * 100, row.q95, 0.06) << row.n << " " << row.share;
    std::nth_element(spreads.begin(), spreads.begin() + runs * 19 / 20, spreads.end());
    EXPECT_NEAR(spreads[runs * 19 / 20] * 100, row.q95, 100.5 / row.n) << row.n << " " << row.share;
  }
}

// Counted over every subset of size k.
TEST(PassAtK, AgreesWithCountingSubsets) {
  for (int runs = 1; runs <= 6; ++runs) {
    for (int passes = 0; passes <= runs; ++passes) {
      for (int k = 1; k <= runs; ++k) {
        int subsets = 0;
        int all = 0;
        int any = 0;
        for (unsigned mask = 0; mask < (1U << runs); ++mask) {
          if (__builtin_popcount(mask) != k) continue;
          const int hit = __builtin_popcount(mask & ((1U << passes) - 1));
          ++subsets;
          all += hit == k;
          any += hit > 0;
        }
        EXPECT_NEAR(*PassHatK(passes, runs, k), static_cast<double>(all) / subsets, 1e-15);
        EXPECT_NEAR(*PassAtK(passes, runs, k), static_cast<double>(any) / subsets, 1e-15);
      }
    }
  }
}

}  // namespace
}  // namespace minslice::stats
