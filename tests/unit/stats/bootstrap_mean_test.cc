// The exact bootstrap of a mean against plain convolution and enumeration; the seeded one against the exact
// one. Values from scipy and from exact convolution are in the golden file (golden_test).
#include "minslice/stats/bootstrap_mean.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "rng/philox.h"
#include "stats/lattice.h"
#include "stats/mean_distribution.h"
#include "stats/resampler.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

std::vector<double> Uniforms(std::size_t n, std::uint64_t seed) {
  rng::Stream stream(seed, 0);
  std::vector<double> values(n);
  for (double& value : values) value = stream.Uniform();
  return values;
}

double Exponential(rng::Stream& stream) { return -std::log(stream.Uniform()); }

// n-fold convolution of integer cells in long double: P(sum = s).
std::vector<long double> Convolved(const std::vector<std::int64_t>& cells) {
  const std::int64_t highest = *std::max_element(cells.begin(), cells.end());
  std::vector<long double> one(static_cast<std::size_t>(highest + 1), 0.0L);
  for (const std::int64_t cell : cells)
    one[static_cast<std::size_t>(cell)] += 1.0L / static_cast<long double>(cells.size());
  std::vector<long double> sum{1.0L};
  for (std::size_t k = 0; k < cells.size(); ++k) {
    std::vector<long double> next(sum.size() + one.size() - 1, 0.0L);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      for (std::size_t j = 0; j < one.size(); ++j) next[i + j] += sum[i] * one[j];
    }
    sum = std::move(next);
  }
  return sum;
}

TEST(MeanDistribution, LatticeEqualsPlainConvolution) {
  rng::Stream stream(1, 0);
  for (const auto& [n, cells] :
       std::vector<std::pair<int, int>>{{2, 1}, {5, 3}, {12, 40}, {60, 8}, {80, 40}}) {
    std::vector<std::int64_t> index;
    std::vector<double> values;
    for (int i = 0; i < n; ++i) {
      index.push_back(static_cast<std::int64_t>(stream.Below(static_cast<std::uint64_t>(cells) + 1)));
    }
    index[0] = 0;
    index[1] = cells;
    for (const std::int64_t k : index) values.push_back(-0.3 + 0.01 * static_cast<double>(k));
    const std::vector<long double> mass = Convolved(index);
    const MeanDistribution distribution(values, SumDeviations(values));
    ASSERT_EQ(distribution.kind(), MeanDistribution::Kind::kLattice) << n;
    long double cdf = 0;
    for (std::size_t s = 0; s < mass.size(); ++s) {
      const double mean = -0.3 + 0.01 * static_cast<double>(s) / n;
      EXPECT_NEAR(distribution.Below(mean), static_cast<double>(cdf), 2e-12);
      cdf += mass[s];
      EXPECT_NEAR(distribution.Cdf(mean), static_cast<double>(cdf), 2e-12);
      const double p = static_cast<double>(cdf - mass[s] / 2);
      if (mass[s] > 1e-9L) {
        EXPECT_NEAR(distribution.Quantile(p), mean, 1e-12);
      }
    }
  }
}

// Long windows take the band of low frequencies instead of the table: the same digits as the table must come
// out.
TEST(MeanDistribution, BandEqualsConvolutionOfManyCells) {
  rng::Stream stream(2, 0);
  const int n = 110, cells = 150;
  std::vector<std::int64_t> index;
  std::vector<double> values;
  for (int i = 0; i < n; ++i)
    index.push_back(static_cast<std::int64_t>(std::min(150.0, 40 * Exponential(stream))));
  index[0] = 0;
  index[1] = cells;
  for (const std::int64_t k : index) values.push_back(static_cast<double>(k) / 7);
  const std::vector<long double> mass = Convolved(index);
  const MeanDistribution distribution(values, SumDeviations(values));
  ASSERT_EQ(distribution.kind(), MeanDistribution::Kind::kLattice);
  EXPECT_GT(distribution.frequencies(), 10);  // the band was taken
  long double cdf = 0;
  for (std::size_t s = 0; s < mass.size(); ++s) {
    cdf += mass[s];
    if (s % 97 == 0) {
      EXPECT_NEAR(distribution.Cdf(static_cast<double>(s) / 7 / n), static_cast<double>(cdf), 1e-12);
    }
  }
}

// Most scores 0 or 1, a few in hundredths: the characteristic function comes back at the frequency of the
// whole steps, so the band alone would smooth over real steps and the table must be taken.
TEST(MeanDistribution, CoarseStepsWithinAFineLatticeAreKept) {
  std::vector<double> values(160);
  std::vector<std::int64_t> index(160);
  for (std::size_t i = 0; i < values.size(); ++i) {
    index[i] = i % 3 == 0 ? 100 : 0;
    if (i < 2) index[i] = 37 + static_cast<std::int64_t>(i);
    values[i] = static_cast<double>(index[i]) / 100;
  }
  const MeanDistribution distribution(values, SumDeviations(values));
  const std::vector<long double> mass = Convolved(index);
  long double cdf = 0;
  for (std::size_t s = 0; s < mass.size(); ++s) {
    cdf += mass[s];
    if (s % 41 == 0) {
      EXPECT_NEAR(distribution.Cdf(static_cast<double>(s) / 100 / 160), static_cast<double>(cdf), 1e-11);
    }
  }
}

TEST(CharacteristicFunction, SeriesAndRotationEqualTheDirectSum) {
  rng::Stream stream(3, 0);
  for (const std::size_t n : {7u, 33u, 1000u}) {
    std::vector<double> values(n);
    for (double& value : values) value = Exponential(stream);
    values[0] = 60;  // far out: one by one
    const double centre = 1.1, unit = 0.01;
    const std::size_t count = 150;
    std::vector<double> real, imaginary;
    CharacteristicFunction(values, centre, unit, count, real, imaginary);
    for (std::size_t k = 0; k < count; ++k) {
      std::complex<long double> sum = 0;
      for (const double value : values) {
        sum += std::polar<long double>(
            1, static_cast<long double>(unit) * static_cast<long double>(k + 1) *
                   (static_cast<long double>(value) - static_cast<long double>(centre)));
      }
      sum /= static_cast<long double>(n);
      EXPECT_NEAR(real[k], static_cast<double>(sum.real() - 1), 5e-14);
      EXPECT_NEAR(imaginary[k], static_cast<double>(sum.imag()), 5e-14);
    }
  }
}

// Real values, n = 24: against the same values rounded to a fine lattice, which goes another way entirely.
TEST(MeanDistribution, CharacteristicFunctionEqualsAFineLattice) {
  for (const std::size_t n : {24u, 60u, 250u}) {
    std::vector<double> values = Uniforms(n, n);
    for (double& value : values) value = value * value - 0.3;
    const MeanDistribution smooth(values, SumDeviations(values));
    ASSERT_EQ(smooth.kind(), MeanDistribution::Kind::kCharacteristicFunction);
    std::vector<double> rounded(values);
    for (double& value : rounded) value = std::round(value * 1000) / 1000;
    const MeanDistribution lattice(rounded, SumDeviations(rounded));
    ASSERT_EQ(lattice.kind(), MeanDistribution::Kind::kLattice);
    for (const double p : {.001, .025, .3, .5, .975, .9999}) {
      EXPECT_NEAR(smooth.Quantile(p), lattice.Quantile(p), 1e-3 / std::sqrt(static_cast<double>(n)))
          << n << " " << p;
    }
    EXPECT_NEAR(smooth.Cdf(smooth.Quantile(.975)), .975, 1e-12);
  }
}

// Five different reals, no lattice: every one of the 5^5 resamples.
TEST(MeanDistribution, FewRealValuesAgainstEnumeration) {
  const std::vector<double> values{0, 1, std::sqrt(2.0), std::sqrt(3.0) * 2, -std::sqrt(5.0)};
  std::vector<double> means;
  for (int code = 0; code < 3125; ++code) {
    double sum = 0;
    for (int rest = code, k = 0; k < 5; ++k, rest /= 5) sum += values[static_cast<std::size_t>(rest % 5)];
    means.push_back(sum / 5);
  }
  std::sort(means.begin(), means.end());
  const MeanDistribution distribution(values, SumDeviations(values));
  EXPECT_EQ(distribution.kind(), MeanDistribution::Kind::kRoundedLattice);
  for (const double at : {-1.001, 0.003, 0.31, 1.002, 2.02}) {
    const double plain =
        static_cast<double>(std::upper_bound(means.begin(), means.end(), at) - means.begin()) / 3125;
    EXPECT_NEAR(distribution.Cdf(at), plain, 1e-12);
  }
}

TEST(FindLattice, FindsTheStep) {
  const auto step = [](const std::vector<double>& values) {
    const auto lattice = FindLattice(values, 1 << 18);
    return lattice ? lattice->step : 0.0;
  };
  EXPECT_NEAR(step({0, 1.0 / 3, 2.0 / 3, 1}), 1.0 / 3, 1e-15);
  EXPECT_NEAR(step({1.9 - 0.7, 0.8 + 1.6, 0.1 + 0.2, -0.7}), 0.1, 1e-12);
  EXPECT_NEAR(step({-1, 0.25, 1}), 0.25, 1e-15);
  EXPECT_NEAR(step({5, 8}), 3, 1e-15);
  EXPECT_EQ(step({1, 1, 1}), 0);
  EXPECT_EQ(step({0, 1, std::sqrt(2.0)}), 0);
  EXPECT_EQ(step(Uniforms(50, 9)), 0);
  EXPECT_NEAR(
      step({-.241, .506, -.478, -.186, .428, .62, .213, .024, .392, .411, .837, .83, -.088, -.715, -.042}),
      .001, 1e-12);
  EXPECT_NEAR(step({.9301, .4262, .8193, .7404, .5025, .0607, .3288, .5269, .5833, .5861}), .0001, 1e-12);
  const auto zero = FindLattice(std::vector<double>{-1.0 / 3, 2.0 / 3}, 1 << 18, true);
  ASSERT_TRUE(zero);
  EXPECT_NEAR(zero->step, 1.0 / 3, 1e-15);
  EXPECT_EQ(zero->index[0], -1);
}

TEST(Resampler, WeightsAreMultinomial) {
  // Means 1, variances (n-1)/n, covariances -1/n: moments over many replicates, within 5 standard errors.
  for (const std::int64_t n : {3, 31, 32, 40, 100}) {
    const Resampler resampler(n);
    std::vector<std::uint8_t> weights(static_cast<std::size_t>(n + 31) / 32 * 32);
    const int replicates = 60000;
    double first = 0, square = 0, product = 0, zero = 0;
    for (int r = 0; r < replicates; ++r) {
      resampler.Weights(weights, 11, static_cast<std::uint64_t>(r), 5);
      ASSERT_EQ(std::accumulate(weights.begin(), weights.begin() + n, std::int64_t{0}), n);
      const double w = weights[0], v = weights[static_cast<std::size_t>(n - 1)];
      first += w;
      square += (w - 1) * (w - 1);
      product += (w - 1) * (v - 1);
      zero += weights[0] == 0;
    }
    const double real = static_cast<double>(n), share = 1 / real;
    EXPECT_NEAR(first / replicates, 1, 5 / std::sqrt(replicates));
    EXPECT_NEAR(square / replicates, 1 - share, 10 / std::sqrt(replicates));
    EXPECT_NEAR(product / replicates, -share, 6 / std::sqrt(replicates));
    EXPECT_NEAR(zero / replicates, std::pow(1 - share, real), 3 / std::sqrt(replicates));
  }
}

TEST(Resampler, SumsAreThoseOfTheWeights) {
  for (const std::int64_t n : {1, 5, 16, 33, 47, 840, 1009}) {
    const std::vector<double> x = Uniforms(static_cast<std::size_t>(n), 4),
                              y = Uniforms(static_cast<std::size_t>(n), 5);
    const Resampler resampler(x, y), alone(x);
    std::vector<std::uint8_t> weights(static_cast<std::size_t>(n + 31) / 32 * 32);
    for (std::uint64_t r = 0; r < 20; ++r) {
      resampler.Weights(weights, 3, r, 8);
      double sum_x = 0, sum_y = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        sum_x += weights[i] * x[i];
        sum_y += weights[i] * y[i];
      }
      const Resampler::Sums sums = resampler.Draw(3, r, 8);
      EXPECT_NEAR(sums.x, sum_x, 1e-11 * static_cast<double>(n));
      EXPECT_NEAR(sums.y, sum_y, 1e-11 * static_cast<double>(n));
      EXPECT_EQ(alone.Draw(3, r, 8).x, sums.x);
    }
  }
}

TEST(Resampler, EveryKernelGivesTheSameBits) {
  for (const std::int64_t n : {20, 64, 100, 847, 5000, 70001}) {
    const std::vector<double> x = Uniforms(static_cast<std::size_t>(n), 4),
                              y = Uniforms(static_cast<std::size_t>(n), 5);
    Resampler best(x, y), portable(x, y), avx2(x, y);
    portable.UseMachine(resampling::Machine::kPortable);
    if (resampling::BestMachine() != resampling::Machine::kPortable)
      avx2.UseMachine(resampling::Machine::kAvx2);
    std::vector<std::uint8_t> weights[3];
    for (auto& w : weights) w.resize(static_cast<std::size_t>(n + 31) / 32 * 32);
    for (std::uint64_t r = 0; r < 50; ++r) {
      const Resampler::Sums a = best.Draw(77, r, 1);
      const Resampler::Sums b = portable.Draw(77, r, 1);
      const Resampler::Sums c = avx2.Draw(77, r, 1);
      ASSERT_EQ(a.x, b.x);
      ASSERT_EQ(a.y, b.y);
      ASSERT_EQ(a.x, c.x);
      ASSERT_EQ(a.y, c.y);
      best.Weights(weights[0], 77, r, 1);
      portable.Weights(weights[1], 77, r, 1);
      avx2.Weights(weights[2], 77, r, 1);
      ASSERT_EQ(weights[0], weights[1]);
      ASSERT_EQ(weights[0], weights[2]);
    }
  }
}

TEST(BootstrapMean, LimitsLieInTheMonteCarloIntervalsOfTheGoldenFile) {
  std::ifstream file(MINSLICE_TEST_DATA "/golden/stats.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  std::map<std::string, std::vector<double>> data;
  int checked = 0;
  for (const nlohmann::json& item : golden["cases"]) {
    const auto name = item["fn"].get<std::string>();
    if (name.rfind("boot_mean_", 0) != 0 || !item["in"].contains("dataset")) continue;
    const auto dataset = item["in"]["dataset"].get<std::string>();
    if (item["in"].contains("baseline")) {
      std::vector<double> d;
      for (std::size_t i = 0; i < item["in"]["baseline"].size(); ++i) {
        d.push_back(item["in"]["candidate"][i].get<double>() - item["in"]["baseline"][i].get<double>());
      }
      data[dataset] = d;
    }
    if (!item["expect"].contains("mc_lower")) continue;
    for (const auto& [replicates, lower] : item["expect"]["mc_lower"].items()) {
      const nlohmann::json& upper = item["expect"]["mc_upper"][replicates];
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const auto boot = BootstrapMean(
            data[dataset],
            {.level = item["in"]["level"].get<double>(), .replicates = std::stoll(replicates), .seed = seed});
        ASSERT_TRUE(boot);
        const Interval limits = name == "boot_mean_percentile" ? boot->intervals.percentile
                                : name == "boot_mean_bca_mid"  ? boot->intervals.bca
                                                               : boot->bca_strict;
        EXPECT_GE(limits.lower, lower[0].get<double>() - 1e-9) << item["id"] << " " << replicates;
        EXPECT_LE(limits.lower, lower[1].get<double>() + 1e-9) << item["id"] << " " << replicates;
        EXPECT_GE(limits.upper, upper[0].get<double>() - 1e-9) << item["id"] << " " << replicates;
        EXPECT_LE(limits.upper, upper[1].get<double>() + 1e-9) << item["id"] << " " << replicates;
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 18 * 2 * 5);
}

TEST(BootstrapMean, ThreadsChangeNoDigit) {
  const std::vector<double> d = Uniforms(500, 12);
  omp_set_num_threads(1);
  const auto one = BootstrapMean(d, {.replicates = 2000, .seed = 5});
  const auto t_one = BootstrapT(d, {.replicates = 2000, .seed = 5});
  omp_set_num_threads(3);
  const auto three = BootstrapMean(d, {.replicates = 2000, .seed = 5});
  const auto t_three = BootstrapT(d, {.replicates = 2000, .seed = 5});
  EXPECT_EQ(one->intervals.bca.lower, three->intervals.bca.lower);
  EXPECT_EQ(one->intervals.percentile.upper, three->intervals.percentile.upper);
  EXPECT_EQ(t_one->lower, t_three->lower);
}

TEST(BootstrapMean, ThousandthsAreCountedNotRounded) {
  // scripts/reference/random_cases.py: the 15-fold convolution on the lattice of thousandths.
  const std::vector<double> d{-.241, .506, -.478, -.186, .428,  .62,   .213, .024,
                              .392,  .411, .837,  .83,   -.088, -.715, -.042};
  const auto exact = BootstrapMeanExact(d, .9);
  ASSERT_TRUE(exact);
  EXPECT_EQ(exact->method, "lattice");
  EXPECT_NEAR(exact->intervals.percentile.lower, -.024866666666666665, 1e-9);
  EXPECT_NEAR(exact->intervals.percentile.upper, .35546666666666665, 1e-9);
  EXPECT_NEAR(exact->intervals.bca.lower, -.030866666666666667, 1e-9);
  EXPECT_NEAR(exact->intervals.bca.upper, .3500666666666667, 1e-9);
  EXPECT_NEAR(exact->intervals.z0, -.010645320703296466, 1e-9);
  EXPECT_NEAR(exact->z0_strict, -.010940982799289378, 1e-9);
}

TEST(BootstrapMean, MeetsTheLimitOfInfinitelyMany) {
  rng::Stream stream(8, 0);
  std::vector<double> d(400);
  for (double& value : d) value = Exponential(stream);
  const auto exact = BootstrapMeanExact(d, .95);
  const auto drawn = BootstrapMean(d, {.replicates = 400000, .seed = 1});
  const double se = exact->intervals.standard_error;
  // The standard error of a quantile from B draws is sqrt(p (1 - p) / B) / density = .0042 se here; 5 of
  // them.
  EXPECT_NEAR(drawn->intervals.percentile.lower, exact->intervals.percentile.lower, .021 * se);
  EXPECT_NEAR(drawn->intervals.percentile.upper, exact->intervals.percentile.upper, .021 * se);
  EXPECT_NEAR(drawn->intervals.bca.lower, exact->intervals.bca.lower, .03 * se);
  EXPECT_NEAR(drawn->intervals.bca.upper, exact->intervals.bca.upper, .03 * se);
  EXPECT_NEAR(drawn->intervals.standard_error / se, 1, .006);
}

// Bootstrap-t from its definition, by drawing indices.
TEST(BootstrapT, EqualsResamplingByIndices) {
  rng::Stream stream(21, 0);
  std::vector<double> d(25);
  for (double& value : d) value = Exponential(stream);
  const CentralSums sums = SumDeviations(d);
  const double n = 25, se = std::sqrt(sums.second / (n - 1) / n);
  std::vector<double> t;
  for (int r = 0; r < 200000; ++r) {
    double sum = 0, squares = 0;
    for (int i = 0; i < 25; ++i) {
      const double value = d[stream.Below(25)];
      sum += value;
      squares += value * value;
    }
    const double mean = sum / n;
    t.push_back((mean - sums.mean) / std::sqrt((squares - n * mean * mean) / (n - 1) / n));
  }
  std::sort(t.begin(), t.end());
  const auto estimate = BootstrapT(d, {.replicates = 200000, .seed = 2});
  ASSERT_TRUE(estimate);
  EXPECT_NEAR(estimate->upper, sums.mean - se * t[4999], .03 * se);
  EXPECT_NEAR(estimate->lower, sums.mean - se * t[194999], .03 * se);
}

TEST(BootstrapMean, DegenerateInputIsAReason) {
  const double nan = std::nan("");
  for (const auto& [d, code] :
       std::vector<std::pair<std::vector<double>, std::string>>{{{}, "no_pairs"},
                                                                {{1}, "too_few_pairs"},
                                                                {{.5, .5, .5}, "no_variation"},
                                                                {{1, nan}, "not_finite"},
                                                                {{1, INFINITY}, "not_finite"},
                                                                {{0.1 + 0.2, 0.3}, "no_variation"}}) {
    ASSERT_FALSE(BootstrapMeanExact(d, .95)) << code;
    EXPECT_EQ(BootstrapMeanExact(d, .95).error().code, code);
    ASSERT_FALSE(BootstrapMean(d, {})) << code;
    EXPECT_EQ(BootstrapMean(d, {}).error().code, code);
    EXPECT_FALSE(BootstrapT(d, {}));
  }
  EXPECT_EQ(BootstrapMean(std::vector<double>{1, 2}, {.replicates = 3}).error().code, "replicates");
  EXPECT_EQ(BootstrapMeanExact(std::vector<double>{1, 2}, 1).error().code, "level");
  const auto two = BootstrapMeanExact(std::vector<double>{0, 1}, .95);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->intervals.percentile.lower, 0);
  EXPECT_EQ(two->intervals.percentile.upper, 1);
}

TEST(BootstrapMean, FarOutliersAndHugeValues) {
  std::vector<double> d = Uniforms(3000, 14);
  d[7] = 1e6;
  const auto boot = BootstrapMeanExact(d, .95);
  ASSERT_TRUE(boot);
  // One value carries everything: the number of times it is drawn is nearly Poisson(1), P(0) = .368, P(<= 3)
  // = .981.
  EXPECT_NEAR(boot->intervals.percentile.lower, .5, .1);
  EXPECT_NEAR(boot->intervals.percentile.upper, 3e6 / 3000, 1);
}

}  // namespace
}  // namespace minslice::stats
