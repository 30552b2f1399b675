// What the builder's tables hold is what a std::map holds, wherever a name, a set, a pattern or a sum ends
// up.
#include "reduce/counts_builder.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace minslice::reduce {
namespace {

// By cluster (nullopt: none), value of the one segment, pattern.
using Sums = std::map<std::tuple<std::optional<std::string>, std::string, std::string>, std::int64_t>;

Sums SumsOf(CountsBuilder& builder) {
  CaseCounts counts;
  builder.Finish();
  builder.MoveTo(counts);
  Sums sums;
  for (const CaseGroup& group : counts.groups) {
    std::optional<std::string> cluster;
    if (group.cluster != CaseCounts::kNoCluster) cluster = counts.clusters.at(group.cluster);
    const auto [entry, is_new] =
        sums.emplace(std::tuple(cluster, counts.segments.at(group.segments).at(0).value,
                                counts.patterns.at(group.pattern)),
                     group.n);
    EXPECT_TRUE(is_new) << "one group in two places";
  }
  return sums;
}

TEST(CountsBuilderTest, HoldsWhatAMapHolds) {
  std::mt19937_64 draw(20261121);
  const auto below = [&draw](std::uint64_t n) { return static_cast<std::size_t>(draw() % n); };
  for (const std::size_t n_names : {1, 7, 1000}) {
    // Around the length that fits a place: 19 bytes.
    std::vector<std::string> names = {"", std::string("a\0b", 3), std::string("a\0c", 3)};
    while (names.size() < n_names + 3)
      names.push_back(std::string(below(4) * 8, 'n') + "-" + std::to_string(names.size()));
    CountsBuilder builder;
    Sums expected;
    for (int i = 0; i < 20000; ++i) {
      const std::string value(1, static_cast<char>('a' + below(3)));
      const std::string pattern = "p" + std::to_string(below(12));
      const Segment segment{"flow", value};
      const std::uint32_t set = builder.Segments({&segment, 1});
      const std::string& name = names[below(names.size())];
      const auto n = static_cast<std::int64_t>(below(5) == 0 ? below(std::uint64_t{1} << 33U) + 1 : 1);
      switch (below(3)) {
        case 0:
          builder.Add(set, CaseCounts::kNoCluster, builder.Pattern(pattern), n);
          expected[{std::nullopt, value, pattern}] += n;
          break;
        case 1:
          builder.Add(set, builder.Cluster(name), builder.Pattern(pattern), n);
          expected[{name, value, pattern}] += n;
          break;
        default:
          builder.AddSoon(set, name, builder.Pattern(pattern));
          ++expected[{name, value, pattern}];
      }
    }
    EXPECT_FALSE(builder.overflowed());
    EXPECT_EQ(SumsOf(builder), expected) << n_names;
  }
}

TEST(CountsBuilderTest, SumsThatLeaveTheirPlaceAreWhole) {
  constexpr std::int64_t kPlace = std::numeric_limits<std::uint32_t>::max();
  for (const std::int64_t first : {std::int64_t{1}, kPlace - 2, kPlace - 1, kPlace, kPlace + 1}) {
    for (const std::int64_t second : {std::int64_t{1}, std::int64_t{2}, kPlace}) {
      CountsBuilder builder;
      const Segment segment{"flow", "a"};
      const std::uint32_t set = builder.Segments({&segment, 1});
      for (const std::int64_t n : {first, second, std::int64_t{3}})
        builder.Add(set, builder.Cluster("c"), builder.Pattern("p|p"), n);
      EXPECT_EQ(SumsOf(builder), (Sums{{{"c", "a", "p|p"}, first + second + 3}}));
    }
  }
}

TEST(CountsBuilderTest, SaysThatASumLeaves64Bits) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  for (const bool with_cluster : {false, true}) {
    CountsBuilder builder;
    const std::uint32_t set = builder.Segments({});
    const std::uint32_t cluster = with_cluster ? builder.Cluster("c") : CaseCounts::kNoCluster;
    builder.Add(set, cluster, builder.Pattern("p|p"), 1);
    builder.Add(set, cluster, builder.Pattern("p|p"), kMost - 1);
    EXPECT_FALSE(builder.overflowed());
    builder.Add(set, cluster, builder.Pattern("p|p"), 1);
    EXPECT_TRUE(builder.overflowed());
  }
}

TEST(CountsBuilderTest, PartsAddUp) {
  std::mt19937_64 draw(7);
  CountsBuilder whole, sum;
  for (int part = 0; part < 3; ++part) {
    CountsBuilder builder;
    for (int i = 0; i < 5000; ++i) {
      const std::string name = "c" + std::to_string(draw() % 3000);
      const Segment segment{"flow", std::string(1, static_cast<char>('a' + draw() % 2))};
      const std::string pattern = "p" + std::to_string(draw() % 10);
      for (CountsBuilder* to : {&builder, &whole})
        to->AddSoon(to->Segments({&segment, 1}), name, to->Pattern(pattern));
    }
    CaseCounts counts;
    builder.Finish();
    builder.MoveTo(counts);
    sum.Add(counts);
  }
  EXPECT_EQ(SumsOf(sum), SumsOf(whole));
}

}  // namespace
}  // namespace minslice::reduce
