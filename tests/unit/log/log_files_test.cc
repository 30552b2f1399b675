#include "log/log_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "log/done_file.h"
#include "log/log_reader.h"
#include "log/log_scan.h"
#include "log/shard.h"
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

// Shards of suite "s" with K = 2, whose cases lie where ShardOf says.
struct Shards {
  explicit Shards(int of) {
    for (int index = 1; index <= of; ++index) {
      std::vector<std::string> ids;
      for (int i = 0; i < 20; ++i) {
        if (ShardOf("s", std::to_string(i), of) == index) ids.push_back(std::to_string(i));
      }
      std::string bytes =
          "{\"record\":\"run\",\"log_version\":1,\"suite\":\"s\",\"target\":\"t\",\"cases\":" +
          std::to_string(ids.size()) + ",\"shard\":{\"index\":" + std::to_string(index) +
          ",\"of\":" + std::to_string(of) + "},\"suite_cases\":20}\n";
      for (const std::string& id : ids) bytes += Row(id, "pass");
      logs.push_back({"shard" + std::to_string(index), bytes + End(static_cast<int>(ids.size()), "t")});
    }
  }
  std::vector<LogBytes> logs;
};

TEST(MergeLogs, AllShardsMakeTheWhole) {
  const Shards shards(3);
  const auto merged = MergeLogs(shards.logs);
  ASSERT_TRUE(merged) << Texts(merged.error())[0];
  const auto log = ParseLog(merged->bytes, "m");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->run.shard, std::nullopt);
  EXPECT_EQ(log->run.suite_cases, std::nullopt);
  EXPECT_EQ(log->run.cases, 20);
  EXPECT_EQ(log->end->cases, 20);
  EXPECT_EQ(log->cases.size(), 20U);
}

TEST(MergeLogs, ShardsThatAreMissingDoubledOrOthers) {
  const Shards three(3);
  const std::vector<LogBytes>& l = three.logs;
  const auto errors = [](const std::vector<LogBytes>& parts) {
    const auto merged = MergeLogs(parts);
    return merged ? std::vector<std::string>{} : Texts(merged.error());
  };
  EXPECT_THAT(errors({l[0], l[2]}), ElementsAre(HasSubstr("of 3 shards 1 is missing: 2")));
  LogBytes again = l[1];
  again.path = "again";
  again.bytes.insert(again.bytes.size() - 1, " ");  // the same rows in other bytes
  EXPECT_THAT(errors({l[0], l[1], l[2], again}),
              testing::Contains(HasSubstr("again:1: shard 2 of 3 is given twice; shard2 is it, too")));
  EXPECT_THAT(errors({l[0], l[1], l[2], Shards(2).logs[0]}),
              testing::Contains(HasSubstr("is a shard of 2, but shard1 is one of 3")));
  EXPECT_THAT(errors({l[0], l[1], l[2], {"hand", kRun + Row("x", "pass")}}),
              testing::Contains(HasSubstr("hand:1: is no shard")));
  LogBytes cut = l[2];
  cut.bytes.resize(cut.bytes.rfind("{\"record\":\"end\""));
  EXPECT_THAT(errors({l[0], l[1], cut}), testing::Contains(HasSubstr("shard 3 of 3 is unfinished")));
  LogBytes stray = l[2];
  const std::string from_one = ParseLog(l[0].bytes, "l")->cases[0].case_id;
  stray.bytes.insert(stray.bytes.find('\n') + 1, Row(from_one, "pass"));
  EXPECT_THAT(errors({l[0], l[1], stray}), testing::Contains(HasSubstr("belongs to shard 1, not 3")));
  LogBytes lost = l[2];
  const std::size_t first = lost.bytes.find('\n') + 1;
  lost.bytes.erase(first, lost.bytes.find('\n', first) + 1 - first);
  EXPECT_THAT(errors({l[0], l[1], lost}), testing::Contains(HasSubstr("cases of the shard's")));
}

// What a scan of a file in pieces of a mebibyte gives, and the reader of whole logs.
TEST(ScanLog, AgreesWithReadingTheWhole) {
  char name[] = "/tmp/minslice-scan-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const std::string path = std::string(name) + "/log.jsonl";
  std::string bytes = kRun;
  for (int i = 0; i < 30000; ++i) bytes += Row("case-" + std::to_string(i), i % 3 == 0 ? "fail" : "pass");
  for (const std::string& tail : {std::string(), End(30000, "t"), std::string("{\"record\":\"ca")}) {
    std::ofstream(path, std::ios::binary) << bytes << tail;
    const auto whole = ReadLog(path);
    ASSERT_TRUE(whole);
    std::vector<std::string> ids;
    const auto scan = ScanLog(path, [&](std::vector<CaseRecord>&& rows) {
      for (const CaseRecord& row : rows) ids.push_back(row.case_id);
    });
    ASSERT_TRUE(scan);
    ASSERT_EQ(ids.size(), whole->cases.size());
    for (std::size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], whole->cases[i].case_id);
    EXPECT_EQ(scan->sha256, whole->sha256);
    EXPECT_EQ(scan->end.has_value(), whole->end.has_value());
    EXPECT_EQ(scan->torn_tail, whole->torn_tail);
  }
  std::ofstream(path, std::ios::binary) << bytes << "{\"record\":\"case\"}\n" << Row("z", "pass");
  const auto broken = ScanLog(path, [](std::vector<CaseRecord>&&) {});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().diagnostics[0].where.line, 30002);
  std::filesystem::remove_all(name);
}

TEST(DoneFile, SpeaksOfOneLogAndOneRun) {
  char name[] = "/tmp/minslice-done-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const std::string path = std::string(name) + "/log.jsonl";
  const Shards shards(2);
  std::ofstream(path, std::ios::binary) << shards.logs[0].bytes;
  const auto done = DescribeDone(path);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->rows, ParseLog(shards.logs[0].bytes, "l")->run.cases);
  const RunRecord run = done->run;
  EXPECT_FALSE(CheckDone(path, run)) << "there is none yet";
  std::ofstream(DonePath(path), std::ios::binary) << DoneJson(*done, path);
  EXPECT_TRUE(CheckDone(path, run));
  RunRecord other = run;
  other.request_model = "m-2";
  EXPECT_THAT(CheckDone(path, other).error().diagnostics[0].message, HasSubstr("another model"));
  other = run;
  other.shard = Shard{2, 2};
  EXPECT_THAT(CheckDone(path, other).error().diagnostics[0].message, HasSubstr("another shard"));
  other = run;
  other.request_json = "{\"temperature\":1}";
  EXPECT_THAT(CheckDone(path, other).error().diagnostics[0].message, HasSubstr("another request"));
  std::ofstream(path, std::ios::binary | std::ios::app) << "\n";
  EXPECT_THAT(CheckDone(path, run).error().diagnostics[0].message, HasSubstr("another log"));
  std::ofstream(path, std::ios::binary) << kRun << Row("a", "pass");
  EXPECT_FALSE(DescribeDone(path)) << "an unfinished log has no receipt";
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace minslice::log
