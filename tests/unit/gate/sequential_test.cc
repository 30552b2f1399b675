// Stopping early: the order, the processes, and what the gate takes of a stopped run.
#include "gate/sequential.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "logs.h"
#include "minslice/stats/sequential.h"

namespace minslice::gate {
namespace {

using testing::Codes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Judge;
using testing::Logs;
using testing::MakeLogs;
using testing::PolicyFrom;

TEST(SequentialOrderTest, IsThatOfTheHashes) {
  // python3: sorted(["a", "b", "c", "d"], key=lambda i: hashlib.sha256(f"{seed}\n{i}".encode()).hexdigest())
  const std::vector<std::string> ids = {"a", "b", "c", "d"};
  EXPECT_THAT(SequentialOrder(ids, 0), ElementsAre(3, 0, 1, 2));
  EXPECT_THAT(SequentialOrder(ids, 1), ElementsAre(3, 1, 2, 0));
}

// A gain that grows with every pair: E = 2^n B(1, 1 + n) = 2^n / (n + 1) >= 20 first at n = 8 (256 / 9
// = 28.4; 128 / 8 = 16), but not before min_pairs.
TEST(SequentialTest, TheEProcessDecidesAtItsFirstCrossing) {
  for (const int least : {1, 30}) {
    const Policy policy = PolicyFrom("sequential: {min_pairs: " + std::to_string(least) + "}");
    SequentialTest test(policy);
    for (int i = 0; i < 40; ++i) test.Add(1);
    EXPECT_EQ(test.state().decided, "gain");
    EXPECT_EQ(test.state().decided_at, std::max(8, least));
    EXPECT_EQ(test.state().fixed, std::max(8, least));
  }
}

TEST(SequentialTest, HarmIsSeenAndOnlyWhereAsked) {
  const Policy both = PolicyFrom("sequential: {min_pairs: 1}");
  SequentialTest harm(both);
  for (int i = 0; i < 200; ++i) harm.Add(i % 4 == 0 ? -1 : 0);
  EXPECT_EQ(harm.state().decided, "harm");
  const Policy gain = PolicyFrom("sequential: {min_pairs: 1, stop_for: [gain]}");
  SequentialTest deaf(gain);
  for (int i = 0; i < 200; ++i) deaf.Add(i % 4 == 0 ? -1 : 0);
  EXPECT_EQ(deaf.state().decided, "");
}

// 400 runs of up to 600 pairs, looked at after each. H0 true for each claim in turn: a gain at no difference,
// and non-inferiority and harm at a loss of the margin itself. At .05 a rate beyond .05 + 3 sqrt(.05 .95 /
// 400) = .083 would show the level broken.
TEST(SequentialTest, LooksAfterEveryPairKeepTheLevel) {
  std::mt19937_64 engine(5);
  const auto uniform = [&engine] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  const auto rate = [&](const Policy& policy, double broke, double fixed, const std::string& claim) {
    int claimed = 0;
    for (int run = 0; run < 400; ++run) {
      SequentialTest test(policy);
      for (int i = 0; i < 600; ++i) {
        const double u = uniform();
        test.Add(u < broke ? -1 : u < broke + fixed ? 1 : 0);
      }
      test.Look();
      claimed += test.state().decided == claim ? 1 : 0;
    }
    return claimed / 400.0;
  };
  const std::string rest = "sequential: {min_pairs: 1, stop_for: [";
  EXPECT_LE(rate(PolicyFrom(rest + "gain]}"), 0.1, 0.1, "gain"), 0.083);
  EXPECT_LE(rate(PolicyFrom("goal: non_inferiority\n" + rest + "gain]}"), 0.11, 0.09, "non_inferior"), 0.083);
  EXPECT_LE(rate(PolicyFrom("goal: non_inferiority\n" + rest + "harm]}"), 0.11, 0.09, "harm"), 0.083);
  // And they see what is there.
  EXPECT_GE(rate(PolicyFrom(rest + "gain]}"), 0.05, 0.15, "gain"), 0.8);
  EXPECT_GE(rate(PolicyFrom(rest + "harm]}"), 0.25, 0.05, "harm"), 0.8);
}

const char kPolicy[] = "goal: non_inferiority\nsequential: {min_pairs: 50, seed: 3}";

// The candidate fails every fourth case that the incumbent passes; the run is cut where the watch decides.
Logs HarmfulLogs() {
  Logs logs = MakeLogs({{"", 900, 0, 0, 100}});
  for (std::size_t i = 0; i < logs.candidate.cases.size(); i += 4) {
    logs.candidate.cases[i].outcome = Outcome::kFail;
    logs.candidate.cases[i].scores = {{"pass", 0.0}};
  }
  return logs;
}

Logs Stopped(const std::string& policy, SequentialState* state = nullptr) {
  Logs logs = HarmfulLogs();
  auto watch = SequentialWatch::Make(PolicyFrom(policy), logs.incumbent);
  if (!watch) throw std::runtime_error(watch.error().diagnostics.front().ToString());
  std::vector<std::string> ids;
  for (const CaseRecord& record : logs.incumbent.cases) ids.push_back(record.case_id);
  std::vector<CaseRecord> kept;
  const std::vector<std::size_t> order = SequentialOrder(ids, 3);
  for (std::size_t k = 0; k < order.size(); ++k) {
    kept.push_back(logs.candidate.cases[order[k]]);
    if (watch->Add(Side::kCandidate, kept.back())) break;
  }
  if (state != nullptr) *state = watch->state();
  logs.candidate.cases = kept;
  logs.candidate.end.reset();
  return logs;
}

TEST(SequentialVerdictTest, AStoppedRunIsTakenByTheSameRule) {
  SequentialState state;
  const Logs logs = Stopped(kPolicy, &state);
  ASSERT_EQ(state.decided, "harm");
  EXPECT_LT(logs.candidate.cases.size(), 500U);
  const Verdict verdict = Judge(kPolicy, logs);
  EXPECT_EQ(verdict.decision, Decision::kBlocked);
  EXPECT_THAT(Codes(verdict), ElementsAre("aggregate_inferior"));
  ASSERT_TRUE(verdict.sequential.has_value());
  EXPECT_TRUE(verdict.sequential->stopped);
  EXPECT_EQ(verdict.sequential->n_pairs, state.decided_at);
  EXPECT_EQ(verdict.aggregate.n_pairs, state.decided_at);
  EXPECT_EQ(verdict.aggregate.method, "betting_sequence");
  EXPECT_LT(*verdict.aggregate.ci_high, 0);
  EXPECT_LT(*verdict.aggregate.ci_low, *verdict.aggregate.delta);

  EXPECT_EQ(Judge("goal: non_inferiority", logs).decision, Decision::kInvalid) << "another rule";
  Logs early = logs;
  early.candidate.cases.resize(30);
  EXPECT_EQ(Judge(kPolicy, early).decision, Decision::kInvalid) << "not decided yet";
}

// Rows that came out of order change nothing, and neither do those behind the decision.
TEST(SequentialVerdictTest, TheOrderOfTheRowsDoesNotMatter) {
  Logs logs = HarmfulLogs();
  const Verdict whole = Judge(kPolicy, logs);
  const Verdict stopped = Judge(kPolicy, Stopped(kPolicy));
  EXPECT_EQ(whole.decision, stopped.decision);
  EXPECT_EQ(whole.aggregate.n_pairs, stopped.aggregate.n_pairs);
  EXPECT_FALSE(whole.sequential->stopped);
  std::mt19937_64 engine(1);
  std::shuffle(logs.candidate.cases.begin(), logs.candidate.cases.end(), engine);
  EXPECT_EQ(Judge(kPolicy, logs).aggregate.n_pairs, whole.aggregate.n_pairs);
  auto watch = SequentialWatch::Make(PolicyFrom(kPolicy), logs.incumbent);
  for (const CaseRecord& record : logs.candidate.cases) watch->Add(Side::kCandidate, record);
  EXPECT_EQ(watch->state().decided_at, whole.aggregate.n_pairs);
}

TEST(SequentialVerdictTest, UndecidedIsInconclusive) {
  const Verdict verdict = Judge("sequential: {}", MakeLogs({{"", 500, 20, 22, 58}}));
  EXPECT_EQ(verdict.decision, Decision::kInconclusive);
  EXPECT_THAT(Codes(verdict), ElementsAre("sequential_undecided"));
  EXPECT_EQ(verdict.aggregate.n_pairs, 600);
}

TEST(SequentialWatchTest, WhatItNeeds) {
  const Logs logs = HarmfulLogs();
  EXPECT_FALSE(SequentialWatch::Make(PolicyFrom("version: 1"), logs.incumbent).has_value());
  RunLog unfinished = logs.incumbent;
  unfinished.end.reset();
  EXPECT_FALSE(SequentialWatch::Make(PolicyFrom(kPolicy), unfinished).has_value());
  RunLog clustered = logs.incumbent;
  for (CaseRecord& record : clustered.cases) record.cluster = "doc";
  EXPECT_FALSE(SequentialWatch::Make(PolicyFrom(kPolicy), clustered).has_value());
}

}  // namespace
}  // namespace minslice::gate
