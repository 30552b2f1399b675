#include "pair/answers.h"

#include <algorithm>
#include <optional>
#include <queue>
#include <vector>

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

bool ShareRows(std::span<const RunLog> logs) {
  // The logs side by side in the order of (id, repeat): what two of them hold comes one behind the other.
  struct Head {
    const log::RowColumns* columns;
    std::size_t place;
    std::string_view id() const { return columns->id(columns->Ordered(place)); }
    int repeat() const { return columns->repeat(columns->Ordered(place)); }
  };
  const auto later = [](const Head& a, const Head& b) {
    const int compared = a.id().compare(b.id());
    return compared != 0 ? compared > 0 : a.repeat() > b.repeat();
  };
  std::priority_queue<Head, std::vector<Head>, decltype(later)> heads(later);
  for (const RunLog& log : logs) {
    if (log.columns && log.columns->size() > 0) heads.push({log.columns.get(), 0});
  }
  std::optional<Head> last;
  while (heads.size() > 1) {
    Head head = heads.top();
    heads.pop();
    if (last && last->columns != head.columns && last->repeat() == head.repeat() && last->id() == head.id())
      return true;
    last = head;
    if (++head.place < head.columns->size()) heads.push(head);
  }
  return !heads.empty() && last && last->columns != heads.top().columns &&
         last->repeat() == heads.top().repeat() && last->id() == heads.top().id();
}

}  // namespace minslice::pair
