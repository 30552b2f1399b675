// Which logs the gate takes: runs that agree, as many as the policy asks for, of one model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using testing::Repeated;

// 300 prompts, 3 runs; in the third run of the candidate 20 passes fail, cut off by the token limit.
// Cochran's Q: G = (280, 280, 260), 20 prompts that differ with L = 2, 260 with L = 3: Q = 2 (3 (280^2 +
// 280^2
// + 260^2) - 820^2) / (3 * 820 - (260 * 9 + 20 * 4)) = 2 * 800 / 40 = 40, p = exp(-20) = 2.1e-9.
Logs ThirdRunFails() {
  Logs logs = Repeated(MakeLogs({{"", 280, 0, 0, 20}}), 3);
  int changed = 0;
  for (CaseRecord& record : logs.candidate.cases) {
    record.finish_reason = "stop";
    if (record.repeat != 3 || record.outcome != Outcome::kPass || changed == 20) continue;
    record.outcome = Outcome::kFail;
    record.scores = {{"pass", 0.0}};
    record.finish_reason = "length";
    ++changed;
  }
  return logs;
}

TEST(NondeterminismTest, RunsThatDisagreeAreInvalidWithTheLikelyCause) {
  const Verdict verdict = Judge("goal: non_inferiority", ThirdRunFails());
  EXPECT_EQ(verdict.decision, Decision::kInvalid);
  ASSERT_EQ(verdict.reasons.front().code, "nondeterministic");
  EXPECT_THAT(verdict.reasons.front().text,
              HasSubstr("the candidate is no deterministic model over its 3 runs"));
  EXPECT_THAT(verdict.reasons.front().text,
              HasSubstr("20 prompts end with finish_reason length in repeat 3 only"));
  ASSERT_TRUE(verdict.nondeterminism && verdict.nondeterminism->candidate &&
              verdict.nondeterminism->incumbent);
  const VerdictRepeats& candidate = *verdict.nondeterminism->candidate;
  EXPECT_EQ(candidate.verdict, "nondeterministic");
  EXPECT_NEAR(*candidate.cochran_q, 40, 1e-9);
  EXPECT_NEAR(*candidate.cochran_p, 2.0611536e-9, 1e-15);
  EXPECT_NEAR(candidate.spread, 20.0 / 300, 1e-12);
  EXPECT_EQ(candidate.n, 300);
  EXPECT_EQ(verdict.nondeterminism->incumbent->verdict, "stable");
  EXPECT_FALSE(verdict.nondeterminism->incumbent->cochran_p.has_value()) << "nothing flipped";
}

TEST(NondeterminismTest, ThePolicySaysWhatFollows) {
  const Logs logs = ThirdRunFails();
  const Verdict held = Judge("goal: non_inferiority\nnondeterminism: {on_fail: hold}", logs);
  EXPECT_NE(held.decision, Decision::kInvalid);
  EXPECT_THAT(Codes(held), Contains("nondeterministic"));
  const Verdict warned = Judge("goal: non_inferiority\nnondeterminism: {on_fail: warn}", logs);
  EXPECT_THAT(Codes(warned), Not(Contains("nondeterministic")));
  EXPECT_THAT(warned.warnings, Contains(HasSubstr("no deterministic model")));
  // A spread of 6.7 points and Q are both allowed.
  const Verdict lax =
      Judge("goal: non_inferiority\nnondeterminism: {max_spread: 0.1, cochran_q: 1e-12}", logs);
  EXPECT_THAT(Codes(lax), Not(Contains("nondeterministic")));
}

TEST(NondeterminismTest, FewerRunsThanAskedForAreInvalid) {
  const Logs once = MakeLogs({{"", 700, 20, 80, 200}});
  for (const char* policy : {"nondeterminism: {runs: 3}", "runs: {candidate: 3}"}) {
    const Verdict verdict = Judge(policy, once);
    EXPECT_EQ(verdict.decision, Decision::kInvalid) << policy;
    EXPECT_THAT(Codes(verdict), Contains("too_few_runs"));
    EXPECT_THAT(
        verdict.reasons.back().text,
        HasSubstr("and the candidate's log has 1: minslice run SUITE --target candidate --repeats 3"));
  }
  EXPECT_EQ(Judge("nondeterminism: {runs: 3}", Repeated(once, 3)).decision, Decision::kPromote);
  EXPECT_EQ(Judge("nondeterminism: {runs: 2}", Repeated(once, 3)).decision, Decision::kPromote);
}

// Several runs of one side only: they are checked though the pairs take the first.
TEST(NondeterminismTest, RunsOfOneSideAloneAreChecked) {
  Logs logs = ThirdRunFails();
  logs.incumbent = MakeLogs({{"", 280, 0, 0, 20}}).incumbent;
  EXPECT_THAT(Codes(Judge("goal: non_inferiority", logs)), Contains("nondeterministic"));
}

TEST(RunsTest, CombineFirstAndMajority) {
  // The third run of the candidate fails 20 cases: neither the first run nor the majority sees it.
  const Logs logs = ThirdRunFails();
  for (const char* how : {"first", "majority"}) {
    const Verdict verdict = Judge(std::string("goal: non_inferiority\nnondeterminism: {on_fail: warn}\n") +
                                      "runs: {combine: " + how + "}",
                                  logs);
    EXPECT_EQ(verdict.aggregate.n_both, 280) << how << ": one run a case, so there are counts";
    EXPECT_EQ(verdict.aggregate.n_incumbent_only, 0);
    EXPECT_EQ(verdict.nondeterminism->candidate->repeats, 3) << "the runs are shown all the same";
  }
  // Two of three runs fail: the majority does, the first run does not.
  Logs most = logs;
  for (CaseRecord& record : most.candidate.cases) {
    if (record.repeat != 2) continue;
    const CaseRecord& third =
        most.candidate.cases[600 + static_cast<std::size_t>(std::stoi(record.case_id.substr(1)))];
    record.outcome = third.outcome;
    record.scores = third.scores;
  }
  const std::string policy = "goal: non_inferiority\nnondeterminism: {on_fail: warn}\nruns: {combine: ";
  EXPECT_EQ(Judge(policy + "majority}", most).aggregate.n_incumbent_only, 20);
  EXPECT_EQ(Judge(policy + "first}", most).aggregate.n_incumbent_only, 0);
  EXPECT_NEAR(*Judge(policy + "mean}", most).aggregate.delta, -40.0 / 900, 1e-12);
}

TEST(ServingTest, SeveralModelsFollowThePolicy) {
  Logs logs = MakeLogs({{"a", 700, 20, 80, 200}});
  for (std::size_t i = 0; i < 100; ++i) logs.candidate.cases[i].response_model = "candidate-model-2026-02-02";
  EXPECT_EQ(Judge("version: 1", logs).decision, Decision::kInvalid);
  const Verdict held = Judge("drift: {models: hold}", logs);
  EXPECT_EQ(held.decision, Decision::kHold);
  EXPECT_THAT(Codes(held), ElementsAre("response_model_mixed"));
  const Verdict warned = Judge("drift: {models: warn}", logs);
  EXPECT_EQ(warned.decision, Decision::kPromote);
  EXPECT_THAT(warned.warnings, Contains(HasSubstr("the candidate was answered by 2 models")));
  ASSERT_EQ(warned.drift.findings.size(), 1U);
  EXPECT_EQ(warned.drift.findings[0].side, "candidate");
  EXPECT_EQ(warned.drift.findings[0].consequence, "warn");
}

TEST(ServingTest, RepeatsByDifferentModelsAreNamed) {
  Logs logs = Repeated(MakeLogs({{"", 700, 20, 80, 200}}), 3);
  for (CaseRecord& record : logs.candidate.cases) {
    if (record.repeat == 3) record.response_model = "candidate-model-2026-02-02";
  }
  const Verdict verdict = Judge("version: 1", logs);
  EXPECT_EQ(verdict.reasons.front().code, "response_model_mixed");
  EXPECT_THAT(verdict.reasons.front().text, HasSubstr("repeat 3 candidate-model-2026-02-02"));
}

TEST(ServingTest, FingerprintAndAlias) {
  Logs logs = MakeLogs({{"", 700, 20, 80, 200}});
  for (std::size_t i = 0; i < logs.candidate.cases.size(); ++i)
    logs.candidate.cases[i].system_fingerprint = i < 500 ? "fp_a" : "fp_b";
  const Verdict warned = Judge("version: 1", logs);
  EXPECT_EQ(warned.decision, Decision::kPromote);
  EXPECT_THAT(warned.warnings, Contains(HasSubstr("2 values of system_fingerprint")));
  EXPECT_EQ(Judge("drift: {fingerprint: invalid}", logs).reasons.front().code, "fingerprint_changed");
  EXPECT_THAT(Judge("drift: {fingerprint: ignore}", logs).warnings, Not(Contains(HasSubstr("fingerprint"))));
  // incumbent-model names no version; the answers do, so it is known which version ran.
  EXPECT_THAT(Judge("drift: {alias: invalid}", logs).decision, Decision::kPromote);
  for (CaseRecord& record : logs.incumbent.cases) record.response_model = "incumbent-model";
  const Verdict alias = Judge("drift: {alias: invalid}", logs);
  EXPECT_EQ(alias.reasons.front().code, "model_alias");
  EXPECT_THAT(alias.reasons.front().text,
              HasSubstr("the incumbent asked for incumbent-model, which names no version"));
  EXPECT_THAT(Judge("version: 1", logs).warnings, Contains(HasSubstr("ask for a dated name")));
}

TEST(ServingTest, AnotherVersionThanThePinFollowsThePolicy) {
  Logs logs = MakeLogs({{"", 700, 20, 80, 200}});
  logs.candidate.run.request_model = "candidate-model-2026-03-03";
  EXPECT_EQ(Judge("version: 1", logs).reasons.front().code, "response_model_mismatch");
  EXPECT_EQ(Judge("drift: {pin: hold}", logs).decision, Decision::kHold);
  EXPECT_EQ(Judge("drift: {pin: warn}", logs).decision, Decision::kPromote);
}

}  // namespace
}  // namespace minslice::gate
