#include "run/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace minslice::run {
namespace {

constexpr double kAlmostOne = 1 - 0x1.0p-53;

TEST(Backoff, DoublesItsBoundUpToTheCap) {
  const BackoffOptions options;
  const double bounds[] = {0.5, 1, 2, 4, 8, 16, 30, 30};
  for (int failures = 1; failures <= 8; ++failures) {
    EXPECT_NEAR(WaitSeconds(options, failures, true, std::nullopt, kAlmostOne), bounds[failures - 1], 1e-9);
    EXPECT_EQ(WaitSeconds(options, failures, true, std::nullopt, 0), 0);  // full jitter
  }
  EXPECT_NEAR(WaitSeconds(options, 1000000, true, std::nullopt, kAlmostOne), 30, 1e-9);
}

TEST(Backoff, IsShortWhileNobodyHasAnswered) {
  const BackoffOptions options;
  double sum = 0;
  for (int failures = 1; failures <= 4; ++failures)
    sum += WaitSeconds(options, failures, false, std::nullopt, kAlmostOne);
  EXPECT_LE(sum, 1.6);
}

TEST(Backoff, WaitsAtLeastAsLongAsTheServerAsks) {
  const BackoffOptions options;
  for (const double u : {0.0, 0.5, kAlmostOne}) {
    const double wait = WaitSeconds(options, 1, true, 20.0, u);
    EXPECT_GE(wait, 20);
    EXPECT_LE(wait, 22);
  }
  EXPECT_LE(WaitSeconds(options, 1, true, 1e9, kAlmostOne), 66.001);  // capped
  EXPECT_LE(WaitSeconds(options, 5, true, 0.0, kAlmostOne), 0.25);
}

TEST(Jitter, IsSeededAndSpread) {
  EXPECT_EQ(Jitter(1, 2, 3), Jitter(1, 2, 3));
  std::set<double> draws;
  double sum = 0;
  for (std::uint64_t item = 0; item < 1000; ++item) {
    const double u = Jitter(0, item, 1);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    draws.insert(u);
    sum += u;
  }
  EXPECT_EQ(draws.size(), 1000U);
  EXPECT_NEAR(sum / 1000, 0.5, 0.05);  // 5.5 standard errors
  EXPECT_NE(Jitter(0, 5, 1), Jitter(1, 5, 1));
  EXPECT_NE(Jitter(0, 5, 1), Jitter(0, 5, 2));
}

}  // namespace
}  // namespace minslice::run
