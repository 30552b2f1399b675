// What must hold for every sample of scores, every family of slices, and any numbers at all.
#include <gtest/gtest.h>
#include <omp.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "minslice/stats/bootstrap_cluster.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/bounded_mean.h"
#include "minslice/stats/clusters.h"
#include "minslice/stats/correlation.h"
#include "minslice/stats/max_t.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/nondeterminism.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/prediction_powered.h"
#include "minslice/stats/repeats.h"
#include "minslice/stats/sequential.h"
#include "minslice/stats/shrinkage.h"
#include "minslice/stats/sign_flip.h"
#include "minslice/stats/wilcoxon.h"

namespace minslice::stats {
namespace {

void Check(const std::string& what, void (*property)()) { EXPECT_TRUE(rc::check(what, property)); }

double Level() { return *rc::gen::element(0.5, 0.8, 0.9, 0.95, 0.99); }

// Scores on a lattice, real scores, or a mixture with outliers; n from 2 to 60.
std::vector<double> Sample() {
  const int kind = *rc::gen::inRange(0, 3);
  const auto n = static_cast<std::size_t>(*rc::gen::inRange(2, 61));
  std::vector<double> d;
  for (std::size_t i = 0; i < n; ++i) {
    const int k = *rc::gen::inRange(-6, 7);
    const double noise = kind == 0 ? 0 : *rc::gen::inRange(0, 1 << 20) * 1e-7;
    d.push_back((k + noise) / 6 * (kind == 2 && i == 0 ? 50 : 1));
  }
  return d;
}

std::vector<double> Negated(std::vector<double> d) {
  for (double& value : d) value = -value;
  return d;
}

bool Close(double a, double b, double scale) { return std::abs(a - b) <= 1e-8 * scale; }

double Spread(const std::vector<double>& d) {
  const auto [least, most] = std::minmax_element(d.begin(), d.end());
  return *most - *least + 1e-12;
}

TEST(Means, SwappingTheSidesMirrors) {
  Check("t, Wilcoxon and sign flips change places", [] {
    const std::vector<double> d = Sample(), mirror = Negated(d);
    const double level = Level();
    const auto t = PairedTTest(d, level), s = PairedTTest(mirror, level);
    RC_ASSERT(t.has_value() == s.has_value());
    if (t) {
      RC_ASSERT(Close(t->mean.lower, -s->mean.upper, Spread(d)));
      RC_ASSERT(Close(t->p, s->p, 1));
    }
    RC_ASSERT(Close(WilcoxonTest(d)->p, WilcoxonTest(mirror)->p, 1));
    const auto f = SignFlipTest(d), g = SignFlipTest(mirror);
    RC_ASSERT(Close(f->p, g->p, 1));
    RC_ASSERT(Close(f->p_harm, g->p_gain, 1));
    RC_ASSERT(Close(f->midp, g->midp, 1));
  });
  Check("the exact bootstrap of real scores too", [] {
    // On a lattice the inverse CDF takes the lower of two neighbours on both sides, so mirrors may differ by
    // a step.
    const std::vector<double> d = Sample();
    const auto there = BootstrapMeanExact(d, .95), back = BootstrapMeanExact(Negated(d), .95);
    RC_ASSERT(there.has_value() == back.has_value());
    if (!there) return;
    const double step =
        there->method == "characteristic_function" ? 0 : Spread(d) / static_cast<double>(d.size());
    RC_ASSERT(std::abs(there->intervals.percentile.lower + back->intervals.percentile.upper) <=
              step + 1e-8 * Spread(d));
    RC_ASSERT(std::abs(there->intervals.acceleration + back->intervals.acceleration) < 1e-9);
  });
}

TEST(Means, WiderLevelsGiveWiderIntervals) {
  Check("nested", [] {
    const std::vector<double> d = Sample();
    double level = Level(), wider = Level();
    if (level > wider) std::swap(level, wider);
    const auto nested = [](const Interval& inner, const Interval& outer, double scale) {
      return outer.lower <= inner.lower + 1e-9 * scale && inner.upper <= outer.upper + 1e-9 * scale;
    };
    const double scale = Spread(d);
    if (const auto t = PairedTTest(d, level)) {
      const auto u = PairedTTest(d, wider);
      RC_ASSERT(nested({t->mean.lower, t->mean.upper}, {u->mean.lower, u->mean.upper}, scale));
    }
    if (const auto b = BootstrapMeanExact(d, level)) {
      const auto c = BootstrapMeanExact(d, wider);
      RC_ASSERT(nested(b->intervals.percentile, c->intervals.percentile, scale));
      RC_ASSERT(nested(b->intervals.bca, c->intervals.bca, scale));
      RC_ASSERT(b->intervals.percentile.lower >= *std::min_element(d.begin(), d.end()) - 1e-6 * scale ||
                b->method == "characteristic_function");
    }
    const double most = 1e-9 + std::max(std::abs(*std::max_element(d.begin(), d.end())),
                                        std::abs(*std::min_element(d.begin(), d.end())));
    for (const BoundedMethod method :
         {BoundedMethod::kBetting, BoundedMethod::kHoeffding, BoundedMethod::kEmpiricalLikelihood}) {
      const auto e = BoundedMeanInterval(d, -most, most, level, method),
                 w = BoundedMeanInterval(d, -most, most, wider, method);
      RC_ASSERT(e.has_value() == w.has_value());
      // Bets depend on the level, so betting intervals need not be nested sample by sample; all hold the mean
      // or its side.
      if (e && method != BoundedMethod::kBetting) {
        RC_ASSERT(nested({e->lower, e->upper}, {w->lower, w->upper}, scale));
        RC_ASSERT(e->lower <= e->value + 1e-9 && e->value <= e->upper + 1e-9);
      }
    }
  });
}

TEST(SignFlips, EqualPairsLeavePAlone) {
  Check("zeros change nothing", [] {
    std::vector<double> d = Sample();
    const auto before = SignFlipTest(d);
    const auto wilcoxon = WilcoxonTest(d);
    d.insert(d.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(d.size())),
             static_cast<std::size_t>(*rc::gen::inRange(0, 30)), 0.0);
    const auto after = SignFlipTest(d);
    RC_ASSERT(before->p == after->p);
    RC_ASSERT(before->midp == after->midp);
    RC_ASSERT(before->p_harm == after->p_harm);
    RC_ASSERT(Close(wilcoxon->normal_p, WilcoxonTest(d)->normal_p, 1));
  });
}

TEST(Repeats, EqualRunsAreOneRun) {
  Check("K copies of a run give the p of K = 1", [] {
    const auto n = static_cast<std::size_t>(*rc::gen::inRange(1, 40));
    const auto k = static_cast<std::size_t>(*rc::gen::inRange(1, 6));
    std::vector<double> before, after, before_once, after_once;
    for (std::size_t i = 0; i < n; ++i) {
      before_once.push_back(*rc::gen::inRange(0, 2));
      after_once.push_back(*rc::gen::inRange(0, 2));
      before.insert(before.end(), k, before_once.back());
      after.insert(after.end(), k, after_once.back());
    }
    const auto many =
        PromptDifferences({before, static_cast<std::int64_t>(k)}, {after, static_cast<std::int64_t>(k)});
    const auto once = PromptDifferences({before_once, 1}, {after_once, 1});
    RC_ASSERT(*many == *once);
    RC_ASSERT(SignFlipTest(*many)->p == SignFlipTest(*once)->p);
  });
}

std::vector<SliceDiscordance> Slices() {
  std::vector<SliceDiscordance> slices(static_cast<std::size_t>(*rc::gen::inRange(1, 30)));
  for (SliceDiscordance& slice : slices) slice = {*rc::gen::inRange(0, 15), *rc::gen::inRange(0, 15)};
  return slices;
}

TEST(Families, OrderOfSlicesChangesNoBit) {
  Check("shuffled", [] {
    const std::vector<SliceDiscordance> slices = Slices();
    std::vector<std::size_t> order(slices.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(i)))]);
    std::vector<SliceDiscordance> shuffled;
    for (const std::size_t i : order) shuffled.push_back(slices[i]);
    const auto wy = WestfallYoungDiscrete(slices), wy2 = WestfallYoungDiscrete(shuffled);
    const auto th = TaroneHolm(slices), th2 = TaroneHolm(shuffled);
    for (std::size_t i = 0; i < order.size(); ++i) {
      RC_ASSERT(wy2[i] == wy[order[i]]);
      RC_ASSERT(th2[i] == th[order[i]]);
    }
    RC_ASSERT(HoldLevel(slices, .25) == HoldLevel(shuffled, .25));
  });
}

TEST(Families, AdjustedLiesBetweenRawAndHolmAndKeepsTheOrder) {
  Check("raw <= Westfall-Young <= Tarone-Holm <= Holm; more harm, no larger p", [] {
    std::vector<SliceDiscordance> slices = Slices();
    const auto raw = HarmP(slices), wy = WestfallYoungDiscrete(slices), tarone = TaroneHolm(slices),
               holm = Holm(raw);
    for (std::size_t i = 0; i < raw.size(); ++i) {
      RC_ASSERT(raw[i] <= wy[i] * (1 + 1e-12));
      RC_ASSERT(wy[i] <= tarone[i] * (1 + 1e-12));
      RC_ASSERT(tarone[i] <= holm[i] * (1 + 1e-12));
      for (std::size_t j = 0; j < raw.size(); ++j) RC_ASSERT(!(raw[i] < raw[j]) || wy[i] <= wy[j]);
    }
    // An untestable slice costs nobody anything.
    slices.push_back({0, 0});
    const auto with = WestfallYoungDiscrete(slices);
    for (std::size_t i = 0; i < raw.size(); ++i) RC_ASSERT(with[i] == wy[i]);
    RC_ASSERT(with.back() == 1);
    // A broke pair more in a slice never raises its adjusted p when its discordance stays: a fix becomes a
    // break.
    const auto k = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(raw.size())));
    if (slices[k].fixed > 0) {
      --slices[k].fixed;
      ++slices[k].broke;
      RC_ASSERT(WestfallYoungDiscrete(slices)[k] <= with[k] * (1 + 1e-12));
    }
  });
}

TEST(Clusters, NamesOfClustersChangeNothingAndSinglesAreNone) {
  Check("relabelled", [] {
    const std::vector<double> d = Sample();
    std::vector<std::int64_t> cluster, renamed, own;
    for (std::size_t i = 0; i < d.size(); ++i) {
      cluster.push_back(*rc::gen::inRange(0, 8));
      renamed.push_back(3 * cluster.back() + 1000);
      own.push_back(static_cast<std::int64_t>(i));
    }
    const auto a = ClusterRobustMean(*SumClusters(d, cluster), ClusterError::kCr2, .95);
    const auto b = ClusterRobustMean(*SumClusters(d, renamed), ClusterError::kCr2, .95);
    RC_ASSERT(a.has_value() == b.has_value());
    if (a) RC_ASSERT(a->standard_error == b->standard_error && a->df == b->df);
    const auto singles = ClusterRobustMean(*SumClusters(d, own), ClusterError::kCr1, .95);
    const auto t = PairedTTest(d, .95);
    if (singles && t) RC_ASSERT(Close(singles->standard_error, t->standard_error, Spread(d)));
  });
}

TEST(Seeded, ThreadsChangeNoBit) {
  Check("1 and 3 threads", [] {
    const std::vector<double> d = Sample();
    const BootstrapOptions options{.replicates = 200, .seed = *rc::gen::arbitrary<std::uint64_t>()};
    omp_set_num_threads(1);
    const auto one = BootstrapMean(d, options);
    const auto table = SliceTable::FromRows(d, 1);
    const auto flips = SignFlipMaxT(*table, {.replicates = 200, .seed = options.seed});
    omp_set_num_threads(3);
    const auto three = BootstrapMean(d, options);
    const auto flips3 = SignFlipMaxT(*table, {.replicates = 200, .seed = options.seed});
    RC_ASSERT(one.has_value() == three.has_value());
    if (one)
      RC_ASSERT(one->intervals.bca.lower == three->intervals.bca.lower &&
                one->intervals.percentile.upper == three->intervals.percentile.upper);
    RC_ASSERT(flips->step_down_p == flips3->step_down_p);
  });
}

// Any numbers: NaN, infinities, the largest and the smallest; every other time finite ones only, which get
// further.
std::vector<double> Anything() {
  const double inf = std::numeric_limits<double>::infinity();
  const auto usual = rc::gen::map(rc::gen::inRange(-100, 101), [](int k) { return k / 100.0; });
  const auto finite =
      rc::gen::oneOf(rc::gen::element(0.0, 1.0, -1.0, 1e308, -1e308, 1e150, 5e-324, 1e-300, 1e9), usual);
  if (*rc::gen::inRange(0, 2) == 0) return *rc::gen::container<std::vector<double>>(finite);
  return *rc::gen::container<std::vector<double>>(
      rc::gen::oneOf(rc::gen::element(std::nan(""), inf, -inf), finite));
}

template <class T>
void AnEstimateOrAReason(const Computed<T>& computed) {
  if (!computed) RC_ASSERT(!computed.error().code.empty() && !computed.error().text.empty());
}

TEST(Anything, GivesAnEstimateOrAReason) {
  Check("no crash, no endless loop", [] {
    const std::vector<double> d = Anything(), e = Anything();
    const BootstrapOptions few{.replicates = 100};
    AnEstimateOrAReason(PairedTTest(d, .95));
    AnEstimateOrAReason(WilcoxonTest(d));
    AnEstimateOrAReason(SignFlipTest(d));
    AnEstimateOrAReason(BootstrapMeanExact(d, .95));
    AnEstimateOrAReason(BootstrapMean(d, few));
    AnEstimateOrAReason(BootstrapT(d, few));
    AnEstimateOrAReason(Pearson(d, e, .95));
    AnEstimateOrAReason(Spearman(d, e, .95));
    AnEstimateOrAReason(Kendall(d, e));
    AnEstimateOrAReason(BoundedMeanInterval(d, -1, 1, .95, BoundedMethod::kBetting));
    AnEstimateOrAReason(BoundedMeanInterval(d, -1, 1, .95, BoundedMethod::kEmpiricalLikelihood));
    AnEstimateOrAReason(BettingSequence(d, {}, true));
    AnEstimateOrAReason(EmpiricalBernsteinSequence(d, .05, .5, true));
    AnEstimateOrAReason(SequentialNonInferiority(d, .02, .05));
    AnEstimateOrAReason(PredictionPoweredMean(d, e, d, .95));
    AnEstimateOrAReason(ShrinkNormal(d, e, BetweenVariance::kPauleMandel));
    AnEstimateOrAReason(CheckNondeterminism(d, 3, {}));
    AnEstimateOrAReason(SplitVariance({d, 2}, {e, 2}));
    std::vector<std::int64_t> cluster;
    for (std::size_t i = 0; i < d.size(); ++i) cluster.push_back(static_cast<std::int64_t>(i % 3));
    if (const auto sums = SumClusters(d, cluster)) {
      AnEstimateOrAReason(ClusterRobustMean(*sums, ClusterError::kCr2, .95));
      AnEstimateOrAReason(WildClusterBootstrap(*sums, {.replicates = 99}));
      AnEstimateOrAReason(BootstrapClusters(*sums, few));
    }
    if (const auto table = SliceTable::FromRows(d, 2)) {
      AnEstimateOrAReason(SignFlipMaxT(*table, {.replicates = 99}));
      AnEstimateOrAReason(SignFlipMinP(*table, {.replicates = 99}));
      AnEstimateOrAReason(RomanoWolf(*table, {.replicates = 99}));
    }
    for (const auto& adjusted : {Holm(d), Hommel(d), BenjaminiHochberg(d)})
      RC_ASSERT(adjusted.size() == d.size());
  });
}

}  // namespace
}  // namespace minslice::stats
