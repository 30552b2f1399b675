// Random inputs against scipy, statsmodels and enumeration: tests/data/reference/graded.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/stats_registry.h"
#include "unit/stats/reference.h"

namespace minslice::cli {
namespace {

using nlohmann::json;

int Compare(const json& expected, const json& found, double tolerance, const std::string& path) {
  if (expected.is_number()) {
    if (!found.is_number()) {
      ADD_FAILURE() << path << ": expected " << expected << ", found " << found;
      return 1;
    }
    const double e = expected.get<double>();
    EXPECT_NEAR(found.get<double>(), e, tolerance * (1 + std::abs(e))) << path;
    return 1;
  }
  int compared = 0;
  if (expected.is_object()) {
    for (const auto& [name, value] : expected.items()) {
      if (!found.contains(name)) {
        ADD_FAILURE() << path << "." << name << " is missing";
        continue;
      }
      compared += Compare(value, found[name], tolerance, path + "." + name);
    }
    return compared;
  }
  EXPECT_EQ(expected.size(), found.size()) << path;
  for (std::size_t i = 0; i < std::min(expected.size(), found.size()); ++i) {
    compared += Compare(expected[i], found[i], tolerance, path + "[" + std::to_string(i) + "]");
  }
  return compared;
}

TEST(GradedReference, AgreesWithScipyStatsmodelsAndEnumeration) {
  const json reference = stats::Reference("graded");
  int compared = 0;
  for (const json& item : reference["cases"]) {
    const StatsFunction* function = StatsFunctions().Find(item["fn"].get<std::string>());
    ASSERT_NE(function, nullptr) << item["fn"];
    compared += Compare(item["expect"], json((*function)(item["in"])), item["tol"].get<double>(),
                        item["id"].get<std::string>());
  }
  EXPECT_GT(compared, 2000);
}

}  // namespace
}  // namespace minslice::cli
