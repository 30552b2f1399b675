#include "pair/canonical_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace minslice::pair {
namespace {

// What a case is ordered by, one number after another.
std::vector<double> KeyOf(const PairedTable& table, std::size_t i) {
  std::vector<double> key;
  if (!table.cluster_of_case.empty()) key.push_back(table.cluster_of_case[i]);
  for (const Dimension& dimension : table.dimensions) key.push_back(dimension.value_of_case[i]);
  for (const PairedArm* arm : {&table.incumbent, &table.candidate}) {
    const auto k = static_cast<std::size_t>(arm->repeats);
    for (std::size_t cell = i * k; cell < (i + 1) * k; ++cell) {
      key.push_back(arm->has_row[cell]);
      key.push_back(arm->model_error[cell]);
      key.push_back(std::isnan(arm->scores[cell]) ? -1 : arm->scores[cell]);
    }
  }
  return key;
}

// Tables whose cases are ordered by one number, and tables with too many scores or repeats for that.
TEST(CanonicalOrder, IsThatOfTheKeysWrittenOut) {
  std::mt19937 random(3);
  const auto draw = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  for (int round = 0; round < 400; ++round) {
    PairedTable table;
    const unsigned n = draw(200), grades = draw(3) == 0 ? 1000 : 2 + draw(4),
                   repeats = 1 + draw(draw(5) == 0 ? 12 : 3);
    const auto fill = [&](PairedArm& arm) {
      arm.repeats = static_cast<int>(repeats);
      for (unsigned cell = 0; cell < n * repeats; ++cell) {
        const bool missing = draw(9) == 0;
        arm.scores.push_back(missing ? kMissing : draw(grades) / static_cast<double>(grades - 1));
        arm.has_row.push_back(!missing || draw(2) == 0);
        arm.model_error.push_back(draw(9) == 0);
      }
    };
    fill(table.incumbent);
    fill(table.candidate);
    const auto values = [&](unsigned many, std::vector<std::uint32_t>& of_case) {
      for (unsigned i = 0; i < n; ++i) of_case.push_back(draw(8) == 0 ? kNoValue : draw(many));
    };
    for (unsigned d = 0; d < draw(3); ++d) {
      table.dimensions.push_back({"d" + std::to_string(d), {"a", "b", "c"}, {}});
      values(3, table.dimensions.back().value_of_case);
    }
    if (draw(2) == 0) {
      table.clusters = {"x", "y"};
      values(2, table.cluster_of_case);
    }
    table.case_ids.resize(n);
    std::vector<std::uint32_t> some;
    for (std::uint32_t i = 0; i < n; ++i) {
      if (draw(3) != 0) some.push_back(i);
    }
    std::vector<std::uint32_t> all(n);
    std::iota(all.begin(), all.end(), 0U);
    for (std::vector<std::uint32_t>* cases : {&all, &some}) {
      std::vector<std::uint32_t> expected = *cases;
      std::stable_sort(expected.begin(), expected.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return KeyOf(table, a) < KeyOf(table, b); });
      OrderCanonically(table, *cases);
      ASSERT_EQ(*cases, expected);
    }
    EXPECT_EQ(CanonicalOrder(table), all);
  }
}

}  // namespace
}  // namespace minslice::pair
