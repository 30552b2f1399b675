#include <algorithm>
#include <numeric>
#include <string>

#include "minslice/stats/max_t.h"
#include "stats/sample.h"

namespace minslice::stats {

Computed<SliceTable> SliceTable::FromCuts(std::span<const double> d, std::span<const Cut> cuts,
                                          std::span<const std::uint32_t> group_of, std::uint32_t groups) {
  if (d.empty()) return Undefined("no_pairs", "there are no pairs");
  if (!AllFinite(d)) return Undefined("not_finite", "a difference is NaN, infinite or beyond 1e100");
  if (!group_of.empty() && group_of.size() != d.size())
    return Undefined("length", "each difference needs its cluster");
  std::size_t slices = 0;
  std::vector<std::uint32_t> first;
  for (const Cut& cut : cuts) {
    if (cut.slice_of.size() != d.size())
      return Undefined("length", "each difference needs its slice in every cut");
    for (const std::uint32_t slice : cut.slice_of) {
      if (slice != kNoSlice && slice >= cut.slices)
        return Undefined("slice", "slice " + std::to_string(slice) + " does not exist");
    }
    first.push_back(static_cast<std::uint32_t>(slices));
    slices += cut.slices;
  }
  for (const std::uint32_t group : group_of) {
    if (group >= groups) return Undefined("group", "cluster " + std::to_string(group) + " does not exist");
  }
  const std::size_t count = group_of.empty() ? d.size() : groups;
  // Items in the order of their groups.
  std::vector<std::size_t> order(d.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!std::is_sorted(group_of.begin(), group_of.end())) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return group_of[a] < group_of[b]; });
  }
  SliceTable table;
  table.members_.assign(slices, 0);
  table.start_.reserve(count + 1);
  std::vector<std::size_t> place(slices, 0);  // entry of the slice in the present group, if >= its start
  std::size_t next = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t begin = table.slice_.size();
    table.start_.push_back(begin);
    for (; next < order.size() && (group_of.empty() ? order[next] : group_of[order[next]]) == k; ++next) {
      const std::size_t i = order[next];
      for (std::size_t c = 0; c < cuts.size(); ++c) {
        if (cuts[c].slice_of[i] == kNoSlice) continue;
        const std::uint32_t slice = first[c] + cuts[c].slice_of[i];
        const std::size_t at = place[slice];
        if (at >= begin && at < table.slice_.size() && table.slice_[at] == slice) {
          table.value_[at] += d[i];
        } else {
          place[slice] = table.slice_.size();
          table.slice_.push_back(slice);
          table.value_.push_back(d[i]);
          ++table.members_[slice];
        }
      }
    }
  }
  table.start_.push_back(table.slice_.size());
  return table;
}

Computed<SliceTable> SliceTable::FromRows(std::span<const double> rows, std::size_t columns) {
  if (columns == 0 || rows.empty() || rows.size() % columns != 0) {
    return Undefined("length", "the table must have rows x columns numbers");
  }
  if (!AllFinite(rows)) return Undefined("not_finite", "a difference is NaN, infinite or beyond 1e100");
  SliceTable table;
  const std::size_t count = rows.size() / columns;
  table.members_.assign(columns, static_cast<std::int64_t>(count));
  table.value_.assign(rows.begin(), rows.end());
  for (std::size_t k = 0; k <= count; ++k) table.start_.push_back(k * columns);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t c = 0; c < columns; ++c) table.slice_.push_back(static_cast<std::uint32_t>(c));
  }
  return table;
}

}  // namespace minslice::stats
