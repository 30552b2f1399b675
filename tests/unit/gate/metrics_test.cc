// Metrics beside the primary one, graded scores, and judges with people's labels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "gate/labels.h"
#include "logs.h"

namespace minslice::gate {
namespace {

using testing::Codes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Judge;
using testing::Logs;
using testing::MakeLogs;
using ::testing::Not;
using testing::PolicyFrom;

// Adds a score to every row: of the side, by the number of the case.
template <class Score>
void AddScore(Logs& logs, const std::string& name, Score score) {
  for (RunLog* log : {&logs.incumbent, &logs.candidate}) {
    for (CaseRecord& record : log->cases) {
      record.scores.emplace_back(name, score(log == &logs.candidate, std::stoi(record.case_id.substr(1))));
      std::sort(record.scores.begin(), record.scores.end());
    }
  }
}

const VerdictMetric& Metric(const Verdict& verdict, const std::string& name) {
  for (const VerdictMetric& metric : verdict.metrics) {
    if (metric.name == name) return metric;
  }
  throw std::runtime_error("no metric " + name);
}

Logs Sound() { return MakeLogs({{"", 700, 20, 80, 200}}); }

std::string With(const std::string& metric) {
  return "metrics:\n  - {name: pass, role: primary}\n  - " + metric + "\n";
}

TEST(MetricsTest, AGuardrailMustBeShownNonInferior) {
  const std::string policy = With("{name: json_valid, role: guardrail, margin: 0.02}");
  Logs same = Sound();
  AddScore(same, "json_valid", [](bool, int i) { return i < 990 ? 1.0 : 0.0; });
  const Verdict kept = Judge(policy, same);
  EXPECT_EQ(kept.decision, Decision::kPromote);
  ASSERT_EQ(kept.metrics.size(), 2U);
  EXPECT_EQ(kept.metrics[0].role, "primary");
  EXPECT_EQ(kept.metrics[0].row.n_both, 700);
  EXPECT_EQ(Metric(kept, "json_valid").row.n_both, 990);
  EXPECT_EQ(Metric(kept, "json_valid").row.status, "non_inferior");

  // 50 of 1,000 fall: T(-m) of Tango at -5 points and a margin of 2 is far below -1.645.
  Logs worse = Sound();
  AddScore(worse, "json_valid", [](bool candidate, int i) { return candidate && i < 50 ? 0.0 : 1.0; });
  const Verdict blocked = Judge(policy, worse);
  EXPECT_EQ(blocked.decision, Decision::kBlocked);
  EXPECT_THAT(Codes(blocked), ElementsAre("guardrail_inferior"));
  EXPECT_EQ(Metric(blocked, "json_valid").row.status, "inferior");

  // 15 of 1,000: worse, and a loss of 2 points is not excluded (Tango's one-sided bound is below -2 points).
  Logs open = Sound();
  AddScore(open, "json_valid", [](bool candidate, int i) { return candidate && i < 15 ? 0.0 : 1.0; });
  const Verdict held = Judge(policy, open);
  EXPECT_EQ(held.decision, Decision::kHold);
  EXPECT_THAT(Codes(held), ElementsAre("guardrail_unresolved"));
  EXPECT_EQ(Judge(With("{name: json_valid, role: guardrail, on_unresolved: inconclusive}"), open).decision,
            Decision::kInconclusive);
  EXPECT_EQ(Judge(With("{name: json_valid, role: guardrail, on_unresolved: report}"), open).decision,
            Decision::kPromote);
}

TEST(MetricsTest, DeteriorationMetricsShareTheLevelByHolm) {
  // 6 broke, 0 fixed: p = 1/64 = .015625, twice that with a second metric (Holm) .03125, four times .0625.
  Logs logs = Sound();
  AddScore(logs, "a", [](bool candidate, int i) { return candidate && i < 6 ? 0.0 : 1.0; });
  AddScore(logs, "b", [](bool, int) { return 1.0; });
  AddScore(logs, "c", [](bool, int) { return 1.0; });
  AddScore(logs, "d", [](bool, int) { return 1.0; });
  const std::string two = With("{name: a, role: deterioration}\n  - {name: b, role: deterioration}");
  const Verdict blocked = Judge(two, logs);
  EXPECT_EQ(blocked.decision, Decision::kBlocked);
  EXPECT_THAT(Codes(blocked), ElementsAre("metric_deteriorated"));
  EXPECT_NEAR(*Metric(blocked, "a").row.p_harm, 1.0 / 64, 1e-12);
  EXPECT_NEAR(*Metric(blocked, "a").row.p_adjusted, 2.0 / 64, 1e-12);
  EXPECT_EQ(Metric(blocked, "b").row.status, "not_deteriorated");
  const Verdict four =
      Judge(two + "  - {name: c, role: deterioration}\n  - {name: d, role: deterioration}\n", logs);
  EXPECT_EQ(four.decision, Decision::kPromote);
  EXPECT_NEAR(*Metric(four, "a").row.p_adjusted, 4.0 / 64, 1e-12);
}

TEST(MetricsTest, ReportDecidesNothingAndMissingScoresDo) {
  Logs logs = Sound();
  AddScore(logs, "cost", [](bool candidate, int) { return candidate ? 0.0 : 1.0; });
  const Verdict reported = Judge(With("{name: cost, role: report}"), logs);
  EXPECT_EQ(reported.decision, Decision::kPromote);
  EXPECT_EQ(Metric(reported, "cost").row.status, "inferior");
  logs.candidate.cases[3].scores = {{"pass", 1.0}};
  EXPECT_EQ(Judge(With("{name: cost, role: report}"), logs).decision, Decision::kPromote);
  const Verdict invalid = Judge(With("{name: cost, role: guardrail}"), logs);
  EXPECT_EQ(invalid.decision, Decision::kInvalid);
  EXPECT_EQ(invalid.reasons[0].code, "metric_missing");
}

TEST(MetricsTest, LessIsBetter) {
  // A score of 1 is bad: the candidate has 50 of them more.
  Logs logs = Sound();
  AddScore(logs, "refused", [](bool candidate, int i) { return candidate && i < 50 ? 1.0 : 0.0; });
  const Verdict verdict = Judge(With("{name: refused, role: guardrail, direction: down}"), logs);
  EXPECT_EQ(verdict.decision, Decision::kBlocked);
  EXPECT_NEAR(*Metric(verdict, "refused").row.delta, -0.05, 1e-12);
  EXPECT_NEAR(*Metric(verdict, "refused").row.incumbent_rate, 1, 1e-12);
  // A model error is the worst that can be in either direction.
  Logs errors = Sound();
  AddScore(errors, "refused", [](bool, int) { return 0.0; });
  errors.candidate.cases[0].outcome = Outcome::kModelError;
  EXPECT_EQ(Metric(Judge(With("{name: refused, role: report, direction: down}"), errors), "refused")
                .row.n_incumbent_only,
            1);
}

// d = .04 in 200 cases, -.02 in 200, by turns, and 1 and -1 more. R:
//   d <- c(rep(c(.04, -.02), 200), 1, -1); mean(d) - qt(.95, 401) * sd(d) / sqrt(402)
TEST(GradedTest, AGradedPrimaryMetricGivesARealVerdict) {
  Logs logs = MakeLogs({{"", 200, 0, 0, 200}});
  AddScore(logs, "f1",
           [](bool candidate, int i) { return 0.5 + (candidate ? (i % 2 == 0 ? 0.04 : -0.02) : 0.0); });
  const Verdict verdict = Judge(
      "goal: non_inferiority\nmetrics: [{name: f1, role: primary, type: graded, range: [0, 1], margin: "
      "0.01}]",
      logs);
  EXPECT_EQ(verdict.decision, Decision::kPromote);
  EXPECT_NEAR(*verdict.aggregate.delta, 0.01, 1e-12);
  EXPECT_NEAR(*verdict.aggregate.incumbent_rate, 0.5, 1e-12);
  EXPECT_EQ(verdict.aggregate.method, "paired_t_adjusted");
  EXPECT_NEAR(*verdict.aggregate.lower_bound, 0.0036418, 1e-6);
  EXPECT_FALSE(verdict.aggregate.n_both.has_value());
  EXPECT_LT(*verdict.aggregate.p_value, 1e-6);
  // The same scores from 1 to 5: shares of the range are what they were.
  Logs five = MakeLogs({{"", 200, 0, 0, 200}});
  AddScore(five, "f1",
           [](bool candidate, int i) { return 3 + 4 * (candidate ? (i % 2 == 0 ? 0.04 : -0.02) : 0.0); });
  const Verdict scaled = Judge(
      "goal: non_inferiority\nmetrics: [{name: f1, role: primary, type: graded, range: [1, 5], margin: "
      "0.01}]",
      five);
  EXPECT_NEAR(*scaled.aggregate.lower_bound, *verdict.aggregate.lower_bound, 1e-9);
  EXPECT_NEAR(*scaled.aggregate.incumbent_rate, 0.5, 1e-12);
}

TEST(GradedTest, ALossIsBlockedAndGainIsClaimed) {
  const auto logs = [](double shift) {
    Logs made = MakeLogs({{"a", 100, 0, 0, 100}, {"b", 100, 0, 0, 100}});
    AddScore(made, "f1", [shift](bool candidate, int i) {
      return 0.5 + 0.001 * (i % 17) + (candidate ? shift + 0.01 * (i % 5 - 2) : 0.0);
    });
    return made;
  };
  const std::string metric = "metrics: [{name: f1, type: graded, margin: 0.02, target_mde: 0.03}]\n";
  EXPECT_EQ(Judge(metric, logs(0.03)).decision, Decision::kPromote);
  EXPECT_THAT(Codes(Judge(metric, logs(-0.05))), ElementsAre("aggregate_inferior"));
  EXPECT_THAT(Codes(Judge(metric, logs(0))), ElementsAre("no_demonstrated_gain"));
  const Verdict slices = Judge(metric + "segments: {dimensions: [flow], margin: 0.04}", logs(-0.05));
  EXPECT_THAT(Codes(slices), Contains("slice_regression"));
  EXPECT_EQ(slices.dimensions[0].multiplicity, "wy_min_p") << "scores of whole thousandths lie on a lattice";
}

TEST(GradedTest, ScoresOutsideTheRangeAreInvalid) {
  Logs logs = Sound();
  AddScore(logs, "f1", [](bool, int i) { return i == 7 ? 1.5 : 0.5; });
  const Verdict verdict = Judge("metrics: [{name: f1, type: graded}]", logs);
  EXPECT_EQ(verdict.decision, Decision::kInvalid);
  EXPECT_THAT(Codes(verdict), Contains("score_out_of_range"));
  EXPECT_EQ(Judge("metrics: [{name: f1}]", logs).reasons[0].code, "metric_not_binary");
}

// ---- A judge, corrected by labels

// 400 cases; the judge finds the candidate better by .1 everywhere but for noise; people, on the first 100,
// find no difference (y = f of the incumbent on both sides).
Logs Judged() {
  Logs logs = MakeLogs({{"", 300, 0, 0, 100}});
  AddScore(logs, "helpful", [](bool candidate, int i) {
    return 0.4 + 0.05 * (i % 7) / 7 + (candidate ? 0.1 + 0.02 * (i % 3 - 1) : 0.0);
  });
  return logs;
}

Policy WithLabels(const std::string& role, int labelled, double loss) {
  Policy policy = PolicyFrom(
      "goal: non_inferiority\nmetrics:\n  - {name: pass, margin: 0.02}\n  - {name: helpful, role: " + role +
      ", type: graded, judge: true}");
  std::string text;
  for (int i = 0; i < labelled; ++i) {
    std::string id = std::to_string(i);
    id = "c" + std::string(5 - id.size(), '0') + id;
    text += "{\"case_id\": \"" + id +
            "\", \"incumbent\": 0.5, \"candidate\": " + std::to_string(0.5 - loss + 0.01 * (i % 3 - 1)) +
            "}\n";
  }
  policy.metrics[0].labels = *ParseLabels(text, "labels.jsonl");
  return policy;
}

TEST(JudgeTest, LabelsCorrectTheJudge) {
  const Verdict alone = Judge(
      "goal: non_inferiority\nmetrics:\n  - {name: pass}\n  - {name: helpful, role: report, type: graded, "
      "judge: true}",
      Judged());
  EXPECT_NEAR(*Metric(alone, "helpful").row.delta, 0.1, 0.001);
  const Verdict corrected = Judge(WithLabels("guardrail", 100, 0), Judged());
  const VerdictMetric& metric = Metric(corrected, "helpful");
  EXPECT_EQ(metric.n_labels, 100);
  EXPECT_EQ(metric.row.method, "ppi_paired");
  EXPECT_NEAR(*metric.row.delta, 0, 0.002) << "people see no difference";
  EXPECT_EQ(metric.row.status, "non_inferior");
  EXPECT_EQ(corrected.decision, Decision::kPromote);
  const Verdict loss = Judge(WithLabels("guardrail", 100, 0.08), Judged());
  EXPECT_THAT(Codes(loss), ElementsAre("guardrail_inferior"));
  EXPECT_THAT(Codes(Judge(WithLabels("deterioration", 100, 0.08), Judged())),
              ElementsAre("metric_deteriorated"));
}

TEST(JudgeTest, WithoutEnoughLabelsItHoldsAndDoesNotBlock) {
  const Verdict few = Judge(WithLabels("guardrail", 29, 0.08), Judged());
  EXPECT_EQ(few.decision, Decision::kHold);
  EXPECT_THAT(Codes(few), ElementsAre("guardrail_unresolved"));
  EXPECT_THAT(Metric(few, "helpful").row.warnings, Contains(HasSubstr("29 labelled pairs, at least 30")));
  Logs worse = MakeLogs({{"", 300, 0, 0, 100}});
  AddScore(worse, "helpful",
           [](bool candidate, int i) { return 0.5 - (candidate ? 0.2 + 0.01 * (i % 3) : 0.0); });
  for (const char* role : {"guardrail", "deterioration"}) {
    const Verdict held =
        Judge(std::string("goal: non_inferiority\nmetrics:\n  - {name: pass}\n  - {name: helpful, role: ") +
                  role + ", type: graded, judge: true}",
              worse);
    EXPECT_EQ(held.decision, Decision::kHold) << role;
    EXPECT_THAT(Codes(held), ElementsAre("judge_unlabelled")) << role;
  }
}

TEST(JudgeTest, BadLabelFiles) {
  for (const char* text :
       {"", "{}\n", "{\"case_id\":\"a\"}\n", "{\"case_id\":\"a\",\"incumbent\":1}\n",
        "{\"case_id\":\"a\",\"incumbent\":1,\"candidate\":\"x\"}\n",
        "{\"case_id\":\"a\",\"incumbent\":1,\"candidate\":0}\n{\"case_id\":\"a\",\"incumbent\":1,"
        "\"candidate\":0}\n"}) {
    EXPECT_FALSE(ParseLabels(text, "l.jsonl").has_value()) << text;
  }
}

}  // namespace
}  // namespace minslice::gate
