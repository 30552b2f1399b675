// Methods 4.5: family-wise error and power over many slices. The published figures are rates over 1,000 runs
// (600 for the slice MDE), ours over as many as stand below; the tolerance is four standard errors of their
// difference, or a grid step.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "minslice/stats/multiplicity.h"
#include "rng/binomial.h"
#include "rng/philox.h"

namespace minslice::stats {
namespace {

// Section 3: n_s = 20 + floor((N - 20 S) w_s / sum w), w_s = s^-.7.
std::vector<std::int64_t> SliceSizes(int slices, int asked) {
  std::vector<double> weight;
  double sum = 0;
  for (int s = 1; s <= slices; ++s) {
    weight.push_back(std::pow(s, -.7));
    sum += weight.back();
  }
  std::vector<std::int64_t> sizes;
  for (const double w : weight)
    sizes.push_back(20 + static_cast<std::int64_t>(std::floor((asked - 20 * slices) * w / sum)));
  return sizes;
}

SliceDiscordance DrawSlice(rng::Stream& stream, std::int64_t n, double broke, double fixed) {
  const std::int64_t b = rng::BinomialSampler(n, broke).Draw(stream);
  return {b, rng::BinomialSampler(n - b, fixed / (1 - broke)).Draw(stream)};
}

double MidHarm(const SliceDiscordance& slice, double p) {
  const double m = static_cast<double>(slice.broke + slice.fixed), b = static_cast<double>(slice.broke);
  return p -
         std::exp(std::lgamma(m + 1) - std::lgamma(b + 1) - std::lgamma(m - b + 1) - m * std::log(2.0)) / 2;
}

struct Rates {
  double raw = 0, bonferroni = 0, tarone = 0, westfall_young = 0;
};

// Any rejection at .05; bad: index of the slice that drops by 15 points, or -1.
Rates AnyRejection(const std::vector<std::int64_t>& sizes, double psi, int bad, int runs) {
  Rates rates;
  std::vector<SliceDiscordance> slices(sizes.size());
  for (int run = 0; run < runs; ++run) {
    rng::Stream stream(45, static_cast<std::uint64_t>(run));
    for (std::size_t s = 0; s < sizes.size(); ++s) {
      slices[s] = DrawSlice(stream, sizes[s], psi / 2 + (static_cast<int>(s) == bad ? .15 : 0), psi / 2);
    }
    const std::vector<double> p = HarmP(slices);
    const auto any = [](const std::vector<double>& adjusted) {
      return *std::min_element(adjusted.begin(), adjusted.end()) <= .05;
    };
    bool raw = false;
    for (std::size_t s = 0; s < p.size(); ++s) raw = raw || MidHarm(slices[s], p[s]) <= .05;
    rates.raw += raw;
    rates.bonferroni += any(Bonferroni(p));
    rates.tarone += any(TaroneHolm(slices));
    rates.westfall_young += any(WestfallYoungDiscrete(slices));
  }
  for (double* rate : {&rates.raw, &rates.bonferroni, &rates.tarone, &rates.westfall_young}) *rate /= runs;
  return rates;
}

TEST(SlicesStudy, ErrorAndPowerOfTheFamilies) {
  struct Published {
    int slices, asked, total;
    bool bad;
    Rates rates;
  };
  const Published table[] = {{40, 1200, 1180, false, {.078, 0, .008, .008}},
                             {40, 1200, 1180, true, {.818, .119, .671, .679}},
                             {40, 4000, 3979, false, {.542, .001, .023, .038}},
                             {40, 4000, 3979, true, {.921, .184, .457, .539}},
                             {200, 10000, 9900, false, {.714, .002, .028, .048}},
                             {200, 10000, 9900, true, {.955, .028, .322, .410}}};
  const int runs = 4000;
  std::printf("slices     N  bad   raw mid-p    Bonferroni   Tarone       WY          (published -> ours)\n");
  for (const Published& row : table) {
    const std::vector<std::int64_t> sizes = SliceSizes(row.slices, row.asked);
    std::int64_t total = 0;
    int bad = 0;
    for (std::size_t s = 0; s < sizes.size(); ++s) {
      total += sizes[s];
      if (std::abs(sizes[s] - 47) < std::abs(sizes[static_cast<std::size_t>(bad)] - 47))
        bad = static_cast<int>(s);
    }
    if (row.asked != 10000) {
      EXPECT_EQ(total, row.total);
    }
    const Rates ours = AnyRejection(sizes, .04, row.bad ? bad : -1, runs);
    std::printf("%6d %5d  %3d  %.3f %.3f  %.3f %.3f  %.3f %.3f  %.3f %.3f\n", row.slices,
                static_cast<int>(total), row.bad ? static_cast<int>(sizes[static_cast<std::size_t>(bad)]) : 0,
                row.rates.raw, ours.raw, row.rates.bonferroni, ours.bonferroni, row.rates.tarone, ours.tarone,
                row.rates.westfall_young, ours.westfall_young);
    const auto near = [&](double published, double found, const char* what) {
      const double p = std::max(found, .002);
      EXPECT_NEAR(found, published, 4 * std::sqrt(p * (1 - p) * (1.0 / 1000 + 1.0 / runs)))
          << what << " " << row.slices << " " << total;
    };
    near(row.rates.raw, ours.raw, "raw");
    near(row.rates.bonferroni, ours.bonferroni, "bonferroni");
    near(row.rates.tarone, ours.tarone, "tarone");
    near(row.rates.westfall_young, ours.westfall_young, "westfall_young");
    if (!row.bad) {
      EXPECT_LE(ours.westfall_young, .05 + 3 * std::sqrt(.05 * .95 / runs));
    }
  }
}

// Half of the slices drop by 15 points: a false rejection among the other half stays at most .05.
TEST(SlicesStudy, StrongControlWithHalfTheSlicesBad) {
  const std::vector<std::int64_t> sizes = SliceSizes(40, 4000);
  std::vector<SliceDiscordance> slices(40);
  int wrong = 0;
  const int runs = 4000;
  for (int run = 0; run < runs; ++run) {
    rng::Stream stream(46, static_cast<std::uint64_t>(run));
    for (std::size_t s = 0; s < 40; ++s)
      slices[s] = DrawSlice(stream, sizes[s], .02 + (s % 2 == 0 ? .15 : 0), .02);
    const std::vector<double> adjusted = WestfallYoungDiscrete(slices);
    bool any = false;
    for (std::size_t s = 1; s < 40; s += 2) any = any || adjusted[s] <= .05;
    wrong += any;
  }
  std::printf("false rejection among good slices, half bad: %.4f\n", static_cast<double>(wrong) / runs);
  EXPECT_LE(static_cast<double>(wrong) / runs, .05 + 3 * std::sqrt(.05 * .95 / runs));
}

// Smallest drop (grid of 2 points) in one of 40 equal slices that Westfall-Young rejects in 80 % of 600 runs.
TEST(SlicesStudy, SliceMde) {
  struct Cell {
    std::int64_t n;
    double psi;
    int points;
  };
  std::printf("slice MDE, points:  n  psi  published ours\n");
  for (const Cell& cell :
       {Cell{20, .05, 38}, Cell{20, .10, 46}, Cell{47, .05, 22}, Cell{47, .10, 30}, Cell{100, .05, 16},
        Cell{100, .10, 20}, Cell{200, .05, 10}, Cell{200, .10, 14}, Cell{400, .05, 8}, Cell{400, .10, 8}}) {
    int found = 0;
    for (int points = 2; points <= 60 && found == 0; points += 2) {
      int seen = 0;
      std::vector<SliceDiscordance> slices(40);
      for (int run = 0; run < 600; ++run) {
        rng::Stream stream(47, static_cast<std::uint64_t>(run * 64 + points));
        for (std::size_t s = 0; s < 40; ++s) {
          slices[s] = DrawSlice(stream, cell.n, cell.psi / 2 + (s == 0 ? points / 100.0 : 0), cell.psi / 2);
        }
        seen += WestfallYoungDiscrete(slices)[0] <= .05;
      }
      if (seen >= 480) found = points;
    }
    std::printf("%20d  %.2f  %d  %d\n", static_cast<int>(cell.n), cell.psi, cell.points, found);
    EXPECT_NEAR(found, cell.points, 2) << cell.n << " " << cell.psi;
  }
}

}  // namespace
}  // namespace minslice::stats
