// Slices as a policy makes them: bins, crosses, families, overrides, joint families, weights, shrinkage.
// Expected figures: exact enumeration in Python (sums of binomial coefficients, products of 1 - F), methods
// 4.5's table, or hand counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <tuple>

#include "gate/cuts.h"
#include "gate/families.h"
#include "gate/slice_names.h"
#include "logs.h"

namespace minslice::gate::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Writes `second` of each case, by its number, as another dimension, ascending by name.
void AddDimension(Logs& logs, const std::string& name, const std::function<std::string(std::size_t)>& value) {
  for (RunLog* log : {&logs.incumbent, &logs.candidate}) {
    for (std::size_t i = 0; i < log->cases.size(); ++i) {
      log->cases[i].segments.push_back({name, value(i)});
      std::sort(log->cases[i].segments.begin(), log->cases[i].segments.end(),
                [](const Segment& a, const Segment& b) { return a.dimension < b.dimension; });
    }
  }
}

const VerdictFamily* Family(const Verdict& verdict, const std::string& name) {
  for (const VerdictFamily& family : verdict.families) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

std::vector<std::string> Messages(const std::string& yaml, const std::string& path = "gate.yaml") {
  std::vector<std::string> messages;
  const Result<Policy> policy = ParsePolicy(yaml, path);
  if (policy) return messages;
  for (const Diagnostic& diagnostic : policy.error().diagnostics) messages.push_back(diagnostic.ToString());
  return messages;
}

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("slices-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(folder_);
  }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  Policy Read(const std::string& yaml) const {
    Result<Policy> policy = ParsePolicy(yaml, Path("gate.yaml"));
    if (!policy) throw std::runtime_error(policy.error().diagnostics.front().ToString());
    return *policy;
  }

 private:
  std::filesystem::path folder_;
};

TEST(NamesTest, Patterns) {
  EXPECT_TRUE(MatchesPattern("pay*", "payments/refund"));
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("a*b*c", "a-xx-b-b-c"));
  EXPECT_FALSE(MatchesPattern("a*b*c", "a-xx-c-b"));
  EXPECT_FALSE(MatchesPattern("", "a"));
  EXPECT_TRUE(MatchesPattern("a**", "a"));
}

TEST(NamesTest, AnOverrideIsTakenByItsExactNameThenByTheLongestPattern) {
  SegmentPolicy policy;
  for (const char* name : {"*", "pay*", "pay_refund", "payment*"}) {
    policy.overrides.push_back({});
    policy.overrides.back().value = name;
  }
  EXPECT_EQ(OverrideOf(policy, "flow", "pay_refund")->value, "pay_refund");
  EXPECT_EQ(OverrideOf(policy, "flow", "payments")->value, "payment*");
  EXPECT_EQ(OverrideOf(policy, "flow", "other")->value, "*");
  policy.overrides[2].dimension = "customer";
  EXPECT_EQ(OverrideOf(policy, "flow", "pay_refund")->value, "pay*");
}

TEST(CutsTest, BinsHoldTheirUpperEdge) {
  const double edges[] = {512, 4096.5};
  EXPECT_THAT(BinNames(edges), ElementsAre("<=512", ">512 to 4096.5", ">4096.5"));
  Logs logs = MakeLogs({{"a", 6, 0, 0, 0}});
  const char* lengths[] = {"512", "512.5", "4096.5", "4097", "-3", "long"};
  AddDimension(logs, "length", [&](std::size_t i) { return lengths[i]; });
  const Verdict verdict =
      Judge("segments: {min_cases: 1, dimensions: [{key: length, bins: [512, 4096.5]}]}", logs);
  EXPECT_EQ(Find(verdict, "<=512")->row.n_pairs, 2);
  EXPECT_EQ(Find(verdict, ">512 to 4096.5")->row.n_pairs, 2);
  EXPECT_EQ(Find(verdict, ">4096.5")->row.n_pairs, 1);
  EXPECT_TRUE(Find(verdict, "(none)")->no_value);
  EXPECT_THAT(verdict.warnings,
              ::testing::Contains(HasSubstr("1 cases carry a length that is no number (\"long\")")));
}

TEST(CutsTest, ACrossHasTheCombinationsThatOccur) {
  Logs logs = MakeLogs({{"acme", 30, 8, 0, 2}, {"b&b", 30, 0, 0, 0}}, "customer");
  AddDimension(logs, "length", [](std::size_t i) { return i % 2 == 0 || i >= 40 ? "10" : "9000"; });
  const Verdict verdict = Judge(
      "segments: {min_cases: 5, dimensions: [customer, {key: length, bins: [512]}, {cross: [customer, "
      "length], "
      "role: report}]}",
      logs);
  std::vector<std::string> names;
  for (const VerdictSegment& segment : verdict.segments) {
    if (segment.dimension == "customer & length") names.push_back(segment.value);
  }
  EXPECT_THAT(names,
              ::testing::UnorderedElementsAre("customer=acme & length<=512", "customer=acme & length>512",
                                              "customer=\"b&b\" & length<=512"));
  const VerdictSegment* cell = Find(verdict, "customer=acme & length>512");
  EXPECT_EQ(cell->row.n_pairs, 20);
  EXPECT_EQ(cell->role, "report");
  EXPECT_EQ(*cell->row.n_incumbent_only, 4);
}

TEST(CutsTest, ACrossOfADimensionThatNoCaseCarriesIsInvalidAndSaysWhich) {
  const Verdict verdict =
      Judge("segments: {dimensions: [{cross: [flow, lenght]}]}", MakeLogs({{"a", 40, 0, 0, 0}}));
  EXPECT_EQ(verdict.decision, Decision::kInvalid);
  EXPECT_THAT(verdict.reasons.front().text, HasSubstr("\"lenght\" is missing"));
  EXPECT_THAT(verdict.reasons.front().text, HasSubstr("(gate.yaml:1:25)"));
}

TEST(SegmentPolicyTest, RefusesWhatCannotBe) {
  EXPECT_THAT(Messages("segments: {dimensions: [{key: n, bins: [5, 5]}]}"),
              ElementsAre(HasSubstr("must rise: 5.0 comes after 5.0")));
  EXPECT_THAT(Messages("segments: {dimensions: [{key: n, bins: [5], values: ['<5']}]}"),
              ElementsAre(HasSubstr("\"<5\" is none of the bins; did you mean \"<=5\"?")));
  EXPECT_THAT(Messages("segments: {dimensions: [{cross: [a, a]}]}"), ElementsAre(HasSubstr("twice")));
  EXPECT_THAT(Messages("segments: {families: {pattern: '(a)(b)'}}"),
              ElementsAre(HasSubstr("more than one group")));
  EXPECT_THAT(Messages("segments: {families: {pattern: '(a'}}"),
              ElementsAre(HasSubstr("gate.yaml:1:32: this is no regular expression")));
  EXPECT_THAT(Messages("segments: {families: {pattern: /, method: hierarchical}, joint: true}"),
              ElementsAre(HasSubstr("orders the tests itself")));
  EXPECT_THAT(Messages("segments: {multiplicity: holm, joint: true}"),
              ElementsAre(HasSubstr("knows no joint distribution")));
  EXPECT_THAT(Messages("segments: {overrides: {a: {}}}"), ElementsAre(HasSubstr("needs margin, pass_rate")));
  EXPECT_THAT(Messages("segments: {families: {file: nowhere.yaml}}", "/no/such/gate.yaml"),
              ElementsAre(HasSubstr("/no/such/gate.yaml:1:29: /no/such/nowhere.yaml: cannot be read")));
}

TEST_F(FolderTest, FamiliesOfAFile) {
  Write("families.yaml", "families:\n  pay: [refund, \"p*\"]\n  rest: [\"pro*\"]\n");
  const Policy policy = Read("segments: {families: {file: families.yaml}}");
  const FamilyFinder finder(policy.segments.families);
  EXPECT_EQ(finder.Of("flow", "refund"), "pay");
  EXPECT_EQ(finder.Of("flow", "pix"), "pay");
  EXPECT_EQ(finder.Of("flow", "profile"), "rest");  // the longer pattern
  EXPECT_EQ(finder.Of("flow", "other"), "");
  Write("families.yaml", "families:\n  pay: [refund]\n  rest: [refund]\nnames: 1\n");
  EXPECT_THAT(Messages("segments: {families: {file: families.yaml}}", Path("gate.yaml")),
              ElementsAre(HasSubstr("families.yaml:3:10: \"refund\" is in the family \"pay\" already"),
                          HasSubstr("families.yaml:4:1: unknown key \"names\"")));
}

TEST(FamiliesTest, FamiliesOfAPattern) {
  const Policy prefix = PolicyFrom("segments: {families: {pattern: /}}");
  EXPECT_EQ(FamilyFinder(prefix.segments.families).Of("flow", "pay/refund/eu"), "pay");
  EXPECT_EQ(FamilyFinder(prefix.segments.families).Of("flow", "refund"), "");
  const Policy group = PolicyFrom("segments: {families: {dimension: flow, pattern: '^x-([a-z]+)-'}}");
  EXPECT_EQ(FamilyFinder(group.segments.families).Of("flow", "x-pay-1"), "pay");
  EXPECT_EQ(FamilyFinder(group.segments.families).Of("customer", "x-pay-1"), "");
}

constexpr char kByPrefix[] =
    "goal: non_inferiority\nmetrics: [{name: pass, margin: 0.5}]\n"
    "segments: {dimensions: [flow], families: {pattern: /, method: hierarchical}}";

// Slices refund 8/1, card 3/2 of pay; invoice 0/3, contract 2/2 of docs. Python: pay's pooled p .02868652,
// smallest of its slices over both .01953125, node 2 x that = .0390625, times 4 slices / 2 = .078125.
TEST(FamiliesTest, HierarchicalPValuesAreThoseOfTheEnumeration) {
  const Verdict verdict = Judge(kByPrefix, MakeLogs({{"pay/refund", 30, 8, 1, 5},
                                                     {"pay/card", 30, 3, 2, 5},
                                                     {"docs/invoice", 30, 0, 3, 5},
                                                     {"docs/contract", 30, 2, 2, 5}}));
  EXPECT_NEAR(*Family(verdict, "pay")->row.p_adjusted, 0.078125, 1e-12);
  EXPECT_NEAR(*Family(verdict, "docs")->row.p_adjusted, 1, 1e-12);
  EXPECT_NEAR(*Find(verdict, "pay/refund")->row.p_adjusted, 0.078125, 1e-12);
  EXPECT_NEAR(*Find(verdict, "pay/card")->row.p_adjusted, 1, 1e-12);
  EXPECT_EQ(Find(verdict, "pay/card")->family, "pay");
  EXPECT_EQ(Family(verdict, "pay")->n_slices, 2);
  EXPECT_EQ(*Family(verdict, "pay")->row.n_incumbent_only, 11);
  EXPECT_THAT(Family(verdict, "pay")->broke, SizeIs(11));
  EXPECT_EQ(verdict.dimensions[0].multiplicity, "hierarchical");
}

TEST(FamiliesTest, AFallThroughAFamilyBlocksThoughNoSliceDoes) {
  std::vector<Table> tables;
  for (int s = 0; s < 6; ++s) {
    tables.push_back({"pay/" + std::to_string(s), 30, 3, 0, 2});
    tables.push_back({"docs/" + std::to_string(s), 33, 0, 0, 2});
  }
  const Verdict verdict = Judge(kByPrefix, MakeLogs(tables));
  EXPECT_EQ(verdict.decision, Decision::kBlocked);
  EXPECT_EQ(verdict.reasons.front().code, "family_regression");
  EXPECT_EQ(verdict.reasons.front().value, "pay");
  EXPECT_THAT(verdict.reasons.front().case_ids, SizeIs(18));
  EXPECT_EQ(Family(verdict, "pay")->row.status, "block");
  EXPECT_EQ(Family(verdict, "docs")->row.status, "ok");
}

TEST(FamiliesTest, ASliceIsNotHiddenByItsFamilysRise) {
  const Verdict verdict = Judge(
      kByPrefix,
      MakeLogs({{"pay/refund", 30, 12, 0, 5}, {"pay/card", 60, 0, 20, 5}, {"docs/invoice", 60, 0, 0, 5}}));
  EXPECT_EQ(Find(verdict, "pay/refund")->row.status, "block");
  EXPECT_EQ(Family(verdict, "pay")->row.status, "ok");  // it rose on the whole
}

TEST(FamiliesTest, SmallSlicesArePooledByFamilyAndTheRestByDimension) {
  const Verdict verdict = Judge(
      "segments: {dimensions: [flow], families: {pattern: /}}",
      MakeLogs(
          {{"pay/a", 12, 0, 0, 0}, {"pay/b", 10, 0, 0, 0}, {"docs/a", 7, 0, 0, 0}, {"solo", 15, 0, 0, 0}}));
  const VerdictSegment* pay = Find(verdict, "pay (under 20 cases)");
  ASSERT_NE(pay, nullptr);
  EXPECT_TRUE(pay->pooled);
  EXPECT_EQ(pay->family, "pay");
  EXPECT_EQ(pay->members, 2);
  EXPECT_EQ(pay->row.n_pairs, 22);
  const VerdictSegment* rest = Find(verdict, "(under 20 cases)");
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(rest->row.n_pairs, 22);  // docs/a and solo
  EXPECT_EQ(rest->family, "");
}

TEST(PoolTest, ASmallRestThatFallsPlainlyHoldsAndDoesNotBlock) {
  const std::string policy =
      "goal: non_inferiority\nmetrics: [{name: pass, margin: 0.5}]\n"
      "segments: {dimensions: [flow], under_floor: ";
  const Logs logs = MakeLogs({{"large", 300, 0, 0, 20}, {"s1", 2, 5, 0, 1}, {"s2", 3, 5, 0, 1}});
  const Verdict pooled = Judge(policy + "pool}", logs);
  EXPECT_EQ(pooled.decision, Decision::kHold);
  EXPECT_EQ(pooled.reasons.front().code, "small_slices_suspected");
  EXPECT_THAT(pooled.reasons.front().case_ids, SizeIs(10));
  EXPECT_EQ(Find(pooled, "(under 20 cases)")->row.status, "suspected");
  const Verdict reported = Judge(policy + "report}", logs);
  EXPECT_EQ(reported.decision, Decision::kPromote);
  EXPECT_THAT(reported.warnings, ::testing::Contains(HasSubstr("read what broke")));
}

TEST(PoolTest, OneSmallSliceIsItsOwnRest) {
  const Verdict verdict =
      Judge("goal: non_inferiority\nmetrics: [{name: pass, margin: 0.5}]\nsegments: {dimensions: [flow]}",
            MakeLogs({{"large", 300, 0, 0, 20}, {"small", 2, 10, 0, 1}}));
  EXPECT_EQ(verdict.decision, Decision::kHold);
  EXPECT_EQ(verdict.reasons.front().value, "small");
  EXPECT_EQ(Find(verdict, "(under 20 cases)"), nullptr);
}

TEST(PoolTest, AFloorHoldsForTheRestToo) {
  const Verdict verdict = Judge(
      "goal: non_inferiority\nmetrics: [{name: pass, margin: 0.5}]\n"
      "segments: {dimensions: [flow], floors: {pass_rate: 0.85, on_unresolved: report}}",
      MakeLogs({{"large", 300, 0, 0, 2}, {"s1", 2, 0, 0, 7}, {"s2", 2, 0, 0, 7}}));
  EXPECT_EQ(verdict.decision, Decision::kHold);
  EXPECT_EQ(verdict.reasons.front().code, "small_slices_below_floor");
}

TEST(PoolTest, OurNamesGiveWayToThoseOfCases) {
  const Verdict verdict = Judge("segments: {dimensions: [flow]}", MakeLogs({{"(under 20 cases)", 30, 0, 0, 0},
                                                                            {"(none)", 25, 0, 0, 0},
                                                                            {"", 22, 0, 0, 0},
                                                                            {"s1", 12, 0, 0, 0},
                                                                            {"s2", 11, 0, 0, 0}}));
  EXPECT_FALSE(Find(verdict, "(under 20 cases)")->pooled);
  EXPECT_TRUE(Find(verdict, "((under 20 cases))")->pooled);
  EXPECT_FALSE(Find(verdict, "(none)")->no_value);
  EXPECT_EQ(Find(verdict, "((none))")->row.n_pairs, 22);
  EXPECT_TRUE(Find(verdict, "((none))")->no_value);
}

TEST(OverrideTest, MarginAndFloorOfOneSlice) {
  const std::string policy =
      "goal: non_inferiority\nmetrics: [{name: pass, margin: 0.5}]\n"
      "segments: {dimensions: [flow], margin: 0.30";
  const Logs logs = MakeLogs({{"a", 70, 12, 0, 18}, {"b", 70, 12, 0, 18}});
  EXPECT_EQ(Judge(policy + "}", logs).decision, Decision::kPromote);
  const Verdict margin = Judge(policy + ", overrides: {a: {margin: 0.1}}}", logs);
  EXPECT_EQ(Find(margin, "a")->row.status, "block");
  EXPECT_EQ(Find(margin, "b")->row.status, "ok");
  EXPECT_DOUBLE_EQ(*Find(margin, "a")->row.margin, 0.1);
  const Verdict floor = Judge(policy + ", overrides: {a: {pass_rate: 0.9}}}", logs);
  EXPECT_EQ(Find(floor, "a")->row.status, "below_floor");
  EXPECT_DOUBLE_EQ(*Find(floor, "a")->floor, 0.9);
  EXPECT_FALSE(Find(floor, "b")->floor);
}

TEST(RequiredTest, AFamilysSlicesAndTheAbsentOneWithItsPlace) {
  const Verdict verdict = Judge(
      "goal: non_inferiority\nsegments:\n  dimensions: [flow]\n  families: {pattern: '_(x)'}\n"
      "  required: [x/*, refnd]\n",
      MakeLogs({{"a_x", 100, 0, 0, 0}, {"refund", 600, 0, 0, 0}}));
  EXPECT_TRUE(Find(verdict, "a_x")->required);
  EXPECT_EQ(verdict.reasons.front().code, "required_slice_absent");
  EXPECT_THAT(verdict.reasons.front().text, HasSubstr("did you mean \"refund\"?"));
  EXPECT_THAT(verdict.reasons.front().text, HasSubstr("(gate.yaml:5:19)"));
}

// 6/0, 1/2, 0/1: Westfall and Young over all 2^10 patterns, by Python 1/64, .9375, 1. The same cases cut
// twice are one family of the same size jointly, and two of half the level apart.
TEST(JointTest, OverlapIsNotPaidForTwice) {
  Logs logs = MakeLogs({{"a", 30, 6, 0, 0}, {"b", 30, 1, 2, 0}, {"c", 30, 0, 1, 0}});
  AddDimension(logs, "gate",
               [&](std::size_t i) { return logs.incumbent.cases[i].segments.front().value + "2"; });
  for (const char* joint : {"joint: true", "multiplicity: max_t"}) {
    const Verdict verdict = Judge(std::string("segments: {dimensions: [flow, gate], ") + joint + "}", logs);
    EXPECT_NEAR(*Find(verdict, "a")->row.p_adjusted, 0.015625, 1e-12) << joint;
    EXPECT_NEAR(*Find(verdict, "a2")->row.p_adjusted, 0.015625, 1e-12) << joint;
    EXPECT_DOUBLE_EQ(*Find(verdict, "a")->alpha, 0.05);
  }
  EXPECT_EQ(Judge("segments: {dimensions: [flow, gate], joint: true}", logs).dimensions[1].multiplicity,
            "wy_min_p");
  EXPECT_DOUBLE_EQ(*Find(Judge("segments: {dimensions: [flow, gate]}", logs), "a")->alpha, 0.025);
}

// Methods 4.5: b, c = 8,1 / 2,17 / 3,4 / 2,3 with n = 47, 210, 156, 89.
TEST(ShrinkageTest, TheTableOfTheMethods) {
  const Verdict verdict = Judge("segments: {dimensions: [flow]}", MakeLogs({{"refund", 35, 8, 1, 3},
                                                                            {"invoice", 174, 2, 17, 17},
                                                                            {"contract", 135, 3, 4, 14},
                                                                            {"escalation", 72, 2, 3, 12}}));
  EXPECT_NEAR(*verdict.dimensions[0].q, 13.773, 5e-4);
  EXPECT_NEAR(*verdict.dimensions[0].tau2, 0.002359, 5e-7);
  EXPECT_NEAR(*verdict.dimensions[0].i2, 0.782, 5e-4);
  EXPECT_NEAR(*verdict.dimensions[0].mean, 0.00695, 5e-6);
  EXPECT_NEAR(*Find(verdict, "refund")->shrunken_delta, -0.0504, 5e-5);
  EXPECT_NEAR(*Find(verdict, "invoice")->shrunken_delta, 0.0615, 5e-5);
  EXPECT_NEAR(*Find(verdict, "contract")->shrunken_delta, 0.0065, 5e-5);
  EXPECT_NEAR(*Find(verdict, "escalation")->shrunken_delta, 0.0102, 5e-5);
  EXPECT_LT(*Find(verdict, "refund")->shrunken_low, *Find(verdict, "refund")->shrunken_delta);
}

// 0/10 of 100 and 8/0 of 20: +1.7 points on the suite, -35 by traffic. Python: sum W^2 v.
TEST_F(FolderTest, TrafficThatPointsTheOtherWayHolds) {
  Write("traffic.csv", "value,weight\na,1\nb,9\n");
  const Policy policy = Read(
      "goal: non_inferiority\nmetrics: [{name: pass, margin: 0.2}]\n"
      "segments: {dimensions: [flow], margin: 0.9}\nweights: traffic.csv\n");
  const Logs logs = MakeLogs({{"a", 80, 0, 10, 10}, {"b", 10, 8, 0, 2}});
  const Verdict verdict = Judge(policy, logs);
  ASSERT_TRUE(verdict.weighted);
  EXPECT_NEAR(*verdict.weighted->delta, -0.35, 1e-12);
  EXPECT_NEAR(*verdict.weighted->ci_low, -0.5625002316169547, 1e-9);
  EXPECT_NEAR(*verdict.weighted->ci_high, -0.13749976838304517, 1e-9);
  EXPECT_NEAR(*verdict.weighted->difference_low, -0.5456099353701158, 1e-9);
  EXPECT_NEAR(*verdict.weighted->difference_high, -0.18772339796321746, 1e-9);
  EXPECT_EQ(verdict.weighted->status, "inconclusive_worse");
  EXPECT_EQ(verdict.decision, Decision::kHold);
  EXPECT_THAT(Codes(verdict), ElementsAre("simpson_clash"));
  EXPECT_THAT(verdict.reasons.front().text, HasSubstr("+1.7 pt and the traffic -35.0 pt"));
}

TEST_F(FolderTest, WeightsAsTheSuiteHasThemAreTheFlatDelta) {
  Write("traffic.csv", "case_id,weight\n");
  const Logs logs = MakeLogs({{"a", 80, 3, 10, 10}, {"b", 10, 8, 1, 2}});
  std::string rows = "case_id,weight\n";
  for (const CaseRecord& record : logs.incumbent.cases) rows += record.case_id + ",2.5\n";
  Write("traffic.csv", rows);
  const Verdict verdict = Judge(Read("weights: traffic.csv\n"), logs);
  EXPECT_EQ(verdict.weighted->by, "case");
  EXPECT_NEAR(*verdict.weighted->delta, *verdict.aggregate.delta, 1e-12);
  // n (d - mean)^2 summed, and one pair more each way: (22 + 2) / 124^2.
  const double error = std::sqrt((22 + 2) / (124.0 * 124.0));
  EXPECT_NEAR(*verdict.weighted->ci_high - *verdict.weighted->delta, 1.959963984540054 * error, 1e-12);
  EXPECT_DOUBLE_EQ(*verdict.weighted->covered, 1);
  EXPECT_THAT(verdict.weighted->warnings, IsEmpty());
}

TEST_F(FolderTest, WhatTheWeightsDoNotCoverIsSaid) {
  Write("traffic.csv", "dimension,value,weight\nflow,a,60\nflow,gone,40\n");
  const Verdict verdict =
      Judge(Read("weights: traffic.csv\n"), MakeLogs({{"a", 40, 1, 1, 0}, {"b", 30, 0, 0, 0}}));
  EXPECT_DOUBLE_EQ(*verdict.weighted->covered, 0.6);
  EXPECT_THAT(verdict.weighted->warnings, ElementsAre(HasSubstr("40.0 % of the traffic lies on 1 slice"),
                                                      HasSubstr("30 pairs without a weight")));
  EXPECT_FALSE(verdict.weighted->difference_low);
}

TEST_F(FolderTest, FaultsOfWeightsHaveTheirPlace) {
  Write("traffic.csv", "value,wieght\na,1\n");
  EXPECT_THAT(Messages("weights: traffic.csv", Path("gate.yaml")),
              ElementsAre(HasSubstr("traffic.csv:1:1: the header needs"),
                          HasSubstr("traffic.csv:1:7: unknown column \"wieght\"; did you mean \"weight\"?")));
  Write("traffic.csv", "value,weight\na,1\na,x\nb,-1\nc\na,2\n");
  EXPECT_THAT(
      Messages("segments: {dimensions: [flow]}\nweights: traffic.csv", Path("gate.yaml")),
      ElementsAre(HasSubstr("traffic.csv:3:3"), HasSubstr("traffic.csv:4:3"), HasSubstr("traffic.csv:5:1"),
                  HasSubstr("traffic.csv:6:1: \"a\" has a weight already, in line 2")));
  Write("traffic.csv", "value,weight\na,1\n");
  EXPECT_THAT(Messages("weights: traffic.csv", Path("gate.yaml")),
              ElementsAre(HasSubstr("has no column dimension")));
}

}  // namespace
}  // namespace minslice::gate::testing
