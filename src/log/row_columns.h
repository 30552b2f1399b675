// The rows of a log as columns, for pairing: 40 bytes and the id a row and no allocation of its own for any.
// What pairing does not look at (outputs, errors) is not kept; what rows cost is summed as they come.
#ifndef MINSLICE_LOG_ROW_COLUMNS_H_
#define MINSLICE_LOG_ROW_COLUMNS_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "log/row_fields.h"
#include "log/row_sums.h"
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
  bool distinct_ids() const { return distinct_ids_; }  // no two rows have one id
  int max_repeat() const { return max_repeat_; }

  // Of a row; a shuffled log's rows are put in order.
  std::size_t n_rows() const { return rows_.size(); }
  std::string_view id(std::uint32_t row) const {
    const std::uint64_t begin = rows_[row].id_at;
    const std::uint64_t end = row + 1 < rows_.size() ? rows_[row + 1].id_at : ids_.size();
    return {ids_.data() + begin, static_cast<std::size_t>(end - begin)};
  }
  std::size_t id_bytes() const { return ids_.size(); }  // of all rows together
  int repeat(std::uint32_t row) const { return rows_[row].repeat; }
  Outcome outcome(std::uint32_t row) const { return rows_[row].outcome; }
  std::uint32_t segments(std::uint32_t row) const { return rows_[row].segments; }
  std::uint64_t prompt(std::uint32_t row) const { return rows_[row].prompt; }  // 0: none
  std::uint32_t cluster(std::uint32_t row) const { return rows_[row].cluster; }
  // Who answered and how the answer ended: a number, under which rows that agree in it are found.
  struct Serving {
    std::string response_model, system_fingerprint;  // empty: not known
    std::optional<std::string> finish_reason;
  };
  std::uint32_t serving(std::uint32_t row) const { return rows_[row].serving; }
  const std::vector<Serving>& servings() const { return servings_; }
  bool cached(std::uint32_t row) const { return (rows_[row].flags & kCached) != 0; }
  std::optional<double> latency_ms(std::uint32_t row) const {
    const double latency = rows_[row].latency;
    return latency == latency ? std::optional<double>(latency) : std::nullopt;
  }
  // NaN where the row has none of that name.
  double score(std::uint32_t row, std::string_view name) const;
  std::vector<std::pair<std::string, double>> scores(std::uint32_t row) const;  // as CaseRecord::scores
  bool SameScores(std::uint32_t a, std::uint32_t b) const;  // the same names with the same values

  const std::vector<std::vector<Segment>>& segment_sets() const { return sets_; }
  const std::vector<std::string>& clusters() const { return cluster_names_; }
  bool has_segments() const { return has_segments_; }
  bool has_clusters() const { return !cluster_names_.empty(); }
  const AnswerCounts& answers() const { return answers_; }
  // Over the rows that count; complete behind Finish.
  CountedSide sums() const { return sums_.sums(); }
  bool sums_fit() const { return sums_.fits(); }

  // Instead of rows: one side of counts (`minslice reduce`), which pairing knows.
  void Count(std::shared_ptr<const CaseCounts> counts, int side) {
    counts_ = std::move(counts);
    counts_side_ = side;
  }
  const std::shared_ptr<const CaseCounts>& counts() const { return counts_; }
  int counts_side() const { return counts_side_; }

 private:
  // Texts by number, found again by their bytes.
  struct Names {
    std::unordered_map<std::string, std::uint32_t> index;
    std::string last;
    std::uint32_t last_number = kNone;
  };
  std::uint32_t SegmentSet(const RowFields& row);
  std::uint32_t ServingOf(const RowFields& row);
  std::uint32_t Number(Names& names, std::string_view text, bool& is_new);
  void SortRows();
  void Reorder();

  static constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
  struct Cells {
    std::uint64_t id_at, prompt;
    double latency;
    std::uint32_t segments, cluster, serving;
    std::uint16_t repeat;
    Outcome outcome;
    std::uint8_t flags;
  };
  static constexpr std::uint8_t kCached = 1, kHasPass = 2;  // a score named "pass", which the outcome gives

  std::string ids_;
  std::vector<Cells> rows_;
  std::vector<std::uint64_t> score_at_;  // empty: no row has a score besides "pass"
  std::vector<Score> scores_;
  std::vector<std::uint32_t> set_of_scanned_;  // by RowFields::segments_number

  Names set_index_, cluster_index_, score_index_, serving_index_;
  std::string key_;
  std::vector<std::vector<Segment>> sets_;
  std::vector<std::string> cluster_names_, score_names_;
  std::vector<Serving> servings_;
  std::vector<std::uint32_t> order_, runs_;  // runs_: first rows of ascending runs
  std::shared_ptr<const CaseCounts> counts_;
  int counts_side_ = 0;
  AnswerCounts answers_;
  RowSums sums_;
  // Rows without an answer are summed last: a later row may take their place.
  struct Unanswered {
    std::uint32_t row;
    std::optional<double> cost_usd;
    std::optional<std::int64_t> input_tokens, output_tokens;
  };
  std::vector<Unanswered> unanswered_;
  std::int64_t superseded_ = 0;
  int max_repeat_ = 0;
  bool has_segments_ = false, in_order_ = true, distinct_ids_ = true;
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_ROW_COLUMNS_H_
