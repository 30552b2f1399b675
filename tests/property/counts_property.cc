// Counts are a commutative monoid: any cut of the cases, any order, any tree of sums gives the same bytes.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "log/log_writer.h"
#include "minslice/case_counts.h"
#include "pair/counted.h"
#include "pair/pair.h"
#include "reduce/count_logs.h"
#include "reduce/counts_builder.h"
#include "reduce/counts_file.h"

namespace minslice::reduce {
namespace {

constexpr int kRepeats = 3;

RunLog EmptyLog(int side, int part) {
  RunLog log;
  log.path = std::string(kSideNames[side]) + std::to_string(part);
  log.sha256 = log.path;
  log.run.suite = "s";
  log.run.suite_sha256 = std::string(64, 'c');
  log.run.target = kSideNames[side];
  log.run.request_model = "m-2026-01-01";
  log.run.imported_from = "test";  // its end record promises no number of rows
  log.end.emplace();
  return log;
}

// The rows of one case on both sides.
struct CaseRows {
  std::vector<CaseRecord> rows[2];
};

std::vector<CaseRows> Cases() {
  const auto n = *rc::gen::inRange<std::size_t>(1, 40);
  std::vector<CaseRows> cases(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<Segment> segments;
    if (*rc::gen::inRange(0, 4) > 0)
      segments.push_back({"flow", *rc::gen::element<std::string>("a", "b\"", "\xE6\x97\xA5")});
    if (*rc::gen::inRange(0, 3) > 0) segments.push_back({"tenant", *rc::gen::element<std::string>("x", "y")});
    std::optional<std::string> cluster;
    if (*rc::gen::inRange(0, 2) > 0) cluster = *rc::gen::element<std::string>("d1", "d2", "d\\3", "");
    for (int side = 0; side < 2; ++side) {
      for (int repeat = 1; repeat <= kRepeats; ++repeat) {
        if (*rc::gen::inRange(0, 5) == 0) continue;
        CaseRecord row;
        row.case_id = "c" + std::to_string(i);
        row.repeat = repeat;
        row.outcome =
            *rc::gen::element(Outcome::kPass, Outcome::kFail, Outcome::kModelError, Outcome::kInfraError);
        if (row.outcome == Outcome::kPass || row.outcome == Outcome::kFail)
          row.scores = {{"pass", row.outcome == Outcome::kPass ? 1.0 : 0.0},
                        {"q", *rc::gen::inRange(-5000, 5000) / 997.0}};
        row.segments = segments;
        row.cluster = cluster;
        row.response_model = *rc::gen::element<std::string>("m-1", "m-2");
        if (*rc::gen::inRange(0, 2) > 0) row.latency_ms = *rc::gen::inRange(0, 1 << 24) / 37.0;
        if (*rc::gen::inRange(0, 2) > 0) row.cost_usd = *rc::gen::inRange(0, 1 << 20) / 1e7;
        row.input_tokens = *rc::gen::inRange(0, 5000);
        cases[i].rows[side].push_back(std::move(row));
      }
    }
  }
  return cases;
}

CaseCounts Count(const std::vector<CaseRows>& cases, const std::vector<std::size_t>& of, int part) {
  RunLog logs[2] = {EmptyLog(0, part), EmptyLog(1, part)};
  for (const std::size_t i : of) {
    for (std::size_t side = 0; side < 2; ++side)
      logs[side].cases.insert(logs[side].cases.end(), cases[i].rows[side].begin(), cases[i].rows[side].end());
  }
  Result<CaseCounts> counts = CountLogs({&logs[0], 1}, {&logs[1], 1}, {"q"});
  RC_ASSERT(counts.has_value());
  return *std::move(counts);
}

// The text with nothing in it of the files that were counted.
std::string Text(CaseCounts counts) {
  counts.logs.clear();
  return CountsText(counts);
}

TEST(CountsProperty, AnyTreeOfSumsIsTheSame) {
  EXPECT_TRUE(rc::check("sum", [] {
    const std::vector<CaseRows> cases = Cases();
    std::vector<std::size_t> all(cases.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    const std::string whole = Text(Count(cases, all, 0));
    const auto parts = *rc::gen::inRange<std::size_t>(1, 8);
    std::vector<std::vector<std::size_t>> cut(parts);
    for (const std::size_t i : all) cut[*rc::gen::inRange<std::size_t>(0, parts)].push_back(i);
    std::vector<CaseCounts> counted;
    for (std::size_t k = 0; k < parts; ++k) counted.push_back(Count(cases, cut[k], static_cast<int>(k) + 1));
    while (counted.size() > 1) {
      const auto a = *rc::gen::inRange<std::size_t>(0, counted.size());
      std::swap(counted[a], counted.back());
      CaseCounts first = std::move(counted.back());
      counted.pop_back();
      const auto b = *rc::gen::inRange<std::size_t>(0, counted.size());
      std::vector<CaseCounts> two;
      two.push_back(std::move(first));
      two.push_back(std::move(counted[b]));
      Result<CaseCounts> sum = AddCounts(two);
      RC_ASSERT(sum.has_value());
      counted[b] = *std::move(sum);
    }
    RC_ASSERT(Text(counted.front()) == whole);
  }));
}

TEST(CountsProperty, TextReadsBack) {
  EXPECT_TRUE(rc::check("text", [] {
    const std::vector<CaseRows> cases = Cases();
    std::vector<std::size_t> all(cases.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    CaseCounts counts = Count(cases, all, 0);
    const std::string text = CountsText(counts);
    Result<CaseCounts> read = ParseCounts(text, "counts");
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->sha256 == counts.sha256);
    RC_ASSERT(CountsText(*read) == text);
    // One byte that is another: refused, wherever it stands.
    std::string bad = text;
    char& byte = bad[*rc::gen::inRange<std::size_t>(0, text.size())];
    byte = static_cast<char>(byte ^ 1);
    RC_ASSERT(!ParseCounts(bad, "counts").has_value());
    RC_ASSERT(
        !ParseCounts(text.substr(0, *rc::gen::inRange<std::size_t>(0, text.size())), "counts").has_value());
  }));
}

// The table of counts is the table of the logs, but for the ids and the order of the cases.
TEST(CountsProperty, PairsAsTheLogsDo) {
  EXPECT_TRUE(rc::check("pairs", [] {
    const std::vector<CaseRows> cases = Cases();
    RunLog logs[2] = {EmptyLog(0, 0), EmptyLog(1, 0)};
    for (const CaseRows& one : cases) {
      for (std::size_t side = 0; side < 2; ++side)
        logs[side].cases.insert(logs[side].cases.end(), one.rows[side].begin(), one.rows[side].end());
    }
    const Result<CaseCounts> counts = CountLogs({&logs[0], 1}, {&logs[1], 1}, {"q"});
    RC_ASSERT(counts.has_value());
    for (const char* metric : {"pass", "q"}) {
      const pair::PairResult from_logs = pair::Pair({&logs[0], 1}, {&logs[1], 1}, metric);
      const pair::PairResult from_counts = pair::PairCounts(*counts, metric);
      const auto rows_of = [](const PairedTable& table) {
        std::vector<std::string> rows;
        for (std::size_t i = 0; i < table.n_cases(); ++i) {
          std::string row;
          for (const Dimension& dimension : table.dimensions) {
            const std::uint32_t v = dimension.value_of_case[i];
            row += dimension.name + "=" + (v == kNoValue ? "(none)" : dimension.values[v]) + " ";
          }
          if (!table.cluster_of_case.empty())
            row +=
                table.cluster_of_case[i] == kNoValue ? "-" : "+" + table.clusters[table.cluster_of_case[i]];
          for (const PairedArm* arm : {&table.incumbent, &table.candidate}) {
            const auto k = static_cast<std::size_t>(arm->repeats);
            for (std::size_t r = i * k; r < (i + 1) * k; ++r)
              row += " " + std::to_string(arm->scores[r]) + (arm->has_row[r] != 0 ? "r" : "") +
                     (arm->model_error[r] != 0 ? "e" : "");
            row += " mean " + std::to_string(arm->case_mean(i));
          }
          rows.push_back(std::move(row));
        }
        std::sort(rows.begin(), rows.end());
        return rows;
      };
      RC_ASSERT(rows_of(from_logs.table) == rows_of(from_counts.table));
      RC_ASSERT(from_logs.table.binary == from_counts.table.binary);
      RC_ASSERT(from_logs.unpaired.incumbent_only.size() == from_counts.unpaired.incumbent_only.size());
      RC_ASSERT(from_logs.unpaired.candidate_infra.size() == from_counts.unpaired.candidate_infra.size());
    }
  }));
}

}  // namespace
}  // namespace minslice::reduce
