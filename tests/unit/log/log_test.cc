#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "io/faulty_file_system.h"
#include "io/sha256.h"
#include "log/log_reader.h"
#include "log/log_writer.h"

namespace minslice::log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRun[] =
    R"({"record":"run","log_version":1,"suite":"support","target":"candidate","repeats":3})";

std::vector<std::string> ErrorsOf(const std::string& text) {
  const auto log = ParseLog(text, "l");
  std::vector<std::string> texts;
  if (!log) {
    for (const Diagnostic& d : log.error().diagnostics) texts.push_back(d.ToString());
  }
  return texts;
}

std::string Lines(std::initializer_list<std::string> lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

std::string Row(const std::string& id, int repeat, const std::string& outcome) {
  return "{\"record\":\"case\",\"case_id\":\"" + id + "\",\"repeat\":" + std::to_string(repeat) +
         ",\"outcome\":\"" + outcome + "\"}";
}

RunRecord SampleRun() {
  RunRecord run;
  run.suite = "support";
  run.suite_sha256 = "ab12";
  run.target = "candidate";
  run.request_model = "openai/gpt-4o-mini-2024-07-18";
  run.gateway = "http://127.0.0.1:4000";
  run.request_json = R"({"temperature":0})";
  run.repeats = 3;
  run.started_at = "2026-11-21T03:00:00Z";
  run.minslice = "0.1.0";
  return run;
}

CaseRecord SampleCase() {
  CaseRecord row;
  row.case_id = "r-0112";
  row.outcome = Outcome::kPass;
  row.scores = {{"pass", 1}};
  row.segments = {{"customer", "acme"}};
  row.cluster = "doc-7";
  row.prompt_sha256 = "cd34";
  row.response_model = "gpt-4o-mini-2024-07-18";
  row.finish_reason = "stop";
  row.input_tokens = 812;
  row.output_tokens = 64;
  row.cost_usd = 0.00031;
  row.latency_ms = 412.3;
  row.output = "line one\nline \"two\"";
  return row;
}

// The lines of design.md, field by field and in their order.
TEST(LogWriter, LinesHaveTheDocumentedForm) {
  EXPECT_EQ(
      RunRecordLine(SampleRun()),
      R"({"record":"run","log_version":1,"suite":"support","suite_sha256":"ab12","target":"candidate",)"
      R"("request_model":"openai/gpt-4o-mini-2024-07-18","gateway":"http://127.0.0.1:4000",)"
      R"("request":{"temperature":0},"repeats":3,"started_at":"2026-11-21T03:00:00Z","minslice":"0.1.0"})");
  EXPECT_EQ(
      CaseRecordLine(SampleCase()),
      R"({"record":"case","case_id":"r-0112","repeat":1,"outcome":"pass","scores":{"pass":1},)"
      R"("segments":{"customer":"acme"},"cluster":"doc-7","prompt_sha256":"cd34",)"
      R"("response_model":"gpt-4o-mini-2024-07-18","finish_reason":"stop","input_tokens":812,"output_tokens":64,)"
      R"("cost_usd":0.00031,"latency_ms":412.3,"attempts":1,"output":"line one\nline \"two\"","error":null})");
  EndRecord end{840, 3, 1.27, "2026-11-21T04:00:00Z"};
  EXPECT_EQ(EndRecordLine(end),
            R"({"record":"end","cases":840,"repeats":3,"spent_usd":1.27,"ended_at":"2026-11-21T04:00:00Z"})");
}

TEST(LogWriter, InvalidUtf8IsReplacedAndStaysReadable) {
  CaseRecord row = SampleCase();
  row.output = "bad \xFF\xC0 byte";
  const auto log = ParseLog(Lines({RunRecordLine(SampleRun()), CaseRecordLine(row)}), "l", {.outputs = true});
  ASSERT_TRUE(log) << log.error().diagnostics[0].ToString();
  EXPECT_EQ(log->cases[0].output, "bad \xEF\xBF\xBD\xEF\xBF\xBD byte");
}

TEST(LogReader, ReadsWhatTheWriterWrote) {
  CaseRecord second;
  second.case_id = "r-0113";
  second.repeat = 2;
  second.outcome = Outcome::kInfraError;
  second.attempts = 5;
  second.error = "HTTP 503";
  RunRecord run = SampleRun();
  run.cases = 2;
  const std::string text = Lines({RunRecordLine(run), CaseRecordLine(SampleCase()), CaseRecordLine(second),
                                  EndRecordLine({2, 3, std::nullopt, "2026-11-21T04:00:00Z"})});
  const auto log = ParseLog(text, "l", {.outputs = true});
  ASSERT_TRUE(log) << log.error().diagnostics[0].ToString();
  EXPECT_EQ(log->sha256, io::Sha256Hex(text));
  EXPECT_EQ(RunRecordLine(log->run), RunRecordLine(run));
  ASSERT_EQ(log->cases.size(), 2U);
  EXPECT_EQ(CaseRecordLine(log->cases[0]), CaseRecordLine(SampleCase()));
  EXPECT_EQ(CaseRecordLine(log->cases[1]), CaseRecordLine(second));
  ASSERT_TRUE(log->end);
  EXPECT_EQ(log->end->cases, 2);
  EXPECT_EQ(log->end->spent_usd, std::nullopt);
  EXPECT_FALSE(log->torn_tail);
  const auto without = ParseLog(text, "l");
  EXPECT_EQ(without->cases[0].output, std::nullopt);  // gate does not need it
}

TEST(LogReader, IgnoresUnknownFieldsAndBlankLines) {
  const auto log = ParseLog(
      Lines(
          {R"({"record":"run","log_version":1,"new":{"x":[1]}})", "",
           R"({"case_id":"a","future":1,"outcome":"fail","scores":{"pass":0,"f1":null},"segments":{"b":"2","a":"1"},"record":"case"})"}),
      "l");
  ASSERT_TRUE(log);
  EXPECT_THAT(log->cases[0].segments, ElementsAre(Segment{"a", "1"}, Segment{"b", "2"}));
  EXPECT_EQ(log->cases[0].scores.size(), 1U);
}

TEST(LogReader, RefusesAnotherVersionAndForeignFiles) {
  EXPECT_THAT(ErrorsOf(Lines({R"({"record":"run","log_version":2})", "garbage"})),
              ElementsAre(HasSubstr("l:1: expected log_version 1, found a number 2")));
  EXPECT_THAT(ErrorsOf(Lines({R"({"record":"run"})"})), ElementsAre(HasSubstr("expected \"log_version\"")));
  EXPECT_THAT(ErrorsOf(Lines({Row("a", 1, "pass"), Row("b", 1, "pass")})),
              ElementsAre(HasSubstr("expected a run record first")));
  EXPECT_THAT(ErrorsOf(""), ElementsAre(HasSubstr("empty file")));
  EXPECT_THAT(ErrorsOf(R"({"record":"run","log_ver)"), ElementsAre(HasSubstr("found none that is whole")));
  EXPECT_THAT(ErrorsOf("id,score\na,1\n"), testing::Not(testing::IsEmpty()));
  EXPECT_FALSE(ReadLog("/no/such/log.jsonl"));
}

TEST(LogReader, NamesEveryBrokenLine) {
  EXPECT_THAT(
      ErrorsOf(
          Lines({kRun, R"({"record":"case","case_id":"a","outcome":"passed"})",
                 R"({"record":"case","case_id":"b",)", R"({"record":"case","outcome":"pass"})",
                 R"({"record":"cases"})", "[1]", kRun,
                 R"({"record":"case","case_id":"c","outcome":"pass","repeat":0,"latency_ms":"fast"})",
                 R"({"record":"case","case_id":"d","outcome":"pass","segments":{"x":1},"scores":{"s":"1"}})",
                 Row("e", 1, "pass")})),
      ElementsAre("l:2: \"outcome\": expected pass, fail, model_error or infra_error, found \"passed\"; did "
                  "you mean \"pass\"?",
                  HasSubstr("l:3:32: expected a key in double quotes"),
                  HasSubstr("l:4: expected \"case_id\", found none"),
                  HasSubstr("l:5: unknown record \"cases\"; did you mean \"case\"?"),
                  HasSubstr("l:6: expected an object, found a list"), HasSubstr("l:7: a second run record"),
                  HasSubstr("l:8: \"repeat\": expected a whole number from 1 to 10000"),
                  HasSubstr("l:8: \"latency_ms\": expected a number or null"),
                  HasSubstr("l:9: \"segments.x\": expected a text"),
                  HasSubstr("l:9: \"scores.s\": expected a number or null")));
}

TEST(LogReader, LaterRowsSupersedeInfraErrorsOnly) {
  const auto log =
      ParseLog(Lines({kRun, Row("a", 1, "infra_error"), Row("b", 1, "pass"), Row("a", 2, "infra_error"),
                      Row("a", 1, "infra_error"), Row("a", 1, "fail"), Row("b", 1, "infra_error")}),
               "l");
  ASSERT_TRUE(log);
  std::vector<std::string> rows;
  for (const CaseRecord& row : log->cases)
    rows.push_back(row.case_id + std::to_string(row.repeat) + OutcomeName(row.outcome));
  EXPECT_THAT(rows, ElementsAre("b1pass", "a2infra_error", "a1fail", "b1infra_error"));
  EXPECT_EQ(log->superseded, 2);
}

TEST(LogReader, RowsAfterTheEndReopenTheLog) {
  const std::string end = EndRecordLine({1, 1, std::nullopt, ""});
  EXPECT_TRUE(ParseLog(Lines({kRun, Row("a", 1, "infra_error"), end}), "l")->end);
  EXPECT_FALSE(ParseLog(Lines({kRun, Row("a", 1, "infra_error"), end, Row("a", 1, "pass")}), "l")->end);
  EXPECT_TRUE(ParseLog(Lines({kRun, Row("a", 1, "infra_error"), end, Row("a", 1, "pass"), end}), "l")->end);
  EXPECT_FALSE(ParseLog(Lines({kRun, Row("a", 1, "infra_error"), end}) + "{\"rec", "l")->end);
}

// Killed at any byte: the rows that were whole are read, nothing else is, and no cut is mistaken for an end.
TEST(LogReader, EveryCutOfALogIsReadable) {
  const std::string run = RunRecordLine(SampleRun()) + "\n";
  const std::string row = CaseRecordLine(SampleCase()) + "\n";
  const std::string end = EndRecordLine({1, 3, 0.5, "2026-11-21T04:00:00Z"}) + "\n";
  const std::string text = run + row + end;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto log = ParseLog(text.substr(0, cut), "l");
    if (cut < run.size() - 1) {
      EXPECT_FALSE(log) << cut;
      continue;
    }
    ASSERT_TRUE(log) << cut << log.error().diagnostics[0].ToString();
    EXPECT_EQ(log->cases.size(), cut >= run.size() + row.size() - 1 ? 1U : 0U) << cut;
    EXPECT_EQ(log->end.has_value(), cut >= text.size() - 1) << cut;
    EXPECT_EQ(log->torn_tail, text[cut - 1] != '\n') << cut;
  }
}

class LogFileTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/minslice-log-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    path_ = folder_ + "/log.jsonl";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string folder_, path_;
};

TEST_F(LogFileTest, TheRowsOfAGroupAreInTheFileOnceItIsFlushed) {
  auto writer = LogWriter::Create(path_, SampleRun());
  ASSERT_TRUE(writer);
  EXPECT_EQ(Bytes(), "");  // the run record comes with the first row
  (*writer)->DescribeGateway("litellm", {"a", "b"});
  RunRecord described = SampleRun();
  described.gateway_kind = "litellm";
  described.gateway_hides = {"a", "b"};
  ASSERT_TRUE((*writer)->Append(SampleCase()));
  ASSERT_TRUE((*writer)->Flush());
  EXPECT_EQ(Bytes(), RunRecordLine(described) + "\n" + CaseRecordLine(SampleCase()) + "\n");
  (*writer)->DescribeGateway("portkey", {});  // too late
  StopRecord stop;
  stop.reason = "budget_exhausted";
  stop.text = "spent";
  stop.answered = 1;
  stop.missing = 2;
  ASSERT_TRUE((*writer)->Stop(stop));
  const auto log = ParseLog(Bytes(), path_);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->run.gateway_kind, "litellm");
  EXPECT_EQ(log->run.gateway_hides, described.gateway_hides);
  EXPECT_FALSE(log->end);
  ASSERT_TRUE(log->stop);
  EXPECT_EQ(log->stop->reason, "budget_exhausted");
  EXPECT_EQ(log->stop->missing, 2);
}

TEST_F(LogFileTest, ARunWithoutARowLeavesAnEmptyFile) {
  auto writer = LogWriter::Create(path_, SampleRun());
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->Stop({}));
  EXPECT_EQ(Bytes(), "");
}

TEST_F(LogFileTest, RefusesAnExistingLogAndASecondWriter) {
  auto writer = LogWriter::Create(path_, SampleRun());
  ASSERT_TRUE(writer);
  EXPECT_FALSE(LogWriter::Create(path_, SampleRun()));
  const auto second = LogWriter::Continue(path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().diagnostics[0].message, HasSubstr("being written by another process"));
}

TEST_F(LogFileTest, ContinueCutsATornRowAndKeepsAWholeOne) {
  const std::string run = RunRecordLine(SampleRun()) + "\n", row = CaseRecordLine(SampleCase());
  for (std::size_t cut = 0; cut <= row.size(); ++cut) {
    Write(run + row.substr(0, cut));
    {
      auto writer = LogWriter::Continue(path_);
      ASSERT_TRUE(writer) << cut;
      CaseRecord next = SampleCase();
      next.case_id = "next";
      ASSERT_TRUE((*writer)->Append(next));
      ASSERT_TRUE((*writer)->End({2, 3, std::nullopt, "t"}));
    }
    const auto log = ReadLog(path_);
    ASSERT_TRUE(log) << cut << log.error().diagnostics[0].ToString();
    EXPECT_EQ(log->cases.size(), cut == row.size() ? 2U : 1U) << cut;
    EXPECT_TRUE(log->end);
    EXPECT_FALSE(log->torn_tail);
  }
}

// A frame a group: a cut at any byte loses the rows of the last group at most, and what is continued is
// whole.
TEST_F(LogFileTest, ACompressedLogIsContinuedFromEveryCut) {
  const std::string path = path_ + ".zst";
  {
    auto writer = LogWriter::Create(path, SampleRun());
    ASSERT_TRUE(writer);
    for (const char* id : {"a", "b", "c"}) {
      CaseRecord row;
      row.case_id = id;
      row.outcome = Outcome::kPass;
      ASSERT_TRUE((*writer)->Append(row));
      ASSERT_TRUE((*writer)->Flush());
    }
    EXPECT_FALSE(LogWriter::Continue(path));  // another process writes it
  }
  const std::string whole = *io::RealFileSystem().ReadFile(path);
  EXPECT_EQ(whole.substr(0, 4), "\x28\xb5\x2f\xfd");
  ASSERT_EQ(ReadLog(path)->cases.size(), 3U);
  std::size_t before = 0;
  for (std::size_t cut = 4; cut <= whole.size(); ++cut) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, cut);
    const auto there = ReadLog(path);
    const std::size_t rows = there ? there->cases.size() : 0;
    {
      auto writer = LogWriter::Continue(path);
      if (!writer) {  // not even the first group is whole
        EXPECT_EQ(rows, 0U) << cut;
        EXPECT_EQ(io::RealFileSystem().ReadFile(path)->size(), cut);
        continue;
      }
      CaseRecord row;
      row.case_id = "d";
      row.outcome = Outcome::kFail;
      ASSERT_TRUE((*writer)->Append(row));
      ASSERT_TRUE((*writer)->End({4, 1, std::nullopt, "t"}));
    }
    const auto log = ReadLog(path);
    ASSERT_TRUE(log) << cut;
    EXPECT_TRUE(log->end && !log->torn_tail) << cut;
    EXPECT_LE(log->cases.size(), rows + 1) << cut;
    EXPECT_EQ(log->cases.back().case_id, "d") << cut;
    EXPECT_GE(log->cases.size(), before) << cut;
    before = log->cases.size();
  }
  EXPECT_EQ(before, 4U);
}

TEST_F(LogFileTest, ContinueLeavesForeignFilesAlone) {
  const std::vector<std::string> kForeign = {"id,score\na,1", "{\"record\":\"run\",\"log_version\":2}\n{\"x",
                                             "", "{\"record\":\"run\",\"log_ver"};
  for (const std::string& bytes : kForeign) {
    Write(bytes);
    EXPECT_FALSE(LogWriter::Continue(path_)) << bytes;
    EXPECT_EQ(Bytes(), bytes);
  }
}

TEST_F(LogFileTest, AFullDiskIsAFailureAndLeavesWholeRows) {
  io::FaultyFileSystem disk;
  auto writer = LogWriter::Create(path_, SampleRun(), disk);
  ASSERT_TRUE(writer);
  const std::string run = RunRecordLine(SampleRun()) + '\n';
  const std::string row = CaseRecordLine(SampleCase()) + '\n';
  disk.faults().free_bytes = static_cast<std::int64_t>(run.size() + 2 * row.size() + 17);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE((*writer)->Append(SampleCase()));
  const auto full = (*writer)->Flush();
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, Failure::Kind::kInternal);
  EXPECT_EQ(Bytes(), run + row + row) << "the rows of the group that still fit are kept, whole";
}

TEST_F(LogFileTest, AGroupIsOneWrite) {
  io::FaultyFileSystem disk;
  auto writer = LogWriter::Create(path_, SampleRun(), disk);
  ASSERT_TRUE(writer);
  for (int i = 0; i < 35; ++i) ASSERT_TRUE((*writer)->Append(SampleCase()));
  EXPECT_EQ(disk.faults().writes, 0);
  ASSERT_TRUE((*writer)->Flush());
  EXPECT_EQ(disk.faults().writes, 1);
  EXPECT_EQ(Bytes().size(),
            RunRecordLine(SampleRun()).size() + 1 + 35 * (CaseRecordLine(SampleCase()).size() + 1));
  ASSERT_TRUE((*writer)->Flush());  // nothing new
  EXPECT_EQ(disk.faults().writes, 1);
}

TEST_F(LogFileTest, ALargeGroupIsWrittenUnasked) {
  io::FaultyFileSystem disk;
  auto writer = LogWriter::Create(path_, SampleRun(), disk);
  ASSERT_TRUE(writer);
  CaseRecord row = SampleCase();
  row.output = std::string(100000, 'x');
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((*writer)->Append(row));
  EXPECT_EQ(disk.faults().writes, 1);
  EXPECT_GT(Bytes().size(), LogWriter::kGroupBytes);
}

TEST_F(LogFileTest, EndWaitsForTheDisk) {
  io::FaultyFileSystem disk;
  auto writer = LogWriter::Create(path_, SampleRun(), disk);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->Append(SampleCase()));
  ASSERT_TRUE((*writer)->End({1, 3, std::nullopt, "t"}));
  const std::int64_t syncs = disk.faults().syncs;
  EXPECT_GE(syncs, 1);
  ASSERT_TRUE((*writer)->Sync());  // nothing new
  EXPECT_EQ(disk.faults().syncs, syncs);
}

// What happens behind the writer's back: waits until it does, for at most a minute.
template <class Condition>
bool Eventually(Condition holds) {
  for (int i = 0; i < 6000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST_F(LogFileTest, TheDiskFollowsUnasked) {
  io::FaultyFileSystem disk;
  auto writer = LogWriter::Create(path_, SampleRun(), disk);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->Append(SampleCase()));
  ASSERT_TRUE((*writer)->Flush());
  EXPECT_TRUE(Eventually([&] { return disk.faults().syncs >= 1; }));
}

TEST_F(LogFileTest, AFailingSyncShowsInALaterCall) {
  io::FaultyFileSystem disk;
  auto writer = LogWriter::Create(path_, SampleRun(), disk);
  ASSERT_TRUE(writer);
  disk.faults().sync_errno = EIO;
  ASSERT_TRUE((*writer)->Append(SampleCase()));
  EXPECT_TRUE(Eventually([&] { return !(*writer)->Flush(); }));
  EXPECT_FALSE((*writer)->End({1, 3, std::nullopt, "t"}));
}

TEST_F(LogFileTest, ADeletedLogIsNoticedAndItsRowsAreSaved) {
  auto writer = LogWriter::Create(path_, SampleRun());
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->Append(SampleCase()));
  ASSERT_TRUE((*writer)->Flush());
  const std::string bytes = Bytes();
  std::filesystem::remove(path_);
  const auto lost = (*writer)->Sync();
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().diagnostics[0].message, HasSubstr("deleted"));
  const auto rescued = io::RealFileSystem().ReadFile(path_ + ".rescued");
  ASSERT_TRUE(rescued);
  EXPECT_EQ(*rescued, bytes);
  std::filesystem::remove(path_ + ".rescued");
}

TEST_F(LogFileTest, ALogThatIsBeingWrittenIsRefusedToASecondWriter) {
  auto writer = LogWriter::Create(path_, SampleRun());
  ASSERT_TRUE(writer);
  const auto second = LogWriter::Continue(path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().diagnostics[0].message, HasSubstr("another process"));
}

}  // namespace
}  // namespace minslice::log
