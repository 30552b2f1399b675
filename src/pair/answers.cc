#include "pair/answers.h"

#include <algorithm>

#include "log/row_columns.h"

namespace minslice::pair {

AnswerCounts CountAnswers(const RunLog& log) {
  if (log.columns) return log.columns->answers();
  AnswerCounts answers;
  for (const CaseRecord& record : log.cases) {
    if (record.outcome == Outcome::kInfraError) continue;
    answers.Add(record.case_id, record.repeat, record.response_model.value_or(""),
                record.system_fingerprint.value_or(""),
                record.via != nullptr && record.via->deployment ? *record.via->deployment : "",
                record.via != nullptr && record.via->cache && IsCacheHit(*record.via->cache));
  }
  return answers;
}

int HighestRepeat(const RunLog& log) {
  if (log.columns) return log.columns->max_repeat();
  int highest = 0;
  for (const CaseRecord& record : log.cases) highest = std::max(highest, record.repeat);
  return highest;
}

}  // namespace minslice::pair
