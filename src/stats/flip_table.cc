#include "stats/flip_table.h"

#include <algorithm>

namespace minslice::stats {

FlipTable::FlipTable(const SliceTable& table) : slices(table.slices()) {
  const std::size_t n = table.groups();
  for (std::size_t k = 0; k < n; k += 2) {
    const std::size_t before = slice.size();
    const std::size_t first = table.start()[k], middle = table.start()[k + 1],
                      last = table.start()[std::min(k + 2, n)];
    std::size_t between = before;
    for (std::size_t e = first; e < last; ++e) {
      if (e == middle) between = slice.size();
      if (table.value()[e] == 0) continue;
      slice.push_back(table.slice()[e]);
      value.push_back(table.value()[e]);
    }
    if (slice.size() == before) continue;
    if (middle == last) between = slice.size();
    draw.push_back(static_cast<std::uint32_t>(k / 2));
    start.push_back(before);
    start.push_back(between);
  }
  start.push_back(slice.size());
}

}  // namespace minslice::stats
