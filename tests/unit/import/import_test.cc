#include "import/import.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "log/log_reader.h"

namespace minslice::import {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// Files in a folder of their own; messages are compared without the folder's name.
class ImportTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/minslice-import-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = std::string(name) + "/";
    options_.score_field = "score";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + name, std::ios::binary) << text;
    return folder_ + name;
  }
  Result<ImportedRun> Read(const std::vector<std::string>& paths) {
    const std::string extension = std::filesystem::path(paths.front()).extension().string().substr(1);
    return (*FindFormat(extension))->read(paths, options_, io::RealFileSystem());
  }
  ImportedRun Good(const std::vector<std::string>& paths) {
    auto run = Read(paths);
    if (run) return *std::move(run);
    for (const Diagnostic& diagnostic : run.error().diagnostics) ADD_FAILURE() << diagnostic.ToString();
    return {};
  }
  ImportedRun Good(const std::string& name, const std::string& text) {
    return Good(std::vector{Write(name, text)});
  }
  std::vector<std::string> Errors(const std::vector<std::string>& paths) {
    const auto run = Read(paths);
    std::vector<std::string> errors;
    if (run) return errors;
    EXPECT_EQ(run.error().kind, Failure::Kind::kInput);
    for (const Diagnostic& diagnostic : run.error().diagnostics) {
      std::string text = diagnostic.ToString();
      for (std::size_t at; (at = text.find(folder_)) != std::string::npos;) text.erase(at, folder_.size());
      errors.push_back(text);
    }
    return errors;
  }
  std::vector<std::string> Errors(const std::string& name, const std::string& text) {
    return Errors(std::vector{Write(name, text)});
  }

  std::string folder_;
  Options options_;
};

using Scores = std::vector<std::pair<std::string, double>>;

TEST_F(ImportTest, AScoreAboveTheThresholdPassesAndIsKept) {
  options_.pass_above = 0.5;
  options_.model = "m-2026-01-01";
  options_.suite_name = "support";
  const ImportedRun run =
      Good("a.jsonl",
           "{\"id\":\"x\",\"score\":0.5}\n{\"id\":\"y\",\"score\":0.50001}\n{\"id\":\"z\",\"score\":-3}\n");
  ASSERT_EQ(run.rows.size(), 3U);
  EXPECT_EQ(run.rows[0].outcome, Outcome::kFail);
  EXPECT_EQ(run.rows[1].outcome, Outcome::kPass);
  EXPECT_EQ(run.rows[2].outcome, Outcome::kFail);
  EXPECT_EQ(run.rows[1].scores, (Scores{{"pass", 1}, {"score", 0.50001}}));
  EXPECT_EQ(run.rows[2].scores, (Scores{{"pass", 0}, {"score", -3}}));
  EXPECT_EQ(run.rows[0].response_model, "m-2026-01-01");
  EXPECT_EQ(run.passed, 1);
  EXPECT_EQ(run.failed, 2);
  EXPECT_EQ(run.run.suite, "support");
  EXPECT_EQ(run.run.target, "m-2026-01-01");
  EXPECT_EQ(run.run.request_model, "m-2026-01-01");
  EXPECT_EQ(run.run.imported_from, "jsonl");
  EXPECT_FALSE(run.run.suite_sha256);
  EXPECT_EQ(run.run.cases, 3);
  EXPECT_EQ(run.run.started_at, "");
  EXPECT_EQ(run.end.cases, 3);
}

TEST_F(ImportTest, ScoresOfZeroAndOneNeedNoThreshold) {
  EXPECT_EQ(Good("a.jsonl", "{\"id\":1,\"score\":1.0}\n{\"id\":2,\"score\":0}").passed, 1);
  EXPECT_EQ(Good("a.csv", "id,score\n1,1\n2,0.0\n").passed, 1);
  EXPECT_THAT(
      Errors("a.jsonl", "{\"id\":1,\"score\":1}\n{\"id\":2,\"score\":0.25}\n{\"id\":3,\"score\":2}\n"),
      ElementsAre(
          "a.jsonl:2:17: \"score\" (--score-field): expected 0 or 1, found 0.25 (and 1 more such); give "
          "--pass-above X, and scores above X pass"));
}

TEST_F(ImportTest, PassFieldTakesAStrictListOfWords) {
  options_.score_field.clear();
  options_.pass_field = "ok";
  for (const char* yes : {"true", "1", "1.0", "\"true\"", "\"True\"", "\"PASS\"", "\"passed\"", "\"yes\"",
                          "\"correct\"", "\"1\""}) {
    EXPECT_EQ(Good("a.jsonl", fmt::format("{{\"id\":1,\"ok\":{}}}", yes)).passed, 1) << yes;
  }
  for (const char* no :
       {"false", "0", "-0.0", "\"false\"", "\"Fail\"", "\"failed\"", "\"no\"", "\"incorrect\"", "\"0\""}) {
    EXPECT_EQ(Good("a.jsonl", fmt::format("{{\"id\":1,\"ok\":{}}}", no)).failed, 1) << no;
  }
  for (const char* bad : {"2", "0.5", "null", "\"\"", "\"maybe\"", "\" true\"", "\"1.0\"", "[true]", "{}"}) {
    EXPECT_THAT(Errors("a.jsonl", fmt::format("{{\"id\":1,\"ok\":{}}}", bad)),
                ElementsAre(AllOf(HasSubstr("a.jsonl:1:14: \"ok\" (--pass-field): expected true/false, 1/0"),
                                  HasSubstr("found"))))
        << bad;
  }
  EXPECT_EQ(Good("a.csv", "id,ok\n1,True\n2,1.0\n3,FAIL\n4,\"no\"\n").passed, 2);
  EXPECT_THAT(
      Errors("a.csv", "id,ok\n1,\n2,2\n3, true\n"),
      ElementsAre(
          HasSubstr("a.csv:2:3: \"ok\" (--pass-field): expected true/false, 1/0, pass/fail, passed/failed, "
                    "yes/no or correct/incorrect, found an empty field"),
          HasSubstr("a.csv:3:3:"), HasSubstr("a.csv:4:3:")));
}

TEST_F(ImportTest, PassFieldDecidesAndTheScoreIsKeptBeside) {
  options_.pass_field = "ok";
  const ImportedRun run = Good("a.jsonl", "{\"id\":1,\"ok\":true,\"score\":0.25}");
  EXPECT_EQ(run.rows[0].scores, (Scores{{"pass", 1}, {"score", 0.25}}));
  EXPECT_EQ(run.passed, 1);
}

TEST_F(ImportTest, FieldsBecomeTheRow) {
  options_.id_field = "meta.id";
  options_.segment_fields = {"zone", "meta.tier", "beta"};
  options_.cluster_field = "doc";
  options_.repeat_field = "run";
  options_.output_field = "choices.0.text";
  const ImportedRun run = Good("a.jsonl",
                               "{\"meta\":{\"id\":17,\"tier\":2.50},\"zone\":\"eu\",\"beta\":true,\"doc\":"
                               "\"d1\",\"run\":2,\"score\":1,"
                               "\"choices\":[{\"text\":\"caf\\u00e9\\n\"}]}\n"
                               "{\"meta\":{\"id\":17,\"tier\":2.50},\"zone\":\"eu\",\"beta\":true,\"doc\":"
                               "\"d1\",\"run\":1,\"score\":0,"
                               "\"choices\":[{\"text\":null}]}\n"
                               "{\"meta\":{\"id\":\"b\",\"tier\":\"x\"},\"zone\":\"us\",\"beta\":false,"
                               "\"doc\":null,\"run\":1.0,\"score\":0,"
                               "\"choices\":[]}\n");
  ASSERT_EQ(run.rows.size(), 3U);
  const CaseRecord& row = run.rows[0];
  EXPECT_EQ(row.case_id, "17");
  EXPECT_EQ(row.repeat, 2);
  EXPECT_EQ(row.segments, (std::vector<Segment>{{"beta", "true"}, {"meta.tier", "2.5"}, {"zone", "eu"}}));
  EXPECT_EQ(row.cluster, "d1");
  EXPECT_EQ(row.output, "caf\xC3\xA9\n");
  EXPECT_FALSE(run.rows[1].output);
  EXPECT_FALSE(run.rows[2].output);
  EXPECT_FALSE(run.rows[2].cluster);
  EXPECT_EQ(run.run.repeats, 2);
  EXPECT_EQ(run.run.cases, 2);
  EXPECT_EQ(run.end.repeats, 2);
  EXPECT_EQ(run.cases_with_fewer_repeats, 1);
  EXPECT_EQ(run.rows_without_cluster, 1);
  ASSERT_EQ(run.dimensions.size(), 3U);
  EXPECT_EQ(run.dimensions[0].name, "beta");
  EXPECT_EQ(run.dimensions[0].values, 2U);
  EXPECT_EQ(run.dimensions[2].values, 2U);
}

TEST_F(ImportTest, AFieldOfThatVeryNameComesBeforeItsDots) {
  options_.segment_fields = {"a.b"};
  EXPECT_EQ(Good("a.jsonl", "{\"id\":1,\"score\":1,\"a\":{\"b\":\"inner\"},\"a.b\":\"outer\"}")
                .rows[0]
                .segments[0]
                .value,
            "outer");
  EXPECT_EQ(Good("a.jsonl", "{\"id\":1,\"score\":1,\"a\":{\"b\":\"inner\"}}").rows[0].segments[0].value,
            "inner");
  EXPECT_EQ(Good("a.csv", "id,score,a.b\n1,1,x\n").rows[0].segments[0].value, "x");
}

TEST_F(ImportTest, PromptsAreNamedByTheirHash) {
  options_.prompt_field = "prompt";
  // printf '{"messages":[{"content":"Say hi","role":"user"}]}' | sha256sum   (canonical JSON: keys sorted, no
  // space)
  const std::string hash = "fd8495e59df683faec441b61caefacbb85a14be15178f26ae9c5395ff86f123d";
  EXPECT_EQ(Good("a.jsonl", "{\"id\":1,\"score\":1,\"prompt\":\"Say hi\"}").rows[0].prompt_sha256, hash);
  EXPECT_EQ(Good("a.csv", "id,prompt,score\n1,Say hi,1\n").rows[0].prompt_sha256, hash);
  EXPECT_EQ(Good("a.jsonl", "{\"id\":1,\"score\":1,\"prompt\":[{\"role\":\"user\", \"content\":\"Say hi\"}]}")
                .rows[0]
                .prompt_sha256,
            hash);
  EXPECT_THAT(Errors("a.jsonl", "{\"id\":1,\"score\":1,\"prompt\":{}}"),
              ElementsAre(HasSubstr("a.jsonl:1:28: \"prompt\"")));
}

TEST_F(ImportTest, NumbersThatSimdjsonRefusesAreReadAllTheSame) {
  options_.segment_fields = {"hash"};
  options_.pass_above = 0;
  const ImportedRun run = Good(
      "a.jsonl",
      "{\"id\":340282366920938463463374607431768211456,\"hash\":-99999999999999999999,\"score\":1e-3}\n");
  EXPECT_EQ(run.rows[0].case_id, "340282366920938463463374607431768211456");
  EXPECT_EQ(run.rows[0].segments[0].value, "-99999999999999999999");
  EXPECT_EQ(run.rows[0].scores[1].second, 1e-3);
  EXPECT_THAT(Errors("a.jsonl", "{\"id\":1,\"hash\":1,\"score\":1e999}"),
              ElementsAre(HasSubstr("expected a number, found the number 1e999")));
}

TEST_F(ImportTest, EveryErrorOfEveryFileAtItsPlace) {
  options_.segment_fields = {"seg"};
  const std::string a = Write("a.jsonl",
                              "{\"id\":\"1\",\"seg\":\"s\",\"score\":1}\n"
                              "{\"id\":\"2\",\"seg\":\"s\",\"score\":\"1\"}\n"
                              "{\"id\":\"3\",\"seg\":null, \"score\":null}\n"
                              "\n"
                              "{\"id\":\"\",\"seg\":\"\",\"score\":[]}\n"
                              "{\"id\":\"5\",\"score\":1}\n"
                              "{\"id\":\"6\",\"seg\":\"s\",\"score\":NaN}\n"
                              "[1]\n"
                              "{\"id\":\"7\",\"id\":\"8\",\"seg\":\"s\",\"score\":1}\n"
                              "{\"id\":\"9\",\"seg\":\"s\",\"score\":1\n");
  const std::string b = Write("b.jsonl", "{\"id\":\"1\",\"seg\":\"s\",\"score\":1}\n");
  EXPECT_THAT(
      Errors({a, b, folder_ + "none.jsonl"}),
      ElementsAre("a.jsonl:2:29: \"score\" (--score-field): expected a number, found the text \"1\"",
                  "a.jsonl:3:17: \"seg\" (--segment-fields): expected a value, found null",
                  "a.jsonl:3:31: \"score\" (--score-field): expected a number, found null",
                  "a.jsonl:5:7: \"id\" (--id-field): expected an id, found an empty one",
                  "a.jsonl:5:16: \"seg\" (--segment-fields): expected a value, found an empty one",
                  "a.jsonl:5:27: \"score\" (--score-field): expected a number, found a list",
                  "a.jsonl:6: no field \"seg\" (--segment-fields)",
                  HasSubstr("a.jsonl:7:29: expected a JSON value"), "a.jsonl:8: expected a JSON object",
                  "a.jsonl:9: the field \"id\" stands twice in one object", HasSubstr("a.jsonl:10:"),
                  AllOf(HasSubstr("b.jsonl:1: case \"1\" repeat 1 stands at a.jsonl:1 already"),
                        HasSubstr("--repeat-field")),
                  HasSubstr("none.jsonl: cannot be read")));
}

TEST_F(ImportTest, AFieldThatNoRowHasIsSaidOnceWithTheNearestName) {
  options_.score_field = "prefrence";
  options_.segment_fields = {"meta.tire"};
  EXPECT_THAT(
      Errors("a.jsonl",
             "{\"id\":1,\"preference\":1,\"meta\":{\"tier\":\"a\"}}\n{\"id\":2,\"preference\":1,\"meta\":{"
             "\"tier\":\"a\"}}\n"),
      ElementsAre(
          "a.jsonl:1: no row has the field \"prefrence\" (--score-field); did you mean \"preference\"?",
          "a.jsonl:1: no row has the field \"meta.tire\" (--segment-fields); did you mean \"meta.tier\"?"));
  options_.segment_fields = {};
  EXPECT_THAT(
      Errors("a.csv", "id,preference\n1,1\n2,0\n"),
      ElementsAre(
          "a.csv:1: the header has no field \"prefrence\" (--score-field); did you mean \"preference\"?"));
  EXPECT_THAT(Errors("b.csv", "id;prefrence\n1;1\n"),
              ElementsAre(HasSubstr("columns are separated by commas"),
                          HasSubstr("columns are separated by commas")));
  options_.score_field = "score";
  options_.cluster_field = "dokument";
  EXPECT_THAT(Errors("c.jsonl", "{\"id\":1,\"score\":1,\"document\":\"a\"}\n"),
              ElementsAre(HasSubstr("did you mean \"document\"?")));
}

TEST_F(ImportTest, RowsOfOneCaseMustAgree) {
  options_.segment_fields = {"seg"};
  options_.cluster_field = "doc";
  options_.repeat_field = "run";
  options_.prompt_field = "prompt";
  const std::string first =
      "{\"id\":\"q\",\"score\":1,\"run\":1,\"seg\":\"a\",\"doc\":\"d\",\"prompt\":\"p\"}\n";
  EXPECT_THAT(
      Errors("a.jsonl",
             first + "{\"id\":\"q\",\"score\":1,\"run\":1,\"seg\":\"a\",\"doc\":\"d\",\"prompt\":\"p\"}\n"),
      ElementsAre(HasSubstr("a.jsonl:2: case \"q\" repeat 1 stands at a.jsonl:1 already")));
  EXPECT_THAT(
      Errors("a.jsonl",
             first + "{\"id\":\"q\",\"score\":1,\"run\":2,\"seg\":\"b\",\"doc\":\"d\",\"prompt\":\"p\"}\n"),
      ElementsAre("a.jsonl:2: case \"q\" has another seg (\"b\", not \"a\") than at a.jsonl:1"));
  EXPECT_THAT(
      Errors("a.jsonl",
             first + "{\"id\":\"q\",\"score\":1,\"run\":2,\"seg\":\"a\",\"doc\":null,\"prompt\":\"P\"}\n"),
      ElementsAre(HasSubstr("another cluster"), HasSubstr("another prompt")));
  EXPECT_EQ(
      Good("a.jsonl",
           first + "{\"id\":\"q\",\"score\":1,\"run\":2,\"seg\":\"a\",\"doc\":\"d\",\"prompt\":\"p\"}\n")
          .run.repeats,
      2);
}

TEST_F(ImportTest, RepeatsCountFromOne) {
  options_.repeat_field = "run";
  for (const char* bad : {"0", "-1", "1.5", "\"1\"", "null", "1e9", "true"}) {
    EXPECT_THAT(Errors("a.jsonl", fmt::format("{{\"id\":1,\"score\":1,\"run\":{}}}", bad)),
                ElementsAre(HasSubstr("\"run\" (--repeat-field): expected a whole number from 1, found")))
        << bad;
  }
  EXPECT_EQ(Good("a.csv", "id,score,run\n1,1,1\n1,0,2\n").run.repeats, 2);
}

TEST_F(ImportTest, TheListOfErrorsIsCutAtFifty) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += fmt::format("{{\"id\":{},\"score\":\"x\"}}\n", i);
  const auto errors = Errors("a.jsonl", text);
  ASSERT_EQ(errors.size(), 51U);
  EXPECT_EQ(errors.back(), "... and 150 more errors");
}

TEST_F(ImportTest, FilesWithoutRowsAreRefused) {
  for (const char* empty : {"", "\n\n", "\xEF\xBB\xBF", "  \r\n"}) {
    EXPECT_THAT(Errors("a.jsonl", empty),
                ElementsAre("a.jsonl:1: expected one JSON object a line, found an empty file"))
        << empty;
  }
  EXPECT_THAT(Errors("a.csv", ""), ElementsAre("a.csv:1: expected a header row, found an empty file"));
  EXPECT_THAT(Errors("a.csv", "id,score\n"),
              ElementsAre("a.csv:1: expected rows after the header, found none"));
}

TEST_F(ImportTest, CsvWithQuotesLineBreaksAndMark) {
  options_.output_field = "answer";
  options_.segment_fields = {"seg"};
  const ImportedRun run = Good("a.csv",
                               "\xEF\xBB\xBFid,\"seg\",answer,score\r\n"
                               "1,\"a,b\",\"line one\nline \"\"two\"\"\",1\r\n"
                               "2,\"a,b\",,0\r\n");
  ASSERT_EQ(run.rows.size(), 2U);
  EXPECT_EQ(run.rows[0].segments[0].value, "a,b");
  EXPECT_EQ(run.rows[0].output, "line one\nline \"two\"");
  EXPECT_EQ(run.rows[1].output, "");
  EXPECT_THAT(Errors("a.csv", "id,seg,answer,score\n1,a,\"x\ny\",1\n2,a,z,zero\n3,a,1\n4,,z,1\n5,a,z,inf\n"),
              ElementsAre("a.csv:4:7: \"score\" (--score-field): expected a number, found \"zero\"",
                          "a.csv:5: expected 4 fields as in the header, found 3",
                          "a.csv:6:3: \"seg\" (--segment-fields): expected a value, found an empty one",
                          "a.csv:7:7: \"score\" (--score-field): expected a number, found \"inf\""));
  EXPECT_THAT(Errors("b.csv", "id,seg,answer,score,score\n1,a,b,1,0\n"),
              ElementsAre(HasSubstr("b.csv:1:21: the header has the field \"score\"")));
  EXPECT_THAT(Errors("c.csv", "id,seg,answer,score\n1,caf\xE9,b,1\n"),
              ElementsAre("c.csv:2:6: expected UTF-8, found a byte that is none"));
  EXPECT_THAT(Errors("d.csv", std::string("\xFF\xFEi\0d\0", 6)), ElementsAre(HasSubstr("found UTF-16")));
  EXPECT_THAT(Errors("e.csv", "id,seg,answer,score\n1,a,\"b,1\n"),
              ElementsAre("e.csv:2:5: a quote is never closed"));
}

TEST_F(ImportTest, FlagsThatContradictEachOtherAreAllSaid) {
  options_ = {};
  options_.pass_above = 0.5;
  options_.segment_fields = {"a", "a"};
  EXPECT_THAT(Errors("a.jsonl", "{}"), ElementsAre(HasSubstr("give --pass-field, or --score-field"),
                                                   HasSubstr("--pass-above needs --score-field"),
                                                   "--segment-fields: \"a\" stands there twice"));
  options_ = {};
  options_.pass_field = "ok";
  options_.score_field = "pass";
  options_.pass_above = 1;
  EXPECT_THAT(Errors("a.jsonl", "{}"), ElementsAre(HasSubstr("contradict"), HasSubstr("scores.pass")));
}

TEST_F(ImportTest, TheLogReadsBackAsItWasAndSaysTheSameEachTime) {
  options_.segment_fields = {"seg"};
  options_.output_field = "out";
  const std::string text = "{\"id\":\"a\\u0000\\n\",\"seg\":\"s\\\"\",\"out\":\"\\u001b[31m\",\"score\":1}\n";
  const ImportedRun run = Good("a.jsonl", text);
  EXPECT_EQ(LogText(run), LogText(Good("a.jsonl", text)));
  const auto log = log::ParseLog(LogText(run), "x", {.outputs = true});
  ASSERT_TRUE(log) << log.error().diagnostics.front().ToString();
  ASSERT_EQ(log->cases.size(), 1U);
  EXPECT_EQ(log->cases[0].case_id, std::string("a\0\n", 3));
  EXPECT_EQ(log->cases[0].segments, run.rows[0].segments);
  EXPECT_EQ(log->cases[0].output, "\x1b[31m");
  EXPECT_EQ(log->run.imported_from, "jsonl");
  EXPECT_EQ(log->run.target, "a");
  ASSERT_TRUE(log->end);
  EXPECT_EQ(log->end->cases, 1);
  EXPECT_FALSE(log->torn_tail);
}

TEST_F(ImportTest, TheDestinationIsNeverAnInputNorReplacedUnasked) {
  const std::string in = Write("in.jsonl", "{}"), old = Write("old.jsonl", "x");
  const std::vector<std::string> inputs{in};
  EXPECT_TRUE(CheckDestination(folder_ + "new.jsonl", false, inputs));
  EXPECT_TRUE(CheckDestination(old, true, inputs));
  EXPECT_FALSE(CheckDestination(old, false, inputs));
  EXPECT_FALSE(CheckDestination(in, true, inputs));
  std::filesystem::create_symlink(in, folder_ + "link.jsonl");
  EXPECT_FALSE(CheckDestination(folder_ + "link.jsonl", true, inputs));
  EXPECT_TRUE(CheckDestination("/dev/stdout", false, inputs));
}

TEST(Formats, AreFoundByName) {
  ASSERT_TRUE(FindFormat("csv"));
  EXPECT_STREQ((*FindFormat("csv"))->name, "csv");
  const auto none = FindFormat("jsnl");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().diagnostics[0].message, "there is no format \"jsnl\"; did you mean \"jsonl\"?");
}

}  // namespace
}  // namespace minslice::import
