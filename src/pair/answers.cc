#include "pair/answers.h"

#include <algorithm>

#include "log/row_columns.h"
#include "log/row_sums.h"
#include "minslice/case_counts.h"
#include "pair/counted.h"

namespace minslice::pair {

AnswerCounts CountAnswers(const RunLog& log) {
  AnswerCounts answers;
  if (CountsOf(log) != nullptr) {
    const CountedSide& side = CountedSideOf(log);
    for (const auto& [name, rows] : side.models) answers.AddCounted(name, rows.by_repeat);
    for (const auto& [name, rows] : side.fingerprints) answers.AddCountedFingerprint(name, rows.by_repeat);
    for (const auto& [name, rows] : side.deployments) answers.AddCountedDeployment(name, rows.by_repeat);
    answers.AddCountedCached(side.cached);
    return answers;
  }
  if (log.columns) return log.columns->answers();
  for (const CaseRecord& record : log.cases) {
    if (record.outcome == Outcome::kInfraError) continue;
    answers.Add(record.case_id, record.repeat, record.response_model.value_or(""),
                record.system_fingerprint.value_or(""),
                record.via != nullptr && record.via->deployment ? *record.via->deployment : "",
                record.via != nullptr && record.via->cache && IsCacheHit(*record.via->cache));
  }
  return answers;
}

LogSums SumsOf(const RunLog& log) {
  if (CountsOf(log) != nullptr) return {CountedSideOf(log)};
  if (log.columns) return {log.columns->sums(), log.columns->sums_fit()};
  log::RowSums sums;
  for (const CaseRecord& record : log.cases) sums.Add(log::UsageOf(record), record.repeat);
  return {sums.sums(), sums.fits()};
}

int HighestRepeat(const RunLog& log) {
  if (const CaseCounts* counts = CountsOf(log)) return HighestRepeat(*counts, log.columns->counts_side());
  if (log.columns) return log.columns->max_repeat();
  int highest = 0;
  for (const CaseRecord& record : log.cases) highest = std::max(highest, record.repeat);
  return highest;
}

}  // namespace minslice::pair
