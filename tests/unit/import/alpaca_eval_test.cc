// Real results, imported, paired and counted. The expected figures are those of
// tests/data/alpaca_eval/README.md, counted by scripts/reference/alpaca_eval.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/import.h"
#include "log/log_reader.h"
#include "pair/pair.h"

namespace minslice::import {
namespace {

RunLog Import(const std::string& model) {
  const std::vector<std::string> paths{std::string(MINSLICE_TEST_DATA "/alpaca_eval/") + model + ".jsonl"};
  Options options;
  options.score_field = "preference";
  options.pass_above = 0.5;
  options.segment_fields = {"length", "dataset"};
  options.model = model;
  const auto format = FindFormat("jsonl");
  if (!format) throw std::runtime_error("no format jsonl");
  const auto run = (*format)->read(paths, options, io::RealFileSystem());
  if (!run) throw std::runtime_error(run.error().diagnostics.front().ToString());
  EXPECT_EQ(run->rows.size(), 805U);
  // Through the log's text, as the command does it.
  auto log = log::ParseLog(LogText(*run), model);
  if (!log) throw std::runtime_error(log.error().diagnostics.front().ToString());
  return *std::move(log);
}

struct Counts {
  int n = 0, incumbent = 0, candidate = 0, b = 0, c = 0;
  bool operator==(const Counts&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Counts& counts) {
  return out << counts.n << ": " << counts.incumbent << " -> " << counts.candidate << ", b " << counts.b
             << ", c " << counts.c;
}

struct Expected {
  const char* incumbent;
  const char* candidate;
  const char* dimension;  // empty: all cases
  const char* value;
  Counts counts;
};

class AlpacaEval : public testing::TestWithParam<Expected> {};

TEST_P(AlpacaEval, ImportedAndPairedCountsAreThePublishedOnes) {
  const Expected& expected = GetParam();
  const RunLog incumbent = Import(expected.incumbent), candidate = Import(expected.candidate);
  const pair::PairResult paired = pair::Pair(std::span(&incumbent, 1), std::span(&candidate, 1));
  EXPECT_TRUE(paired.findings.empty());
  const PairedTable& table = paired.table;
  ASSERT_EQ(table.dimensions.size(), 2U);
  Counts counts;
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    ASSERT_TRUE(table.complete(i));
    bool in_slice = *expected.dimension == '\0';
    for (const Dimension& dimension : table.dimensions) {
      if (dimension.name == expected.dimension)
        in_slice = dimension.values[dimension.value_of_case[i]] == expected.value;
    }
    if (!in_slice) continue;
    const bool x = table.incumbent.case_mean(i) == 1, y = table.candidate.case_mean(i) == 1;
    ++counts.n;
    counts.incumbent += x;
    counts.candidate += y;
    counts.b += x && !y;
    counts.c += !x && y;
  }
  EXPECT_EQ(counts, expected.counts);
}

constexpr const char* kGemma = "FuseChat-Gemma-2-9B-Instruct";
constexpr const char* kQwen = "FuseChat-Qwen-2.5-7B-Instruct";

INSTANTIATE_TEST_SUITE_P(
    Readme, AlpacaEval,
    testing::Values(Expected{"FuseChat-Llama-3.1-8B-Instruct", kQwen, "", "", {805, 518, 531, 110, 123}},
                    Expected{"FuseChat-Llama-3.2-1B-Instruct",
                             "FuseChat-Llama-3.2-3B-Instruct",
                             "",
                             "",
                             {805, 233, 424, 31, 222}},
                    Expected{"claude-2", "claude-2.1", "", "", {805, 131, 115, 48, 32}},
                    Expected{kQwen, kGemma, "", "", {805, 531, 575, 83, 127}},
                    Expected{kQwen, kGemma, "length", "long", {125, 95, 83, 19, 7}},
                    Expected{kQwen, kGemma, "length", "medium", {368, 232, 263, 37, 68}},
                    Expected{kQwen, kGemma, "length", "short", {312, 204, 229, 27, 52}},
                    Expected{kQwen, kGemma, "dataset", "selfinstruct", {252, 174, 162, 41, 29}},
                    Expected{kQwen, kGemma, "dataset", "vicuna", {80, 59, 63, 5, 9}}));

}  // namespace
}  // namespace minslice::import
