// Sequential methods: confseq's values are in the golden file; here the definitions step by step, published
// tables, and the error over all looks by enumeration.
#include "minslice/stats/sequential.h"

#include <gtest/gtest.h>

#include <cmath>

#include "minslice/stats/group_sequential.h"
#include "rng/philox.h"

namespace minslice::stats {
namespace {

TEST(BetaMixture, IsTheProductOfPredictiveRatios) {
  // Each success: (a + s)/(a + b + t) against p0.
  rng::Stream stream(1, 0);
  const double a = 0.7, b = 2.5, p0 = 0.4;
  double log_e = 0;
  std::int64_t s = 0;
  for (std::int64_t t = 0; t < 300; ++t) {
    const bool success = stream.Uniform() < .5;
    const double predicted = (a + static_cast<double>(s)) / (a + b + static_cast<double>(t));
    log_e += success ? std::log(predicted / p0) : std::log((1 - predicted) / (1 - p0));
    s += success;
    ASSERT_NEAR(LogBetaMixtureE(s, t + 1, p0, a, b), log_e, 1e-9);
  }
}

TEST(BetaMixture, PublishedFigures) {
  // Methods 4.4: (48, 67) gives .5543, (10, 30) gives 31.637.
  EXPECT_NEAR(std::exp(LogBetaMixtureE(48, 115, .5, 1, 1)), .5543, 5e-5);
  EXPECT_NEAR(std::exp(LogBetaMixtureE(10, 40, .5, 1, 1)), 31.637, 5e-4);
}

// P(E reaches 20 within 500 discordant pairs) under p = 1/2, by the random walk's own recursion: at most .05;
// methods say .038.
TEST(BetaMixture, SizeOverFiveHundredPairsByEnumeration) {
  std::vector<double> alive(502, 0.0);
  alive[0] = 1;
  double crossed = 0;
  for (std::int64_t t = 1; t <= 500; ++t) {
    std::vector<double> next(502, 0.0);
    for (std::size_t s = 0; s < static_cast<std::size_t>(t); ++s) {
      next[s] += alive[s] / 2;
      next[s + 1] += alive[s] / 2;
    }
    for (std::int64_t s = 0; s <= t; ++s) {
      if (LogBetaMixtureE(s, t, .5, 1, 1) >= std::log(20.0)) {
        crossed += next[static_cast<std::size_t>(s)];
        next[static_cast<std::size_t>(s)] = 0;
      }
    }
    alive = std::move(next);
  }
  EXPECT_LE(crossed, .05);
  EXPECT_NEAR(crossed, .0340219, 1e-7);
}

TEST(BettingSequence, IsInsideTheBernsteinSequenceAndCoversAtAllTimes) {
  int missed = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    rng::Stream stream(2, run);
    std::vector<double> x(200);
    for (double& value : x) value = std::pow(stream.Uniform(), 2);  // mean 1/3
    const std::vector<std::int64_t> times{5, 10, 20, 40, 80, 120, 160, 200};
    const auto betting = BettingSequenceAt(x, times, {});
    bool covered = true;
    for (std::size_t i = 0; i < times.size(); ++i) {
      covered = covered && betting->lower[i] <= 1.0 / 3 && 1.0 / 3 <= betting->upper[i];
    }
    missed += !covered;
    if (run < 5) {
      const auto bernstein = EmpiricalBernsteinSequence(x, .05, .5, false);
      EXPECT_LT(betting->upper[7] - betting->lower[7], bernstein->upper[199] - bernstein->lower[199]);
    }
  }
  EXPECT_LE(missed, 36);  // at most 5 % = 20 expected; 36 is 3.7 standard errors above
}

TEST(BettingSequence, LimitsAreWhereTheCapitalReachesOneOverAlpha) {
  rng::Stream stream(3, 0);
  std::vector<double> x(60);
  for (double& value : x) value = stream.Uniform() < .7 ? 1 : 0;
  const auto sequence = BettingSequence(x, {}, false);
  for (const std::size_t t : {20u, 40u, 60u}) {
    for (const double m : {sequence->lower[t - 1], sequence->upper[t - 1]}) {
      if (m <= 0 || m >= 1) continue;
      const auto capital = HedgedBetCapital(std::span(x).first(t), m, {});
      EXPECT_NEAR(std::log(capital->max[t - 1]), std::log(20.0), 1e-6);
    }
  }
  const auto running = BettingSequence(x, {}, true);
  for (std::size_t t = 1; t < 60; ++t) {
    EXPECT_GE(running->lower[t], running->lower[t - 1]);
    EXPECT_LE(running->upper[t], running->upper[t - 1]);
  }
}

TEST(HedgedCapital, EachSideSpendsItsOwnShareOfAlpha) {
  // confseq 0.0.11: betting_mart(x, .4, alpha=.05, theta=.25, trunc_scale=.75, convex_comb=False | True),
  // whose bets below come from alpha (1 - theta).
  const std::vector<double> x{1, 1, 0, 1, 1, 1, 0, 1, .5, 1, .25, 1};
  const HedgedOptions quarter{.alpha = .05, .theta = .25, .trunc_scale = .75};
  const auto capital = HedgedBetCapital(x, .4, quarter);
  ASSERT_TRUE(capital);
  EXPECT_NEAR(capital->bet[0], 7.111640089255002, 1e-9);
  EXPECT_NEAR(capital->bet[11], 1.3835765905579849, 1e-9);
  EXPECT_NEAR(capital->max[0], .53125, 1e-9);
  EXPECT_NEAR(capital->max[3], .5997314453125, 1e-9);
  EXPECT_NEAR(capital->max[11], 4.3389790306359535, 1e-9);
  EXPECT_NEAR(capital->convex[11], 4.339009147416812, 1e-9);
  // The means that this capital does not reject, from a grid of 10,001 (the same formula in numpy).
  const std::vector<std::int64_t> last{12};
  const auto skewed = BettingSequenceAt(x, last, {.alpha = .05, .theta = .25, .trunc_scale = .5});
  EXPECT_NEAR(skewed->lower[0], .3249, 1e-4);
  EXPECT_NEAR(skewed->upper[0], .9790, 1e-4);
  EXPECT_EQ(HedgedBetCapital(x, .4, {.alpha = 1.5}).error().code, "alpha");
  EXPECT_EQ(HedgedBetCapital(x, .4, {.theta = 0}).error().code, "theta");
  EXPECT_EQ(BettingSequenceAt(x, last, {.trunc_scale = 2}).error().code, "trunc_scale");
  EXPECT_EQ(EmpiricalBernsteinSequence(x, .05, 1, false).error().code, "truncation");
}

TEST(FixedBet, ABetOfAllCanBeLost) {
  const auto bet = FixedBetCapital(std::vector<double>{1, 0, 1}, .5, 2);
  ASSERT_TRUE(bet);
  EXPECT_NEAR(bet->log_capital_up[0], std::log(2.0), 1e-15);
  EXPECT_EQ(bet->log_capital_up[2], -INFINITY);
  EXPECT_EQ(bet->log_capital_down[0], -INFINITY);
}

TEST(SequentialNonInferiority, KeepsItsErrorAndSeesNoHarm) {
  // At the margin: P(ever certified within 400 pairs) <= .05. Without any difference and 10 % discordance:
  // mostly certified.
  const auto certified = [](double broke, double fixed, std::uint64_t seed) {
    int count = 0;
    for (std::uint64_t run = 0; run < 500; ++run) {
      rng::Stream stream(seed, run);
      std::vector<double> d(400);
      for (double& value : d) {
        const double u = stream.Uniform();
        value = u < broke ? -1 : u < broke + fixed ? 1 : 0;
      }
      count += SequentialNonInferiority(d, .1, .05)->rejected_at > 0;
    }
    return count;
  };
  EXPECT_LE(certified(.15, .05, 1), 43);  // 25 expected at most; 43 is 3.7 standard errors above
  EXPECT_GT(certified(.05, .05, 2), 400);
}

TEST(Sequential, DegenerateInputIsAReason) {
  const std::vector<double> out{.5, 1.5}, nan{std::nan("")};
  EXPECT_EQ(BettingSequence(out, {}, false).error().code, "range");
  EXPECT_EQ(HedgedBetCapital(nan, .5, {}).error().code, "not_finite");
  EXPECT_EQ(EmpiricalBernsteinSequence(out, .05, .5, false).error().code, "range");
  EXPECT_EQ(FixedBetCapital(std::vector<double>{.5}, .5, 3).error().code, "bet");
  EXPECT_EQ(SequentialNonInferiority(out, .1, .05).error().code, "range");
  EXPECT_EQ(SequentialNonInferiority(std::vector<double>{0}, 1, .05).error().code, "margin");
  EXPECT_TRUE(BettingSequence({}, {}, true)->lower.empty());
  EXPECT_EQ(BernoulliSequence(0, 0, .05, 100).upper, 1);
  EXPECT_EQ(BernoulliSequence(0, 50, .05, 100).lower, 0);
  EXPECT_EQ(BernoulliSequence(50, 50, .05, 100).upper, 1);
}

// Jennison, Turnbull 2000, tables 2.1, 2.3 (constants) and 2.2, 2.4 (inflation at power .8), two-sided alpha
// .05.
TEST(GroupSequential, PublishedConstants) {
  const double pocock[] = {1.960, 2.178, 2.289, 2.361, 2.413, 2.453, 2.485, 2.512, 2.535, 2.555};
  const double obrien[] = {1.960, 1.977, 2.004, 2.024, 2.040, 2.053, 2.063, 2.072, 2.080, 2.087};
  const double pocock_inflation[] = {1.000, 1.110, 1.166, 1.202, 1.229, 1.249, 1.265, 1.279, 1.291, 1.301};
  const double obrien_inflation[] = {1.000, 1.008, 1.017, 1.024, 1.028, 1.032, 1.035, 1.037, 1.038, 1.040};
  for (int looks = 1; looks <= 10; ++looks) {
    const auto p = PlanGroupSequential(looks, .05, 2, Boundary::kPocock);
    const auto o = PlanGroupSequential(looks, .05, 2, Boundary::kOBrienFleming);
    EXPECT_NEAR(p->critical.back(), pocock[looks - 1], 6e-4) << looks;
    EXPECT_NEAR(o->critical.back(), obrien[looks - 1], 6e-4) << looks;
    EXPECT_NEAR(p->inflation, pocock_inflation[looks - 1], 1.1e-3) << looks;
    EXPECT_NEAR(o->inflation, obrien_inflation[looks - 1], 1.1e-3) << looks;
    EXPECT_NEAR(p->spent.back(), .05, 1e-9);
    EXPECT_NEAR(o->critical[0], obrien[looks - 1] * std::sqrt(looks), 3e-3);
  }
}

// Armitage, McPherson, Rowe 1969; methods 4.4: 1/2/5/10/20/50 looks at 1.96.
TEST(GroupSequential, RepeatedLooksAtTheFixedTest) {
  for (const auto& [looks, error] : std::vector<std::pair<int, double>>{
           {1, .05}, {2, .083}, {5, .142}, {10, .193}, {20, .248}, {50, .320}}) {
    EXPECT_NEAR(CrossingProbability(std::vector<double>(static_cast<std::size_t>(looks), 1.959964), 2, 0),
                error, 6e-4)
        << looks;
  }
}

TEST(GroupSequential, PowerAgainstSimulation) {
  const auto plan = PlanGroupSequential(4, .025, 1, Boundary::kPocock);
  ASSERT_TRUE(plan);
  rng::Stream stream(9, 0);
  const double drift = 2.5;
  int crossed = 0;
  for (int r = 0; r < 40000; ++r) {
    double sum = 0;
    for (int k = 1; k <= 4; ++k) {
      const double u = stream.Uniform(), v = stream.Uniform();
      sum += drift / 2 + std::sqrt(-2 * std::log(u)) * std::cos(2 * 3.14159265358979323846 * v);
      if (sum / std::sqrt(k) >= plan->critical[static_cast<std::size_t>(k - 1)]) {
        ++crossed;
        break;
      }
    }
  }
  EXPECT_NEAR(crossed / 40000.0, CrossingProbability(plan->critical, 1, drift), 5 * .5 / 200);
  EXPECT_EQ(PlanGroupSequential(0, .05, 2, Boundary::kPocock).error().code, "looks");
  EXPECT_EQ(PlanGroupSequential(3, 0, 2, Boundary::kPocock).error().code, "alpha");
  EXPECT_EQ(PlanGroupSequential(3, .05, 3, Boundary::kPocock).error().code, "sides");
}

}  // namespace
}  // namespace minslice::stats
