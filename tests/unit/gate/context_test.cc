// What a verdict has to do with earlier runs and with people: reviews, ledger, anchor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "logs.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/paired_interval.h"

namespace minslice::gate {
namespace {

using testing::Codes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Judge;
using testing::Logs;
using testing::MakeLogs;
using ::testing::Not;
using testing::PolicyFrom;

Verdict JudgeIn(const Policy& policy, const Logs& logs, const Context& context) {
  const std::vector<RunLog> incumbent{logs.incumbent};
  const std::vector<RunLog> candidate{logs.candidate};
  return Decide(policy, pair::Pair(incumbent, candidate, policy.metric), incumbent, candidate, context);
}

// A suspected slice, non-inferior otherwise: one hold.
constexpr char kHeld[] = "goal: non_inferiority\nsegments: {dimensions: [flow]}";
Logs HeldLogs() {
  return MakeLogs({{"fraud", 40, 6, 1, 3}, {"billing", 1000, 8, 9, 40}, {"rest", 1200, 20, 22, 90}});
}

ReviewFile Signed(const std::string& run_hash, const std::string& clears) {
  const auto review = ParseReview("version: 1\nrun_hash: " + run_hash + "\nclears: " + clears +
                                      "\nreviewer: Jane Doe\ndate: 2026-11-21\nnote: read all six\n",
                                  "reviews/a.yaml");
  if (!review) throw std::runtime_error(review.error().diagnostics.front().ToString());
  return *review;
}

TEST(ReviewTest, ASignedReviewOfThisRunClearsTheHold) {
  const Policy policy = PolicyFrom(kHeld);
  const Verdict held = Judge(policy, HeldLogs());
  ASSERT_EQ(held.decision, Decision::kHold);
  ASSERT_THAT(Codes(held), ElementsAre("slice_suspected"));
  Context context;
  context.reviews.path = "reviews/a.yaml";
  context.reviews.files = {Signed(held.run_hash, "[slice_suspected]")};
  const Verdict cleared = JudgeIn(policy, HeldLogs(), context);
  EXPECT_EQ(cleared.run_hash, held.run_hash) << "the review is about the run, not part of it";
  EXPECT_EQ(cleared.decision, Decision::kPromote);
  EXPECT_EQ(cleared.exit_code, 0);
  EXPECT_THAT(Codes(cleared), ElementsAre("review_cleared", "slice_suspected"));
  EXPECT_EQ(cleared.reasons[1].cleared_by, "reviews/a.yaml");
  ASSERT_EQ(cleared.reviews.size(), 1U);
  EXPECT_EQ(cleared.reviews[0].reviewer, "Jane Doe");
  EXPECT_THAT(cleared.reviews[0].cleared, ElementsAre("slice_suspected of fraud"));
  EXPECT_EQ(cleared.holds.cleared, 1);
  EXPECT_EQ(cleared.holds.standing, 0);
}

TEST(ReviewTest, AReviewOfAnotherRunDoesNothingAndSaysSo) {
  const Policy policy = PolicyFrom(kHeld);
  Context context;
  context.reviews.path = "reviews/a.yaml";
  context.reviews.files = {Signed(std::string(64, '7'), "[slice_suspected]")};
  const Verdict verdict = JudgeIn(policy, HeldLogs(), context);
  EXPECT_EQ(verdict.decision, Decision::kHold);
  EXPECT_THAT(verdict.reviews, IsEmpty());
  EXPECT_THAT(verdict.warnings, Contains(HasSubstr("signed for run 777777777777; this is run")));
  context.reviews.folder = true;
  context.reviews.path = "reviews";
  EXPECT_THAT(JudgeIn(policy, HeldLogs(), context).warnings,
              Contains(HasSubstr("reviews: 1 review of other runs, none of run")));
}

TEST(ReviewTest, OnlyHoldsAreCleared) {
  const Policy policy = PolicyFrom(std::string(kHeld));
  for (const bool invalid : {false, true}) {
    Logs logs = MakeLogs(testing::IncidentTables());
    if (invalid) logs.candidate.end.reset();
    const Verdict grave = Judge(policy, logs);
    ASSERT_EQ(grave.decision, invalid ? Decision::kInvalid : Decision::kBlocked);
    Context context;
    context.reviews.path = "reviews/a.yaml";
    context.reviews.files = {Signed(grave.run_hash, "[slice_regression, unfinished_log, slice_suspected]")};
    const Verdict verdict = JudgeIn(policy, logs, context);
    EXPECT_EQ(verdict.decision, grave.decision);
    EXPECT_THAT(verdict.warnings, Contains(HasSubstr("slice_regression is no hold here")));
    EXPECT_THAT(verdict.warnings, Contains(HasSubstr("this run has no slice_suspected to clear")));
    for (const VerdictReason& reason : verdict.reasons) EXPECT_EQ(reason.cleared_by, "");
  }
}

TEST(ReviewTest, OneSliceAndNotAnother) {
  const Policy policy = PolicyFrom(kHeld);
  const Verdict held = Judge(policy, HeldLogs());
  Context context;
  context.reviews.path = "reviews/a.yaml";
  context.reviews.files = {
      Signed(held.run_hash, "[{code: slice_suspected, dimension: flow, value: billing}]")};
  EXPECT_EQ(JudgeIn(policy, HeldLogs(), context).decision, Decision::kHold);
  context.reviews.files = {Signed(held.run_hash, "[{code: slice_suspected, dimension: flow, value: fraud}]")};
  EXPECT_EQ(JudgeIn(policy, HeldLogs(), context).decision, Decision::kPromote);
}

TEST(ReviewTest, BadReviewFiles) {
  const std::string hash = "run_hash: " + std::string(64, 'a') + "\n";
  const std::string who = "reviewer: a\ndate: 2026-11-21\n";
  for (const std::string& text :
       {std::string(), "version: 1\n" + who + "clears: [a]", "version: 1\nrun_hash: abc\nclears: [a]\n" + who,
        "version: 1\n" + hash + who, "version: 1\n" + hash + "clears: [a]\ndate: 2026-11-21",
        "version: 1\n" + hash + "clears: [a]\nreviewer: a\ndate: soon",
        "version: 2\n" + hash + "clears: [a]\n" + who, "version: 1\n" + hash + "clear: [a]\n" + who}) {
    EXPECT_FALSE(ParseReview(text, "r.yaml").has_value()) << text;
  }
}

TEST(HoldsTest, ExpectedFalseHoldsAreStated) {
  const Verdict verdict = Judge(kHeld, HeldLogs());
  // HoldLevel .25 over (b + c) = 7, 17, 42. Level = the largest x of the attainable p with
  // sum_s max{p <= x} <= .25: fraud P(Bin(7,.5) >= 6) = 8/128 = .0625; billing P(Bin(17,.5) >= 12) = .0717;
  // rest P(Bin(42,.5) >= 26) = .0821 would make .2163.
  ASSERT_TRUE(verdict.holds.expected_false.has_value());
  EXPECT_LE(*verdict.holds.expected_false, 0.25);
  EXPECT_NEAR(*verdict.holds.expected_false, 0.0625 + 0.0717315674 + 0.0820747009, 1e-9);
  EXPECT_EQ(verdict.holds.slices, 1);
  EXPECT_EQ(verdict.holds.standing, 1);
}

// ---- Ledger

TEST(LedgerTest, LevelSharedByCandidates) {
  // python3: 1 - .95 ** (1 / n)
  EXPECT_DOUBLE_EQ(LevelOfCandidates(0.05, 1), 0.05);
  EXPECT_NEAR(LevelOfCandidates(0.05, 2), 0.02532056551, 1e-11);
  EXPECT_NEAR(LevelOfCandidates(0.05, 10), 0.005116196891823, 1e-13);
}

// Exact enumeration: n prompts, an incumbent and N candidates that all pass each prompt with chance p, so
// every claim of superiority is false. Given the incumbent's a passes, b ~ Bin(a, 1 - p) and c ~ Bin(n - a,
// p) of each candidate are independent; the chance that at least one is claimed superior (Tango's interval
// above 0 and mid-p below the level, the gate's rule) is summed over all (a, b, c).
double AnyFalseClaim(int n, double p, int candidates, double alpha) {
  const auto pmf = [](int k, int m, double q) {
    return std::exp(std::lgamma(m + 1.0) - std::lgamma(k + 1.0) - std::lgamma(m - k + 1.0)) * std::pow(q, k) *
           std::pow(1 - q, m - k);
  };
  double any = 0;
  for (int a = 0; a <= n; ++a) {
    double claim = 0;
    for (int b = 0; b <= a; ++b) {
      for (int c = b + 1; c <= n - a; ++c) {
        const stats::PairedCounts counts{
            .both = a - b, .incumbent_only = b, .candidate_only = c, .neither = n - a - c};
        if (stats::McNemarMidP(counts).p >= alpha) continue;
        const auto interval = stats::PairedInterval(counts, 1 - alpha, stats::PairedMethod::kTango);
        if (interval->lower > 0) claim += pmf(b, a, 1 - p) * pmf(c, n - a, p);
      }
    }
    any += pmf(a, n, p) * (1 - std::pow(1 - claim, candidates));
  }
  return any;
}

TEST(LedgerTest, BestOfManyIsClaimedFalselyAtMostAtAlpha) {
  double worst_uncorrected = 0;
  for (const int n : {20, 40, 60}) {
    for (const double p : {0.5, 0.7, 0.9}) {
      for (const int candidates : {2, 5}) {
        // One direction of a two-sided level.
        EXPECT_LE(AnyFalseClaim(n, p, candidates, LevelOfCandidates(0.05, candidates)), 0.05)
            << n << " " << p << " " << candidates;
        worst_uncorrected = std::max(worst_uncorrected, AnyFalseClaim(n, p, candidates, 0.05));
      }
    }
  }
  EXPECT_GT(worst_uncorrected, 0.08) << "the enumeration sees what the correction is for";
}

TEST(LedgerTest, OtherCandidatesOnTheSameSuiteLowerTheLevel) {
  const Policy policy = PolicyFrom("ledger: {path: ledger.jsonl}");
  const Logs logs = MakeLogs({{"", 700, 20, 80, 200}});
  Context context;
  context.ledger.emplace();
  const Verdict first = JudgeIn(policy, logs, context);
  ASSERT_TRUE(first.ledger.has_value());
  EXPECT_EQ(first.ledger->candidates, 1);
  EXPECT_DOUBLE_EQ(*first.ledger->alpha_promote, 0.05);

  // Its own line, then another candidate's: its own verdict is the same, the other one's is not.
  const std::vector<RunLog> mine{logs.candidate};
  Logs other = logs;
  other.candidate.sha256 = std::string(64, 'e');
  const std::vector<RunLog> theirs{other.candidate};
  std::string text = LedgerText(first, mine);
  context.ledger = *ParseLedger(text, "ledger.jsonl");
  EXPECT_EQ(JudgeIn(policy, logs, context).run_hash, first.run_hash) << "gating again is no other try";
  const Verdict second = JudgeIn(policy, other, context);
  EXPECT_EQ(second.ledger->gates_before, 1);
  EXPECT_EQ(second.ledger->candidates, 2);
  EXPECT_NEAR(*second.ledger->alpha_promote, 0.0253205655, 1e-9);
  EXPECT_NEAR(second.aggregate.level, 1 - 0.0253205655, 1e-9);
  text += LedgerText(second, theirs);
  context.ledger = *ParseLedger(text, "ledger.jsonl");
  EXPECT_EQ(JudgeIn(policy, logs, context).run_hash, first.run_hash) << "what came later changes nothing";

  // Another suite's gates do not count.
  Logs elsewhere = other;
  elsewhere.candidate.sha256 = std::string(64, 'f');
  elsewhere.incumbent.run.suite_sha256 = elsewhere.candidate.run.suite_sha256 = std::string(64, '9');
  EXPECT_EQ(JudgeIn(policy, elsewhere, context).ledger->candidates, 1);
}

TEST(LedgerTest, PlannedCandidates) {
  const Verdict verdict = Judge("ledger: {candidates: 4}", MakeLogs({{"", 700, 20, 80, 200}}));
  EXPECT_EQ(verdict.ledger->candidates, 4);
  EXPECT_NEAR(*verdict.ledger->alpha_promote, 0.0127414550, 1e-9);
  EXPECT_NEAR(verdict.policy.error_rates.alpha_promote, 0.05, 1e-12)
      << "the policy is echoed as it was written";
}

TEST(LedgerTest, WhatIsNoLedgerIsRefused) {
  EXPECT_TRUE(ParseLedger("", "l").has_value());
  for (const char* text :
       {"{}\n", "x\n", "{\"ledger_version\":2}\n", "{\"ledger_version\":1,\"suite_key\":3}\n"})
    EXPECT_FALSE(ParseLedger(text, "l").has_value()) << text;
}

// ---- Anchor

TEST(AnchorTest, SmallLossesAddUp) {
  const Policy policy = PolicyFrom(
      "goal: non_inferiority\nmetrics: [{name: pass, margin: 0.02}]\nanchor: {run: old.jsonl, margin: 0.03}");
  const Logs logs = MakeLogs({{"", 3000, 40, 20, 940}});
  ASSERT_EQ(Judge("goal: non_inferiority", logs).decision, Decision::kPromote)
      << "-0.5 points, shown within 2";
  // The anchor passes 120 cases more than the candidate does.
  RunLog anchor = logs.candidate;
  anchor.path = "old.jsonl";
  anchor.sha256 = std::string(64, '3');
  int more = 0;
  for (CaseRecord& record : anchor.cases) {
    if (record.outcome == Outcome::kPass || more == 120) continue;
    record.outcome = Outcome::kPass;
    record.scores = {{"pass", 1.0}};
    ++more;
  }
  Context context;
  context.anchor = std::span(&anchor, 1);
  const Verdict verdict = JudgeIn(policy, logs, context);
  EXPECT_EQ(verdict.decision, Decision::kHold);
  EXPECT_THAT(Codes(verdict), Contains("anchor_creep"));
  ASSERT_TRUE(verdict.anchor.has_value());
  EXPECT_NEAR(*verdict.anchor->row.delta, -120.0 / 4000, 1e-12);
  EXPECT_THAT(verdict.reasons[0].text, HasSubstr("a cumulative loss of 3.0 pt is not excluded"));
  EXPECT_NE(verdict.run_hash, Judge(policy, logs).run_hash);

  // 40 more: -1.0 points, within 3.
  for (CaseRecord& record : anchor.cases) {
    const int id = std::stoi(record.case_id.substr(1));
    if (id % 3 != 0 && logs.candidate.cases[static_cast<std::size_t>(id)].outcome == Outcome::kFail)
      record.outcome = Outcome::kFail;
  }
  const Verdict near = JudgeIn(policy, logs, context);
  EXPECT_THAT(Codes(near), Not(Contains("anchor_creep")));
  EXPECT_EQ(near.anchor->row.status, "non_inferior_worse");
}

TEST(AnchorTest, AnAnchorOfOtherPromptsIsHeld) {
  const Policy policy = PolicyFrom("goal: non_inferiority\nanchor: {run: old.jsonl}");
  const Logs logs = MakeLogs({{"", 3000, 40, 20, 940}});
  RunLog anchor = logs.incumbent;
  anchor.run.suite_sha256 = std::string(64, '8');
  Context context;
  context.anchor = std::span(&anchor, 1);
  const Verdict other_suite = JudgeIn(policy, logs, context);
  EXPECT_EQ(other_suite.decision, Decision::kPromote) << "the same prompts in another suite";
  EXPECT_THAT(other_suite.warnings, Contains(HasSubstr("made with another suite")));
  for (CaseRecord& record : anchor.cases) record.prompt_sha256 = std::string(64, 'e');
  EXPECT_THAT(Codes(JudgeIn(policy, logs, context)), ElementsAre("anchor_unusable"));
}

}  // namespace
}  // namespace minslice::gate
