// Expected values: methods 4.5 (simulation of WY over 40 equal slices, grid of 2 points, 600 runs), and
// simulation of the gate's own rules below.
#include "plan/slice_power.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "minslice/stats/multiplicity.h"
#include "rng/binomial.h"

namespace minslice::plan {
namespace {

TEST(SlicePower, SeesWhatTheMethodsSay) {
  const struct {
    std::int64_t n;
    double psi, drop;
  } kRows[] = {{20, 0.05, 0.38}, {47, 0.05, 0.22}, {100, 0.05, 0.16}, {200, 0.05, 0.10}, {400, 0.05, 0.08},
               {20, 0.10, 0.46}, {47, 0.10, 0.30}, {100, 0.10, 0.20}, {200, 0.10, 0.14}, {400, 0.10, 0.08}};
  for (const auto& row : kRows) {
    const std::vector<std::int64_t> sizes(40, row.n);
    const double level = BlockLevels(sizes, row.psi, 0.05, "wy_discrete").front();
    const auto mde = BlockMde({row.n, row.psi, level, 0}, 0.80);
    ASSERT_TRUE(mde);
    // The source rounds up to its grid and has 600 runs: one step either way.
    EXPECT_LE(*mde, row.drop + 0.005) << row.n << " " << row.psi;
    EXPECT_GE(*mde, row.drop - 0.03) << row.n << " " << row.psi;
  }
}

// The power at the MDE, measured with the real step-down over drawn slices.
TEST(SlicePower, HoldsAgainstTheRealProcedure) {
  for (const std::int64_t n : {30, 80}) {
    const double psi = 0.08;
    const std::vector<std::int64_t> sizes(25, n);
    const double level = BlockLevels(sizes, psi, 0.05, "wy_discrete").front();
    const auto mde = BlockMde({n, psi, level, 0.05}, 0.80);
    ASSERT_TRUE(mde);
    int blocked = 0;
    const int runs = 3000;
    for (int run = 0; run < runs; ++run) {
      rng::Stream stream(1, static_cast<std::uint64_t>(run));
      std::vector<stats::SliceDiscordance> slices;
      for (std::size_t s = 0; s < sizes.size(); ++s) {
        const double pb = psi / 2 + (s == 0 ? *mde : 0);
        const std::int64_t b = rng::BinomialSampler(n, pb).Draw(stream);
        slices.push_back({b, rng::BinomialSampler(n - b, psi / 2 / (1 - pb)).Draw(stream)});
      }
      const double delta = static_cast<double>(slices[0].fixed - slices[0].broke) / static_cast<double>(n);
      if (stats::WestfallYoungDiscrete(slices)[0] <= 0.05 && delta <= -0.05 + 1e-9) ++blocked;
    }
    EXPECT_NEAR(blocked / static_cast<double>(runs), 0.80, 0.04) << n;
  }
}

// Against the margin by Tango's score: every table summed in Python (Tango by methods 2.1, lgamma).
TEST(SlicePower, AgainstTheMargin) {
  EXPECT_NEAR(BlockPower({80, .08, .01, .05, true}, .25), .8744498208515, 1e-10);
  EXPECT_NEAR(BlockPower({47, .10, .005, .05, true}, .30), .6156326873105, 1e-10);
  EXPECT_EQ(SmallestBroke({47, .10, .01, .05, true}), 9);
  EXPECT_EQ(SmallestBroke({80, .10, .01, .05, true}), 10);
}

TEST(SlicePower, OtherAdjustmentsHaveTheirLevels) {
  const std::vector<std::int64_t> sizes = {30, 50, 100};
  EXPECT_EQ(BlockLevels(sizes, 0.1, 0.06, "none"), std::vector<double>(3, 0.06));
  EXPECT_EQ(BlockLevels(sizes, 0.1, 0.06, "holm"), std::vector<double>(3, 0.06 / 3));
  // Never less than Bonferroni's, never more than alpha; a larger family is no easier.
  const std::vector<double> levels = BlockLevels(sizes, 0.1, 0.05, "wy_discrete");
  for (const double level : levels) {
    EXPECT_GE(level, 0.05 / 3);
    EXPECT_LE(level, 0.05);
  }
  const std::vector<std::int64_t> many(60, 100);
  EXPECT_LE(BlockLevels(many, 0.1, 0.05, "wy_discrete").front(), levels[2]);
}

TEST(SlicePower, OneSliceAloneIsTheExactTest) {
  const std::vector<std::int64_t> one = {47};
  EXPECT_EQ(BlockLevels(one, 0.1, 0.05, "wy_discrete").front(), 0.05);
  EXPECT_EQ(SmallestBroke({47, 0.1, 0.05, 0}), 5);       // 2^-5 <= .05 < 2^-4
  EXPECT_EQ(SmallestBroke({200, 0.1, 0.05, 0.05}), 10);  // 5 points of 200
  EXPECT_FALSE(SmallestBroke({4, 0.1, 0.05, 0}));
}

TEST(SlicePower, PairsForADropAreEnoughAndOneFewerAreNot) {
  const SliceTest test{20, 0.05, 0.01, 0.05};
  const auto n = PairsForDrop(test, 0.15, 0.80);
  ASSERT_TRUE(n);
  SliceTest at = test;
  at.n = *n;
  EXPECT_GE(BlockPower(at, 0.15), 0.80);
  at.n = *n - 1;
  EXPECT_LT(BlockPower(at, 0.15), 0.80);
  EXPECT_FALSE(PairsForDrop(test, 0.05, 0.80));  // a drop of the margin itself is seen half the time at best
}

TEST(SlicePower, MorePairsAndLargerDropsAreSeenBetter) {
  for (const std::int64_t n : {20, 60, 180, 540}) {
    double before = 0;
    for (double drop = 0; drop < 0.9; drop += 0.05) {
      const double power = BlockPower({n, 0.1, 0.01, 0.05}, drop);
      EXPECT_GE(power, before - 1e-12);
      EXPECT_LE(power, 1);
      before = power;
    }
  }
}

}  // namespace
}  // namespace minslice::plan
