// Sign flips against the enumeration of all patterns, and against McNemar's exact test where they must agree
// to the last digit.
#include "minslice/stats/sign_flip.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "minslice/stats/max_t.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/multiplicity.h"
#include "rng/philox.h"
#include "stats/disjoint_min_p.h"
#include "stats/flip_planes.h"
#include "stats/flip_sums.h"
#include "stats/flip_table.h"
#include "stats/sign_flip_distribution.h"

namespace minslice::stats {
namespace {

struct Enumerated {
  double p = 0, midp = 0, p_harm = 0, p_gain = 0;
};

Enumerated AllPatterns(const std::vector<double>& d) {
  double sum = 0;
  for (const double value : d) sum += value;
  Enumerated result;
  const double patterns = std::exp2(static_cast<double>(d.size()));
  for (std::uint64_t code = 0; code < std::uint64_t{1} << d.size(); ++code) {
    double t = 0;
    for (std::size_t i = 0; i < d.size(); ++i) t += (code >> i & 1U) != 0 ? d[i] : -d[i];
    const double noise = 1e-9;
    if (std::abs(t) >= std::abs(sum) - noise) result.p += 1 / patterns;
    if (std::abs(t) > std::abs(sum) + noise) {
      result.midp += 1 / patterns;
    } else if (std::abs(t) >= std::abs(sum) - noise) {
      result.midp += 0.5 / patterns;
    }
    if (t <= sum + noise) result.p_harm += 1 / patterns;
    if (t >= sum - noise) result.p_gain += 1 / patterns;
  }
  return result;
}

std::vector<double> Pairs(std::int64_t broke, std::int64_t fixed, std::int64_t alike = 0) {
  std::vector<double> d(static_cast<std::size_t>(broke), -1.0);
  d.insert(d.end(), static_cast<std::size_t>(fixed), 1.0);
  d.insert(d.end(), static_cast<std::size_t>(alike), 0.0);
  return d;
}

TEST(SignFlip, EqualsTheEnumerationOnALattice) {
  rng::Stream stream(1, 0);
  for (int round = 0; round < 60; ++round) {
    std::vector<double> d(1 + stream.Below(13));
    const double repeats = static_cast<double>(1 + stream.Below(4));
    for (double& value : d) value = (static_cast<double>(stream.Below(7)) - 3) / repeats;
    const Enumerated plain = AllPatterns(d);
    const auto flip = SignFlipTest(d);
    ASSERT_TRUE(flip);
    EXPECT_EQ(flip->method, "sign_flip_exact");
    EXPECT_NEAR(flip->p, plain.p, 1e-12);
    EXPECT_NEAR(flip->p_harm, plain.p_harm, 1e-12);
    EXPECT_NEAR(flip->p_gain, plain.p_gain, 1e-12);
    if (std::abs(flip->sum) > 1e-9) {
      EXPECT_NEAR(flip->midp, plain.midp, 1e-12);
    } else {
      EXPECT_EQ(flip->midp, 1);
    }
  }
}

TEST(SignFlip, RealScoresAgainstTheEnumeration) {
  rng::Stream stream(2, 0);
  for (int round = 0; round < 10; ++round) {
    std::vector<double> d(12);
    for (double& value : d) value = stream.Uniform() - 0.4;
    const auto flip = SignFlipTest(d);
    EXPECT_EQ(flip->method, "sign_flip_rounded");
    // Rounding may move a pattern or two over the observed sum.
    EXPECT_NEAR(flip->p, AllPatterns(d).p, 4.0 / 4096);
  }
}

TEST(SignFlip, IsMcNemarsExactTestAtOneRunASide) {
  for (const auto& [b, c] : std::vector<std::pair<int, int>>{
           {8, 1}, {1, 7}, {6, 16}, {3, 3}, {0, 0}, {0, 9}, {48, 67}, {700, 550}, {40, 0}}) {
    const PairedCounts counts{.both = 5, .incumbent_only = b, .candidate_only = c, .neither = 2};
    const auto flip = SignFlipTest(Pairs(b, c, 7));
    ASSERT_TRUE(flip);
    EXPECT_NEAR(flip->p / McNemarExact(counts).p, 1, 1e-11) << b << " " << c;
    EXPECT_NEAR(flip->midp / McNemarMidP(counts).p, 1, 1e-11) << b << " " << c;
    EXPECT_NEAR(flip->p_harm / McNemarHarmExact(counts).p, 1, 1e-11) << b << " " << c;
    EXPECT_NEAR(flip->log10_p, McNemarExact(counts).log10_p, 1e-9) << b << " " << c;
  }
}

TEST(SignFlip, TailsBelowTheSmallestDoubleHaveALogarithm) {
  // 2^-1999 = 10^-601.76: the only pattern as far out, twice.
  const auto flip = SignFlipTest(Pairs(0, 2000));
  EXPECT_NEAR(flip->log10_p, -1999 * std::log10(2.0), 1e-6);
  const auto counts = PairedCounts{.incumbent_only = 100, .candidate_only = 2400};
  EXPECT_NEAR(SignFlipTest(Pairs(100, 2400))->log10_p / McNemarExact(counts).log10_p, 1, 1e-3);
}

// 2,500 real scores go by the characteristic function; the same scores rounded to a lattice are counted.
TEST(SignFlip, CharacteristicFunctionEqualsCounting) {
  rng::Stream stream(4, 0);
  std::vector<double> d(2500), rounded;
  for (double& value : d) value = stream.Uniform() - 0.49;
  for (const double value : d) rounded.push_back(std::round(value * 250) / 250);
  const auto smooth = SignFlipTest(d);
  const auto counted = SignFlipTest(rounded);
  EXPECT_EQ(smooth->method, "sign_flip_characteristic");
  EXPECT_EQ(counted->method, "sign_flip_exact");
  EXPECT_NEAR(smooth->p, counted->p, .01 * counted->p + 1e-4);
}

TEST(SignFlip, DegenerateInput) {
  EXPECT_EQ(SignFlipTest({}).error().code, "no_pairs");
  EXPECT_EQ(SignFlipTest(std::vector<double>{1, std::nan("")}).error().code, "not_finite");
  EXPECT_EQ(SignFlipTest(std::vector<double>{0, 0})->p, 1);
  EXPECT_EQ(SignFlipTest(std::vector<double>{-0.3})->p, 1);
  EXPECT_EQ(SignFlipTest(std::vector<double>{-0.3})->p_harm, 0.5);
}

TEST(FlipSums, AddTheValuesOfSetBits) {
  rng::Stream stream(5, 0);
  const std::vector<std::size_t> start{0, 2, 2, 5};
  const std::vector<std::uint32_t> slice{0, 1, 1, 0, 2};
  const std::vector<double> value{.1, .2, -.3, .7, 5};
  const std::vector<std::uint64_t> words{stream.Next64(), stream.Next64(), stream.Next64()};
  std::vector<FlipSums> sums(3);
  AddPlusSigns(start.data(), 3, slice.data(), value.data(), words.data(), sums.data());
  for (std::size_t f = 0; f < kFlips; ++f) {
    double plain[3] = {};
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t e = start[k]; e < start[k + 1]; ++e)
        plain[slice[e]] += (words[k] >> f & 1U) != 0 ? value[e] : 0;
    }
    for (std::size_t s = 0; s < 3; ++s) ASSERT_EQ(sums[s].by_flip[f], plain[s]);
  }
}

TEST(FlipTable, LeavesOutGroupsTwoByTwo) {
  // Groups: 0 and 1 without a difference, 2 without and 3 with one, 4 alone.
  const std::vector<double> d{0, 0, 0, 0, 2, -1};
  const std::vector<std::uint32_t> group{0, 1, 2, 3, 3, 4}, slice{0, 1, 0, 0, 1, 1};
  const std::vector<Cut> cuts{{slice, 2}};
  const FlipTable table(*SliceTable::FromCuts(d, cuts, group, 5));
  EXPECT_EQ(table.draw, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(table.start, (std::vector<std::size_t>{0, 0, 1, 2, 2}));
  EXPECT_EQ(table.slice, (std::vector<std::uint32_t>{1, 1}));
  EXPECT_EQ(table.value, (std::vector<double>{2, -1}));
}

// Thirds, twelfths and a slice without a difference: U is what the sums of doubles come to.
TEST(FlipPlanes, CountTheUnitsOfSetBits) {
  rng::Stream stream(8, 0);
  constexpr std::size_t kGroups = 300, kSlices = 4;
  const double step[kSlices] = {1.0, 1.0 / 3, 1.0 / 12, 1.0};
  std::vector<double> rows;
  for (std::size_t k = 0; k < kGroups; ++k) {
    for (std::size_t s = 0; s < kSlices; ++s)
      rows.push_back(s == 3 ? 0 : step[s] * (static_cast<double>(stream.Below(5)) - 2));
  }
  const auto table = SliceTable::FromRows(rows, kSlices);
  std::vector<SignFlipDistribution> lattice;
  for (std::size_t s = 0; s < kSlices; ++s) {
    std::vector<double> values;
    for (std::size_t k = 0; k < kGroups; ++k) values.push_back(rows[k * kSlices + s]);
    lattice.emplace_back(values);
  }
  const auto planes = FlipPlanes::Of(FlipTable(*table), lattice);
  ASSERT_TRUE(planes);
  std::vector<std::uint64_t> words, bits(planes->planes());
  for (std::size_t k = 0; k < kGroups; ++k) words.push_back(stream.Next64());
  planes->Add(0, std::span(words).first(100), bits.data());
  planes->Add(100, std::span(words).subspan(100), bits.data());
  std::vector<FlipSums> sums(kSlices);
  AddPlusSigns(table->start().data(), kGroups, table->slice().data(), table->value().data(), words.data(),
               sums.data());
  for (std::size_t s = 0; s < kSlices; ++s) {
    std::uint32_t positive[kFlips];
    planes->Read(bits.data(), s, positive);
    double total = 0;
    for (std::size_t k = 0; k < kGroups; ++k) total += rows[k * kSlices + s];
    for (std::size_t f = 0; f < kFlips; ++f) {
      const auto sum = static_cast<double>(2 * std::int64_t{positive[f]} - planes->total(s));
      ASSERT_NEAR(sum * lattice[s].step(), 2 * sums[s].by_flip[f] - total, 1e-9) << s;
    }
  }
}

TEST(FlipPlanes, LeaveToDoublesWhatIsNoFewUnits) {
  const auto of = [](const std::vector<double>& values) {
    const std::vector<SignFlipDistribution> lattice{SignFlipDistribution(values)};
    return FlipPlanes::Of(FlipTable(*SliceTable::FromRows(values, 1)), lattice).has_value();
  };
  EXPECT_TRUE(of({1, -1, 2}));
  EXPECT_FALSE(of({1, 127, -255}));     // 16 bits of 3 entries
  EXPECT_FALSE(of({1e-200, -1e-200}));  // the distribution's steps are of another scale
}

// Two cuts of binary pairs, every pattern of 11 discordant pairs, step-down min-p by its definition.
TEST(SignFlipMinP, EqualsTheEnumerationOverOverlappingCuts) {
  rng::Stream stream(6, 0);
  std::vector<double> d;
  std::vector<std::uint32_t> by_customer, by_length;
  for (int i = 0; i < 30; ++i) {
    d.push_back(i < 8 ? -1 : i < 11 ? 1 : 0);
    by_customer.push_back(static_cast<std::uint32_t>(stream.Below(3)));
    by_length.push_back(i % 5 == 0 ? kNoSlice : static_cast<std::uint32_t>(stream.Below(2)));
  }
  const std::vector<Cut> cuts{{by_customer, 3}, {by_length, 2}};
  const auto table = SliceTable::FromCuts(d, cuts);
  ASSERT_TRUE(table);
  const auto joint = SignFlipMinP(*table, {});
  ASSERT_TRUE(joint);
  EXPECT_TRUE(joint->exact);
  const auto p_of = [&](const std::vector<double>& flipped) {
    std::vector<SliceDiscordance> slices(5);
    for (std::size_t i = 0; i < d.size(); ++i) {
      for (const std::size_t s :
           {std::size_t{by_customer[i]},
            by_length[i] == kNoSlice ? std::size_t{99} : 3 + std::size_t{by_length[i]}}) {
        if (s == 99) continue;
        slices[s].broke += flipped[i] < 0;
        slices[s].fixed += flipped[i] > 0;
      }
    }
    return HarmP(slices);
  };
  const std::vector<double> observed = p_of(d);
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return observed[a] < observed[b]; });
  std::vector<double> hits(5, 0.0);
  for (std::uint64_t code = 0; code < 2048; ++code) {
    std::vector<double> flipped(d);
    for (std::size_t i = 0; i < 11; ++i) {
      if ((code >> i & 1U) != 0) flipped[i] = -flipped[i];
    }
    const std::vector<double> p = p_of(flipped);
    double smallest = 2;
    for (std::size_t k = 5; k-- > 0;) {
      smallest = std::min(smallest, p[order[k]]);
      if (smallest <= observed[order[k]] + 1e-12) hits[k] += 1.0 / 2048;
    }
  }
  double running = 0;
  for (std::size_t k = 0; k < 5; ++k) {
    running = std::max(running, hits[k]);
    EXPECT_NEAR(joint->step_down_p[order[k]], running, 1e-12);
    EXPECT_NEAR(joint->raw_p[order[k]], observed[order[k]], 1e-12);
  }
}

// Disjoint slices have a closed form; the same slices twice overlap, and seeded flips must come to it.
TEST(SignFlipMinP, MeetsTheClosedFormOnDisjointSlices) {
  const std::vector<SliceDiscordance> slices{{8, 1}, {2, 17}, {3, 4}, {2, 3}, {33, 27}};
  std::vector<double> d;
  std::vector<std::uint32_t> slice_of;
  for (std::size_t s = 0; s < slices.size(); ++s) {
    const std::vector<double> own = Pairs(slices[s].broke, slices[s].fixed, 5);
    d.insert(d.end(), own.begin(), own.end());
    slice_of.insert(slice_of.end(), own.size(), static_cast<std::uint32_t>(s));
  }
  const std::vector<Cut> once{{slice_of, 5}}, twice{{slice_of, 5}, {slice_of, 5}};
  const auto exact = SignFlipMinP(*SliceTable::FromCuts(d, once), {});
  const auto drawn = SignFlipMinP(*SliceTable::FromCuts(d, twice), {.replicates = 100000, .seed = 3});
  EXPECT_TRUE(exact->exact);
  EXPECT_EQ(exact->replicates, 0);
  EXPECT_FALSE(drawn->exact);
  const std::vector<double> closed = WestfallYoungDiscrete(slices);
  for (std::size_t s = 0; s < 5; ++s) {
    EXPECT_NEAR(exact->step_down_p[s], closed[s], 1e-12);
    const double error = 5 * std::sqrt(closed[s] * (1 - closed[s]) / 100000) + 2e-5;
    EXPECT_NEAR(drawn->step_down_p[s], closed[s], error);
    EXPECT_NEAR(drawn->step_down_p[s + 5], closed[s], error);
  }
}

// Means of three runs and clusters of several cases: all 2^15 patterns against the closed form.
TEST(SignFlipMinP, IsExactOnDisjointSlicesOfFewUnits) {
  rng::Stream stream(9, 0);
  std::vector<double> d;
  std::vector<std::uint32_t> slice_of, group;
  for (std::uint32_t k = 0; k < 15; ++k) {
    for (int i = 0; i < 2; ++i) {
      d.push_back(k == 14 ? 0 : (static_cast<double>(stream.Below(7)) - 3.5) / 3);
      slice_of.push_back(k == 14 ? 3 : k % 3);
      group.push_back(k);
    }
  }
  const std::vector<Cut> cuts{{slice_of, 4}};
  const auto table = SliceTable::FromCuts(d, cuts, group, 15);
  const FlipTable flips(*table);
  ASSERT_TRUE(AreDisjoint(flips));
  const auto joint = SignFlipMinP(*table, {});
  ASSERT_TRUE(joint && joint->exact && joint->replicates > 0);
  std::vector<SignFlipDistribution> distribution;
  for (std::uint32_t s = 0; s < 4; ++s) {
    std::vector<double> values;
    for (std::size_t e = 0; e < flips.slice.size(); ++e) {
      if (flips.slice[e] == s) values.push_back(flips.value[e]);
    }
    distribution.emplace_back(values);
  }
  const DisjointMinP disjoint = DisjointStepDown(joint->raw_p, distribution);
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_NEAR(disjoint.step_down_p[s], joint->step_down_p[s], 1e-12) << s;
    EXPECT_NEAR(disjoint.single_step_p[s], joint->single_step_p[s], 1e-12) << s;
  }
  // A cluster in two slices joins them.
  slice_of[0] = 1;
  EXPECT_FALSE(AreDisjoint(FlipTable(*SliceTable::FromCuts(d, cuts, group, 15))));
}

TEST(SignFlipMaxT, ClustersFlipTogether) {
  // Four clusters of three alike items: 2^4 patterns whatever the items.
  std::vector<double> d;
  std::vector<std::uint32_t> group, slice;
  for (std::uint32_t k = 0; k < 4; ++k) {
    for (int i = 0; i < 3; ++i) {
      d.push_back(-1.0 - 0.1 * k);
      group.push_back(3 - k);
      slice.push_back(0);
    }
  }
  const std::vector<Cut> cuts{{slice, 1}};
  const auto table = SliceTable::FromCuts(d, cuts, group, 4);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->groups(), 4u);
  EXPECT_EQ(table->members()[0], 4);
  const auto joint = SignFlipMaxT(*table, {});
  EXPECT_TRUE(joint->exact);
  EXPECT_EQ(joint->replicates, 16);
  EXPECT_NEAR(joint->step_down_p[0], 1.0 / 16, 1e-15);
  EXPECT_NEAR(SignFlipMaxT(*table, {.alternative = Alternative::kTwoSided})->step_down_p[0], 2.0 / 16, 1e-15);
}

// All differences equal: t is infinite, the patterns are counted all the same.
TEST(SignFlipMaxT, EqualDifferencesAreAsExtremeAsPatternsGo) {
  const std::vector<double> rows(6, -1.0);
  const auto joint = SignFlipMaxT(*SliceTable::FromRows(rows, 1), {});
  EXPECT_TRUE(std::isinf(joint->statistic[0]));
  EXPECT_EQ(joint->raw_p[0], 1.0 / 64);
  EXPECT_EQ(joint->step_down_p[0], 1.0 / 64);
  const std::vector<double> up(6, 1.0);
  EXPECT_EQ(SignFlipMaxT(*SliceTable::FromRows(up, 1), {})->step_down_p[0], 1);
}

TEST(SignFlipMaxT, ThreadsAndSwapsOfSides) {
  rng::Stream stream(7, 0);
  std::vector<double> rows, swapped;
  for (int i = 0; i < 400 * 5; ++i) rows.push_back(stream.Uniform() - 0.52);
  for (const double value : rows) swapped.push_back(-value);
  const auto table = SliceTable::FromRows(rows, 5);
  const JointOptions options{.replicates = 3000, .seed = 9, .alternative = Alternative::kTwoSided};
  omp_set_num_threads(1);
  const auto one = SignFlipMaxT(*table, options);
  const auto wolf_one = RomanoWolf(*table, options);
  omp_set_num_threads(3);
  const auto three = SignFlipMaxT(*table, options);
  const auto wolf_three = RomanoWolf(*table, options);
  EXPECT_EQ(one->step_down_p, three->step_down_p);
  EXPECT_EQ(wolf_one->step_down_p, wolf_three->step_down_p);
  EXPECT_EQ(one->statistic, SignFlipMaxT(*SliceTable::FromRows(swapped, 5), options)->statistic);
}

// Romano-Wolf by drawing indices, dense, no weights.
TEST(RomanoWolf, EqualsResamplingByIndices) {
  rng::Stream stream(8, 0);
  const std::size_t n = 60, h = 3;
  std::vector<double> rows;
  for (std::size_t i = 0; i < n; ++i) {
    const double common = stream.Uniform() - 0.6;
    for (std::size_t c = 0; c < h; ++c)
      rows.push_back(common + 0.5 * stream.Uniform() - 0.25 + 0.05 * static_cast<double>(c));
  }
  const int replicates = 40000;
  const auto joint = RomanoWolf(*SliceTable::FromRows(rows, h), {.replicates = replicates, .seed = 1});
  const auto t_of = [&](const std::vector<std::size_t>& drawn, std::size_t c, double centre) {
    double sum = 0, squares = 0;
    for (const std::size_t i : drawn) {
      sum += rows[i * h + c];
      squares += rows[i * h + c] * rows[i * h + c];
    }
    const double real = static_cast<double>(n), mean = sum / real;
    return -(mean - centre) / std::sqrt((squares - real * mean * mean) / (real - 1) / real);
  };
  std::vector<std::size_t> all(n);
  for (std::size_t i = 0; i < n; ++i) all[i] = i;
  std::vector<double> observed(h), mean(h, 0.0);
  for (std::size_t c = 0; c < h; ++c) {
    for (std::size_t i = 0; i < n; ++i) mean[c] += rows[i * h + c] / static_cast<double>(n);
    observed[c] = t_of(all, c, 0);
    EXPECT_NEAR(joint->statistic[c], observed[c], 1e-10);
  }
  std::vector<double> single(h, 0.0);
  for (int r = 0; r < replicates; ++r) {
    for (std::size_t i = 0; i < n; ++i) all[i] = stream.Below(n);
    double best = -INFINITY;
    for (std::size_t c = 0; c < h; ++c) best = std::max(best, t_of(all, c, mean[c]));
    for (std::size_t c = 0; c < h; ++c) single[c] += best >= observed[c] ? 1.0 / replicates : 0;
  }
  for (std::size_t c = 0; c < h; ++c) {
    EXPECT_NEAR(joint->single_step_p[c], single[c], 5 * std::sqrt(2 * .25 / replicates));
    EXPECT_GE(joint->single_step_p[c], joint->step_down_p[c]);
  }
}

TEST(SliceTable, SaysWhatIsWrong) {
  const std::vector<double> d{1, 2};
  const std::vector<std::uint32_t> slice{0, 5}, short_slice{0};
  EXPECT_EQ(SliceTable::FromCuts({}, {}).error().code, "no_pairs");
  EXPECT_EQ(SliceTable::FromCuts(d, std::vector<Cut>{{slice, 2}}).error().code, "slice");
  EXPECT_EQ(SliceTable::FromCuts(d, std::vector<Cut>{{short_slice, 2}}).error().code, "length");
  EXPECT_EQ(SliceTable::FromCuts(d, {}, slice, 3).error().code, "group");
  EXPECT_EQ(SliceTable::FromRows(d, 0).error().code, "length");
  const auto empty_slices =
      SliceTable::FromCuts(d, std::vector<Cut>{{std::vector<std::uint32_t>{0, kNoSlice}, 3}});
  ASSERT_TRUE(empty_slices);
  for (const auto& joint :
       {SignFlipMaxT(*empty_slices, {}), SignFlipMinP(*empty_slices, {}), RomanoWolf(*empty_slices, {})}) {
    ASSERT_TRUE(joint);
    EXPECT_EQ(joint->step_down_p[2], 1);
  }
  EXPECT_EQ(SignFlipMaxT(*empty_slices, {.replicates = 5}).error().code, "replicates");
}

}  // namespace
}  // namespace minslice::stats
