// A log read both ways: as rows, which only the JSON parser reads, and as columns.
#ifndef MINSLICE_TESTS_UNIT_LOG_SAME_LOG_H_
#define MINSLICE_TESTS_UNIT_LOG_SAME_LOG_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "log/log_reader.h"
#include "log/row_columns.h"

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
    const RowColumns::Usage usage = columns.usage(row);
    ASSERT_EQ(usage.response_model, record.response_model.value_or(""));
    ASSERT_EQ(usage.cost_usd, record.cost_usd);
    ASSERT_EQ(usage.latency_ms, record.latency_ms);
    ASSERT_EQ(usage.input_tokens, record.input_tokens);
    ASSERT_EQ(usage.output_tokens, record.output_tokens);
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
