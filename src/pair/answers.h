// What a log says of itself that needs no join, whether it holds rows or columns.
#ifndef MINSLICE_PAIR_ANSWERS_H_
#define MINSLICE_PAIR_ANSWERS_H_

#include <string_view>

#include "log/row_columns.h"
#include "minslice/answer_counts.h"
#include "minslice/record.h"

namespace minslice::pair {

AnswerCounts CountAnswers(const RunLog& log);
// What each row cost and who answered it, in any order: visit(const log::RowColumns::Usage&).
template <class Visit>
void ForEachUsage(const RunLog& log, Visit visit) {
  if (log.columns) {
    for (std::size_t place = 0; place < log.columns->size(); ++place)
      visit(log.columns->usage(log.columns->Ordered(place)));
    return;
  }
  for (const CaseRecord& row : log.cases) {
    visit(log::RowColumns::Usage{
        row.outcome, row.response_model ? std::string_view(*row.response_model) : std::string_view(),
        row.cost_usd, row.latency_ms, row.input_tokens, row.output_tokens});
  }
}
int HighestRepeat(const RunLog& log);  // 0 where the log has no row

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_ANSWERS_H_
