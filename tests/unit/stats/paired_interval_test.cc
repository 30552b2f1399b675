#include "minslice/stats/paired_interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "stats/normal.h"
#include "stats/score_interval.h"
#include "unit/stats/reference.h"

namespace minslice::stats {
namespace {

// Tables as (both, incumbent only, candidate only, neither).
PairedCounts Counts(std::int64_t both, std::int64_t b, std::int64_t c, std::int64_t neither) {
  return {.both = both, .incumbent_only = b, .candidate_only = c, .neither = neither};
}

constexpr PairedMethod kAll[] = {PairedMethod::kTango,      PairedMethod::kBonettPrice,
                                 PairedMethod::kNewcombe8,  PairedMethod::kNewcombe10,
                                 PairedMethod::kAgrestiMin, PairedMethod::kScas,
                                 PairedMethod::kWald};

void ExpectLimits(const PairedCounts& counts, PairedMethod method, double lower, double upper,
                  double tolerance, double level = 0.95) {
  const Estimate estimate = *PairedInterval(counts, level, method);
  EXPECT_NEAR(estimate.lower, lower, tolerance) << PairedMethodName(method) << " n " << counts.n();
  EXPECT_NEAR(estimate.upper, upper, tolerance) << PairedMethodName(method) << " n " << counts.n();
}

// Methods 4.1: printed in the literature, three or four digits; not in the golden file.
TEST(PairedInterval, PrintedExamples) {
  const PairedCounts fagerland = Counts(1, 1, 7, 12);
  ExpectLimits(fagerland, PairedMethod::kScas, .0184, .5281, 5e-5);  // ratesci, rdpairci(c(1, 1, 7, 12))
  ExpectLimits(fagerland, PairedMethod::kTango, .026, .517, 5e-4);
  ExpectLimits(fagerland, PairedMethod::kNewcombe10, .026, .507, 5e-4);
  ExpectLimits(fagerland, PairedMethod::kWald, .052, .520, 5e-4);
  ExpectLimits(fagerland, PairedMethod::kBonettPrice, .013, .508, 5e-4);
  const PairedCounts chang = Counts(7, 25, 2, 68);  // Chang 2024
  ExpectLimits(chang, PairedMethod::kTango, -.321, -.139, 5e-4);
  ExpectLimits(chang, PairedMethod::kNewcombe10, -.318, -.133, 5e-4);
  const PairedCounts tang = Counts(8, 3, 1, 2);  // Tang 2010
  ExpectLimits(tang, PairedMethod::kTango, -.4327, .1670, 5e-5);
  ExpectLimits(tang, PairedMethod::kNewcombe10, -.4136, .1574, 5e-5);
  const PairedCounts newcombe = Counts(20, 12, 2, 16);  // Newcombe 1998
  ExpectLimits(newcombe, PairedMethod::kNewcombe8, -.3242, -.0618, 5e-5);
  ExpectLimits(newcombe, PairedMethod::kNewcombe10, -.3292, -.0562, 5e-5);
  const PairedCounts cavo = Counts(59, 6, 16, 80);
  ExpectLimits(cavo, PairedMethod::kTango, .0054, .1240, 5e-5);
  ExpectLimits(cavo, PairedMethod::kWald, .0058, .1184,
               1.5e-4);  // printed by contingencytables with its own rounding
  ExpectLimits(cavo, PairedMethod::kBonettPrice, .0032, .1195, 5e-5);
  ExpectLimits(cavo, PairedMethod::kAgrestiMin, .0045, .1182, 5e-5);
  // evalstats, bonett_price_paired_ci: b = 8, c = 1, n = 47 (methods 4.8).
  ExpectLimits(Counts(38, 8, 1, 0), PairedMethod::kBonettPrice, -.2693, -.0164, 5e-5);
}

TEST(PairedInterval, Degenerate) {
  const double z = TwoSidedZ(0.95);
  for (const std::int64_t n : {1, 47, 1'000'000'000}) {
    const double expected = z * z / (static_cast<double>(n) + z * z);
    ExpectLimits(Counts(0, 0, 0, n), PairedMethod::kTango, -expected, expected, 1e-15);
    const Estimate estimate = *TangoInterval(Counts(0, 0, 0, n), 0.95);
    ASSERT_EQ(estimate.warnings.size(), 1u);  // never "equal" in silence
  }
  ExpectLimits(Counts(0, 0, 0, 47), PairedMethod::kTango, -.0756, .0756, 5e-5);
  ExpectLimits(Counts(1, 0, 0, 1), PairedMethod::kNewcombe10, -.5734, .5734, 5e-5);
  ExpectLimits(Counts(0, 3, 0, 0), PairedMethod::kTango, -1, .1230, 5e-5);
  ExpectLimits(Counts(0, 0, 3, 0), PairedMethod::kTango, -.1230, 1, 5e-5);
  for (const PairedMethod method : kAll) {
    const auto none = PairedInterval(Counts(0, 0, 0, 0), 0.95, method);
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, "no_pairs");
    for (const double level : {0.0, 1.0, -1.0, std::nan("")}) {
      EXPECT_EQ(PairedInterval(Counts(1, 1, 1, 1), level, method).error().code, "bad_level");
    }
  }
}

TEST(PairedInterval, Names) {
  for (const PairedMethod method : kAll) EXPECT_EQ(*PairedMethodFromName(PairedMethodName(method)), method);
  const auto unknown = PairedMethodFromName("tangoo");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().text.find("tango, "), std::string::npos);
}

// tests/data/reference/binary.py: bisection with 60 digits, counts up to 1e9, levels .5 to .9999.
TEST(Tango, LargeCounts) {
  const nlohmann::json reference = Reference("binary");
  ASSERT_GE(reference["tango"].size(), 10u);
  for (const auto& item : reference["tango"]) {
    ExpectLimits(TableOf(item["table"]), PairedMethod::kTango, item["lower"], item["upper"], 1e-13,
                 item["level"]);
  }
}

// The limits are where the score is +-z, for every table of n = 12 and for SCAS too; and Tango's T(0) is
// McNemar's z.
TEST(Tango, LimitsInvertTheScore) {
  const double z = TwoSidedZ(0.9);
  const std::int64_t n = 12;
  for (std::int64_t b = 0; b <= n; ++b) {
    for (std::int64_t c = 0; b + c <= n; ++c) {
      const PairedCounts counts = Counts(n - b - c, b, c, 0);
      if (b + c > 0) {
        EXPECT_NEAR(TangoScore(counts, 0), static_cast<double>(c - b) / std::sqrt(static_cast<double>(b + c)),
                    1e-13);
      }
      const Estimate tango = *PairedInterval(counts, 0.9, PairedMethod::kTango);
      const Estimate scas = *PairedInterval(counts, 0.9, PairedMethod::kScas);
      if (b < n) {
        EXPECT_NEAR(TangoScore(counts, tango.lower), z, 1e-9) << b << ' ' << c;
        EXPECT_NEAR(ScasScore(counts, scas.lower), z, 1e-9) << b << ' ' << c;
      } else {
        EXPECT_EQ(tango.lower, -1);
        EXPECT_EQ(scas.lower, -1);
      }
      if (c < n) {
        EXPECT_NEAR(TangoScore(counts, tango.upper), -z, 1e-9) << b << ' ' << c;
        EXPECT_NEAR(ScasScore(counts, scas.upper), -z, 1e-9) << b << ' ' << c;
      }
      EXPECT_LE(tango.lower, tango.value);
      EXPECT_GE(tango.upper, tango.value);
    }
  }
}

// The restricted maximum likelihood estimate behind the score, by a plain search over the likelihood.
TEST(Tango, VarianceIsThatOfTheRestrictedLikelihood) {
  const double b = 9;
  const double c = 3;
  const double n = 32;
  for (const double d : {-.7, -.3, -.1, 0.0, .2, .6}) {
    const auto likelihood = [&](double q) {
      return c * std::log(q) + b * std::log(q - d) + (n - b - c) * std::log(1 - 2 * q + d);
    };
    double low = std::max(0.0, d) + 1e-12;
    double high = (1 + d) / 2 - 1e-12;
    for (int i = 0; i < 300; ++i) {
      const double left = low + (high - low) / 3;
      const double right = high - (high - low) / 3;
      (likelihood(left) < likelihood(right) ? low : high) =
          likelihood(left) < likelihood(right) ? left : right;
    }
    const double q = (low + high) / 2;
    const double score = (c - b - n * d) / std::sqrt(n * (2 * q - d - d * d));
    EXPECT_NEAR(TangoScore(Counts(4, 9, 3, 16), d), score, 1e-6) << d;
  }
}

TEST(NonInferiority, AgreesWithTheOneSidedLimit) {
  for (const PairedCounts& counts :
       {Counts(550, 49, 67, 174), Counts(8, 3, 1, 2), Counts(0, 0, 0, 200), Counts(100, 1, 9, 90)}) {
    for (const double margin : {0.005, 0.01, 0.0134, 0.02, 0.05, 0.2}) {
      const minslice::Test test = *NonInferiority(counts, margin);
      const double lower = TangoInterval(counts, 0.90)->lower;  // one-sided 95 %
      EXPECT_EQ(test.p<0.05, lower> - margin) << counts.n() << ' ' << margin;
    }
  }
  // Methods, finding 3: no discordant pair on 200 prompts bounds the loss at 1.33 points.
  EXPECT_NEAR(-TangoInterval(Counts(200, 0, 0, 0), 0.90)->lower, .0133, 5e-5);
  EXPECT_EQ(NonInferiority(Counts(0, 0, 0, 0), 0.02).error().code, "no_pairs");
  EXPECT_EQ(NonInferiority(Counts(1, 1, 1, 1), 1).error().code, "bad_margin");
  EXPECT_EQ(NonInferiority(Counts(1, 1, 1, 1), -0.1).error().code, "bad_margin");
  // Certain: p underflows, its logarithm does not.
  const minslice::Test sure = *NonInferiority(Counts(1'000'000'000, 10, 10, 0), 0.1);
  EXPECT_EQ(sure.p, 0);
  EXPECT_LT(sure.log10_p, -1e6);
  EXPECT_TRUE(std::isfinite(sure.log10_p));
}

}  // namespace
}  // namespace minslice::stats
