// What must hold for every 2x2 table, whatever the counts.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <string>

#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/power.h"
#include "minslice/stats/proportion.h"

namespace minslice::stats {
namespace {

constexpr PairedMethod kMethods[] = {PairedMethod::kTango,      PairedMethod::kBonettPrice,
                                     PairedMethod::kNewcombe8,  PairedMethod::kNewcombe10,
                                     PairedMethod::kAgrestiMin, PairedMethod::kScas,
                                     PairedMethod::kWald};

// Small counts, zero and near-equal ones, and counts up to 1e9, all about equally often.
rc::Gen<std::int64_t> Count() {
  return rc::gen::oneOf(rc::gen::just<std::int64_t>(0), rc::gen::inRange<std::int64_t>(0, 12),
                        rc::gen::inRange<std::int64_t>(0, 2000),
                        rc::gen::inRange<std::int64_t>(0, 1'000'000'001));
}

PairedCounts Table() {
  PairedCounts counts{
      .both = *Count(), .incumbent_only = *Count(), .candidate_only = *Count(), .neither = *Count()};
  RC_PRE(counts.n() > 0);
  return counts;
}

double Level() { return *rc::gen::element(0.5, 0.8, 0.9, 0.95, 0.99, 0.9999); }

void Check(const std::string& what, void (*property)()) { EXPECT_TRUE(rc::check(what, property)); }

TEST(PairedIntervals, SwappingTheSidesMirrors) {
  Check("lower and upper change places and signs", [] {
    const PairedCounts counts = Table();
    const double level = Level();
    for (const PairedMethod method : kMethods) {
      const Estimate there = *PairedInterval(counts, level, method);
      const Estimate back = *PairedInterval(counts.swapped(), level, method);
      RC_ASSERT(there.value == -back.value);
      if (method == PairedMethod::kTango || method == PairedMethod::kScas) {
        RC_ASSERT(there.lower == -back.upper);
        RC_ASSERT(there.upper == -back.lower);
      } else {
        RC_ASSERT(std::abs(there.lower + back.upper) < 1e-13);
        RC_ASSERT(std::abs(there.upper + back.lower) < 1e-13);
      }
    }
  });
}

TEST(PairedIntervals, PassAndFailMayChangePlaces) {
  Check("counting failures instead of passes mirrors too", [] {
    const PairedCounts c = Table();
    const PairedCounts failures{.both = c.neither,
                                .incumbent_only = c.candidate_only,
                                .candidate_only = c.incumbent_only,
                                .neither = c.both};
    for (const PairedMethod method : kMethods) {
      const Estimate passes = *PairedInterval(c, 0.95, method);
      const Estimate mirrored = *PairedInterval(failures, 0.95, method);
      RC_ASSERT(std::abs(passes.lower + mirrored.upper) < 1e-12);
      RC_ASSERT(std::abs(passes.upper + mirrored.lower) < 1e-12);
    }
  });
}

TEST(PairedIntervals, OrderedInRangeAndWiderAtAWiderLevel) {
  Check("-1 <= lower <= upper <= 1, nested levels", [] {
    const PairedCounts counts = Table();
    for (const PairedMethod method : kMethods) {
      Estimate inner;
      bool first = true;
      for (const double level : {0.5, 0.8, 0.95, 0.9999}) {
        const Estimate outer = *PairedInterval(counts, level, method);
        RC_ASSERT(std::isfinite(outer.lower) && std::isfinite(outer.upper));
        RC_ASSERT(outer.lower >= -1 && outer.lower <= outer.upper && outer.upper <= 1);
        if (!first) {
          RC_ASSERT(outer.lower <= inner.lower + 1e-13);
          RC_ASSERT(outer.upper >= inner.upper - 1e-13);
        }
        inner = outer;
        first = false;
      }
      // Shrinking methods (Bonett-Price, Agresti-Min) and SCAS need not hold the estimate at low levels.
      if (method == PairedMethod::kTango || method == PairedMethod::kWald) {
        RC_ASSERT(inner.lower <= inner.value && inner.value <= inner.upper);
      }
    }
  });
}

TEST(PairedIntervals, TangoAgreesWithTheAsymptoticTest) {
  Check("0 is outside of the 95 % interval if and only if z > 1.96", [] {
    const PairedCounts counts = Table();
    RC_PRE(counts.discordant() > 0);
    const Estimate tango = *TangoInterval(counts, 0.95);
    const double p = McNemarAsymptotic(counts).p;
    RC_PRE(std::abs(p - 0.05) > 1e-9);
    RC_ASSERT((tango.lower > 0 || tango.upper < 0) == (p < 0.05));
  });
}

TEST(PairedIntervals, ConcordantPairsNarrowTango) {
  // The variance of delta, (b + c) / n^2 - (c - b)^2 / n^3, falls with n from n = 1.5 (c - b)^2 / (b + c) on:
  // not where nearly all pairs are discordant in one direction.
  Check("more concordant pairs, no wider interval, where at most half are discordant", [] {
    const PairedCounts counts = Table();
    RC_PRE(2 * counts.discordant() <= counts.n());
    PairedCounts more = counts;
    more.both += *rc::gen::inRange<std::int64_t>(1, 1000);
    const Estimate before = *TangoInterval(counts, 0.95);
    const Estimate after = *TangoInterval(more, 0.95);
    RC_ASSERT(after.upper - after.lower <= before.upper - before.lower + 1e-13);
  });
}

TEST(Tests, ConcordantPairsLeavePAlone) {
  Check("p depends on b and c only", [] {
    const PairedCounts counts = Table();
    PairedCounts other = counts;
    other.both = *Count();
    other.neither = *Count();
    RC_ASSERT(McNemarExact(counts).log10_p == McNemarExact(other).log10_p);
    RC_ASSERT(McNemarMidP(counts).p == McNemarMidP(other).p);
    RC_ASSERT(McNemarAsymptotic(counts).p == McNemarAsymptotic(other).p);
    RC_ASSERT(McNemarCorrected(counts).p == McNemarCorrected(other).p);
    RC_ASSERT(McNemarHarmExact(counts).p == McNemarHarmExact(other).p);
  });
}

TEST(Tests, BetweenZeroAndOneAndInOrder) {
  Check("0 <= mid-p <= exact <= 1, swapping changes nothing, harm and gain overlap in one point", [] {
    const PairedCounts counts = Table();
    const minslice::Test exact = McNemarExact(counts);
    const minslice::Test midp = McNemarMidP(counts);
    for (const minslice::Test& test :
         {exact, midp, McNemarAsymptotic(counts), McNemarCorrected(counts), McNemarHarmExact(counts)}) {
      RC_ASSERT(test.p >= 0 && test.p <= 1);
      RC_ASSERT(test.log10_p <= 0 && std::isfinite(test.log10_p));
      if (test.p > 1e-290) RC_ASSERT(std::abs(std::log10(test.p) - test.log10_p) < 1e-9 * (1 - test.log10_p));
    }
    RC_ASSERT(midp.log10_p <= exact.log10_p);
    RC_ASSERT(exact.log10_p == McNemarExact(counts.swapped()).log10_p);
    RC_ASSERT(midp.p == McNemarMidP(counts.swapped()).p);
    RC_ASSERT(McNemarCorrected(counts).p >= McNemarAsymptotic(counts).p);
    RC_ASSERT(McNemarHarmExact(counts).p + McNemarHarmExact(counts.swapped()).p >= 1 - 1e-12);
  });
}

TEST(Tests, ALargerMarginIsEasier) {
  Check("non-inferiority p falls with the margin", [] {
    const PairedCounts counts = Table();
    double before = 1.1;
    for (const double margin : {0.0, 0.001, 0.01, 0.05, 0.3, 0.9}) {
      const double p = NonInferiority(counts, margin)->p;
      RC_ASSERT(p >= 0 && p <= before + 1e-12);
      before = p;
    }
  });
}

TEST(Bootstrap, MirrorsAndNests) {
  Check("exact limits: swapped sides mirror, wider level wider interval", [] {
    const PairedCounts counts = Table();
    RC_PRE(counts.discordant() > 0 && counts.incumbent_only < counts.n() &&
           counts.candidate_only < counts.n());
    const BootstrapIntervals there = *BootstrapBinaryExact(counts, 0.9);
    const BootstrapIntervals wider = *BootstrapBinaryExact(counts, 0.99);
    const BootstrapIntervals back = *BootstrapBinaryExact(counts.swapped(), 0.9);
    // A type-1 quantile is a lattice point: mirrored it may stand one step off.
    const double step = 1.0 / static_cast<double>(counts.n());
    RC_ASSERT(std::abs(there.percentile.lower + back.percentile.upper) <= step * (1 + 1e-9));
    RC_ASSERT(std::abs(there.percentile.upper + back.percentile.lower) <= step * (1 + 1e-9));
    RC_ASSERT(wider.percentile.lower <= there.percentile.lower &&
              wider.percentile.upper >= there.percentile.upper);
    RC_ASSERT(there.percentile.lower >= -1 && there.percentile.upper <= 1);
    RC_ASSERT(std::abs(there.z0 + back.z0) < 1e-9);
    RC_ASSERT(there.acceleration == -back.acceleration);
  });
}

TEST(Bootstrap, TheOrderOfReplicatesIsNotSeen) {
  Check("the same seed gives the same limits", [] {
    const PairedCounts counts = Table();
    RC_PRE(counts.discordant() > 0 && counts.incumbent_only < counts.n() &&
           counts.candidate_only < counts.n());
    const BootstrapOptions options{
        .level = 0.95, .replicates = 200, .seed = *rc::gen::arbitrary<std::uint64_t>(), .studentised = true};
    const BootstrapIntervals a = *BootstrapBinary(counts, options);
    const BootstrapIntervals b = *BootstrapBinary(counts, options);
    RC_ASSERT(a.percentile.lower == b.percentile.lower && a.bca.upper == b.bca.upper &&
              a.studentised.lower == b.studentised.lower);
    RC_ASSERT(a.percentile.lower <= a.percentile.upper && a.bca.lower <= a.bca.upper);
  });
}

TEST(Planning, MorePairsMorePower) {
  Check("power rises with n and with |delta|, and has no sign", [] {
    const double psi = *rc::gen::element(0.01, 0.05, 0.138, 0.4, 1.0);
    const double delta = psi * *rc::gen::element(0.05, 0.2, 0.6, 0.95);
    const std::int64_t n = *rc::gen::inRange<std::int64_t>(1, 3000);
    const PowerOptions options{.alpha = 0.05, .sides = *rc::gen::element(1, 2), .power = 0.8};
    const double connor = *McNemarPower(static_cast<double>(n), psi, delta, options);
    RC_ASSERT(connor >= 0 && connor <= 1);
    RC_ASSERT(connor == *McNemarPower(static_cast<double>(n), psi, -delta, options));
    RC_ASSERT(*McNemarPower(static_cast<double>(n + 100), psi, delta, options) >= connor);
    const ExactPower exact = *McNemarExactPower(n, psi, delta, McNemarTest::kMidP, options);
    RC_ASSERT(exact.power >= exact.size - 1e-12);
    // The exact test keeps its level everywhere; mid-p does on average over m, not at psi = 1, where m = n
    // (.0654 at n = 11).
    RC_ASSERT(McNemarExactPower(n, psi, delta, McNemarTest::kExact, options)->size <= 0.05);
    if (exact.power > 0) RC_ASSERT(exact.type_s <= 0.5 + 1e-12);
  });
}

TEST(Proportions, MirrorAndNest) {
  Check("failures mirror passes, wider level wider interval", [] {
    const std::int64_t n = *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(1, 50),
                                           rc::gen::inRange<std::int64_t>(1, 1'000'000'001));
    const std::int64_t x = *rc::gen::inRange<std::int64_t>(0, n + 1);
    for (const auto interval : {WilsonInterval, WilsonCorrectedInterval, ClopperPearsonInterval,
                                JeffreysInterval, AgrestiCoullInterval}) {
      const Estimate inner = *interval(x, n, 0.8);
      const Estimate outer = *interval(x, n, 0.99);
      RC_ASSERT(outer.lower <= inner.lower + 1e-12 && outer.upper >= inner.upper - 1e-12);
      const Estimate mirrored = *interval(n - x, n, 0.8);
      RC_ASSERT(std::abs(inner.lower + mirrored.upper - 1) < 1e-9);
    }
  });
}

}  // namespace
}  // namespace minslice::stats
