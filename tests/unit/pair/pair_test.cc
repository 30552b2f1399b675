#include "pair/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "log/row_fields.h"

namespace minslice::pair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CaseRecord Row(const std::string& id, Outcome outcome, int repeat = 1, const std::string& flow = "a") {
  CaseRecord record;
  record.case_id = id;
  record.repeat = repeat;
  record.outcome = outcome;
  record.segments = {{"flow", flow}};
  record.prompt_sha256 = "prompt of " + id;
  return record;
}

RunLog Log(std::vector<CaseRecord> cases, const std::string& name = "log.jsonl") {
  RunLog log;
  log.path = name;
  log.sha256 = name;
  log.run.suite = "s";
  log.run.suite_sha256 = "0123456789abcdef";
  log.cases = std::move(cases);
  log.end = EndRecord{};
  return log;
}

PairResult PairOf(const RunLog& incumbent, const RunLog& candidate) {
  return Pair(std::span(&incumbent, 1), std::span(&candidate, 1));
}

std::vector<std::string> Codes(const PairResult& result) {
  std::vector<std::string> codes;
  for (const Finding& finding : result.findings) codes.push_back(finding.code);
  return codes;
}

std::vector<double> Means(const PairedTable& table, const PairedArm& arm) {
  std::vector<double> means;
  for (std::size_t i = 0; i < table.n_cases(); ++i) means.push_back(arm.case_mean(i));
  return means;
}

constexpr Outcome kPass = Outcome::kPass;
constexpr Outcome kFail = Outcome::kFail;

TEST(Pair, JoinsByIdWhateverTheOrderOfLines) {
  const RunLog incumbent = Log({Row("b", kFail), Row("a", kPass), Row("c", Outcome::kModelError)});
  RunLog candidate = Log({Row("a", kFail), Row("c", kPass), Row("b", kPass)});
  const PairResult result = PairOf(incumbent, candidate);
  EXPECT_THAT(Codes(result), IsEmpty());
  EXPECT_THAT(result.table.case_ids, ElementsAre("a", "b", "c"));
  EXPECT_THAT(result.table.incumbent.scores, ElementsAre(1, 0, 0));  // a model_error counts as fail
  EXPECT_THAT(result.table.candidate.scores, ElementsAre(0, 1, 1));
  EXPECT_THAT(result.table.incumbent.model_error, ElementsAre(0, 0, 1));
  EXPECT_TRUE(result.table.binary);
  std::reverse(candidate.cases.begin(), candidate.cases.end());
  EXPECT_EQ(PairOf(incumbent, candidate).table.candidate.scores, result.table.candidate.scores);
}

TEST(Pair, NamesWhatDidNotPair) {
  const RunLog incumbent =
      Log({Row("a", kPass), Row("b", kPass), Row("c", Outcome::kInfraError), Row("d", kPass)});
  const RunLog candidate =
      Log({Row("a", kPass), Row("c", kPass), Row("d", Outcome::kInfraError), Row("e", kPass)});
  const PairResult result = PairOf(incumbent, candidate);
  EXPECT_THAT(result.table.case_ids, ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_TRUE(result.table.complete(0));
  for (std::size_t i = 1; i < 5; ++i) EXPECT_FALSE(result.table.complete(i)) << i;
  EXPECT_THAT(result.unpaired.incumbent_only, ElementsAre("b"));
  EXPECT_THAT(result.unpaired.candidate_only, ElementsAre("e"));
  EXPECT_THAT(result.unpaired.incumbent_infra, ElementsAre("c"));
  EXPECT_THAT(result.unpaired.candidate_infra, ElementsAre("d"));
}

TEST(Pair, RefusesOtherPromptsAndSegmentsUnderOneId) {
  const RunLog incumbent = Log({Row("a", kPass), Row("b", kPass)});
  RunLog candidate = Log({Row("a", kPass), Row("b", kPass)});
  candidate.cases[1].prompt_sha256 = "another";
  candidate.cases[0].segments[0].value = "other";
  const PairResult result = PairOf(incumbent, candidate);
  EXPECT_THAT(Codes(result), ElementsAre("prompt_mismatch", "segment_mismatch"));
  EXPECT_THAT(result.findings[0].case_ids, ElementsAre("b"));
  EXPECT_THAT(result.findings[1].case_ids, ElementsAre("a"));
}

TEST(Pair, RefusesAnotherSuiteAndAcceptsAnUnknownOne) {
  const RunLog incumbent = Log({Row("a", kPass)});
  RunLog candidate = Log({Row("a", kPass)});
  candidate.run.suite_sha256 = "fedcba9876543210";
  EXPECT_THAT(Codes(PairOf(incumbent, candidate)), ElementsAre("suite_mismatch"));
  candidate.run.suite_sha256.reset();
  candidate.run.imported_from = "jsonl";
  EXPECT_THAT(Codes(PairOf(incumbent, candidate)), IsEmpty());
}

TEST(Pair, DuplicateRowsAreAFindingNotAChoice) {
  const RunLog incumbent = Log({Row("a", kPass), Row("a", kFail), Row("b", kPass)});
  const RunLog candidate = Log({Row("a", kPass), Row("b", kPass)});
  const PairResult result = PairOf(incumbent, candidate);
  EXPECT_THAT(Codes(result), ElementsAre("duplicate_rows"));
  EXPECT_THAT(result.findings[0].case_ids, ElementsAre("a"));
}

TEST(Pair, UnfinishedLogsAndNoPairsAreFindings) {
  RunLog incumbent = Log({Row("a", kPass)});
  incumbent.end.reset();
  const RunLog candidate = Log({Row("b", kPass)});
  EXPECT_THAT(Codes(PairOf(incumbent, candidate)), ElementsAre("unfinished_log", "no_pairs"));
}

TEST(Pair, RepeatsAreAveragedPerCase) {
  const RunLog log = Log({Row("a", kPass, 1), Row("a", kFail, 2), Row("a", kFail, 3), Row("b", kPass, 1),
                          Row("b", Outcome::kInfraError, 2), Row("b", kPass, 3)});
  const PairResult result = PairOf(log, log);
  EXPECT_EQ(result.table.incumbent.repeats, 3);
  EXPECT_DOUBLE_EQ(result.table.incumbent.case_mean(0), 1.0 / 3);
  EXPECT_DOUBLE_EQ(result.table.incumbent.case_mean(1), 1.0);  // over the two that there are
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST(Pair, RepeatsThatTheOtherSideLacksAreLeftOutAndCounted) {
  const RunLog three = Log({Row("a", kPass, 1), Row("a", kFail, 2), Row("a", kFail, 3), Row("b", kPass, 1)});
  const RunLog one = Log({Row("a", kPass, 1), Row("b", kPass, 1)});
  const PairResult result = PairOf(three, one);
  EXPECT_EQ(result.table.incumbent.repeats, 1);
  EXPECT_THAT(Means(result.table, result.table.incumbent), ElementsAre(1, 1));
  ASSERT_EQ(result.warnings.size(), 1U);
  EXPECT_THAT(result.warnings[0], HasSubstr("2 rows of its later repeats are not used"));
}

TEST(Pair, ALogWithFewerRowsThanItsEndSaysLostSome) {
  RunLog log = Log({Row("a", kPass), Row("b", kPass)});
  log.end->cases = 3;
  EXPECT_THAT(Codes(PairOf(log, Log({Row("a", kPass), Row("b", kPass)}, "other"))), ElementsAre("rows_lost"));
  log.run.imported_from = "jsonl";
  EXPECT_THAT(Codes(PairOf(log, Log({Row("a", kPass), Row("b", kPass)}, "other"))), IsEmpty());
}

TEST(Pair, SeveralLogsAreRepeatsWhereTheyOverlapAndShardsWhereTheyDoNot) {
  const std::vector<RunLog> repeats{Log({Row("a", kPass), Row("b", kPass)}, "1"),
                                    Log({Row("a", kFail), Row("b", kPass)}, "2")};
  const std::vector<RunLog> shards{Log({Row("a", kPass)}, "3"), Log({Row("b", kFail)}, "4")};
  const PairResult as_repeats = Pair(repeats, repeats);
  EXPECT_EQ(as_repeats.table.incumbent.repeats, 2);
  EXPECT_THAT(Means(as_repeats.table, as_repeats.table.incumbent), ElementsAre(0.5, 1));
  const PairResult as_shards = Pair(shards, shards);
  EXPECT_EQ(as_shards.table.candidate.repeats, 1);
  EXPECT_THAT(Means(as_shards.table, as_shards.table.candidate), ElementsAre(1, 0));
  const std::vector<RunLog> twice{Log({Row("a", kPass)}, "same"), Log({Row("a", kPass)}, "same")};
  EXPECT_THAT(Codes(Pair(twice, twice)), ElementsAre("duplicate_rows", "duplicate_rows"));
}

TEST(Pair, InternsSegmentsAndClustersAscending) {
  RunLog incumbent = Log({Row("a", kPass, 1, "z"), Row("b", kPass, 1, "m"), Row("c", kPass, 1, "z")});
  incumbent.cases[0].cluster = "doc-2";
  incumbent.cases[2].cluster = "doc-1";
  const PairResult result = PairOf(incumbent, incumbent);
  ASSERT_EQ(result.table.dimensions.size(), 1U);
  EXPECT_THAT(result.table.dimensions[0].values, ElementsAre("m", "z"));
  EXPECT_THAT(result.table.dimensions[0].value_of_case, ElementsAre(1, 0, 1));
  EXPECT_THAT(result.table.clusters, ElementsAre("doc-1", "doc-2"));
  EXPECT_THAT(result.table.cluster_of_case, ElementsAre(1, kNoValue, 0));
}

TEST(Pair, TakesSegmentsFromTheSideThatHasThem) {
  const RunLog incumbent = Log({Row("a", kPass)});
  RunLog candidate = Log({Row("a", kPass)});
  candidate.cases[0].segments.clear();
  const PairResult result = PairOf(incumbent, candidate);
  EXPECT_THAT(Codes(result), IsEmpty());
  ASSERT_EQ(result.table.dimensions.size(), 1U);
  ASSERT_EQ(result.warnings.size(), 1U);
  EXPECT_THAT(result.warnings[0], HasSubstr("the candidate's rows carry no segments"));
}

TEST(Pair, AGradedMetricMustBeThere) {
  RunLog incumbent = Log({Row("a", kPass), Row("b", Outcome::kModelError)});
  incumbent.cases[0].scores = {{"f1", 0.25}};
  RunLog candidate = incumbent;
  const PairResult result = Pair(std::span(&incumbent, 1), std::span(&candidate, 1), "f1");
  EXPECT_THAT(Codes(result), IsEmpty());
  EXPECT_THAT(result.table.incumbent.scores, ElementsAre(0.25, 0));
  EXPECT_FALSE(result.table.binary);
  candidate.cases[0].scores = {{"pass", 1}};
  EXPECT_THAT(Codes(Pair(std::span(&incumbent, 1), std::span(&candidate, 1), "f1")),
              ElementsAre("metric_missing"));
}

TEST(Pair, WarnsWhenRequestsDiffer) {
  RunLog incumbent = Log({Row("a", kPass)});
  RunLog candidate = Log({Row("a", kPass)});
  incumbent.run.request_json = R"({"temperature":0})";
  candidate.run.request_json = R"({"temperature":1})";
  ASSERT_EQ(PairOf(incumbent, candidate).warnings.size(), 1U);
}

// Logs of one side that are not of one run cannot be pooled.
TEST(Pair, ShardsOfDifferentRunsAreNamed) {
  RunLog a = Log({Row("a", kPass)}, "a.jsonl"), b = Log({Row("b", kPass)}, "b.jsonl");
  const RunLog candidate = Log({Row("a", kPass), Row("b", kPass)});
  const auto texts = [&] {
    const RunLog side[] = {a, b};
    std::vector<std::string> found;
    for (const Finding& finding : Pair(side, std::span(&candidate, 1)).findings) {
      if (finding.code == "side_mixed") found.push_back(finding.text);
    }
    return found;
  };
  EXPECT_THAT(texts(), IsEmpty());
  b.run.target = "other";
  b.run.request_model = "m2";
  b.run.request_json = "{\"temperature\":1}";
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("a.jsonl has the target (none), b.jsonl has other"),
                                   HasSubstr("a.jsonl has the request_model (none), b.jsonl has m2"),
                                   HasSubstr("the request")));
  b.run = a.run;
  b.run.suite = "t";
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("a.jsonl has the suite s, b.jsonl has t")));
}

TEST(Pair, OnePromptUnderManyIdsIsSaid) {
  RunLog incumbent = Log({Row("a", kPass), Row("b", kPass), Row("c", kFail), Row("d", kFail)});
  for (CaseRecord& row : incumbent.cases) row.prompt_sha256 = row.case_id == "d" ? "other" : "same";
  EXPECT_THAT(
      PairOf(incumbent, incumbent).warnings,
      ElementsAre(HasSubstr("one prompt stands under several ids (same prompt_sha256): 3 cases are counted "
                            "as independent and are not; give cases of one prompt one `cluster`")));
  for (CaseRecord& row : incumbent.cases) row.cluster = "one";
  EXPECT_THAT(PairOf(incumbent, incumbent).warnings, IsEmpty());
}

TEST(Pair, HashesThatOneSideLacksAreNoSilence) {
  const RunLog incumbent = Log({Row("a", kPass), Row("b", kPass)});
  RunLog candidate = incumbent;
  candidate.sha256 = "other";
  candidate.run.suite_sha256.reset();
  for (CaseRecord& row : candidate.cases) row.prompt_sha256.reset();
  EXPECT_THAT(Codes(PairOf(incumbent, candidate)), ElementsAre("suite_unknown", "prompt_unknown"));
  EXPECT_THAT(Codes(PairOf(candidate, incumbent)), ElementsAre("suite_unknown", "prompt_unknown"));
  candidate.run.imported_from = "jsonl";  // may know neither
  const PairResult imported = PairOf(incumbent, candidate);
  EXPECT_THAT(Codes(imported), IsEmpty());
  EXPECT_THAT(imported.warnings,
              ElementsAre(HasSubstr("has no suite_sha256"),
                          HasSubstr("the candidate's rows have no prompt_sha256 for 2 cases (a, ...)")));
}

}  // namespace
}  // namespace minslice::pair
