// The rows of one side: its logs, taken together and in one order.
#ifndef MINSLICE_PAIR_SIDE_H_
#define MINSLICE_PAIR_SIDE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/row_columns.h"
#include "log/text_order.h"
#include "minslice/record.h"
#include "pair/pair.h"

namespace minslice::pair {

using log::RowColumns;

// One log as columns: its own, or made of its rows.
struct LogRows {
  const RunLog* log = nullptr;
  std::shared_ptr<const RowColumns> columns;
  std::vector<std::uint32_t> set_of;      // the log's segment sets in the numbers of all logs together
  std::vector<std::uint32_t> cluster_of;  // likewise
  int offset = 0;                         // added to its repeats
  bool left_out = false;                  // the same log stands there already
};

// One row of one side, with the repeat that it has once all logs of the side are taken together.
struct Row {
  std::uint32_t row;
  std::uint16_t log;
  std::uint16_t repeat;
};

struct Side {
  const char* name;
  std::span<const RunLog> logs;
  std::vector<LogRows> columns;
  // One log with each case once: its rows are the side's, and there is no list of them.
  bool plain = false;
  std::vector<Row> rows;  // ascending by (id, repeat); none where the side is plain
  int repeats = 1;
  bool has_segments = false;
  bool has_clusters = false;
  bool has_prompts = false;

  std::string_view id(const Row& row) const { return columns[row.log].columns->id(row.row); }
  std::size_t n_rows() const { return plain ? columns.front().columns->size() : rows.size(); }
};

// Goes through the cases of a side, ascending by id.
class CaseCursor {
 public:
  explicit CaseCursor(const Side& side) : side_(side) { Read(); }
  // A copy would look at the rows of the one that it was made of.
  CaseCursor(const CaseCursor&) = delete;
  CaseCursor& operator=(const CaseCursor&) = delete;

  bool at_end() const { return rows_.empty(); }
  std::string_view id() const { return id_; }
  std::span<const Row> rows() const { return rows_; }
  void Next() {
    at_ += rows_.size();
    Read();
  }

 private:
  void Read();

  const Side& side_;
  std::size_t at_ = 0;
  Row one_{};
  std::span<const Row> rows_;
  std::string_view id_;
};

inline void CaseCursor::Read() {
  rows_ = {};
  if (at_ >= side_.n_rows()) return;
  if (side_.plain) {
    one_ = {side_.columns.front().columns->Ordered(at_), 0, 1};
    rows_ = {&one_, 1};
    id_ = side_.id(one_);
    return;
  }
  id_ = side_.id(side_.rows[at_]);
  std::size_t end = at_ + 1;
  while (end < side_.rows.size() && log::CompareTexts(side_.id(side_.rows[end]), id_) == 0) ++end;
  rows_ = std::span(side_.rows).subspan(at_, end - at_);
}

// Rows of several logs: a log that holds a (case, repeat) which an earlier one of the side holds too is a
// further repeat of the whole run, so its repeats count on; otherwise it is a shard.
void CollectRows(Side& side, std::vector<Finding>& findings);

// A shard is a part of a run: without the others its log says nothing of the whole suite.
void CheckShards(const Side& side, std::vector<Finding>& findings);

// Leaves out the repeats that the other side does not have.
void KeepCommonRepeats(Side (&sides)[2], std::vector<std::string>& warnings);

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_SIDE_H_
