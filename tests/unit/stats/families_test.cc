// Shrinkage, hierarchies, repeats, judges: methods 4.4 and 4.5, definitions in plain loops, edges.
// statsmodels' and ppi-python's values are in the golden file.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "minslice/stats/agreement.h"
#include "minslice/stats/hierarchy.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/prediction_powered.h"
#include "minslice/stats/repeats.h"
#include "minslice/stats/shrinkage.h"
#include "rng/philox.h"

namespace minslice::stats {
namespace {

// Methods 4.5: refund 8,1 of 47; invoice 2,17 of 210; contract 3,4 of 156; escalation 2,3 of 89.
TEST(ShrinkNormal, TheFourSegments) {
  const std::vector<PairedCounts> slices{{.both = 38, .incumbent_only = 8, .candidate_only = 1},
                                         {.both = 191, .incumbent_only = 2, .candidate_only = 17},
                                         {.both = 149, .incumbent_only = 3, .candidate_only = 4},
                                         {.both = 84, .incumbent_only = 2, .candidate_only = 3}};
  std::vector<double> effects, variances;
  for (const PairedCounts& slice : slices) {
    effects.push_back(slice.delta());
    variances.push_back(SliceVariance(slice));
  }
  const auto shrinkage = ShrinkNormal(effects, variances, BetweenVariance::kDerSimonianLaird);
  ASSERT_TRUE(shrinkage);
  EXPECT_NEAR(shrinkage->q, 13.773, 5e-4);
  EXPECT_NEAR(shrinkage->tau2, .002359, 5e-7);
  EXPECT_NEAR(shrinkage->i2, .782, 5e-4);
  EXPECT_NEAR(shrinkage->mean, .00695, 5e-6);
  const double shrunk[] = {-.0504, .0615, .0065, .0102};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(shrinkage->shrunk[i], shrunk[i], 6e-5);
  const std::vector<double> below = ProbabilityBelow(*shrinkage, .05);
  EXPECT_GT(below[0], .4);
  EXPECT_LT(below[1], 1e-4);
}

TEST(ShrinkNormal, Degenerate) {
  const std::vector<double> one{.1}, v{.01}, zero{0.0};
  const auto alone = ShrinkNormal(one, v, BetweenVariance::kPauleMandel);
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->tau2, 0);
  EXPECT_EQ(alone->shrunk[0], .1);
  EXPECT_EQ(ShrinkNormal(one, zero, BetweenVariance::kPauleMandel).error().code, "variance");
  EXPECT_EQ(ShrinkNormal({}, {}, BetweenVariance::kPauleMandel).error().code, "no_slices");
  EXPECT_EQ(ShrinkNormal(one, {}, BetweenVariance::kPauleMandel).error().code, "length");
  EXPECT_GT(SliceVariance({.both = 20}), 0);
}

// The maximum: no nearby alpha, beta does better.
TEST(ShrinkRates, IsTheMaximumOfTheLikelihood) {
  rng::Stream stream(1, 0);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::int64_t> x, n;
    for (int s = 0; s < 15; ++s) {
      const double rate = .5 + .45 * stream.Uniform();
      n.push_back(5 + static_cast<std::int64_t>(stream.Below(60)));
      std::int64_t passes = 0;
      for (std::int64_t i = 0; i < n.back(); ++i) passes += stream.Uniform() < rate;
      x.push_back(passes);
    }
    const auto fit = ShrinkRates(x, n, .95);
    ASSERT_TRUE(fit);
    if (fit->complete_pooling) continue;
    const auto likelihood = [&](double a, double b) {
      double sum = 0;
      for (std::size_t s = 0; s < x.size(); ++s) {
        const double u = static_cast<double>(x[s]), v = static_cast<double>(n[s] - x[s]);
        sum += std::lgamma(a + u) + std::lgamma(b + v) - std::lgamma(a + b + u + v) - std::lgamma(a) -
               std::lgamma(b) + std::lgamma(a + b);
      }
      return sum;
    };
    const double best = likelihood(fit->alpha, fit->beta);
    EXPECT_NEAR(best, fit->log_likelihood, 1e-8);
    for (const double da : {-.05, 0.0, .05}) {
      for (const double db : {-.05, 0.0, .05})
        EXPECT_LE(likelihood(fit->alpha * (1 + da), fit->beta * (1 + db)), best + 1e-9);
    }
  }
}

TEST(ShrinkRates, Degenerate) {
  using Counts = std::vector<std::int64_t>;
  EXPECT_TRUE(ShrinkRates(Counts{0, 0}, Counts{5, 9}, .95)->complete_pooling);
  EXPECT_EQ(ShrinkRates(Counts{5, 9}, Counts{5, 9}, .95)->prior_mean, 1);
  EXPECT_EQ(ShrinkRates(Counts{}, Counts{}, .95).error().code, "no_cases");
  EXPECT_EQ(ShrinkRates(Counts{4}, Counts{3}, .95).error().code, "counts");
  // Half all-pass, half all-fail slices: the prior is as wide as a prior can be, and finite.
  const auto extreme = ShrinkRates(Counts{0, 30, 0, 30}, Counts{30, 30, 30, 30}, .95);
  ASSERT_TRUE(extreme);
  EXPECT_GT(extreme->alpha, 0);
  EXPECT_LT(extreme->alpha, .5);
}

TEST(Meinshausen, MultipliesByTheShareOfLeaves) {
  //        0 (4 leaves)
  //     1 (3)     2
  //   3  4  5
  const std::vector<HierarchyNode> nodes{{-1, .01}, {0, .01}, {0, .2}, {1, .004}, {1, .5}, {1, .0001}};
  const auto adjusted = Meinshausen(nodes);
  ASSERT_TRUE(adjusted);
  const double expected[] = {.01, .01 * 4 / 3, .8, .016, 1, .01 * 4 / 3};
  for (std::size_t i = 0; i < nodes.size(); ++i) EXPECT_NEAR((*adjusted)[i], expected[i], 1e-15) << i;
  EXPECT_FALSE(Meinshausen(std::vector<HierarchyNode>{{0, .1}}));                     // its own parent
  EXPECT_FALSE(Meinshausen(std::vector<HierarchyNode>{{-1, .1}, {2, .1}, {1, .1}}));  // cycle
  EXPECT_FALSE(Meinshausen(std::vector<HierarchyNode>{{-1, .1}, {-1, .1}}));          // two roots
  EXPECT_FALSE(Meinshausen(std::vector<HierarchyNode>{{-1, .1}, {7, .1}}));           // no such parent
  EXPECT_FALSE(Meinshausen({}));
}

// Adjusted p of the fallback procedure = smallest alpha at which the procedure itself, run step by step,
// rejects.
TEST(Fallback, EqualsTheProcedureItself) {
  rng::Stream stream(2, 0);
  for (int round = 0; round < 50; ++round) {
    const std::size_t n = 1 + stream.Below(6);
    std::vector<double> p(n), w(n);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      p[i] = std::pow(stream.Uniform(), 2);
      w[i] = stream.Uniform();
      sum += w[i];
    }
    for (double& weight : w) weight /= sum;
    const auto adjusted = Fallback(p, w);
    ASSERT_TRUE(adjusted);
    const auto rejects = [&](double alpha) {
      std::vector<bool> out;
      double carried = 0;
      for (std::size_t i = 0; i < n; ++i) {
        carried += alpha * w[i];
        out.push_back(p[i] <= carried);
        if (!out.back()) carried = 0;
      }
      return out;
    };
    for (std::size_t i = 0; i < n; ++i) {
      if ((*adjusted)[i] >= 1) continue;
      EXPECT_TRUE(rejects((*adjusted)[i] * (1 + 1e-9))[i]);
      EXPECT_FALSE(rejects((*adjusted)[i] * (1 - 1e-9))[i]);
    }
  }
  EXPECT_EQ(FixedSequence(std::vector<double>{.01, .2, .03}), (std::vector<double>{.01, .2, .2}));
  EXPECT_EQ(Fallback(std::vector<double>{.1}, std::vector<double>{1.5}).error().code, "weights");
  EXPECT_EQ(Fallback(std::vector<double>{.1}, {}).error().code, "length");
}

// Methods 4.4: omega^2 = 1/9, sigma^2 = 1/6 a side, n = 198: MDE 13.27, 10.49, 8.78, 7.57 % at K = 1, 2, 4,
// 10; n for .03 = 969 where omega^2 alone counts.
TEST(VarianceSplit, MillersFigures) {
  VarianceSplit split;
  split.omega2 = 1.0 / 9;
  split.sigma2_incumbent = split.sigma2_candidate = 1.0 / 6;
  for (const auto& [k, mde] :
       std::vector<std::pair<int, double>>{{1, .1327}, {2, .1049}, {4, .0878}, {10, .0757}}) {
    EXPECT_NEAR(DetectableAt(split, 198, k, .05, .8), mde, 5e-5) << k;
  }
  split.sigma2_incumbent = split.sigma2_candidate = 0;
  EXPECT_NEAR(PromptsNeeded(split, .03, 1, .05, .8), 968.998, 1e-3);
  // sigma^2 = omega^2 a side: K = 2 removes 1/3 of the variance, 4 removes 1/2, 6 removes 5/9.
  split.sigma2_incumbent = split.sigma2_candidate = 1.0 / 9;
  const double one = std::pow(StandardErrorAt(split, 1, 1), 2);
  EXPECT_NEAR(1 - std::pow(StandardErrorAt(split, 1, 2), 2) / one, 1.0 / 3, 1e-12);
  EXPECT_NEAR(1 - std::pow(StandardErrorAt(split, 1, 4), 2) / one, 1.0 / 2, 1e-12);
  EXPECT_NEAR(1 - std::pow(StandardErrorAt(split, 1, 6), 2) / one, 5.0 / 9, 1e-12);
}

TEST(VarianceSplit, RecoversWhatItWasMadeFrom) {
  // Prompt effects N-like with variance 1/12 * .16, runs' noise 1/12 * .36 a side, K = 3 and 4.
  rng::Stream stream(3, 0);
  const std::size_t n = 40000;
  std::vector<double> before(3 * n), after(4 * n);
  for (std::size_t i = 0; i < n; ++i) {
    const double shift = .4 * (stream.Uniform() - .5);
    for (std::size_t r = 0; r < 3; ++r) before[3 * i + r] = .6 * (stream.Uniform() - .5);
    for (std::size_t r = 0; r < 4; ++r) after[4 * i + r] = shift + .6 * (stream.Uniform() - .5);
  }
  const auto split = SplitVariance({before, 3}, {after, 4});
  ASSERT_TRUE(split);
  EXPECT_NEAR(split->omega2, .16 / 12, .0005);
  EXPECT_NEAR(split->sigma2_incumbent, .03, .0005);
  EXPECT_NEAR(split->sigma2_candidate, .03, .0005);
  EXPECT_NEAR(split->noise_share, (.01 + .0075) / (.16 / 12 + .0175), .01);
  EXPECT_EQ(split->repeats_that_pay,
            static_cast<std::int64_t>(
                std::ceil(9 * (split->sigma2_incumbent + split->sigma2_candidate) / split->omega2)));
  const auto d = PromptDifferences({before, 3}, {after, 4});
  EXPECT_NEAR(std::accumulate(d->begin(), d->end(), 0.0) / static_cast<double>(n), split->mean, 1e-12);
}

TEST(VarianceSplit, MissingRunsAndReasons) {
  const double nan = std::nan("");
  const std::vector<double> before{1, 0, nan, nan, 1, nan, 0, 0}, after{1, 1, 1, 1, 0, 1, 0, 1};
  EXPECT_EQ(PromptDifferences({before, 2}, {after, 2}), (std::vector<double>{.5, -.5, .5}));
  EXPECT_EQ(SplitVariance({before, 2}, {after, 2})->n, 2);
  EXPECT_EQ(SplitVariance({before, 1}, {after, 1}).error().code, "one_repeat");
  EXPECT_EQ(SplitVariance({before, 2}, {after, 4}).error().code, "shape");
  EXPECT_EQ(SplitVariance({std::span(before).first(2), 2}, {std::span(after).first(2), 2}).error().code,
            "too_few_prompts");
  EXPECT_EQ(PromptDifferences({std::vector<double>{nan}, 1}, {std::vector<double>{1}, 1}).error().code,
            "no_pairs");
}

TEST(PredictionPowered, PairedDifferenceIsTheMeanOfDifferences) {
  rng::Stream stream(4, 0);
  PairedLabels labels;
  std::vector<double> y0(50), y1(50), f0(50), f1(50), u0(500), u1(500);
  std::vector<double> y(50), f(50), u(500);
  for (std::size_t i = 0; i < 50; ++i) {
    y0[i] = stream.Uniform() < .6;
    y1[i] = stream.Uniform() < .7;
    f0[i] = .8 * y0[i] + .2 * stream.Uniform();
    f1[i] = .8 * y1[i] + .2 * stream.Uniform();
    y[i] = y1[i] - y0[i];
    f[i] = f1[i] - f0[i];
  }
  for (std::size_t i = 0; i < 500; ++i) {
    u0[i] = stream.Uniform() < .6 ? .9 : .1;
    u1[i] = stream.Uniform() < .7 ? .9 : .1;
    u[i] = u1[i] - u0[i];
  }
  const auto paired = PredictionPoweredDifference({y0, y1, f0, f1, u0, u1}, .95);
  const auto plain = PredictionPoweredMean(y, f, u, .95);
  ASSERT_TRUE(paired && plain);
  EXPECT_EQ(paired->estimate.value, plain->estimate.value);
  EXPECT_EQ(paired->estimate.upper, plain->estimate.upper);
  // A good judge is worth labels.
  EXPECT_LT(plain->standard_error, .6 * plain->labels_alone_standard_error);
  EXPECT_EQ(PredictionPoweredMean(y, f, {}, .95).error().code, "no_unlabelled");
  EXPECT_EQ(PredictionPoweredMean({}, {}, u, .95).error().code, "too_few_labels");
  EXPECT_EQ(PredictionPoweredMean(y, u, u, .95).error().code, "length");
}

// Coverage of PPI++ at 95 % with 60 labels and 600 unlabelled cases: the truth is the mean of y.
TEST(PredictionPowered, Covers) {
  int covered = 0;
  for (std::uint64_t run = 0; run < 2000; ++run) {
    rng::Stream stream(5, run);
    std::vector<double> y(60), f(60), u(600);
    for (std::size_t i = 0; i < 60; ++i) {
      y[i] = stream.Uniform() < .7;
      f[i] = .6 * y[i] + .4 * stream.Uniform();
    }
    for (double& value : u) value = .6 * (stream.Uniform() < .7) + .4 * stream.Uniform();
    const auto ppi = PredictionPoweredMean(y, f, u, .95);
    covered += ppi->estimate.lower <= .7 && .7 <= ppi->estimate.upper;
  }
  EXPECT_GT(covered, 1860);  // 1,900 expected, standard error 10; few labels cost a point
  EXPECT_LT(covered, 1950);
}

TEST(RoganGladen, CorrectsTheJudge) {
  // Lang, Reiczigel 2014's worked form: (p + sp - 1)/(se + sp - 1).
  const auto rate = RoganGladen(
      700, 1000, {.true_pass = 90, .labelled_pass = 100, .true_fail = 40, .labelled_fail = 50}, .95);
  ASSERT_TRUE(rate);
  EXPECT_NEAR(rate->value, (.7 + .8 - 1) / (.9 + .8 - 1), 1e-12);
  EXPECT_LT(rate->lower, rate->value);
  EXPECT_EQ(RoganGladen(1, 0, {1, 1, 1, 1}, .95).error().code, "no_cases");
  EXPECT_EQ(RoganGladen(1, 2, {0, 0, 1, 1}, .95).error().code, "no_labels");
  EXPECT_EQ(RoganGladen(1, 2, {1, 2, 1, 2}, .95).error().code, "uninformative_judge");
  EXPECT_EQ(RoganGladen(3, 2, {1, 1, 1, 1}, .95).error().code, "counts");
}

// Coverage with a judge of sensitivity .9 and specificity .8, 100 + 100 labels, 500 cases, true rate .6.
TEST(RoganGladen, Covers) {
  int covered = 0;
  for (std::uint64_t run = 0; run < 2000; ++run) {
    rng::Stream stream(6, run);
    const auto draws = [&](int n, double p) {
      std::int64_t x = 0;
      for (int i = 0; i < n; ++i) x += stream.Uniform() < p;
      return x;
    };
    const auto rate =
        RoganGladen(draws(500, .6 * .9 + .4 * .2), 500, {draws(100, .9), 100, draws(100, .8), 100}, .95);
    covered += rate && rate->lower <= .6 && .6 <= rate->upper;
  }
  EXPECT_GT(covered, 1860);
}

TEST(Kappa, Degenerate) {
  const std::vector<double> constant{0, 0, 0, 9};
  EXPECT_EQ(CohenKappa(constant, 2, KappaWeights::kNone, .95).error().code, "constant");
  EXPECT_EQ(CohenKappa({}, 0, KappaWeights::kNone, .95).error().code, "shape");
  EXPECT_EQ(CohenKappa(std::vector<double>(4, 0.0), 2, KappaWeights::kNone, .95).error().code, "no_items");
  EXPECT_EQ(CohenKappa(std::vector<double>{1, -1, 0, 2}, 2, KappaWeights::kNone, .95).error().code, "counts");
  EXPECT_EQ(FleissKappaOf(std::vector<double>{3, 0, 2, 0}, 2).error().code, "ratings");
  EXPECT_EQ(FleissKappaOf(std::vector<double>{3, 0, 3, 0}, 2).error().code, "constant");
  EXPECT_EQ(FleissKappaOf({}, 2).error().code, "no_items");
}

}  // namespace
}  // namespace minslice::stats
