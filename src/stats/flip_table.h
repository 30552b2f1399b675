// What sign flips can change of a table of slices.
#ifndef MINSLICE_STATS_FLIP_TABLE_H_
#define MINSLICE_STATS_FLIP_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "minslice/stats/max_t.h"

namespace minslice::stats {

// The entries that are not 0, by group. Of a million clusters most have none; groups without one are left
// out, two by two, because one draw gives the words of groups 2 b and 2 b + 1.
struct FlipTable {
  explicit FlipTable(const SliceTable& table);

  std::size_t slices = 0;
  std::vector<std::uint32_t> draw;  // b of groups 2 i and 2 i + 1 here
  std::vector<std::size_t> start;   // of a group's entries, and behind the last group
  std::vector<std::uint32_t> slice;
  std::vector<double> value;

  std::size_t groups() const { return start.size() - 1; }  // even
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_FLIP_TABLE_H_
