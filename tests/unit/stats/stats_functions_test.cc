// Statistics by name that the golden file does not hold: what comes back, and that unusable input is an error
// with a text.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/stats_registry.h"

namespace minslice::cli {
namespace {

using nlohmann::json;

json Call(const std::string& name, const char* in) {
  const StatsFunction* function = StatsFunctions().Find(name);
  if (function == nullptr) throw StatsInputError("no function " + name);
  return json((*function)(json::parse(in)));
}

TEST(StatsFunctions, SlicesOfTheFourSegments) {
  const json found = Call("wy_discrete", R"({"b": [8, 2, 3, 2], "c": [1, 17, 4, 3]})");
  EXPECT_NEAR(found["p_harm"][0].get<double>(), 10.0 / 512, 1e-15);
  EXPECT_NEAR(found["wy_discrete"][0].get<double>(), .03654, 6e-6);
  // Two cuts of four cases that all broke, 16 patterns. Min-p: 1 pattern is as extreme as the whole. Max-T:
  // the slice of two has an infinite t in 4 of them, which is why min-p is for slices of different sizes.
  const char* four = R"({"d": [-1, -1, -1, -1], "cuts": [[0, 0, 0, 0], [0, 0, 1, null]]})";
  EXPECT_EQ(Call("slices_min_p", four)["step_down_p"][0], 1.0 / 16);
  EXPECT_EQ(Call("slices_max_t", four)["step_down_p"][0], 4.0 / 16);
  EXPECT_EQ(Call("slices_max_t", four)["exact"], true);
  EXPECT_EQ(
      Call("romano_wolf", R"({"d": [-1, 1, 0, -1], "cuts": [[0, 0, 0, 0]], "B": 99})")["step_down_p"].size(),
      1u);
  EXPECT_EQ(Call("hierarchical", R"({"parent": [-1, 0, 0], "p": [0.01, 0.02, 0.3]})")["adjusted"],
            json::parse("[0.01, 0.04, 0.6]"));
  EXPECT_EQ(Call("fallback", R"({"p": [0.02, 0.04], "weight": [0.5, 0.5]})")["adjusted"],
            json::parse("[0.04, 0.04]"));
}

TEST(StatsFunctions, GradedByName) {
  const json flip = Call("sign_flip", R"({"d": [-1, -1, -1, 1, 0]})");
  EXPECT_EQ(flip["p"], 0.625);
  EXPECT_EQ(flip["method"], "sign_flip_exact");
  const char* d =
      R"({"d": [0.1, 0.4, -0.2, 0.3, 0.25, 0.05, -0.1, 0.6], "B": 2000, "cluster": [1, 1, 2, 2, 3, 3, 4, 4]})";
  const json exact = Call("boot_mean_percentile", d), drawn = Call("boot_mean_resampled", d);
  EXPECT_NEAR(drawn["percentile"]["lower"].get<double>(), exact["lower"].get<double>(), .03);
  EXPECT_LT(Call("boot_mean_t", d)["lower"].get<double>(), drawn["percentile"]["lower"].get<double>());
  EXPECT_EQ(Call("boot_cluster_resampled", d)["estimate"], drawn["estimate"]);
  EXPECT_EQ(Call("wild_cluster", d)["exact"], true);
  EXPECT_TRUE(Call("wild_cluster", d).contains("warnings"));
  EXPECT_LT(Call("bounded_mean", d)["lower"].get<double>(), 0);
  EXPECT_EQ(Call("variance_split",
                 R"({"incumbent": [[0, 1], [1, 1], [0, 0]], "candidate": [[1, 1], [1, 0], [0, 0]]})")
                ["sigma2_incumbent"],
            0.5 / 3);
}

TEST(StatsFunctions, JudgesAndLooks) {
  EXPECT_NEAR(
      Call(
          "rogan_gladen",
          R"({"x": 70, "n": 100, "true_pass": 90, "labelled_pass": 100, "true_fail": 40, "labelled_fail": 50})")
          ["estimate"]
              .get<double>(),
      5.0 / 7, 1e-12);
  const json ppi = Call("ppi_difference",
                        R"({"incumbent_y": [0, 1, 0], "candidate_y": [1, 1, 0], "incumbent_yhat": [0, 1, 0],
      "candidate_yhat": [1, 1, 0], "incumbent_yhat_unlabeled": [0, 1, 1, 0], "candidate_yhat_unlabeled": [1, 1, 1, 0]})");
  EXPECT_GT(ppi["lam"].get<double>(), 0);
  EXPECT_NEAR(Call("group_sequential", R"({"looks": 5, "boundary": "pocock"})")["critical"][0].get<double>(),
              2.413, 6e-4);
  EXPECT_EQ(Call("sequential_noninferiority", R"({"d": [0, 0, 0], "margin": 0.1})")["rejected_at"], 0);
}

TEST(StatsFunctions, UnusableInputIsAnErrorWithAText) {
  for (const auto& [name, in] : std::vector<std::pair<const char*, const char*>>{
           {"wy_discrete", R"({"b": [1]})"},
           {"wy_discrete", R"({"b": [1], "c": [1, 2]})"},
           {"wy_discrete", R"({"b": [-1], "c": [1]})"},
           {"slices_min_p", R"({"d": [1]})"},
           {"slices_min_p", R"({"d": [1], "cuts": [3]})"},
           {"slices_min_p", R"({"d": [1], "cuts": [[-1]]})"},
           {"slices_max_t", R"({"d": [1], "cuts": [[0]], "alternative": "up"})"},
           {"hierarchical", R"({"parent": [0], "p": [0.1]})"},
           {"fallback", R"({"p": [0.1], "weight": [2]})"},
           {"sign_flip", R"({"d": []})"},
           {"sign_flip", R"({"d": ["x"]})"},
           {"wild_cluster", R"({"d": [1, 2], "cluster": [1, 1]})"},
           {"bounded_mean", R"({"d": [0], "method": "best"})"},
           {"bounded_mean", R"({"d": [5]})"},
           {"variance_split", R"({"incumbent": [[1]], "candidate": [[1]]})"},
           {"group_sequential", R"({"looks": 0})"},
           {"rogan_gladen", R"({"x": 1})"},
           {"maxt_signflip", R"({"D": [[1], [1, 2]]})"},
           {"cohen_kappa", R"({"table": [[9, 0], [0, 0]]})"},
           {"eprocess_beta_mixture", R"({"x": [0.5], "t": [1]})"},
           {"cs_betting_hedged", R"({"x": [1], "t": [2]})"},
           {"p_adjust", R"({"p": [1.5]})"}}) {
    try {
      const json found = Call(name, in);
      ADD_FAILURE() << name << " " << in << " gave " << found;
    } catch (const StatsInputError& error) {
      EXPECT_GT(std::string(error.what()).size(), 10u);
    }
  }
}

}  // namespace
}  // namespace minslice::cli
