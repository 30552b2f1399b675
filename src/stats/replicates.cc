#include "stats/replicates.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace minslice::stats {
namespace {

// Puts the values at the given ascending positions where sorting would, all of them within [from, to).
void Select(std::span<double> values, std::span<const std::size_t> positions, std::size_t from,
            std::size_t to) {
  if (positions.empty() || to - from < 2) return;
  const std::size_t middle = positions.size() / 2;
  const std::size_t at = positions[middle];
  const auto begin = values.begin();
  std::nth_element(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(at),
                   begin + static_cast<std::ptrdiff_t>(to));
  Select(values, positions.first(middle), from, at);
  Select(values, positions.subspan(middle + 1), at + 1, to);
}

}  // namespace

std::vector<double> SelectQuantiles(std::span<double> values, std::span<const double> p) {
  const double size = static_cast<double>(values.size());
  std::vector<std::size_t> positions;
  for (const double share : p) {
    // p B is an integer in exact arithmetic more often than in doubles: .025 of 10,000 is the 250th, not the
    // 251st.
    positions.push_back(static_cast<std::size_t>(std::clamp(std::ceil(share * size - 1e-9), 1.0, size)) - 1);
  }
  std::vector<std::size_t> distinct(positions);
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  Select(values, distinct, 0, values.size());
  std::vector<double> quantiles;
  for (const std::size_t position : positions) quantiles.push_back(values[position]);
  return quantiles;
}

}  // namespace minslice::stats
