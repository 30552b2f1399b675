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
  std::vector<Row> rows;      // ascending by (id, repeat)
  bool distinct_ids = false;  // no two of them have one id
  int repeats = 1;
  bool has_segments = false;
  bool has_clusters = false;
  bool has_prompts = false;

  std::string_view id(const Row& row) const { return columns[row.log].columns->id(row.row); }
};

// Rows of several logs: a log that holds a (case, repeat) which an earlier one of the side holds too is a
// further repeat of the whole run, so its repeats count on; otherwise it is a shard.
void CollectRows(Side& side, std::vector<Finding>& findings);

// A shard is a part of a run: without the others its log says nothing of the whole suite.
void CheckShards(const Side& side, std::vector<Finding>& findings);

// Leaves out the repeats that the other side does not have.
void KeepCommonRepeats(Side (&sides)[2], std::vector<std::string>& warnings);

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_SIDE_H_
