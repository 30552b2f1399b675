#include "run/open_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "unit/run/held_cases.h"

namespace minslice::run {
namespace {

using ::testing::HasSubstr;

class OpenLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("minslice_open_log_" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "log.jsonl").string();
    for (const char* id : {"a", "b", "c"}) {
      Case c;
      c.id = id;
      cases_.cases.push_back(c);
    }
    run_.suite = "s";
    run_.suite_sha256 = "d1";
    run_.target = "t";
    run_.request_model = "m";
    run_.gateway = "http://gw";
    run_.request_json = R"({"max_tokens":5,"temperature":0})";
    run_.repeats = 2;
    run_.started_at = "2026-11-21T03:00:00Z";
    run_.minslice = "0.1.0";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& text) { std::ofstream(path_) << text; }
  std::string Read() {
    std::ifstream file(path_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static CaseRecord Row(const std::string& id, int repeat, Outcome outcome) {
    CaseRecord row;
    row.case_id = id;
    row.repeat = repeat;
    row.outcome = outcome;
    if (outcome != Outcome::kInfraError) row.scores = {{"pass", outcome == Outcome::kPass ? 1.0 : 0.0}};
    row.response_model = "m-1";
    row.cost_usd = 0.5;
    return row;
  }
  // A log with these rows, written by the writer itself.
  void WriteLog(const std::vector<CaseRecord>& rows, bool end = false) {
    std::filesystem::remove(path_);
    auto writer = log::LogWriter::Create(path_, run_);
    ASSERT_TRUE(writer.has_value());
    for (const CaseRecord& row : rows) ASSERT_TRUE((*writer)->Append(row).has_value());
    if (end) {
      ASSERT_TRUE((*writer)->End({3, 2, 1.0, "2026-11-21T03:00:01Z"}).has_value());
    }
  }
  std::string Refusal() {
    const Result<OpenedLog> log = OpenLog(path_, true, run_, cases_);
    EXPECT_FALSE(log.has_value());
    std::string text;
    if (!log) {
      for (const Diagnostic& diagnostic : log.error().diagnostics) text += diagnostic.ToString() + "\n";
    }
    return text;
  }

  std::filesystem::path folder_;
  std::string path_;
  HeldCases cases_;
  RunRecord run_;
};

TEST_F(OpenLogTest, ANewLogBeginsWithItsRun) {
  const Result<OpenedLog> log = OpenLog(path_, false, run_, cases_);
  ASSERT_TRUE(log.has_value());
  EXPECT_FALSE(log->resumed);
  ASSERT_NE(log->writer, nullptr);
  EXPECT_EQ(Read(), "") << "a run that never has an answer leaves no log that only its own settings resume";
  ASSERT_TRUE(log->writer->Append(Row("a", 1, Outcome::kPass)).has_value());
  ASSERT_TRUE(log->writer->Sync().has_value());
  EXPECT_THAT(Read(), testing::StartsWith("{\"record\":\"run\""));
}

TEST_F(OpenLogTest, AnExistingLogIsNotTouchedWithoutResume) {
  Write("precious");
  const Result<OpenedLog> log = OpenLog(path_, false, run_, cases_);
  ASSERT_FALSE(log.has_value());
  EXPECT_THAT(log.error().diagnostics[0].message, HasSubstr("--resume"));
  EXPECT_EQ(Read(), "precious");
}

TEST_F(OpenLogTest, KeepsAnswersAndAsksTheRestAgain) {
  WriteLog({Row("a", 1, Outcome::kPass), Row("b", 1, Outcome::kInfraError), Row("c", 1, Outcome::kModelError),
            Row("a", 2, Outcome::kFail)});
  const Result<OpenedLog> log = OpenLog(path_, true, run_, cases_);
  ASSERT_TRUE(log.has_value());
  EXPECT_TRUE(log->resumed);
  ASSERT_NE(log->writer, nullptr);
  EXPECT_EQ(log->plan.done, (std::vector<bool>{true, false, true, true, false, false}));
  EXPECT_EQ(log->plan.counts.pass, 1);
  EXPECT_EQ(log->plan.counts.fail, 1);
  EXPECT_EQ(log->plan.counts.model_error, 1);
  EXPECT_EQ(log->plan.counts.infra_error, 0);
  EXPECT_EQ(log->plan.spent_usd, 2.0);
  EXPECT_EQ(log->plan.response_models.at("m-1"), 3);
}

TEST_F(OpenLogTest, ACutLineIsAskedAgain) {
  WriteLog({Row("a", 1, Outcome::kPass), Row("b", 1, Outcome::kPass)});
  const std::string whole = Read();
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = last; size < whole.size() - 1; ++size) {
    Write(whole.substr(0, size));
    const Result<OpenedLog> log = OpenLog(path_, true, run_, cases_);
    ASSERT_TRUE(log.has_value()) << size;
    EXPECT_EQ(log->plan.done, (std::vector<bool>{true, false, false, false, false, false})) << size;
    EXPECT_EQ(Read(), whole.substr(0, last));
  }
  // Only the newline is missing: the row is whole.
  Write(whole.substr(0, whole.size() - 1));
  const Result<OpenedLog> log = OpenLog(path_, true, run_, cases_);
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->plan.done, (std::vector<bool>{true, true, false, false, false, false}));
}

TEST_F(OpenLogTest, AFirstLineThatIsCutIsANewLog) {
  WriteLog({Row("a", 1, Outcome::kPass)});
  const std::string whole = Read();
  const std::size_t first = whole.find('\n');
  ASSERT_NE(first, std::string::npos);
  for (std::size_t size = 0; size < first; ++size) {
    Write(whole.substr(0, size));
    {
      const Result<OpenedLog> log = OpenLog(path_, true, run_, cases_);
      ASSERT_TRUE(log.has_value()) << size;
      EXPECT_FALSE(log->resumed);
      ASSERT_TRUE(log->writer->Append(Row("a", 1, Outcome::kPass)).has_value());
    }
    EXPECT_EQ(Read(), whole);
  }
}

TEST_F(OpenLogTest, AFileOfAnotherKindIsLeftAlone) {
  for (const char* text : {"precious", "{\"record\":\"case\"}\n", "id,score\n1,2\n"}) {
    Write(text);
    EXPECT_NE(Refusal(), "");
    EXPECT_EQ(Read(), text);
  }
}

TEST_F(OpenLogTest, EveryDisagreementIsNamedWithBothValues) {
  WriteLog({Row("a", 1, Outcome::kPass)});
  const std::string before = Read();
  run_.suite_sha256 = "d2";
  run_.target = "u";
  run_.request_model = "n";
  run_.request_json = R"({"max_tokens":6,"temperature":0})";
  run_.repeats = 3;
  const std::string text = Refusal();
  for (const char* words :
       {"digest was d1 and is now d2", R"(target was "t" and is now "u")", R"(model was "m" and is now "n")",
        "repeats was 2 and is now 3", "\"max_tokens\":5", "\"max_tokens\":6"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
  EXPECT_EQ(Read(), before);
}

TEST_F(OpenLogTest, TheOrderOfKeysAndTheGatewayMayDiffer) {
  WriteLog({Row("a", 1, Outcome::kPass)});
  run_.request_json = R"({"temperature":0.0,"max_tokens":5})";
  run_.gateway = "http://other";
  const Result<OpenedLog> log = OpenLog(path_, true, run_, cases_);
  ASSERT_TRUE(log.has_value());
  ASSERT_EQ(log->notes.size(), 1U);
  EXPECT_THAT(log->notes[0], HasSubstr("http://other"));
}

TEST_F(OpenLogTest, ACompleteLogHasNothingToAsk) {
  std::vector<CaseRecord> rows;
  for (const int repeat : {1, 2}) {
    for (const char* id : {"a", "b", "c"}) rows.push_back(Row(id, repeat, Outcome::kPass));
  }
  WriteLog(rows, true);
  Result<OpenedLog> log = OpenLog(path_, true, run_, cases_);
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->writer, nullptr);
  // All rows, but killed before the end record: only that is missing.
  WriteLog(rows, false);
  log = OpenLog(path_, true, run_, cases_);
  ASSERT_TRUE(log.has_value());
  EXPECT_NE(log->writer, nullptr);
  // Finished, but with rows that say nothing about the model.
  rows[4].outcome = Outcome::kInfraError;
  rows[4].scores.clear();
  WriteLog(rows, true);
  log = OpenLog(path_, true, run_, cases_);
  ASSERT_TRUE(log.has_value());
  EXPECT_NE(log->writer, nullptr);
  EXPECT_EQ(log->plan.done, (std::vector<bool>{true, true, true, true, false, true}));
}

TEST_F(OpenLogTest, RowsThatAreNoneOfTheSuitesAreNamed) {
  WriteLog({Row("a", 1, Outcome::kPass), Row("x", 1, Outcome::kPass), Row("b", 3, Outcome::kPass)});
  const std::string text = Refusal();
  EXPECT_THAT(text, HasSubstr("\"x\""));
  EXPECT_THAT(text, HasSubstr("\"b\""));
}

}  // namespace
}  // namespace minslice::run
