// Expected values: methods 4.5 (exact enumeration), statsmodels 0.15.0 multipletests and R p.adjust (through
// the golden file, see stats_golden_test), and the plain enumerations below.
#include "minslice/stats/multiplicity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace minslice::stats {
namespace {

using Slices = std::vector<SliceDiscordance>;

const Slices kFour{{8, 1}, {2, 17}, {3, 4}, {2, 3}};
const Slices kFive{{8, 1}, {2, 17}, {3, 4}, {2, 3}, {33, 27}};

// P(Bin(m, 1/2) = x) by Pascal's triangle in long double.
std::vector<long double> Row(std::int64_t m) {
  std::vector<long double> row{1};
  for (std::int64_t i = 0; i < m; ++i) {
    row.push_back(0);
    for (std::size_t x = row.size() - 1; x > 0; --x) row[x] = (row[x] + row[x - 1]) / 2;
    row[0] /= 2;
  }
  return row;
}

double PlainTail(std::int64_t m, std::int64_t x) {
  const std::vector<long double> row = Row(m);
  long double sum = 0;
  for (std::int64_t k = std::max<std::int64_t>(x, 0); k <= m; ++k) sum += row[k];
  return static_cast<double>(sum);
}

// Step-down min-p over every outcome of every slice: what the closed form says without resampling.
std::vector<double> EnumeratedWestfallYoung(const Slices& slices) {
  const std::size_t n = slices.size();
  std::vector<std::vector<long double>> mass(n);
  std::vector<std::vector<double>> tail(n);
  std::vector<double> p(n);
  for (std::size_t j = 0; j < n; ++j) {
    const std::int64_t m = slices[j].broke + slices[j].fixed;
    mass[j] = Row(m);
    for (std::int64_t x = 0; x <= m; ++x) tail[j].push_back(PlainTail(m, x));
    p[j] = tail[j][slices[j].broke];
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(n);
  double running = 0;
  for (std::size_t k = 0; k < n; ++k) {
    long double hit = 0;
    std::vector<std::size_t> x(n, 0);
    while (true) {
      long double probability = 1;
      double smallest = 2;
      for (std::size_t j = k; j < n; ++j) {
        probability *= mass[order[j]][x[j]];
        smallest = std::min(smallest, tail[order[j]][x[j]]);
      }
      if (smallest <= p[order[k]] + 1e-12) hit += probability;
      std::size_t digit = k;
      while (digit < n && ++x[digit] == mass[order[digit]].size()) x[digit++] = 0;
      if (digit == n) break;
    }
    running = std::max(running, static_cast<double>(hit));
    adjusted[order[k]] = running;
  }
  return adjusted;
}

TEST(WestfallYoungDiscrete, GivesThePublishedTable) {
  EXPECT_NEAR(HarmP(kFour)[0], .01953, 6e-6);
  EXPECT_NEAR(WestfallYoungDiscrete(kFour)[0], .03654, 6e-6);
  EXPECT_NEAR(Holm(HarmP(kFour))[0], .07812, 6e-6);
  EXPECT_NEAR(WestfallYoungDiscrete(kFive)[0], .0497, 5e-5);
  EXPECT_NEAR(Holm(HarmP(kFive))[0], .0977, 5e-5);
}

TEST(WestfallYoungDiscrete, EqualsTheEnumerationOfAllOutcomes) {
  for (const Slices& slices :
       {kFour, Slices{{0, 0}}, Slices{{1, 0}, {2, 1}, {0, 1}}, Slices{{5, 0}, {0, 5}, {3, 3}, {0, 0}, {1, 1}},
        Slices{{12, 3}, {9, 9}, {1, 0}}, Slices{{7, 0}, {7, 0}, {6, 1}, {4, 3}}}) {
    const std::vector<double> fast = WestfallYoungDiscrete(slices);
    const std::vector<double> plain = EnumeratedWestfallYoung(slices);
    for (std::size_t j = 0; j < slices.size(); ++j) EXPECT_NEAR(fast[j], plain[j], 1e-12) << j;
  }
}

TEST(WestfallYoungDiscrete, IsNeverAboveHolmNorBelowTheRawP) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Slices slices(1 + random() % 60);
    for (SliceDiscordance& slice : slices) {
      slice = {static_cast<std::int64_t>(random() % 12), static_cast<std::int64_t>(random() % 12)};
    }
    const std::vector<double> raw = HarmP(slices);
    const std::vector<double> adjusted = WestfallYoungDiscrete(slices);
    const std::vector<double> tarone = TaroneHolm(slices);
    const std::vector<double> holm = Holm(raw);
    for (std::size_t j = 0; j < slices.size(); ++j) {
      EXPECT_GE(adjusted[j], raw[j] * (1 - 1e-12));
      EXPECT_LE(adjusted[j], tarone[j] * (1 + 1e-12));
      EXPECT_LE(tarone[j], holm[j] * (1 + 1e-12));
    }
  }
}

TEST(WestfallYoungDiscrete, OrderOfSlicesChangesNoBit) {
  Slices slices(kFive);
  slices.push_back({8, 1});
  slices.push_back({40, 12});
  const std::vector<double> before = WestfallYoungDiscrete(slices);
  std::vector<std::size_t> order(slices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  while (std::next_permutation(order.begin(), order.end())) {
    Slices shuffled;
    for (const std::size_t i : order) shuffled.push_back(slices[i]);
    const std::vector<double> after = WestfallYoungDiscrete(shuffled);
    for (std::size_t k = 0; k < order.size(); ++k) ASSERT_EQ(after[k], before[order[k]]);
    if (order[0] > 1) break;
  }
}

TEST(WestfallYoungDiscrete, DegenerateFamilies) {
  EXPECT_TRUE(WestfallYoungDiscrete({}).empty());
  EXPECT_TRUE(TaroneHolm({}).empty());
  EXPECT_EQ(WestfallYoungDiscrete(Slices{{0, 0}, {0, 0}}), (std::vector<double>{1, 1}));
  EXPECT_EQ(TaroneHolm(Slices{{0, 0}, {0, 0}}), (std::vector<double>{1, 1}));
  // An untestable slice costs the others nothing.
  EXPECT_EQ(WestfallYoungDiscrete(Slices{{8, 1}, {0, 0}})[0], HarmP(Slices{{8, 1}})[0]);
}

TEST(HarmP, AgreesWithExactFractions) {
  // Python: float(Fraction(sum(comb(m, x) for x in range(b, m + 1)), 2**m))
  const Slices slices{{500, 400}, {2000, 1800}, {3000, 800}, {40, 0}, {0, 40}};
  const std::vector<double> p = HarmP(slices);
  EXPECT_NEAR(p[0] / 0.00047822206845947305, 1, 1e-12);
  EXPECT_NEAR(p[1] / 0.0006213933891315997, 1, 1e-11);
  EXPECT_NEAR(p[2] / 5.796070395258826e-297, 1, 1e-10);
  EXPECT_NEAR(p[3] / std::exp2(-40), 1, 1e-14);
  EXPECT_EQ(p[4], 1);
}

TEST(HarmP, CountsToABillion) {
  const std::vector<double> p = HarmP(Slices{{500'000'000, 500'000'000}, {1'000'000'000, 0}});
  EXPECT_NEAR(p[0], 0.5 + 0.5 / std::sqrt(3.14159265358979 * 5e8), 1e-9);
  EXPECT_GE(p[1], 0);
  EXPECT_LT(p[1], 1e-290);
}

// For every attainable level: the sum over slices of the largest attainable p not above it.
TEST(HoldLevel, IsTheLargestAttainableLevelWithinTheBudget) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    Slices slices(1 + random() % 12);
    for (SliceDiscordance& slice : slices) {
      slice = {static_cast<std::int64_t>(random() % 9), static_cast<std::int64_t>(random() % 9)};
    }
    const double budget = round % 2 == 0 ? .25 : 1.5;
    std::vector<double> levels;
    for (const SliceDiscordance& slice : slices) {
      const std::int64_t m = slice.broke + slice.fixed;
      for (std::int64_t x = 0; x <= m; ++x) levels.push_back(PlainTail(m, x));
    }
    double expected = 0;
    for (const double level : levels) {
      double sum = 0;
      for (const SliceDiscordance& slice : slices) {
        const std::int64_t m = slice.broke + slice.fixed;
        double attained = 0;
        for (std::int64_t x = 0; x <= m; ++x) {
          const double p = PlainTail(m, x);
          if (p <= level + 1e-12) attained = std::max(attained, p);
        }
        sum += attained;
      }
      if (sum <= budget + 1e-12) expected = std::max(expected, level);
    }
    EXPECT_NEAR(HoldLevel(slices, budget), expected, 1e-11);
  }
}

TEST(HoldLevel, Degenerate) {
  EXPECT_EQ(HoldLevel({}, .25), 0);
  EXPECT_EQ(HoldLevel(Slices{{1, 0}}, .25), 0);
  EXPECT_EQ(HoldLevel(Slices{{1, 0}}, 1), 1);
  EXPECT_EQ(HoldLevel(Slices{{3, 2}}, 0), 0);
}

TEST(TaroneHolm, CountsOnlySlicesThatCouldAttainTheP) {
  // 8,1: p = 10/512; its rivals reach 2^-19, 2^-7 and 2^-5 = .031: the last cannot, so 3 count, not 4.
  EXPECT_NEAR(TaroneHolm(kFour)[0], 3 * 10.0 / 512, 1e-14);
}

// Benjamini-Hochberg and Hommel straight from their definitions: the smallest level at which the procedure
// rejects, found by bisection, instead of the recursions.
template <class Rejects>
double SmallestLevel(Rejects rejects) {
  double low = 0, high = 1;
  if (!rejects(1.0)) return 1;
  for (int i = 0; i < 60; ++i) {
    const double level = (low + high) / 2;
    (rejects(level) ? high : low) = level;
  }
  return high;
}

TEST(Adjustments, AgreeWithTheProceduresThemselves) {
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    std::vector<double> p(1 + random() % 9);
    for (double& value : p) value = std::pow(static_cast<double>(random() % 1000) / 1000, 2);
    const std::size_t n = p.size();
    std::vector<double> sorted(p);
    std::sort(sorted.begin(), sorted.end());
    const std::vector<double> bh = BenjaminiHochberg(p);
    const std::vector<double> hommel = Hommel(p);
    const std::vector<double> hochberg = Hochberg(p);
    const std::vector<double> holm = Holm(p);
    for (std::size_t i = 0; i < n; ++i) {
      const auto real = [](std::size_t count) { return static_cast<double>(count); };
      EXPECT_NEAR(bh[i], SmallestLevel([&](double level) {
                    for (std::size_t k = n; k-- > 0;) {
                      if (sorted[k] <= level * real(k + 1) / real(n)) return p[i] <= sorted[k];
                    }
                    return false;
                  }),
                  1e-9);
      EXPECT_NEAR(hommel[i], SmallestLevel([&](double level) {
                    // Hommel 1988: j = the largest with p_(n-j+k) > k level / j for all k <= j; reject p <=
                    // level / j.
                    std::size_t j = 0;
                    for (std::size_t size = 1; size <= n; ++size) {
                      bool none = true;
                      for (std::size_t k = 1; k <= size; ++k)
                        none = none && sorted[n - size + k - 1] > real(k) * level / real(size);
                      if (none) j = size;
                    }
                    return j == 0 || p[i] <= level / real(j);
                  }),
                  1e-9);
      EXPECT_LE(hommel[i], hochberg[i] + 1e-15);
      EXPECT_LE(hochberg[i], holm[i] + 1e-15);
    }
  }
}

TEST(Adjustments, NaNIsNoTest) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> p{.01, nan, .04};
  for (const auto& adjusted : {Bonferroni(p), Holm(p), HolmSidak(p), Hochberg(p), Hommel(p),
                               BenjaminiHochberg(p), BenjaminiYekutieli(p)}) {
    EXPECT_TRUE(std::isnan(adjusted[1]));
    EXPECT_FALSE(std::isnan(adjusted[0]));
  }
  EXPECT_DOUBLE_EQ(Bonferroni(p)[0], .02);
  EXPECT_TRUE(Holm({}).empty());
  EXPECT_TRUE(Hommel({}).empty());
}

TEST(SidakLevel, MakesAllHoldTogether) {
  EXPECT_NEAR(std::pow(SidakLevel(.95, 40), 40), .95, 1e-12);
  EXPECT_EQ(SidakLevel(.95, 1), .95);
}

}  // namespace
}  // namespace minslice::stats
