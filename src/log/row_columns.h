// The rows of a log as columns, for pairing: some 75 bytes a row and no allocation of its own for any. What
// pairing and the gate do not look at (outputs, errors, finish reasons) is not kept.
#ifndef MINSLICE_LOG_ROW_COLUMNS_H_
#define MINSLICE_LOG_ROW_COLUMNS_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "log/row_fields.h"
#include "minslice/answer_counts.h"
#include "minslice/record.h"

namespace minslice::log {

class RowColumns {
 public:
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);
  struct Score {
    std::uint32_t name;
    double value;
  };

  void Reserve(std::size_t rows, std::size_t id_bytes);
  void Append(const RowFields& row);
  // Puts the rows in order. With `supersede` a later row of a (case, repeat) takes the place of an
  // infra_error row, as in LogReader. `closed` rows stood before an end record: a first row of its (case,
  // repeat) behind them was added to a finished log. Returns one such row, or kNone.
  std::uint32_t Finish(bool supersede, std::size_t closed = static_cast<std::size_t>(-1));

  // The rows that count, ascending by (id, repeat), in the file's order where both are equal.
  std::size_t size() const { return in_order_ ? n_rows() : order_.size(); }
  std::uint32_t Ordered(std::size_t place) const {
    return in_order_ ? static_cast<std::uint32_t>(place) : order_[place];
  }
  std::int64_t superseded() const { return superseded_; }
  int max_repeat() const { return max_repeat_; }

  // Of a row, in the file's order.
  std::size_t n_rows() const { return outcome_.size(); }
  std::string_view id(std::uint32_t row) const {
    return {ids_.data() + id_at_[row], static_cast<std::size_t>(id_at_[row + 1] - id_at_[row])};
  }
  int repeat(std::uint32_t row) const { return repeat_[row]; }
  Outcome outcome(std::uint32_t row) const { return static_cast<Outcome>(outcome_[row]); }
  std::uint32_t segments(std::uint32_t row) const { return segments_[row]; }
  std::uint64_t prompt(std::uint32_t row) const { return prompt_.empty() ? 0 : prompt_[row]; }  // 0: none
  std::uint32_t cluster(std::uint32_t row) const { return cluster_.empty() ? kNone : cluster_[row]; }
  // What the row cost and who answered it; views into the columns.
  struct Usage {
    Outcome outcome = Outcome::kInfraError;
    std::string_view response_model;  // empty: not known
    std::optional<double> cost_usd, latency_ms;
    std::optional<std::int64_t> input_tokens, output_tokens;
  };
  Usage usage(std::uint32_t row) const;
  // NaN where the row has none of that name.
  double score(std::uint32_t row, std::string_view name) const;

  const std::vector<std::vector<Segment>>& segment_sets() const { return sets_; }
  const std::vector<std::string>& clusters() const { return cluster_names_; }
  bool has_segments() const { return has_segments_; }
  bool has_clusters() const { return !cluster_names_.empty(); }
  const AnswerCounts& answers() const { return answers_; }

 private:
  // Texts by number, found again by their bytes.
  struct Names {
    std::unordered_map<std::string, std::uint32_t> index;
    std::string last;
    std::uint32_t last_number = kNone;
  };
  std::uint32_t SegmentSet(const RowFields& row);
  std::uint32_t Number(Names& names, std::string_view text, bool& is_new);
  void SortRows();

  std::string ids_;
  std::vector<std::uint64_t> id_at_ = {0};
  std::vector<std::uint16_t> repeat_;
  std::vector<std::uint8_t> outcome_;
  std::vector<std::uint32_t> segments_;
  std::vector<std::uint64_t> prompt_;
  std::vector<std::uint32_t> cluster_;
  std::vector<std::uint64_t> score_at_;  // empty: no row has a score besides "pass"
  std::vector<Score> scores_;

  static constexpr std::int64_t kNoTokens = std::numeric_limits<std::int64_t>::min();
  // Each empty until a row has a value.
  std::vector<double> cost_, latency_;
  std::vector<std::int64_t> input_tokens_, output_tokens_;
  std::vector<std::uint32_t> model_;

  Names set_index_, cluster_index_, score_index_, model_index_;
  std::string key_;
  std::vector<std::vector<Segment>> sets_;
  std::vector<std::string> cluster_names_, score_names_, model_names_;
  std::vector<std::uint32_t> order_, runs_;  // runs_: first rows of ascending runs
  AnswerCounts answers_;
  std::int64_t superseded_ = 0;
  int max_repeat_ = 0;
  bool has_segments_ = false, in_order_ = true;
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_ROW_COLUMNS_H_
