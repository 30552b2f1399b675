// Every case of tests/data/golden/stats.json, through the functions that `minslice stats` calls.
// Expected values come from other programs (tests/data/golden/README.md).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "cli/stats_registry.h"

namespace minslice::cli {
namespace {

using nlohmann::json;

// Golden values that are themselves wrong, by path; tests/data/golden/README.md says why, power_test has the
// witness.
const std::set<std::string> kRefuted = {"paired_t_power.000.mde_80"};

// Every difference between expected and found, as text; empty where they agree.
std::string Differences(const json& expected, const json& found, const json& tolerance,
                        const std::string& path, const std::string& key) {
  if (key == "mc_lower" || key == "mc_upper") return "";  // for runs of B resamples: bootstrap_binary_test
  if (expected.is_object()) {
    if (!found.is_object()) return path + ": expected an object, found " + found.dump() + "\n";
    std::string all;
    for (const auto& [name, value] : expected.items()) {
      if (name == "mc_lower" || name == "mc_upper") continue;
      if (!found.contains(name)) {
        all += path + "." + name + ": missing\n";
      } else {
        all += Differences(value, found[name], tolerance, path + "." + name, name);
      }
    }
    return all;
  }
  if (expected.is_array()) {
    if (!found.is_array() || found.size() != expected.size()) {
      return path + ": expected " + expected.dump() + ", found " + found.dump() + "\n";
    }
    std::string all;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      all += Differences(expected[i], found[i], tolerance, path + "[" + std::to_string(i) + "]", key);
    }
    return all;
  }
  if (expected.is_number() && found.is_number()) {
    const json& own = tolerance.contains("by_key") && tolerance["by_key"].contains(key)
                          ? tolerance["by_key"][key]
                          : tolerance;
    const double e = expected.get<double>();
    const double x = found.get<double>();
    const double allowed = own.value("abs", 0.0) + own.value("rel", 0.0) * std::abs(e);
    if (std::abs(x - e) <= allowed) return "";
    if (kRefuted.contains(path)) {
      std::printf("  %s: golden value %.15g is refuted, ours %.15g\n", path.c_str(), e, x);
      return "";
    }
    char text[160];
    std::snprintf(text, sizeof text, ": expected %.15g, found %.15g, off by %.3g, allowed %.3g\n", e, x,
                  x - e, allowed);
    return path + text;
  }
  return expected == found ? "" : path + ": expected " + expected.dump() + ", found " + found.dump() + "\n";
}

TEST(Golden, EveryCaseOfEveryRegisteredFunction) {
  std::ifstream file(MINSLICE_TEST_DATA "/golden/stats.json");
  json golden = json::parse(file);
  json& cases = golden["cases"];
  ASSERT_EQ(cases.size(), 598u);
  ResolveDatasets(cases);
  std::map<std::string, int> passed;
  int all_passed = 0;
  for (const json& item : cases) {
    const auto name = item["fn"].get<std::string>();
    const StatsFunction* function = StatsFunctions().Find(name);
    if (function == nullptr) {
      ADD_FAILURE() << name << " is not registered";
      continue;
    }
    try {
      const std::string differences = Differences(item["expect"], json((*function)(item["in"])), item["tol"],
                                                  item["id"].get<std::string>(), "");
      EXPECT_EQ(differences, "");
      if (differences.empty()) {
        ++passed[name];
        ++all_passed;
      }
    } catch (const StatsInputError& error) {
      ADD_FAILURE() << item["id"] << ": " << error.what();
    }
  }
  for (const auto& [name, n] : passed) std::printf("  %-32s %3d\n", name.c_str(), n);
  std::printf("%d of %zu golden cases pass (%zu of their values refuted and left out)\n", all_passed,
              cases.size(), kRefuted.size());
  EXPECT_EQ(all_passed, 598);
}

}  // namespace
}  // namespace minslice::cli
