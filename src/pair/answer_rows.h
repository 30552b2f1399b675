// The rows of a log one by one as a comparison of its repeats looks at them, whether it holds rows or
// columns.
#ifndef MINSLICE_PAIR_ANSWER_ROWS_H_
#define MINSLICE_PAIR_ANSWER_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "log/row_columns.h"
#include "minslice/record.h"

namespace minslice::pair {

inline constexpr std::uint32_t kNoText = static_cast<std::uint32_t>(-1);

struct AnswerRow {
  bool there = false;
  Outcome outcome = Outcome::kInfraError;
  bool cached = false;
  std::uint16_t log = 0;  // for whoever holds several
  std::uint32_t row = 0;  // of that log
  std::uint32_t response_model = kNoText, system_fingerprint = kNoText, finish_reason = kNoText;  // numbers
  std::optional<double> latency_ms;
};

// Texts by number; they stay where the logs hold them.
class AnswerTexts {
 public:
  explicit AnswerTexts(std::vector<std::string_view>& texts) : texts_(texts) {}
  std::uint32_t Number(std::string_view text) {
    const auto [entry, is_new] = numbers_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
    if (is_new) texts_.push_back(text);
    return entry->second;
  }
  std::uint32_t Number(const std::optional<std::string>& text) {
    return text ? Number(std::string_view(*text)) : kNoText;
  }
  // An empty name says nothing of who answered.
  std::uint32_t Name(std::string_view name) { return name.empty() ? kNoText : Number(name); }

 private:
  std::vector<std::string_view>& texts_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

// Counts come with rows of what was counted (pair/counted.h).
inline bool HoldsRows(const RunLog& log) { return !log.columns || log.columns->counts() != nullptr; }

// In the file's order, or ascending by (id, repeat) where the log holds columns: visit(id, repeat,
// AnswerRow).
template <class Visit>
void ForEachAnswer(const RunLog& log, AnswerTexts& texts, Visit visit) {
  AnswerRow row;
  row.there = true;
  if (HoldsRows(log)) {
    for (const CaseRecord& record : log.cases) {
      row.row = static_cast<std::uint32_t>(&record - log.cases.data());
      row.outcome = record.outcome;
      row.cached = record.via != nullptr && record.via->cache && IsCacheHit(*record.via->cache);
      row.response_model = record.response_model ? texts.Name(*record.response_model) : kNoText;
      row.system_fingerprint = record.system_fingerprint ? texts.Name(*record.system_fingerprint) : kNoText;
      row.finish_reason = texts.Number(record.finish_reason);
      row.latency_ms = record.latency_ms;
      visit(std::string_view(record.case_id), record.repeat, row);
    }
    return;
  }
  const log::RowColumns& columns = *log.columns;
  std::vector<AnswerRow> servings;
  for (const log::RowColumns::Serving& serving : columns.servings()) {
    row.response_model = texts.Name(serving.response_model);
    row.system_fingerprint = texts.Name(serving.system_fingerprint);
    row.finish_reason = texts.Number(serving.finish_reason);
    servings.push_back(row);
  }
  for (std::size_t place = 0; place < columns.size(); ++place) {
    const std::uint32_t at = columns.Ordered(place);
    row = servings[columns.serving(at)];
    row.row = at;
    row.outcome = columns.outcome(at);
    row.cached = columns.cached(at);
    row.latency_ms = columns.latency_ms(at);
    visit(columns.id(at), columns.repeat(at), row);
  }
}

// nullptr: the log holds columns.
const CaseRecord* RecordOf(const RunLog& log, std::uint32_t row);
// The same names with the same values.
bool SameScores(const RunLog& log, std::uint32_t row, const RunLog& other_log, std::uint32_t other_row);

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_ANSWER_ROWS_H_
