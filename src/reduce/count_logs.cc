#include "reduce/count_logs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "io/diagnostics.h"
#include "log/row_columns.h"
#include "pair/pair.h"
#include "reduce/counts_builder.h"
#include "reduce/shards.h"
#include "reduce/side_sums.h"

namespace minslice::reduce {
namespace {

void AddFindings(const pair::PairResult& paired, bool only_metric, io::Diagnostics& diagnostics) {
  for (const pair::Finding& finding : paired.findings) {
    if (finding.code == "no_pairs") continue;  // of a part of the cases; all of them together may pair
    if (only_metric && finding.code != "metric_missing") continue;
    diagnostics.Add({}, finding.code + ": " + finding.text);
  }
}

char Letter(const PairedArm& arm, std::size_t cell) {
  if (arm.has_row[cell] == 0) return kCellNoRow;
  if (arm.model_error[cell] != 0) return kCellModelError;
  if (std::isnan(arm.scores[cell])) return kCellInfraError;
  return arm.scores[cell] == 1 ? kCellPass : kCellFail;
}

// The text of a case's rows under all metrics; `tables` has "pass" first.
class Patterns {
 public:
  explicit Patterns(const std::vector<pair::PairResult>& tables) : tables_(tables) {}

  const std::string& Of(std::size_t i) {
    text_.clear();
    const PairedTable& pass = tables_.front().table;
    const PairedArm* arms[2] = {&pass.incumbent, &pass.candidate};
    for (std::size_t s = 0; s < 2; ++s) {
      if (s == 1) text_ += '|';
      const std::size_t begin = text_.size();
      const auto k = static_cast<std::size_t>(arms[s]->repeats);
      for (std::size_t r = 0; r < k; ++r) text_ += Letter(*arms[s], i * k + r);
      while (text_.size() > begin && text_.back() == kCellNoRow) text_.pop_back();
      length_[s] = text_.size() - begin;
    }
    for (std::size_t m = 1; m < tables_.size(); ++m) {
      const PairedTable& table = tables_[m].table;
      const PairedArm* scores[2] = {&table.incumbent, &table.candidate};
      text_ += ';';
      for (std::size_t s = 0; s < 2; ++s) {
        if (s == 1) text_ += '|';
        const std::size_t begin = text_.size();
        const auto k = static_cast<std::size_t>(scores[s]->repeats);
        for (std::size_t r = 0; r < length_[s]; ++r) {
          if (r > 0) text_ += ',';
          const double score = scores[s]->scores[i * k + r];
          if (!std::isnan(score) && scores[s]->model_error[i * k + r] == 0)
            text_ += fmt::format_int(ScoreUnits(score)).str();
        }
        while (text_.size() > begin && text_.back() == ',') text_.pop_back();
      }
    }
    return text_;
  }

 private:
  const std::vector<pair::PairResult>& tables_;
  std::string text_;
  std::size_t length_[2] = {0, 0};
};

void CheckScores(const std::vector<pair::PairResult>& tables, io::Diagnostics& diagnostics) {
  for (const pair::PairResult& paired : tables) {
    for (const PairedArm* arm : {&paired.table.incumbent, &paired.table.candidate}) {
      const auto large = std::find_if(arm->scores.begin(), arm->scores.end(),
                                      [](double score) { return !std::isnan(score) && !FitsScore(score); });
      if (large == arm->scores.end()) continue;
      const auto i =
          static_cast<std::size_t>(large - arm->scores.begin()) / static_cast<std::size_t>(arm->repeats);
      diagnostics.Add({},
                      fmt::format("score {}: case {} has {:g}; counts hold scores up to {:g} in billionths",
                                  paired.table.metric, paired.table.case_ids[i], *large, kLargestScore));
    }
  }
}

// Cases with rows on both sides whose segments or clusters only one side's logs carry.
void CountLacking(const PairedTable& table, CaseCounts& counts) {
  for (std::size_t s = 0; s < 2; ++s) {
    CountedSide& side = counts.sides[s];
    const CountedSide& other = counts.sides[1 - s];
    const bool segments = side.with_segments == 0 && other.with_segments > 0;
    const bool clusters = side.with_cluster == 0 && other.with_cluster > 0;
    if (!segments && !clusters) continue;
    for (std::size_t i = 0; i < table.n_cases(); ++i) {
      if (!table.incumbent.HasRow(i) || !table.candidate.HasRow(i)) continue;
      const bool any =
          std::any_of(table.dimensions.begin(), table.dimensions.end(),
                      [i](const Dimension& dimension) { return dimension.value_of_case[i] != kNoValue; });
      if (segments && any) ++side.lacks_segments;
      if (clusters && !table.cluster_of_case.empty() && table.cluster_of_case[i] != kNoValue)
        ++side.lacks_cluster;
    }
  }
}

}  // namespace

Result<CaseCounts> CountLogs(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                             const std::vector<std::string>& metrics) {
  io::Diagnostics diagnostics;
  CaseCounts counts;
  const std::span<const RunLog> sides[2] = {incumbent, candidate};
  for (std::size_t s = 0; s < 2; ++s) {
    for (const RunLog& log : sides[s])
      counts.logs.push_back({kSideNames[s], log.path, log.sha256, log.run.shard});
  }
  CheckShards(counts.logs, diagnostics);
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  std::vector<pair::PairResult> tables;
  tables.push_back(pair::Pair(incumbent, candidate, "pass", {.for_counts = true}));
  AddFindings(tables.front(), false, diagnostics);
  for (const std::string& metric : metrics) {
    tables.push_back(pair::Pair(incumbent, candidate, metric, {.for_counts = true}));
    AddFindings(tables.back(), true, diagnostics);
  }
  CheckScores(tables, diagnostics);
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());

  counts.metrics = metrics;
  bool fits = true;
  for (std::size_t s = 0; s < 2; ++s) {
    fits = SumRows(sides[s], tables.front().repeat_offset[s], counts.sides[s]) && fits;
    counts.sides[s].lacks_prompt = tables.front().without_prompt[s];
  }
  const PairedTable& table = tables.front().table;
  CountLacking(table, counts);
  CheckSides(counts, diagnostics);

  CountsBuilder builder;
  Patterns patterns(tables);
  std::vector<std::uint32_t> cluster_number;
  for (const std::string& name : table.clusters) cluster_number.push_back(builder.Cluster(name));
  std::vector<Segment> set;
  std::vector<std::uint32_t> codes, last_codes;
  std::uint32_t last_set = 0;
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    codes.clear();
    for (const Dimension& dimension : table.dimensions) codes.push_back(dimension.value_of_case[i]);
    if (i == 0 || codes != last_codes) {
      set.clear();
      for (std::size_t d = 0; d < codes.size(); ++d) {
        if (codes[d] != kNoValue)
          set.push_back({table.dimensions[d].name, table.dimensions[d].values[codes[d]]});
      }
      last_set = builder.Segments(set);
      last_codes = codes;
    }
    const std::uint32_t cluster = table.cluster_of_case.empty() ? kNoValue : table.cluster_of_case[i];
    builder.Add(last_set, cluster == kNoValue ? CaseCounts::kNoCluster : cluster_number[cluster],
                builder.Pattern(patterns.Of(i)), 1);
  }
  if (!fits || builder.overflowed()) diagnostics.Add({}, "a count is larger than 9.2e18, which 64 bits hold");
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  builder.MoveTo(counts);
  return counts;
}

}  // namespace minslice::reduce
