// What so many pairs can see, as a verdict says it. Expected: scripts/reference/random_gates (scipy's
// binomial summed over the trinomial and brentq), and Connor's formula solved there.
#include "gate/pairs_needed.h"

#include <gtest/gtest.h>

namespace minslice::gate {
namespace {

Analysis Of(std::int64_t n, std::int64_t broke, std::int64_t fixed) {
  return AnalyseCounts(
      {.both = n - broke - fixed, .incumbent_only = broke, .candidate_only = fixed, .neither = 0}, 0.02,
      Policy());
}

TEST(DetectableDifference, IsEnumeratedWhereConnorsFormulaIsRough) {
  Policy policy;
  policy.error_rates.alpha_promote = 0.1;
  policy.error_rates.power = 0.9;
  EXPECT_NEAR(*DetectableDifference(policy, Of(25, 6, 2)), 0.29079860238158156, 1e-9);  // Connor: .3078
  // 900 pairs, of which fewer than 25 are expected to change.
  EXPECT_NEAR(*DetectableDifference(policy, 900, 20.0 / 900, true), 0.013833115072579422, 1e-9);
  // One more discordant pair than 24: the formula.
  EXPECT_NEAR(*DetectableDifference(policy, 900, 25.0 / 900, true), 0.016223993592627117, 1e-9);
}

TEST(DetectableDifference, FollowsThePolicysTest) {
  Policy policy;
  const Analysis few = Of(120, 7, 5);
  EXPECT_NEAR(*DetectableDifference(policy, few), 0.07619721560199105,
              1e-8);  // minslice mde --pairs 120 --discordance 0.1
  policy.p_method = "mcnemar_exact";
  EXPECT_NEAR(*DetectableDifference(policy, few), 0.08140575910614459, 1e-8);
}

TEST(DetectableDifference, OfMeansIsConnorsWithTheirVariance) {
  Analysis means;
  means.n = 120;
  means.variance = 0.1;
  EXPECT_NEAR(*DetectableDifference(Policy(), means), 0.08008282372492663, 1e-9);
}

TEST(DetectableDifferences, RemembersByPairsAndDiscordantPairs) {
  const Policy policy;
  DetectableDifferences known(policy);
  for (const auto& [n, broke, fixed] :
       {std::tuple{25, 6, 2}, std::tuple{25, 2, 6}, std::tuple{30, 6, 2}, std::tuple{25, 6, 3}}) {
    const Analysis analysis = Of(n, broke, fixed);
    const auto once = DetectableDifference(policy, analysis);
    const auto twice = known.Of(analysis);
    ASSERT_EQ(once.has_value(), twice.has_value());
    if (once) {
      EXPECT_EQ(*once, *twice);
    }
  }
  EXPECT_FALSE(known.Of(Of(25, 0, 0)).has_value());
}

}  // namespace
}  // namespace minslice::gate
