#include "plan/calibrate.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <string>

#include "plan/simulate.h"
#include "rng/philox.h"

namespace minslice::plan {
namespace {

// n cases in slices of 50, `flaky` of each slice pass with probability 1/2 in each of k repeats.
PairedTable Incumbent(int n, int flaky, int k, std::uint64_t seed) {
  PairedTable table;
  table.incumbent.repeats = k;
  table.candidate.repeats = k;
  Dimension dimension;
  dimension.name = "slice";
  for (int s = 0; s < n / 50; ++s) dimension.values.push_back("s" + std::to_string(100 + s));
  rng::Stream stream(seed, 0);
  for (int i = 0; i < n; ++i) {
    table.case_ids.push_back("c" + std::to_string(10000 + i));
    dimension.value_of_case.push_back(static_cast<std::uint32_t>(i / 50));
    for (int r = 0; r < k; ++r) {
      const double score = i % 50 < flaky ? static_cast<double>(stream.Below(2)) : i % 5 == 0 ? 0 : 1;
      table.incumbent.scores.push_back(score);
    }
  }
  table.dimensions.push_back(dimension);
  table.candidate = table.incumbent;
  return table;
}

TEST(Calibrate, NothingChangedIsRarelyBlocked) {
  const auto calibration = Calibrate(PublishedPolicy(), Incumbent(1000, 5, 3, 1), {.draws = 500});
  ASSERT_TRUE(calibration);
  EXPECT_EQ(calibration->n, 1000);
  EXPECT_EQ(calibration->observed.runs, 6);
  EXPECT_EQ(calibration->exchanged.runs, 500);
  EXPECT_LE(calibration->exchanged.blocked_low, 0.05);
  EXPECT_NEAR(calibration->psi, 0.05, 0.015);  // a tenth of the cases, half of their pairs
  const CalibratedRates& r = calibration->exchanged;
  EXPECT_EQ(r.promote + r.hold + r.blocked + r.inconclusive, 500);
}

// Grades in [1, 5] are taken as shares of the range, as the gate does; a grade outside is refused.
TEST(Calibrate, GradesAreTakenInTheirRange) {
  PairedTable table = Incumbent(1000, 5, 3, 1);
  for (PairedArm* arm : {&table.incumbent, &table.candidate}) {
    for (double& score : arm->scores) score = 1 + 4 * score;
    arm->has_row.assign(arm->scores.size(), 1);
    arm->model_error.assign(arm->scores.size(), 0);
  }
  table.binary = false;
  Policy policy = PublishedPolicy();
  EXPECT_EQ(Calibrate(policy, table, {.draws = 1}).error().code, "metric_not_binary");
  policy.scale = {.graded = true, .down = false, .low = 1, .high = 5};
  const auto graded = Calibrate(policy, table, {.draws = 20});
  ASSERT_TRUE(graded) << graded.error().text;
  EXPECT_EQ(graded->exchanged.blocked, 0);
  EXPECT_GT(graded->exchanged.promote, 0) << "a fall of 2 points of the range is excluded now and then";
  policy.scale.high = 4;
  EXPECT_EQ(Calibrate(policy, table, {.draws = 1}).error().code, "score_out_of_range");
}

// A repeat that is not like the others shows in the ordered pairs of repeats, in one direction.
TEST(Calibrate, ABrokenRepeatIsSeen) {
  PairedTable table = Incumbent(1000, 0, 3, 1);
  for (int i = 0; i < 50; ++i)
    table.incumbent.scores[static_cast<std::size_t>(i) * 3 + 1] = 0;  // slice s100, repeat 2
  const auto calibration = Calibrate(PublishedPolicy(), table, {.draws = 50});
  ASSERT_TRUE(calibration);
  EXPECT_EQ(calibration->observed.blocked, 2);  // 1 -> 2 and 3 -> 2
}

TEST(Calibrate, SaysWhatItNeeds) {
  EXPECT_EQ(Calibrate(PublishedPolicy(), Incumbent(100, 5, 1, 1), {}).error().code, "repeats");
  PairedTable table = Incumbent(50, 5, 2, 1);
  for (std::size_t i = 0; i < table.incumbent.scores.size(); i += 2) table.incumbent.scores[i] = kMissing;
  EXPECT_EQ(Calibrate(PublishedPolicy(), table, {}).error().code, "no_cases");
}

TEST(Calibrate, ThreadsChangeNoDigit) {
  const int threads = omp_get_max_threads();
  const PairedTable table = Incumbent(500, 10, 2, 3);
  omp_set_num_threads(1);
  const auto one = Calibrate(PublishedPolicy(), table, {.draws = 100});
  omp_set_num_threads(4);
  const auto four = Calibrate(PublishedPolicy(), table, {.draws = 100});
  omp_set_num_threads(threads);
  EXPECT_EQ(one->exchanged.hold, four->exchanged.hold);
  EXPECT_EQ(one->exchanged.blocked, four->exchanged.blocked);
  EXPECT_EQ(one->exchanged.promote, four->exchanged.promote);
}

}  // namespace
}  // namespace minslice::plan
