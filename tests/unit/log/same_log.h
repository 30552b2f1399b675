// A log read both ways: as rows, which only the JSON parser reads, and as columns.
#ifndef MINSLICE_TESTS_UNIT_LOG_SAME_LOG_H_
#define MINSLICE_TESTS_UNIT_LOG_SAME_LOG_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "log/log_reader.h"
#include "log/row_columns.h"
#include "minslice/case_counts.h"

namespace minslice::log {

inline constexpr char kRun[] = R"({"record":"run","log_version":1,"suite":"s","target":"t","repeats":2})";
inline constexpr char kEnd[] = R"({"record":"end","cases":1,"repeats":1,"ended_at":"2026-11-21T04:00:00Z"})";

inline std::string Case(const std::string& fields) { return R"({"record":"case",)" + fields + "}"; }

inline std::string Text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

// What both ways of reading say of a text: the same errors, or the empty text.
inline std::string ErrorOf(const std::string& text) {
  const auto rows = ParseLog(text, "l"), columns = ParseLog(text, "l", {.columns = true});
  EXPECT_EQ(rows.has_value(), columns.has_value()) << text;
  if (rows || columns) return "";
  std::string errors, of_columns;
  for (const Diagnostic& d : rows.error().diagnostics) errors += d.ToString() + "\n";
  for (const Diagnostic& d : columns.error().diagnostics) of_columns += d.ToString() + "\n";
  EXPECT_EQ(errors, of_columns) << text;
  return errors;
}

inline std::size_t DeploymentsThatAnswered(const RunLog& log) {
  std::set<std::string> names;
  for (const CaseRecord& row : log.cases) {
    if (row.outcome != Outcome::kInfraError && row.via && row.via->deployment)
      names.insert(*row.via->deployment);
  }
  return names.size();
}

// The sums over the rows, one by one and as whole numbers.
inline void ExpectSums(const RunLog& rows, const CountedSide& sums) {
  std::array<std::int64_t, 4> outcomes = {};
  std::optional<std::int64_t> cost, input, output;
  std::map<std::int64_t, std::int64_t> latency;
  std::map<std::string, std::int64_t> answered, passed;
  std::int64_t segments = 0, clusters = 0, prompts = 0;
  for (const CaseRecord& row : rows.cases) {
    ++outcomes.at(static_cast<std::size_t>(row.outcome));
    if (row.cost_usd && FitsCost(*row.cost_usd)) cost = cost.value_or(0) + CostUnits(*row.cost_usd);
    if (row.input_tokens) input = input.value_or(0) + *row.input_tokens;
    if (row.output_tokens) output = output.value_or(0) + *row.output_tokens;
    segments += row.segments.empty() ? 0 : 1;
    clusters += row.cluster ? 1 : 0;
    prompts += row.prompt_sha256 ? 1 : 0;
    if (row.outcome == Outcome::kInfraError) continue;
    if (row.latency_ms && LatencyClass(*row.latency_ms) >= 0) ++latency[LatencyClass(*row.latency_ms)];
    ++answered[row.response_model.value_or("")];
    passed[row.response_model.value_or("")] += row.outcome == Outcome::kPass ? 1 : 0;
  }
  EXPECT_EQ(sums.rows, outcomes);
  EXPECT_EQ(sums.cost_units, cost);
  EXPECT_EQ(sums.input_tokens, input);
  EXPECT_EQ(sums.output_tokens, output);
  EXPECT_EQ(sums.latency, latency);
  EXPECT_EQ(std::tie(sums.with_segments, sums.with_cluster, sums.with_prompt),
            std::tie(segments, clusters, prompts));
  ASSERT_EQ(sums.models.size(), answered.size());
  for (const auto& [name, model] : sums.models) {
    EXPECT_EQ(std::accumulate(model.by_repeat.begin(), model.by_repeat.end(), std::int64_t{0}),
              answered[name]);
    EXPECT_EQ(model.passes, passed[name]);
  }
}

// A log that can be read: its columns against its rows.
inline void ExpectSame(const std::string& text) {
  const auto rows = ParseLog(text, "l"), read = ParseLog(text, "l", {.columns = true});
  ASSERT_TRUE(rows && read) << text;
  EXPECT_EQ(rows->sha256, read->sha256);
  EXPECT_EQ(rows->superseded, read->superseded);
  EXPECT_EQ(rows->end.has_value(), read->end.has_value()) << text;
  EXPECT_EQ(rows->stop.has_value(), read->stop.has_value()) << text;
  EXPECT_EQ(rows->torn_tail, read->torn_tail) << text;
  const RowColumns& columns = *read->columns;
  ExpectSums(*rows, columns.sums());
  ASSERT_EQ(columns.size(), rows->cases.size()) << text;
  // The rows in the columns' order.
  std::vector<const CaseRecord*> sorted;
  for (const CaseRecord& row : rows->cases) sorted.push_back(&row);
  std::stable_sort(sorted.begin(), sorted.end(), [](const CaseRecord* a, const CaseRecord* b) {
    return std::tie(a->case_id, a->repeat) < std::tie(b->case_id, b->repeat);
  });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::uint32_t row = columns.Ordered(i);
    const CaseRecord& record = *sorted[i];
    ASSERT_EQ(columns.id(row), record.case_id) << text;
    ASSERT_EQ(columns.repeat(row), record.repeat);
    ASSERT_EQ(columns.outcome(row), record.outcome) << text;
    ASSERT_EQ(columns.segment_sets()[columns.segments(row)], record.segments);
    ASSERT_EQ(columns.cluster(row) != RowColumns::kNone, record.cluster.has_value());
    if (record.cluster) {
      ASSERT_EQ(columns.clusters()[columns.cluster(row)], *record.cluster);
    }
    ASSERT_EQ(columns.prompt(row) != 0, record.prompt_sha256.has_value());
    ASSERT_EQ(columns.latency_ms(row), record.latency_ms);
    const RowColumns::Serving& serving = columns.servings()[columns.serving(row)];
    ASSERT_EQ(serving.response_model, record.response_model.value_or(""));
    ASSERT_EQ(serving.system_fingerprint, record.system_fingerprint.value_or(""));
    ASSERT_EQ(serving.finish_reason, record.finish_reason) << text;
    ASSERT_EQ(columns.cached(row),
              record.via != nullptr && record.via->cache && IsCacheHit(*record.via->cache));
    ASSERT_EQ(columns.scores(row), record.scores) << text;
    if (i > 0) {
      ASSERT_TRUE(!columns.distinct_ids() || record.case_id != sorted[i - 1]->case_id) << text;
      ASSERT_EQ(columns.SameScores(row, columns.Ordered(i - 1)), record.scores == sorted[i - 1]->scores)
          << text;
    }
    const auto f1 = std::find_if(record.scores.begin(), record.scores.end(),
                                 [](const auto& score) { return score.first == "f1"; });
    ASSERT_EQ(std::isnan(columns.score(row, "f1")), f1 == record.scores.end()) << text;
    if (f1 != record.scores.end()) {
      ASSERT_EQ(columns.score(row, "f1"), f1->second) << text;
    }
  }
  ASSERT_EQ(columns.answers().deployments().size(), DeploymentsThatAnswered(*rows)) << text;
}

}  // namespace minslice::log

#endif  // MINSLICE_TESTS_UNIT_LOG_SAME_LOG_H_
