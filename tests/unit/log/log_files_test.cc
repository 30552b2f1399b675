#include "log/log_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_reader.h"
#include "minslice/record.h"

namespace minslice::log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRun[] =
    "{\"record\":\"run\",\"log_version\":1,\"suite\":\"s\",\"target\":\"t\",\"started_at\":\"2026-11-21T03:"
    "00:00Z\"}\n";

std::string Row(const std::string& id, const std::string& outcome) {
  return "{\"record\":\"case\",\"case_id\":\"" + id + "\",\"outcome\":\"" + outcome +
         "\",\"future\":[1, 2]}\n";
}

std::string End(int cases, const std::string& at) {
  return "{\"record\":\"end\",\"cases\":" + std::to_string(cases) + ",\"spent_usd\":0.5,\"ended_at\":\"" +
         at + "\"}\n";
}

std::vector<std::string> Texts(const Failure& failure) {
  std::vector<std::string> texts;
  for (const Diagnostic& d : failure.diagnostics) texts.push_back(d.ToString());
  return texts;
}

TEST(RepairLog, LeavesAReadableLogAlone) {
  const std::string bytes = kRun + Row("a", "pass") + End(1, "t");
  const auto repaired = RepairLog(bytes, "l");
  ASSERT_TRUE(repaired);
  EXPECT_FALSE(repaired->changed);
  EXPECT_EQ(repaired->bytes, bytes);
}

TEST(RepairLog, DropsBrokenLinesAndTheEndThatVouchedForThem) {
  const auto repaired = RepairLog(kRun + Row("a", "pass") + "{\"record\":\"ca#e\"\n" + Row("b", "passed") +
                                      Row("c", "fail") + End(4, "t"),
                                  "l");
  ASSERT_TRUE(repaired);
  EXPECT_TRUE(repaired->changed);
  EXPECT_EQ(repaired->rows, 2);
  EXPECT_EQ(repaired->bytes, kRun + Row("a", "pass") + Row("c", "fail"));  // byte for byte
  ASSERT_EQ(repaired->dropped.size(), 3U);
  EXPECT_EQ(repaired->dropped[0].where.line, 3);
  EXPECT_EQ(repaired->dropped[1].where.line, 4);
  EXPECT_THAT(repaired->dropped[1].message, HasSubstr("did you mean \"pass\"?"));
  EXPECT_THAT(repaired->dropped[2].ToString(), HasSubstr("l:6: the end record"));
  EXPECT_FALSE(ParseLog(repaired->bytes, "l")->end);
}

TEST(RepairLog, MendsATornTail) {
  const std::string whole = kRun + Row("a", "pass") + Row("b", "pass");
  const auto cut = RepairLog(whole.substr(0, whole.size() - 10), "l");
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->bytes, kRun + Row("a", "pass"));
  EXPECT_EQ(cut->dropped.size(), 1U);
  const auto no_newline = RepairLog(whole.substr(0, whole.size() - 1), "l");
  ASSERT_TRUE(no_newline);
  EXPECT_TRUE(no_newline->changed);
  EXPECT_EQ(no_newline->bytes, whole);
  EXPECT_TRUE(no_newline->dropped.empty());
}

TEST(RepairLog, RefusesWhatIsNoLogOfThisVersion) {
  EXPECT_FALSE(RepairLog("", "l"));
  EXPECT_FALSE(RepairLog(Row("a", "pass"), "l"));
  EXPECT_FALSE(RepairLog("{\"record\":\"run\",\"log_version\":2}\n", "l"));
}

TEST(MergeLogs, JoinsShards) {
  const std::vector<LogBytes> parts = {
      {"one", kRun + Row("b", "pass") + Row("c", "infra_error") + End(2, "2026-11-21T04:00:00Z")},
      {"two", kRun + Row("a", "fail") + Row("c", "pass") + End(2, "2026-11-21T05:00:00Z")}};
  const auto merged = MergeLogs(parts);
  ASSERT_TRUE(merged) << Texts(merged.error())[0];
  EXPECT_EQ(merged->rows, 4);
  EXPECT_EQ(merged->cases, 3);
  EXPECT_TRUE(merged->finished);
  EXPECT_THAT(merged->bytes, HasSubstr(Row("a", "fail")));  // unknown fields stay
  const auto log = ParseLog(merged->bytes, "m");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->cases.size(), 3U);
  EXPECT_EQ(log->superseded, 1);  // c's infra_error of the other shard
  EXPECT_EQ(log->end->cases, 3);
  EXPECT_EQ(log->end->spent_usd, 1.0);
  EXPECT_EQ(log->end->ended_at, "2026-11-21T05:00:00Z");
}

TEST(MergeLogs, AnUnfinishedShardLeavesTheWholeUnfinished) {
  const auto merged = MergeLogs(std::vector<LogBytes>{{"one", kRun + Row("a", "pass") + End(1, "t")},
                                                      {"two", kRun + Row("b", "pass") + "{\"rec"}});
  ASSERT_TRUE(merged);
  EXPECT_FALSE(merged->finished);
  EXPECT_FALSE(ParseLog(merged->bytes, "m")->end);
  EXPECT_THAT(merged->notes, ElementsAre(HasSubstr("two: the last line is cut"), HasSubstr("unfinished")));
}

TEST(MergeLogs, NamesEveryDisagreement) {
  std::string other = kRun;
  other.replace(other.find("\"t\""), 3, "\"u\"");
  const auto merged =
      MergeLogs(std::vector<LogBytes>{{"one", kRun + Row("a", "pass")}, {"two", other + Row("a", "fail")}});
  ASSERT_FALSE(merged);
  EXPECT_THAT(Texts(merged.error()), ElementsAre("two: case \"a\" repeat 1 has an answer in one already",
                                                 "two:1: target \"u\" is not \"t\", which one has"));
  const auto twice = MergeLogs(std::vector<LogBytes>{{"one", kRun}, {"two", kRun}});
  ASSERT_FALSE(twice);
  EXPECT_THAT(Texts(twice.error()), ElementsAre("two: the same log is given twice"));
  EXPECT_FALSE(MergeLogs({}));
}

}  // namespace
}  // namespace minslice::log
