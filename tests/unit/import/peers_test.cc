// Real logs of other harnesses against the counts that the mock endpoint's rule gives without any of the
// tools (README.md and truth.tsv of the shared folder), and short excerpts of them that every clone has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "import/import.h"
#include "log/log_reader.h"
#include "minslice/stats/mcnemar.h"
#include "pair/pair.h"

namespace minslice::import {
namespace {

using testing::HasSubstr;

const std::string kPeers = std::string(MINSLICE_SHARED) + "/fixtures/peers/";

struct File {
  const char* format;
  const char* path;
  Options options;
  int pass, fail, model_error, infra_error;
  bool finished;
};

Options With(const char* id, const char* provider = "", const char* filter = "") {
  Options options;
  if (*id != 0) options.id_field = id;
  options.provider = provider;
  options.filter = filter;
  return options;
}

const char* const kLmA = "lm-eval/mock-a/samples_triage_2026-11-21T03-22-58.789088.jsonl";
const char* const kLmB = "lm-eval/mock-b/samples_triage_2026-11-21T03-23-43.438457.jsonl";
const char* const kLmRepeats = "lm-eval/repeats3-mock-b/samples_triage_rep_2026-11-21T03-24-22.366549.jsonl";

const std::vector<File>& Files() {
  static const std::vector<File> kFiles = {
      {"lm-eval", kLmA, {}, 170, 60, 0, 0, true},
      {"lm-eval", kLmB, With("id"), 179, 51, 0, 0, true},
      {"lm-eval", kLmRepeats, With("", "", "first"), 28, 12, 0, 0, true},
      {"lm-eval", kLmRepeats, With("", "", "maj3"), 26, 14, 0, 0, true},
      {"lm-eval", kLmRepeats, With("", "", "resps"), 80, 40, 0, 0, true},
      {"inspect", "inspect/triage_mock-a.eval", {}, 170, 60, 0, 0, true},
      {"inspect", "inspect/triage_mock-b.eval", {}, 179, 51, 0, 0, true},
      {"inspect", "inspect/epochs3_mock-a.eval", {}, 88, 32, 0, 0, true},
      {"inspect", "inspect/epochs3_mock-b.eval", {}, 80, 40, 0, 0, true},
      {"inspect", "inspect/epochs2_mock-b.json", {}, 7, 9, 0, 0, true},
      {"inspect", "inspect/errors_mock-b.eval", {}, 41, 16, 0, 3, true},
      {"inspect", "inspect/aborted_mock-b.eval", {}, 3, 2, 0, 6, false},
      {"inspect", "inspect/killed_mock-b.eval", {}, 114, 36, 0, 0, false},
      {"inspect", "inspect/null_content_mock-b.eval", {}, 8, 9, 3, 0, true},
      {"promptfoo", "promptfoo/two_providers.jsonl", With("", "mock-a"), 170, 60, 0, 0, true},
      {"promptfoo", "promptfoo/two_providers.jsonl", With("id", "openai:chat:mock-b"), 179, 51, 0, 0, true},
      {"promptfoo", "promptfoo/two_providers.csv", With("", "mock-a"), 170, 60, 0, 0, true},
      {"promptfoo", "promptfoo/two_providers.csv", With("id", "mock-b"), 179, 51, 0, 0, true},
      {"promptfoo", "promptfoo/two_providers_first12.json", With("", "mock-a"), 8, 4, 0, 0, true},
      {"promptfoo", "promptfoo/two_providers_first12.json", With("", "mock-b"), 4, 8, 0, 0, true},
      {"promptfoo", "promptfoo/repeat3_first12.jsonl", With("", "mock-a"), 23, 13, 0, 0, true},
      {"promptfoo", "promptfoo/repeat3_first12.jsonl", With("", "mock-b"), 10, 26, 0, 0, true},
      {"promptfoo", "promptfoo/repeat3_first12.csv", With("", "mock-a"), 23, 13, 0, 0, true},
      {"promptfoo", "promptfoo/errors_first30.jsonl", With("", "mock-a"), 18, 8, 0, 4, true},
      {"promptfoo", "promptfoo/errors_first30.jsonl", With("", "mock-b"), 17, 10, 0, 3, true},
      {"promptfoo", "promptfoo/errors_first30.csv", With("", "mock-b"), 17, 10, 0, 3, true},
      {"promptfoo", "promptfoo/null_content_first20.jsonl", {}, 8, 9, 3, 0, true},
      {"nemo", "nemo-evaluator/mock-a/results.jsonl", With("case_id"), 42, 18, 0, 0, true},
      {"nemo", "nemo-evaluator/mock-b/results.jsonl", {}, 41, 19, 0, 0, true},
  };
  return kFiles;
}

Result<ImportedRun> Read(const std::string& format, const std::string& path, const Options& options) {
  return (*FindFormat(format))->read(std::span(&path, 1), options, io::RealFileSystem());
}

std::string Text(const Failure& failure) {
  std::string text;
  for (const Diagnostic& diagnostic : failure.diagnostics) text += diagnostic.ToString() + "\n";
  return text;
}

RunLog Log(const std::string& format, const std::string& path, const Options& options) {
  const auto run = Read(format, path, options);
  if (!run) {
    ADD_FAILURE() << Text(run.error());
    return {};
  }
  auto log = log::ParseLog(LogText(*run), path);
  if (!log) {
    ADD_FAILURE() << Text(log.error());
    return {};
  }
  return *std::move(log);
}

class SharedPeers : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kPeers)) GTEST_SKIP() << "no shared folder: " << kPeers;
  }
};

TEST_F(SharedPeers, EveryFileGivesItsTrueCount) {
  for (const File& file : Files()) {
    SCOPED_TRACE(std::string(file.path) + " " + file.options.provider + file.options.filter);
    const auto run = Read(file.format, kPeers + file.path, file.options);
    ASSERT_TRUE(run) << Text(run.error());
    EXPECT_EQ(run->passed, file.pass);
    EXPECT_EQ(run->failed - run->model_errors - run->infra_errors, file.fail);
    EXPECT_EQ(run->model_errors, file.model_error);
    EXPECT_EQ(run->infra_errors, file.infra_error);
    EXPECT_EQ(run->finished, file.finished);
    const auto log = log::ParseLog(LogText(*run), "log");
    ASSERT_TRUE(log) << Text(log.error());
    EXPECT_EQ(log->end.has_value(), file.finished);
    RowLines lines;
    Options to_lines = file.options;
    to_lines.rows = &lines;
    const auto again = Read(file.format, kPeers + file.path, to_lines);
    ASSERT_TRUE(again) << Text(again.error());
    EXPECT_EQ(LogText(*again, lines), LogText(*run));
  }
}

TEST_F(SharedPeers, PairingGivesTheTrueTableFromEachTool) {
  struct Sides {
    const char *format, *a, *b;
    Options of_a, of_b;
  };
  const std::vector<Sides> kSides = {
      {"lm-eval", kLmA, kLmB, {}, {}},
      {"lm-eval", kLmA, kLmB, With("id"), With("id")},
      {"inspect", "inspect/triage_mock-a.eval", "inspect/triage_mock-b.eval", {}, {}},
      {"promptfoo", "promptfoo/two_providers.jsonl", "promptfoo/two_providers.jsonl", With("", "mock-a"),
       With("", "mock-b")},
      {"promptfoo", "promptfoo/two_providers.csv", "promptfoo/two_providers.jsonl", With("id", "mock-a"),
       With("id", "mock-b")},
  };
  for (const Sides& sides : kSides) {
    SCOPED_TRACE(std::string(sides.format) + " " + sides.a);
    const RunLog a = Log(sides.format, kPeers + sides.a, sides.of_a);
    const RunLog b = Log(sides.format, kPeers + sides.b, sides.of_b);
    const pair::PairResult paired = pair::Pair({&a, 1}, {&b, 1});
    for (const pair::Finding& finding : paired.findings) ADD_FAILURE() << finding.text;
    int counts[2][2] = {};
    for (std::size_t i = 0; i < paired.table.n_cases(); ++i) {
      ASSERT_TRUE(paired.table.complete(i));
      ++counts[paired.table.incumbent.case_mean(i) == 1][paired.table.candidate.case_mean(i) == 1];
    }
    EXPECT_EQ(counts[1][1], 150);
    EXPECT_EQ(counts[1][0], 20);
    EXPECT_EQ(counts[0][1], 29);
    EXPECT_EQ(counts[0][0], 31);
    // scipy.stats.binomtest(20, 49).pvalue
    EXPECT_NEAR(stats::McNemarExact({.both = counts[1][1],
                                     .incumbent_only = counts[1][0],
                                     .candidate_only = counts[0][1],
                                     .neither = counts[0][0]})
                    .p,
                0.25287, 5e-6);
  }
}

TEST_F(SharedPeers, TheAnsweringModelsDriftSurvives) {
  const RunLog inspect = Log("inspect", kPeers + "inspect/triage_mock-b.eval", {});
  EXPECT_EQ(inspect.run.request_model, "openai-api/mock/mock-b");
  ASSERT_EQ(inspect.cases.size(), 230U);
  for (const CaseRecord& row : inspect.cases) {
    EXPECT_EQ(row.response_model, row.case_id <= "p0150" ? "mock-b-2026-04-10" : "mock-b-2026-06-01");
    EXPECT_EQ(row.segments.size(), 2U);
  }
  const RunLog nemo = Log("nemo", kPeers + "nemo-evaluator/mock-b/results.jsonl", With("case_id"));
  EXPECT_EQ(nemo.run.request_model, "mock-b");
  for (const CaseRecord& row : nemo.cases)
    EXPECT_EQ(row.response_model, row.case_id <= "p0150" ? "mock-b-2026-04-10" : "mock-b-2026-06-01");
}

TEST_F(SharedPeers, AmbiguityIsRefusedWithTheNames) {
  EXPECT_THAT(Text(Read("lm-eval", kPeers + kLmRepeats, {}).error()),
              HasSubstr("rows of several filters; choose with --filter: \"first\", \"maj3\", \"resps\""));
  EXPECT_THAT(Text(Read("promptfoo", kPeers + "promptfoo/two_providers.csv", {}).error()),
              HasSubstr("--provider \"mock-a\" --prompt-index 0, --provider \"mock-b\" --prompt-index 1"));
  Options wrong;
  wrong.scorer = "exat";
  EXPECT_THAT(Text(Read("inspect", kPeers + "inspect/triage_mock-a.eval", wrong).error()),
              HasSubstr("no sample has the scorer \"exat\"; choose with --scorer: \"exact\""));
  EXPECT_THAT(Text(Read("lm-eval", kPeers + "promptfoo/two_providers.jsonl", {}).error()),
              HasSubstr("found what looks like promptfoo results (import promptfoo)"));
  EXPECT_THAT(Text(Read("promptfoo", kPeers + "inspect/epochs2_mock-b.json", {}).error()),
              HasSubstr("an Inspect log (import inspect)"));
}

// A log that was cut in the middle loses its zip directory: whole entries are read, the rest is counted.
TEST_F(SharedPeers, ACutArchiveIsRecovered) {
  std::ifstream in(kPeers + "inspect/triage_mock-b.eval", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::string path = testing::TempDir() + "minslice_cut.eval";
  std::ofstream(path, std::ios::binary) << bytes.substr(0, 200000);
  const auto run = Read("inspect", path, {});
  std::filesystem::remove(path);
  ASSERT_TRUE(run) << Text(run.error());
  EXPECT_FALSE(run->finished);
  EXPECT_GT(run->rows.size(), 60U);
  EXPECT_THAT(run->notes, testing::Contains(HasSubstr("of 230 samples are missing")));
}

// Excerpts in tests/data/peers; counts from truth.tsv.
TEST(PeerExcerpts, EveryFormatIsRead) {
  const std::string data = std::string(MINSLICE_TEST_DATA) + "/peers/";
  const std::vector<File> files = {
      {"lm-eval", "samples_triage_2026-11-21T03-22-58.789088.jsonl", With("id"), 3, 2, 0, 0, true},
      {"inspect", "aborted_mock-b.eval", {}, 3, 2, 0, 6, false},
      {"promptfoo", "two_providers_first3.jsonl", With("id", "mock-a"), 2, 1, 0, 0, true},
      {"nemo", "results.jsonl", With("case_id"), 5, 0, 0, 0, true},
  };
  for (const File& file : files) {
    SCOPED_TRACE(file.path);
    const auto run = Read(file.format, data + file.path, file.options);
    ASSERT_TRUE(run) << Text(run.error());
    EXPECT_EQ(run->passed, file.pass);
    EXPECT_EQ(run->failed - run->model_errors - run->infra_errors, file.fail);
    EXPECT_EQ(run->infra_errors, file.infra_error);
    EXPECT_EQ(run->finished, file.finished);
  }
}

TEST(PeerShapes, DeepJsonAndLongNestsAreRefused) {
  const std::string path = testing::TempDir() + "minslice_deep.jsonl";
  std::ofstream(path) << "{\"doc\":" << std::string(100, '[') << std::string(100, ']') << ",\"resps\":[]}\n";
  const auto run = Read("lm-eval", path, {});
  std::filesystem::remove(path);
  ASSERT_FALSE(run);
  EXPECT_THAT(Text(run.error()), HasSubstr("nested more than 64 levels deep"));
}

}  // namespace
}  // namespace minslice::import
