#include "plan/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace minslice::plan {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Policy NonInferior(double margin) {
  Policy policy;
  policy.goal = Goal::kNonInferiority;
  policy.margin = margin;
  return policy;
}

SuiteShape Flows() {
  const std::vector<std::pair<std::string, std::int64_t>> sizes = {{"contract", 156},   {"escalation", 89},
                                                                   {"invoice", 210},    {"other", 683},
                                                                   {"refund_flow", 47}, {"rest", 15}};
  return ShapeOfSizes("flow", sizes);
}

std::vector<std::string> Codes(const CheckReport& report) {
  std::vector<std::string> codes;
  for (const CheckProblem& problem : report.problems) codes.push_back(problem.code);
  return codes;
}

const CheckSlice& SliceOf(const CheckReport& report, const std::string& value) {
  return *std::find_if(report.slices.begin(), report.slices.end(),
                       [&](const CheckSlice& slice) { return slice.value == value; });
}

// Methods 2.4 and 4.4: at psi .05 a margin of 2 points takes 773 pairs, at psi .02 a margin of .5 takes
// 4,947.
TEST(Check, SaysWhichMarginASuiteResolves) {
  const CheckReport wide = Check(NonInferior(0.02), Flows(), GivenPsi(0.05), {});
  EXPECT_TRUE(wide.answerable);
  EXPECT_EQ(wide.goal.pairs_needed, 773);
  EXPECT_LT(*wide.goal.resolvable, 0.02);
  const CheckReport narrow = Check(NonInferior(0.005), Flows(), GivenPsi(0.02), {});
  EXPECT_FALSE(narrow.answerable);
  EXPECT_EQ(narrow.goal.pairs_needed, 4947);
  EXPECT_EQ(Codes(narrow).front(), "goal_unresolved");
  EXPECT_THAT(narrow.problems[0].text, HasSubstr("4,947 pairs would"));
}

// Methods 4.4: psi .10, 840 pairs: MDE 3.05 points.
TEST(Check, SaysWhichGainASuiteSees) {
  Policy policy;
  policy.goal = Goal::kSuperiority;
  policy.target_mde = 0.03;
  const std::vector<std::pair<std::string, std::int64_t>> sizes = {{"all", 840}};
  const CheckReport report = Check(policy, ShapeOfSizes("flow", sizes), GivenPsi(0.10), {});
  EXPECT_NEAR(*report.goal.resolvable, 0.0305, 5e-5);
  EXPECT_FALSE(report.answerable);
  policy.target_mde = 0.031;
  EXPECT_TRUE(Check(policy, ShapeOfSizes("flow", sizes), GivenPsi(0.10), {}).answerable);
}

TEST(Check, EnumeratesWhereTheFormulaIsRough) {
  const std::vector<std::pair<std::string, std::int64_t>> sizes = {{"all", 150}};
  const CheckReport report = Check(NonInferior(0.05), ShapeOfSizes("flow", sizes), GivenPsi(0.05), {});
  EXPECT_EQ(report.goal.method, "exact (Tango)");
  EXPECT_GT(*report.goal.resolvable, 0.02);
  EXPECT_LT(*report.goal.resolvable, 0.08);
}

TEST(Check, SlicesAsTheRulesMakeThem) {
  Policy policy = NonInferior(0.02);
  policy.segments.dimensions.push_back({});
  policy.segments.dimensions.back().key = "flow";
  policy.segments.required.push_back({"", "refund_flow", {}});
  const CheckReport report = Check(policy, Flows(), GivenPsi(0.05), {});
  EXPECT_FALSE(report.answerable);  // 47 pairs do not certify 5 points
  EXPECT_EQ(Codes(report).front(), "required_unresolved");
  EXPECT_THAT(Codes(report), Contains("under_floor"));
  EXPECT_THAT(Codes(report), Contains("blind_slices"));
  const CheckSlice& refund = SliceOf(report, "refund_flow");
  EXPECT_TRUE(refund.gated);
  EXPECT_TRUE(refund.required);
  EXPECT_FALSE(refund.sees_drop);
  EXPECT_GT(*refund.block_mde, 0.15);
  EXPECT_TRUE(SliceOf(report, "rest").under_floor);
  EXPECT_TRUE(SliceOf(report, "other").sees_drop);
  EXPECT_GT(*SliceOf(report, "other").block_mde, 0.05);
  // A wider margin than the drop: nothing of that size ever blocks, and it is said.
  policy.segments.margin = 0.2;
  const CheckReport blind = Check(policy, Flows(), GivenPsi(0.05), {});
  const auto problem = std::find_if(blind.problems.begin(), blind.problems.end(),
                                    [](const CheckProblem& p) { return p.code == "blind_slices"; });
  ASSERT_NE(problem, blind.problems.end());
  EXPECT_THAT(problem->text, HasSubstr("no drop up to the slice margin of 20 pt ever blocks"));
}

TEST(Check, AbsentSlicesAndFloors) {
  Policy policy = NonInferior(0.02);
  policy.segments.dimensions.push_back({});
  policy.segments.dimensions.back().key = "flow";
  policy.segments.required.push_back({"", "refund", {}});
  policy.segments.floor_pass_rate = 0.95;
  const CheckReport report = Check(policy, Flows(), GivenPsi(0.05), {});
  EXPECT_THAT(Codes(report), Contains("required_absent"));
  EXPECT_THAT(Codes(report), Contains("floor_unresolvable"));  // 47 of 47 passes: Wilson's bound is .946
  EXPECT_FALSE(SliceOf(report, "refund_flow").floor_rate);
  const double rate = *SliceOf(report, "other").floor_rate;
  EXPECT_GT(rate, 0.95);
  EXPECT_LT(rate, 0.98);
}

// Runs: two runs of one side differ on 4 of 100 cases, so the means of 4 differ as one run would at
// .10 - .04 (1 - 1/4) = .07. Clusters of 5 at icc .1: 1,200 pairs are worth 1,200 / 1.4 = 857.
TEST(Check, RunsAndClustersCount) {
  Policy policy = NonInferior(0.02);
  PlanPsi psi = GivenPsi(0.10);
  const CheckReport once = Check(policy, Flows(), psi, {});
  policy.runs = {.incumbent = 4, .candidate = 4, .combine = "mean"};
  EXPECT_THAT(Codes(Check(policy, Flows(), psi, {})), Contains("runs")) << "nobody knows the noise";
  psi.noise = 0.04;
  const CheckReport four = Check(policy, Flows(), psi, {});
  EXPECT_DOUBLE_EQ(four.pair_psi, 0.07);
  EXPECT_EQ(four.goal.resolvable, Check(NonInferior(0.02), Flows(), GivenPsi(0.07), {}).goal.resolvable);
  EXPECT_LT(*four.goal.resolvable, *once.goal.resolvable);
  policy.runs.combine = "majority";
  EXPECT_EQ(Check(policy, Flows(), psi, {}).goal.resolvable, once.goal.resolvable);

  std::vector<Case> cases(1200);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    cases[i].id = "c" + std::to_string(i);
    cases[i].segments = {{"doc", "d" + std::to_string(i / 5)}, {"flow", i < 600 ? "a" : "b"}};
  }
  policy = NonInferior(0.02);
  policy.cluster_by = "doc";
  policy.segments.dimensions.push_back({});
  policy.segments.dimensions.back().key = "flow";
  const CheckReport clustered = Check(policy, ShapeOfCases("s", cases), GivenPsi(0.10), {});
  EXPECT_EQ(clustered.clusters, 240);
  EXPECT_DOUBLE_EQ(clustered.design_effect, 1.4);
  ASSERT_EQ(clustered.slices.size(), 2U) << "documents are no slices";
  const std::vector<std::pair<std::string, std::int64_t>> fewer = {{"a", 428}, {"b", 428}};
  policy.cluster_by.clear();
  const CheckReport worth = Check(policy, ShapeOfSizes("flow", fewer), GivenPsi(0.10), {});
  EXPECT_EQ(clustered.slices[0].block_mde, worth.slices[0].block_mde);
  EXPECT_EQ(clustered.goal.pairs_needed,
            static_cast<std::int64_t>(std::ceil(1.4 * static_cast<double>(*worth.goal.pairs_needed))));
  policy.cluster_by = "doc";
  EXPECT_DOUBLE_EQ(
      Check(policy, ShapeOfCases("s", cases), GivenPsi(0.10), {.drop = .15, .icc = 0.5}).design_effect, 3);
}

// Six slices of 50 in two families, one slice alone: a family of three is tested at 3/7 of the level, halved.
TEST(Check, FamiliesAreTestedAsOne) {
  Policy policy = NonInferior(0.02);
  policy.segments.dimensions.push_back({});
  policy.segments.dimensions.back().key = "flow";
  policy.segments.families.method = "hierarchical";
  policy.segments.families.pattern = "/";
  std::vector<std::pair<std::string, std::int64_t>> sizes;
  for (const char* name : {"alone", "mail/a", "mail/b", "mail/c", "pay/a", "pay/b", "pay/c"})
    sizes.emplace_back(name, 50);
  const CheckReport report = Check(policy, ShapeOfSizes("flow", sizes), GivenPsi(0.05), {});
  ASSERT_EQ(report.families.size(), 2U);
  EXPECT_EQ(report.families[0].name, "mail");
  EXPECT_EQ(report.families[0].n, 150);
  EXPECT_EQ(report.families[0].slices, 3);
  EXPECT_DOUBLE_EQ(report.families[0].block_level, 0.05 * 3 / 7 / 2);
  EXPECT_LT(*report.families[0].block_mde, *SliceOf(report, "mail/a").block_mde)
      << "a fall through a family shows earlier";
  policy.segments.families.method = "none";
  EXPECT_TRUE(Check(policy, ShapeOfSizes("flow", sizes), GivenPsi(0.05), {}).families.empty());
}

TEST(Check, ShortFormHasNoGoalAndNeedsASlice) {
  Policy policy;
  policy.gating.emplace();
  policy.gating->threshold = 0.85;
  policy.gating->segments = {"rest"};
  EXPECT_FALSE(Check(policy, Flows(), GivenPsi(0.05), {}).answerable);
  policy.gating->segments = {"other"};
  const CheckReport report = Check(policy, Flows(), GivenPsi(0.05), {});
  EXPECT_TRUE(report.answerable);
  EXPECT_THAT(Codes(report), Not(Contains("goal_unresolved")));
}

TEST(Shape, CasesAndLogsGiveTheSameSlices) {
  std::vector<Case> cases;
  RunLog log;
  log.run.suite = "s";
  for (int i = 0; i < 12; ++i) {
    Case c;
    c.id = "c" + std::to_string(i);
    c.segments = {{"flow", i % 3 == 0 ? "a" : "b"}, {"lang", i % 2 == 0 ? "en" : "de"}};
    if (i == 7) c.segments.pop_back();
    CaseRecord record;
    record.case_id = c.id;
    record.outcome = i < 6 ? Outcome::kPass : Outcome::kFail;
    record.segments = c.segments;
    cases.push_back(c);
    log.cases.push_back(record);
    record.repeat = 2;
    log.cases.push_back(record);
  }
  const SuiteShape a = ShapeOfCases("s", cases);
  const SuiteShape b = ShapeOfLogs(std::span(&log, 1));
  EXPECT_EQ(a.n, 12);
  EXPECT_EQ(b.n, 12);
  ASSERT_EQ(a.cells.size(), b.cells.size());
  for (std::size_t i = 0; i < a.cells.size(); ++i) {
    EXPECT_EQ(a.cells[i].n, b.cells[i].n);
    EXPECT_EQ(a.cells[i].value, b.cells[i].value);
    EXPECT_TRUE(b.cells[i].incumbent_rate);
  }
  const gate::RuleInput input = InputOf({}, a);
  ASSERT_EQ(input.dimensions.size(), 2U);
  EXPECT_EQ(input.dimensions[0].values[0].carried, 4);
  EXPECT_EQ(input.dimensions[1].values.back().carried, 1);  // the case without a language
}

TEST(Shape, PsiOfRepeatsIsTheDisagreementOfTwoOfThem) {
  // Ten cases, one flips: pp f. Of the three pairs of repeats two differ: psi = 2/30.
  std::vector<double> scores(30, 1);
  scores[2] = 0;
  const auto psi = PsiOfRepeats(scores, 3);
  ASSERT_TRUE(psi);
  EXPECT_NEAR(psi->value, 2.0 / 30, 1e-12);
  EXPECT_GT(psi->high, psi->value);
  EXPECT_FALSE(PsiOfRepeats(scores, 1));
}

}  // namespace
}  // namespace minslice::plan
