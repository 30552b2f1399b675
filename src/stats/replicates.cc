#include "stats/replicates.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace minslice::stats {

double SortedQuantile(std::span<const double> sorted, double p) {
  // p B is an integer in exact arithmetic more often than in doubles: .025 of 10,000 is the 250th, not the
  // 251st.
  const double rank = std::ceil(p * static_cast<double>(sorted.size()) - 1e-9);
  const double last = static_cast<double>(sorted.size());
  return sorted[static_cast<std::size_t>(std::clamp(rank, 1.0, last)) - 1];
}

}  // namespace minslice::stats
