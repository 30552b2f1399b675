#include "pair/answer_rows.h"

#include <string>
#include <utility>

namespace minslice::pair {

const CaseRecord* RecordOf(const RunLog& log, std::uint32_t row) {
  return HoldsRows(log) ? &log.cases[row] : nullptr;
}

bool SameScores(const RunLog& log, std::uint32_t row, const RunLog& other_log, std::uint32_t other_row) {
  if (!HoldsRows(log) && log.columns == other_log.columns) return log.columns->SameScores(row, other_row);
  const auto of = [](const RunLog& from, std::uint32_t at) {
    const CaseRecord* record = RecordOf(from, at);
    return record != nullptr ? record->scores : from.columns->scores(at);
  };
  const CaseRecord *one = RecordOf(log, row), *other = RecordOf(other_log, other_row);
  if (one != nullptr && other != nullptr) return one->scores == other->scores;
  return of(log, row) == of(other_log, other_row);
}

}  // namespace minslice::pair
