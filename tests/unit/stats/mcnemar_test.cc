#include "minslice/stats/mcnemar.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/binomial.h"
#include "stats/normal.h"
#include "unit/stats/reference.h"

namespace minslice::stats {
namespace {

PairedCounts Discordant(std::int64_t b, std::int64_t c) {
  return {.both = 0, .incumbent_only = b, .candidate_only = c, .neither = 0};
}

// Counts to 1e9 and p-values far below 1e-300: tests/data/reference/binary.py, mpmath.
TEST(McNemar, LargeCountsAndFarTails) {
  const nlohmann::json reference = Reference("binary");
  ASSERT_GE(reference["mcnemar"].size(), 10u);
  for (const auto& item : reference["mcnemar"]) {
    const PairedCounts counts = Discordant(item["b"], item["c"]);
    const double exact = item["exact_log10"];
    const double midp = item["midp_log10"];
    const double asymptotic = item["asymptotic_log10"];
    const auto near = [](double x) { return 2e-10 + 1e-12 * std::abs(x); };
    EXPECT_NEAR(McNemarExact(counts).log10_p, exact, near(exact)) << item;
    EXPECT_NEAR(McNemarMidP(counts).log10_p, midp, near(midp)) << item;
    EXPECT_NEAR(McNemarAsymptotic(counts).log10_p, asymptotic, near(asymptotic)) << item;
    if (exact > -300) {
      EXPECT_NEAR(McNemarExact(counts).p, std::pow(10, exact), 1e-9 * std::pow(10, exact)) << item;
    } else {
      EXPECT_LT(McNemarExact(counts).p, 1e-299) << item;
    }
  }
}

// Every b + c up to 120 against sums of C(m, k) / 2^m in long double.
TEST(McNemar, AgreesWithPlainSums) {
  for (std::int64_t m = 1; m <= 120; ++m) {
    std::vector<long double> pmf(static_cast<std::size_t>(m + 1));
    pmf[0] = std::pow(0.5L, static_cast<long double>(m));
    for (std::size_t k = 1; k < pmf.size(); ++k) {
      pmf[k] = pmf[k - 1] * static_cast<long double>(m + 1 - static_cast<std::int64_t>(k)) /
               static_cast<long double>(k);
    }
    for (std::int64_t b = 0; b <= m; ++b) {
      long double at_most = 0;
      for (std::int64_t k = 0; k <= std::min(b, m - b); ++k) at_most += pmf[static_cast<std::size_t>(k)];
      long double harm = 0;
      for (std::int64_t k = b; k <= m; ++k) harm += pmf[static_cast<std::size_t>(k)];
      const PairedCounts counts = Discordant(b, m - b);
      const long double equal = pmf[static_cast<std::size_t>(b)];
      const auto exact = static_cast<double>(std::min(1.0L, 2 * at_most));
      const double midp = 2 * b == m ? 1 : static_cast<double>(2 * at_most - equal);
      EXPECT_NEAR(McNemarExact(counts).p, exact, 1e-13 * exact);
      EXPECT_NEAR(McNemarMidP(counts).p, midp, 1e-13 * midp);
      EXPECT_NEAR(McNemarHarmExact(counts).p, static_cast<double>(harm), 1e-13 * static_cast<double>(harm));
    }
  }
}

TEST(McNemar, NoDiscordantPairsAndEqualOnes) {
  for (const PairedCounts& counts :
       {Discordant(0, 0), PairedCounts{}, Discordant(7, 7), Discordant(1'000'000'000, 1'000'000'000)}) {
    for (const minslice::Test& test :
         {McNemarExact(counts), McNemarMidP(counts), McNemarAsymptotic(counts), McNemarCorrected(counts)}) {
      EXPECT_EQ(test.p, 1) << test.method;
      EXPECT_EQ(test.log10_p, 0) << test.method;
    }
  }
  EXPECT_EQ(McNemarHarmExact(Discordant(0, 0)).p, 1);
  EXPECT_TRUE(std::isnan(McNemarExact(Discordant(1, 5)).statistic));
  EXPECT_EQ(McNemarCorrected(Discordant(0, 1)).statistic, 0);
}

// R 4.2.2's help example of mcnemar.test (printed 34.71 elsewhere: twice 17.356, and wrong).
TEST(McNemar, ApprovalRatings) {
  const PairedCounts counts{.both = 794, .incumbent_only = 86, .candidate_only = 150, .neither = 570};
  EXPECT_NEAR(McNemarAsymptotic(counts).statistic, 17.356, 5e-4);
  EXPECT_NEAR(McNemarCorrected(counts).statistic, 16.818, 5e-4);
}

// Methods 4.1, contingencytables: Bentur b = 1, c = 7; Cavo 2012.
TEST(McNemar, PrintedExamples) {
  const PairedCounts bentur{.both = 1, .incumbent_only = 1, .candidate_only = 7, .neither = 12};
  EXPECT_NEAR(McNemarAsymptotic(bentur).p, .0339, 5e-5);
  EXPECT_NEAR(McNemarCorrected(bentur).p, .0771, 5e-5);
  EXPECT_NEAR(McNemarExact(bentur).p, .0703, 5e-5);
  EXPECT_NEAR(McNemarMidP(bentur).p, .0391, 5e-5);
  const PairedCounts cavo{.both = 59, .incumbent_only = 6, .candidate_only = 16, .neither = 80};
  EXPECT_NEAR(McNemarAsymptotic(cavo).p, .033006, 5e-7);
  EXPECT_NEAR(McNemarCorrected(cavo).p, .055009, 5e-7);
  EXPECT_NEAR(McNemarExact(cavo).p, .052479, 5e-7);
  EXPECT_NEAR(McNemarMidP(cavo).p, .034690, 5e-7);
}

// Binomial probabilities of any p against the multiplicative recurrence from 0, and the two tails together.
TEST(Binomial, TailsAndProbabilities) {
  for (const double p : {0.01, 0.138, 0.5, 0.93}) {
    for (const std::int64_t n : {1, 7, 60, 300}) {
      const double q = 1 - p;
      long double pmf = std::pow(static_cast<long double>(q), static_cast<long double>(n));
      long double cdf = 0;
      for (std::int64_t k = 0; k <= n; ++k) {
        cdf += pmf;
        const auto expected = static_cast<double>(pmf);
        EXPECT_NEAR(BinomialPmf(k, n, p, q), expected, 1e-12 * expected) << k << ' ' << n << ' ' << p;
        EXPECT_NEAR(BinomialCdf(k, n, p, q), static_cast<double>(cdf), 2e-13);
        EXPECT_NEAR(BinomialCdf(k, n, p, q) + BinomialSf(k + 1, n, p, q), 1, 1e-13);
        pmf *= static_cast<long double>(n - k) * static_cast<long double>(p) /
               (static_cast<long double>(k + 1) * static_cast<long double>(q));
      }
    }
  }
  EXPECT_EQ(BinomialCdf(-1, 5, 0.3, 0.7), 0);
  EXPECT_EQ(BinomialCdf(5, 5, 0.3, 0.7), 1);
  EXPECT_EQ(BinomialSf(0, 5, 0.3, 0.7), 1);
  EXPECT_EQ(BinomialCdf(2, 5, 0, 1), 1);
  EXPECT_EQ(BinomialCdf(2, 5, 1, 0), 0);
}

TEST(Normal, QuantilesAndTails) {
  // scipy.stats.norm: isf(.025), isf(1e-20), logsf(40), logsf(1000).
  EXPECT_NEAR(NormalUpperQuantile(0.025), 1.959963984540054, 1e-14);
  EXPECT_NEAR(NormalUpperQuantile(1e-20), 9.262340089798409, 1e-13);
  EXPECT_NEAR(LogNormalSf(40), -804.6084420137539, 1e-9);
  EXPECT_NEAR(LogNormalSf(1000), -500007.8266948122, 1e-6);
  EXPECT_NEAR(LogNormalSf(29.999999), LogNormalSf(30.000001), 1e-4);
  EXPECT_NEAR(TwoSidedZ(0.95), 1.959963984540054, 1e-14);
  EXPECT_EQ(NormalQuantile(0.5), 0);
}

}  // namespace
}  // namespace minslice::stats
