#include "stats/ranks.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace minslice::stats {

Ranks MidRanks(std::span<const double> values, double tolerance) {
  Ranks ranks;
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  ranks.rank.resize(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && values[order[end]] - values[order[end - 1]] <= tolerance) ++end;
    const double middle = (static_cast<double>(i + 1) + static_cast<double>(end)) / 2;
    for (std::size_t k = i; k < end; ++k) ranks.rank[order[k]] = middle;
    ranks.ties.push_back(static_cast<std::int64_t>(end - i));
    i = end;
  }
  return ranks;
}

}  // namespace minslice::stats
