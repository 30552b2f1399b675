// Mid-ranks of a sample with the sizes of its ties.
#ifndef MINSLICE_STATS_RANKS_H_
#define MINSLICE_STATS_RANKS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace minslice::stats {

struct Ranks {
  std::vector<double> rank;  // 1-based mid-rank of each value
  std::vector<std::int64_t>
      ties;  // sizes of all groups of equal values, singles included, ascending by value
};

// Values that differ by at most `tolerance` from their smaller neighbour are tied.
Ranks MidRanks(std::span<const double> values, double tolerance = 0);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_RANKS_H_
