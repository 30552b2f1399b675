#include <gtest/gtest.h>

#include <Random123/philox.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "rng/binomial.h"
#include "rng/philox.h"
#include "rng/philox_words.h"

namespace minslice::rng {
namespace {

// Known answers of the Random123 distribution (kat_vectors: philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t all = 0xffffffff;
  EXPECT_EQ(Philox4x32({all, all, all, all}, {all, all}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, EqualsTheLibraryOfItsAuthors) {
  r123::Philox4x32 reference;
  Stream stream(11, 0);
  for (int i = 0; i < 1000; ++i) {
    const PhiloxBlock counter = {stream.Next32(), stream.Next32(), stream.Next32(), stream.Next32()};
    const std::uint32_t key0 = stream.Next32();
    const std::uint32_t key1 = stream.Next32();
    const auto expected = reference({{counter[0], counter[1], counter[2], counter[3]}}, {{key0, key1}});
    const PhiloxBlock found = Philox4x32(counter, {key0, key1});
    for (std::size_t w = 0; w < 4; ++w) ASSERT_EQ(found[w], expected[w]);
  }
}

TEST(Stream, IsAddressedBySeedStreamAndPurpose) {
  const auto first = [](Stream stream) { return stream.Next64(); };
  EXPECT_EQ(first(Stream(1, 2)), first(Stream(1, 2)));
  EXPECT_NE(first(Stream(1, 2)), first(Stream(2, 2)));
  EXPECT_NE(first(Stream(1, 2)), first(Stream(1, 3)));
  EXPECT_NE(first(Stream(1, 2, 0)), first(Stream(1, 2, 1)));
  EXPECT_NE(first(Stream(1, 2)), first(Stream(1ULL << 32 | 1, 2)));
  EXPECT_NE(first(Stream(1, 2)), first(Stream(1, 1ULL << 32 | 2)));
}

TEST(PhiloxWords, AreTheNumbersOfTheStream) {
  const std::uint64_t number = 1ULL << 33U | 5;
  std::vector<std::uint64_t> expected;
  for (const std::uint64_t seed : {std::uint64_t{7}, std::numeric_limits<std::uint64_t>::max()}) {
    Stream stream(seed, number, 3);
    expected.clear();
    for (int i = 0; i < 400; ++i) expected.push_back(stream.Next64());
    for (const std::size_t n : {0U, 1U, 3U, 4U, 5U, 40U}) {
      std::vector<std::uint32_t> blocks;
      for (std::size_t i = 0; i < n; ++i) blocks.push_back(static_cast<std::uint32_t>(i * 37 % 200));
      std::vector<std::uint64_t> words(2 * n);
      PhiloxWords(seed, number, 3, blocks, words.data());
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(words[2 * i], expected[2 * blocks[i]]) << n << ' ' << i;
        ASSERT_EQ(words[2 * i + 1], expected[2 * blocks[i] + 1]) << n << ' ' << i;
      }
    }
  }
}

// 16 cells of a million draws: chi-squared, 15 degrees of freedom, stays under its 1 - 1e-6 quantile
// (scipy.stats.chi2.isf(1e-6, 15) = 56.49).
TEST(Stream, UniformAndBelowAreFlat) {
  Stream stream(5, 0);
  std::vector<double> uniform(16);
  std::vector<double> below(16);
  constexpr int kDraws = 1'000'000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.Uniform();
    ASSERT_TRUE(u > 0 && u < 1);
    ++uniform[static_cast<std::size_t>(u * 16)];
    const std::uint64_t k = stream.Below(16);
    ASSERT_LT(k, 16u);
    ++below[k];
  }
  for (const std::vector<double>& cells : {uniform, below}) {
    double chi2 = 0;
    for (const double n : cells) chi2 += (n - kDraws / 16.0) * (n - kDraws / 16.0) / (kDraws / 16.0);
    EXPECT_LT(chi2, 56.5);
  }
  // A bound that does not divide 2^64: every value turns up equally often.
  std::map<std::uint64_t, int> seen;
  for (int i = 0; i < 30000; ++i) ++seen[stream.Below(3)];
  for (const auto& [value, n] : seen) EXPECT_NEAR(n, 10000, 500) << value;
  EXPECT_EQ(seen.size(), 3u);
}

// P(X = k) by lgamma: a formula that the sampler does not use.
double Pmf(std::int64_t n, double p, std::int64_t k) {
  const auto nn = static_cast<double>(n);
  const auto kk = static_cast<double>(k);
  return std::exp(std::lgamma(nn + 1) - std::lgamma(kk + 1) - std::lgamma(nn - kk + 1) + kk * std::log(p) +
                  (nn - kk) * std::log1p(-p));
}

class BinomialDraws : public testing::TestWithParam<std::pair<std::int64_t, double>> {};

// Frequencies against probabilities; cells with less than 20 expected draws are put together.
TEST_P(BinomialDraws, FollowTheDistribution) {
  const auto [n, p] = GetParam();
  constexpr int kDraws = 400'000;
  const BinomialSampler sampler(n, p);
  std::map<std::int64_t, int> seen;
  for (int r = 0; r < kDraws; ++r) {
    Stream stream(17, static_cast<std::uint64_t>(r));
    const std::int64_t x = sampler.Draw(stream);
    ASSERT_TRUE(x >= 0 && x <= n);
    ++seen[x];
  }
  const double mean = static_cast<double>(n) * p;
  const double reach = 12 * std::sqrt(mean * (1 - p)) + 20;
  double chi2 = 0;
  int cells = 0;
  double rest_expected = 0;
  double rest_seen = 0;
  const auto low = std::max<std::int64_t>(0, static_cast<std::int64_t>(mean - reach));
  const auto high = std::min<std::int64_t>(n, static_cast<std::int64_t>(mean + reach));
  for (std::int64_t k = low; k <= high; ++k) {
    const double expected = kDraws * Pmf(n, p, k);
    const double found = seen.contains(k) ? seen[k] : 0;
    if (expected < 20) {
      rest_expected += expected;
      rest_seen += found;
      continue;
    }
    chi2 += (found - expected) * (found - expected) / expected;
    ++cells;
  }
  if (rest_expected > 5) {
    chi2 += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
    ++cells;
  }
  // Mean of chi-squared plus six standard deviations: about 1e-7 for a right sampler, and the draws are
  // fixed.
  const double df = std::max(1, cells - 1);
  EXPECT_LT(chi2, df + 6 * std::sqrt(2 * df) + 6) << "n " << n << " p " << p << " cells " << cells;
}

INSTANTIATE_TEST_SUITE_P(Shapes, BinomialDraws,
                         testing::Values(std::pair{5, 0.3}, std::pair{840, 0.002}, std::pair{30, 0.5},
                                         std::pair{19, 0.52}, std::pair{840, 0.138}, std::pair{840, 0.9},
                                         std::pair{10000, 0.0138}, std::pair{116, 0.5775862},
                                         std::pair{1'000'000, 0.00002}, std::pair{100'000, 0.5}));

TEST(BinomialSampler, Edges) {
  Stream stream(0, 0);
  EXPECT_EQ(BinomialSampler(0, 0.5).Draw(stream), 0);
  EXPECT_EQ(BinomialSampler(10, 0).Draw(stream), 0);
  EXPECT_EQ(BinomialSampler(10, 1).Draw(stream), 10);
  EXPECT_EQ(BinomialSampler(10, -1).Draw(stream), 0);
  EXPECT_EQ(BinomialSampler(10, 2).Draw(stream), 10);
  EXPECT_EQ(BinomialSampler(10, std::numeric_limits<double>::quiet_NaN()).Draw(stream), 0);
}

// At 4e9 trials mean and spread stay right (standard error of the mean of 20,000 draws: 1/141 of a standard
// deviation).
TEST(BinomialSampler, FourBillionTrials) {
  const std::int64_t n = 4'000'000'000;
  const double p = 0.138;
  const BinomialSampler sampler(n, p);
  const double sd = std::sqrt(static_cast<double>(n) * p * (1 - p));
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 20'000;
  for (int r = 0; r < kDraws; ++r) {
    Stream stream(23, static_cast<std::uint64_t>(r));
    const double z = (static_cast<double>(sampler.Draw(stream)) - static_cast<double>(n) * p) / sd;
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.035);
  EXPECT_NEAR(squares / kDraws, 1, 0.05);
}

}  // namespace
}  // namespace minslice::rng
