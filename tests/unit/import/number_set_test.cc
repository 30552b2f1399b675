#include "import/number_set.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <set>

namespace minslice::import {
namespace {

TEST(NumberSet, CountsAsASetDoes) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    NumberSet numbers;
    std::set<std::int64_t> expected;
    for (int i = 0; i < 300; ++i) {
      const auto number = static_cast<std::int64_t>(random() % (round % 2 == 0 ? 60 : 400)) - 20;
      numbers.Insert(number);
      expected.insert(number);
      ASSERT_EQ(numbers.size(), std::ssize(expected));
    }
  }
}

TEST(NumberSet, TakesTheEndsOfTheRange) {
  NumberSet numbers;
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min(),
                 kMost = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t number : {kMost, kLeast, kMost - 1, kLeast + 1, kMost, kLeast, std::int64_t{0}})
    numbers.Insert(number);
  EXPECT_EQ(numbers.size(), 5);
}

}  // namespace
}  // namespace minslice::import
