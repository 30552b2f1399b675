#include "minslice/stats/bootstrap_binary.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "stats/difference_distribution.h"
#include "unit/stats/reference.h"

namespace minslice::stats {
namespace {

using nlohmann::json;

PairedCounts Counts(std::int64_t both, std::int64_t b, std::int64_t c, std::int64_t neither) {
  return {.both = both, .incumbent_only = b, .candidate_only = c, .neither = neither};
}

// The trinomial summed cell by cell with scipy's binomials (tests/data/reference/binary.py): small tables,
// one-sided ones, all discordant, and a million pairs.
TEST(DifferenceDistribution, AgreesWithTheTrinomialSum) {
  int quantiles = 0;
  const nlohmann::json reference = Reference("binary");
  ASSERT_GE(reference["bootstrap"].size(), 10u);
  for (const auto& item : reference["bootstrap"]) {
    const PairedCounts counts = TableOf(item["table"]);
    const DifferenceDistribution distribution(counts.n(), counts.incumbent_only, counts.candidate_only);
    for (const auto& [offset, expected] : item["cdf"].items()) {
      EXPECT_NEAR(distribution.Cdf(std::stoll(offset)), expected.get<double>(), 2e-12)
          << item["table"] << ' ' << offset;
    }
    for (const auto& [p, expected] : item["quantiles"].items()) {
      EXPECT_EQ(distribution.Quantile(std::stod(p)), expected.get<std::int64_t>())
          << item["table"] << ' ' << p;
      ++quantiles;
    }
  }
  EXPECT_GT(quantiles, 60);
}

// Every table of n = 9 by adding up all multinomial outcomes, and of n = 130 to 140 (where the characteristic
// function takes over) against the step-by-step convolution.
TEST(DifferenceDistribution, AgreesWithConvolution) {
  std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>> shapes;
  for (std::int64_t b = 0; b <= 9; ++b) {
    for (std::int64_t c = 0; b + c <= 9; ++c) shapes.emplace_back(9, b, c);
  }
  for (const std::int64_t n : {127, 128, 129, 130, 200, 301}) {
    for (const double psi : {0.01, 0.1, 0.5, 0.97, 1.0}) {
      const auto discordant = static_cast<std::int64_t>(psi * static_cast<double>(n));
      for (const double share : {0.0, 0.04, 0.3, 0.5, 1.0}) {
        const auto b = static_cast<std::int64_t>(share * static_cast<double>(discordant));
        shapes.emplace_back(n, b, discordant - b);
      }
    }
  }
  for (const auto& [n, b, c] : shapes) {
    const double nn = static_cast<double>(n);
    const double p[3] = {static_cast<double>(b) / nn, static_cast<double>(n - b - c) / nn,
                         static_cast<double>(c) / nn};
    std::vector<double> mass(static_cast<std::size_t>(2 * n + 1), 0.0);
    mass[static_cast<std::size_t>(n)] = 1;
    for (std::int64_t step = 0; step < n; ++step) {
      std::vector<double> next(mass.size(), 0.0);
      for (std::size_t i = 1; i + 1 < mass.size(); ++i) {
        for (std::size_t s = 0; s < 3; ++s) next[i + s - 1] += mass[i] * p[s];
      }
      mass = std::move(next);
    }
    const DifferenceDistribution distribution(n, b, c);
    double cdf = 0;
    double total = 0;
    for (std::size_t i = 0; i < mass.size(); ++i) {
      const std::int64_t offset = static_cast<std::int64_t>(i) - n - (c - b);
      cdf += mass[i];
      total += distribution.Pmf(offset);
      ASSERT_NEAR(distribution.Pmf(offset), mass[i], 1e-13) << n << ' ' << b << ' ' << c << " at " << offset;
      ASSERT_NEAR(distribution.Cdf(offset), cdf, 1e-12) << n << ' ' << b << ' ' << c << " at " << offset;
    }
    EXPECT_NEAR(total, 1, 1e-12);
    for (const double q : {0.0, 1e-6, 0.3, 0.6, 1 - 1e-6}) {
      const std::int64_t k = distribution.Quantile(q);
      EXPECT_GE(distribution.Cdf(k), q);
      if (k > distribution.lowest()) {
        EXPECT_LT(distribution.Cdf(k - 1), q);
      }
    }
  }
}

// The incident's table: the story's interval [-.004, .046], and the strict and half-weighted z0 one lattice
// step apart.
TEST(BootstrapBinary, TheIncident) {
  const BootstrapIntervals exact = *BootstrapBinaryExact(Counts(550, 49, 67, 174), 0.95);
  EXPECT_NEAR(exact.percentile.lower, -.0036, 5e-5);
  EXPECT_NEAR(exact.percentile.upper, .0464, 5e-5);
  EXPECT_NEAR(exact.bca_strict.lower, -.0048, 5e-5);
  EXPECT_NEAR(exact.bca_strict.upper, .0452, 5e-5);
  EXPECT_EQ(exact.replicates, 0);
  EXPECT_TRUE(std::isnan(exact.studentised.lower));
}

// Golden mc_lower / mc_upper: where limits from B resamples must fall (5 sigma), for several seeds.
TEST(BootstrapBinary, MonteCarloFallsWhereItMust) {
  std::ifstream file(MINSLICE_TEST_DATA "/golden/stats.json");
  const json golden = json::parse(file);
  int checked = 0;
  for (const json& item : golden["cases"]) {
    const std::string name = item["fn"];
    if (name != "boot_binary_percentile" && name != "boot_binary_bca_mid" && name != "boot_binary_bca_strict")
      continue;
    const json& in = item["in"];
    const PairedCounts counts = Counts(in["n11"], in["n10"], in["n01"], in["n00"]);
    for (const std::int64_t replicates : {10'000, 100'000}) {
      const std::string key = std::to_string(replicates);
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const BootstrapIntervals drawn = *BootstrapBinary(
            counts, {.level = in["level"], .replicates = replicates, .seed = seed, .studentised = false});
        const Interval limits = name == "boot_binary_percentile" ? drawn.percentile
                                : name == "boot_binary_bca_mid"  ? drawn.bca
                                                                 : drawn.bca_strict;
        const json& low = item["expect"]["mc_lower"][key];
        const json& high = item["expect"]["mc_upper"][key];
        EXPECT_GE(limits.lower, low[0].get<double>() - 1e-12)
            << item["id"] << " seed " << seed << " B " << key;
        EXPECT_LE(limits.lower, low[1].get<double>() + 1e-12)
            << item["id"] << " seed " << seed << " B " << key;
        EXPECT_GE(limits.upper, high[0].get<double>() - 1e-12)
            << item["id"] << " seed " << seed << " B " << key;
        EXPECT_LE(limits.upper, high[1].get<double>() + 1e-12)
            << item["id"] << " seed " << seed << " B " << key;
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 24 * 2 * 5);
}

// Style 27: one thread or three, every digit the same.
TEST(BootstrapBinary, ThreadsChangeNoDigit) {
  const auto figures = [](int threads, const PairedCounts& counts) {
    omp_set_num_threads(threads);
    const BootstrapIntervals b =
        *BootstrapBinary(counts, {.level = 0.95, .replicates = 50'000, .seed = 3, .studentised = true});
    return std::vector<double>{b.percentile.lower,
                               b.percentile.upper,
                               b.basic.lower,
                               b.basic.upper,
                               b.bca.lower,
                               b.bca.upper,
                               b.bca_strict.lower,
                               b.bca_strict.upper,
                               b.studentised.lower,
                               b.studentised.upper,
                               b.z0,
                               b.p_not_above_zero,
                               b.p_below_zero};
  };
  const int before = omp_get_max_threads();
  for (const PairedCounts& counts :
       {Counts(550, 49, 67, 174), Counts(999'000, 400, 600, 0), Counts(0, 1, 2, 0)}) {
    const std::vector<double> one = figures(1, counts);
    EXPECT_EQ(one, figures(2, counts));
    EXPECT_EQ(one, figures(3, counts));
  }
  omp_set_num_threads(before);
}

// The seed is the only source of chance: a digit of its own, kept so that a change of the streams is seen.
TEST(BootstrapBinary, SeedsDiffer) {
  const PairedCounts counts = Counts(600'000, 60'000, 63'000, 277'000);
  const auto lower = [&](std::uint64_t seed) {
    return BootstrapBinary(counts, {.level = 0.95, .replicates = 10'000, .seed = seed, .studentised = false})
        ->percentile.lower;
  };
  EXPECT_EQ(lower(0), lower(0));
  EXPECT_NE(lower(0), lower(1));
}

// Studentised limits are near Tango's on a large table: [-.00375, .04701] at 840 pairs.
TEST(BootstrapBinary, Studentised) {
  const BootstrapIntervals b = *BootstrapBinary(
      Counts(550, 49, 67, 174), {.level = 0.95, .replicates = 100'000, .seed = 0, .studentised = true});
  EXPECT_NEAR(b.studentised.lower, -.0037, .0008);
  EXPECT_NEAR(b.studentised.upper, .0467, .0008);
}

TEST(BootstrapBinary, WhatDoesNotExistIsAReason) {
  EXPECT_EQ(BootstrapBinaryExact(Counts(0, 0, 0, 0), 0.95).error().code, "no_pairs");
  EXPECT_EQ(BootstrapBinaryExact(Counts(10, 0, 0, 10), 0.95).error().code, "no_discordant_pairs");
  EXPECT_EQ(BootstrapBinaryExact(Counts(0, 3, 0, 0), 0.95).error().code, "no_spread");
  EXPECT_EQ(BootstrapBinaryExact(Counts(0, 0, 1, 0), 0.95).error().code, "no_spread");
  EXPECT_EQ(BootstrapBinaryExact(Counts(1, 1, 1, 1), 1).error().code, "bad_level");
  EXPECT_EQ(
      BootstrapBinary(Counts(1, 1, 1, 1), {.level = 0.95, .replicates = 99, .seed = 0, .studentised = false})
          .error()
          .code,
      "bad_replicates");
}

// Counts of 1e9: quantiles are where the normal approximation puts them, to a thousandth of a standard error.
TEST(BootstrapBinary, FourBillionPairs) {
  const BootstrapIntervals b =
      *BootstrapBinaryExact(Counts(1'000'000'000, 1'000'000'000, 1'000'000'000, 1'000'000'000), 0.95);
  const double expected = 1.959963984540054 * b.standard_error;
  EXPECT_NEAR(b.percentile.upper, expected, 1e-3 * b.standard_error);
  EXPECT_NEAR(b.percentile.lower, -expected, 1e-3 * b.standard_error);
  EXPECT_NEAR(b.z0, 0, 1e-9);
}

}  // namespace
}  // namespace minslice::stats
