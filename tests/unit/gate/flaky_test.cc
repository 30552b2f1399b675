// Flaky prompts and the quarantine file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate/dates.h"
#include "gate/quarantine.h"
#include "logs.h"

namespace minslice::gate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Judge;
using testing::Logs;
using testing::MakeLogs;
using testing::PolicyFrom;
using testing::Repeated;

// python3: (datetime.date(2026, 11, 21) - datetime.date(1970, 1, 1)).days, and of 2000-02-29.
TEST(DatesTest, Days) {
  EXPECT_EQ(DayOf("2026-11-21"), 20778);
  EXPECT_EQ(DayOf("2026-11-21T03:00:00Z"), 20778);
  EXPECT_EQ(DayOf("2000-02-29"), 11016);
  EXPECT_EQ(DayOf("1970-01-01"), 0);
  EXPECT_EQ(DayText(20778), "2026-11-21");
  EXPECT_EQ(DayText(11016), "2000-02-29");
  for (const char* text :
       {"", "2026-02-29", "2026-13-01", "2026-11-21x", "26-11-21", "2026/11/21", "-026-11-21"})
    EXPECT_FALSE(DayOf(text).has_value()) << text;
}

// 300 cases, 3 runs; the incumbent fails c00000 ... c00009 in one run each, and the candidate fails c00000
// and c00001 in all three.
Logs FlakyLogs() {
  Logs logs = Repeated(MakeLogs({{"", 280, 0, 0, 20}}), 3);
  for (RunLog* log : {&logs.incumbent, &logs.candidate}) log->run.started_at = "2026-11-21T03:00:00Z";
  for (CaseRecord& record : logs.incumbent.cases) {
    const int id = std::stoi(record.case_id.substr(1));
    if (id < 10 && record.repeat == id % 3 + 1) record.outcome = Outcome::kFail;
  }
  for (CaseRecord& record : logs.candidate.cases) {
    if (std::stoi(record.case_id.substr(1)) < 2) record.outcome = Outcome::kFail;
  }
  return logs;
}

Policy WithQuarantine(const std::string& yaml) {
  Policy policy = PolicyFrom("goal: non_inferiority");
  policy.flaky.policy = "quarantine";
  policy.flaky.quarantine = *ParseQuarantine("version: 1\ncases:\n" + yaml, "flaky.yaml");
  return policy;
}

TEST(FlakyTest, KeptAndListedWithBothDifferences) {
  const Verdict verdict = Judge("goal: non_inferiority", FlakyLogs());
  ASSERT_TRUE(verdict.flaky.has_value());
  EXPECT_EQ(verdict.flaky->ids.size(), 10U);
  EXPECT_EQ(verdict.flaky->ids.front(), "c00000");
  EXPECT_THAT(verdict.flaky->quarantined, IsEmpty());
  // Sum of d over 300: c0, c1 fall from 2/3 to 0, c2 ... c9 rise by 1/3: (-4/3 + 8/3) / 300.
  EXPECT_EQ(verdict.flaky->with->n_pairs, 300);
  EXPECT_NEAR(*verdict.flaky->with->delta, 4.0 / 3 / 300, 1e-12);
  EXPECT_EQ(verdict.flaky->without->n_pairs, 290);
  EXPECT_NEAR(*verdict.flaky->without->delta, 0, 1e-12);
  EXPECT_NEAR(*verdict.aggregate.delta, 4.0 / 3 / 300, 1e-12) << "kept: the decision is about all of them";
}

TEST(FlakyTest, QuarantinedCasesAreLeftOutAndNothingElse) {
  const Policy policy = WithQuarantine(
      "  - {id: c00000, since: 2026-11-10, reason: answers flip}\n"
      "  - {id: c00001, since: 2026-11-01}\n"                       // 14 days are over
      "  - {id: c00002, since: 2026-11-01, expires: 2026-12-01}\n"  // its own date goes before the days
      "  - {id: c00003, since: 2026-11-22}\n"                       // after the run
      "  - {id: c00100, since: 2026-11-20}\n"                       // its runs agree
      "  - {id: c99999, since: 2026-11-20}\n");
  const Verdict verdict = Judge(policy, FlakyLogs());
  const VerdictFlaky& flaky = *verdict.flaky;
  EXPECT_THAT(flaky.quarantined, ElementsAre("c00000", "c00002"));
  EXPECT_THAT(flaky.expired, ElementsAre("c00001"));
  ASSERT_EQ(flaky.ignored.size(), 3U);
  EXPECT_THAT(flaky.ignored[0].why, HasSubstr("after the run of 2026-11-21"));
  EXPECT_THAT(flaky.ignored[1].why, HasSubstr("not flaky in this run"));
  EXPECT_THAT(flaky.ignored[2].why, HasSubstr("no such case"));
  EXPECT_EQ(verdict.aggregate.n_pairs, 298);
  // c1 falls by 2/3, c3 ... c9 rise by 1/3.
  EXPECT_NEAR(*verdict.aggregate.delta, (7.0 / 3 - 2.0 / 3) / 298, 1e-12);
  EXPECT_EQ(flaky.with->n_pairs, 300);
  EXPECT_NEAR(*flaky.with->delta, 4.0 / 3 / 300, 1e-12);
  EXPECT_NEAR(*flaky.without->delta, *verdict.aggregate.delta, 1e-12);
  EXPECT_EQ(verdict.missing.cases, 300) << "what is left out is not missing";
  EXPECT_THAT(verdict.warnings,
              Contains(HasSubstr("1 quarantined case has expired before the run of 2026-11-21")));
}

TEST(FlakyTest, LastDayCountsAndALogWithoutADateKeepsEverything) {
  const Policy policy = WithQuarantine("  - {id: c00000, since: 2026-11-07}\n");
  EXPECT_THAT(Judge(policy, FlakyLogs()).flaky->quarantined, ElementsAre("c00000")) << "2026-11-07 + 14 days";
  Logs later = FlakyLogs();
  later.candidate.run.started_at = "2026-11-22T00:00:00Z";
  EXPECT_THAT(Judge(policy, later).flaky->expired, ElementsAre("c00000"));
  Logs dateless = FlakyLogs();
  dateless.candidate.run.started_at.clear();
  const Verdict verdict = Judge(policy, dateless);
  EXPECT_THAT(verdict.flaky->quarantined, IsEmpty());
  EXPECT_EQ(verdict.aggregate.n_pairs, 300);
}

// With one run a case flakiness cannot be seen, so the file is believed.
TEST(FlakyTest, OneRunACase) {
  Logs logs = MakeLogs({{"", 280, 2, 0, 18}});
  logs.candidate.run.started_at = "2026-11-21T03:00:00Z";
  const Verdict verdict = Judge(WithQuarantine("  - {id: c00280, since: 2026-11-20}\n"), logs);
  EXPECT_EQ(verdict.aggregate.n_incumbent_only, 1);
  EXPECT_EQ(verdict.aggregate.n_pairs, 299);
  EXPECT_FALSE(Judge("version: 1", logs).flaky.has_value());
}

TEST(FlakyTest, BadQuarantineFiles) {
  for (const char* text : {"", "version: 2\ncases: []", "cases: []", "version: 1\ncases: [{id: a}]",
                           "version: 1\ncases: [{id: a, since: tomorrow}]",
                           "version: 1\ncases: [{id: a, since: 2026-01-01, til: 2026-02-01}]",
                           "version: 1\ncases: [{id: a, since: 2026-02-01, expires: 2026-01-01}]",
                           "version: 1\ncases: [{id: a, since: 2026-01-01}, {id: a, since: 2026-01-01}]"}) {
    EXPECT_FALSE(ParseQuarantine(text, "q.yaml").has_value()) << text;
  }
}

}  // namespace
}  // namespace minslice::gate
