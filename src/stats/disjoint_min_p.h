// The smallest p over slices that no flip group joins: their p are independent, so nothing has to be drawn.
#ifndef MINSLICE_STATS_DISJOINT_MIN_P_H_
#define MINSLICE_STATS_DISJOINT_MIN_P_H_

#include <span>
#include <vector>

#include "stats/flip_table.h"
#include "stats/sign_flip_distribution.h"

namespace minslice::stats {

// No group with a difference in two slices, and few enough slices for every two of them to be compared.
bool AreDisjoint(const FlipTable& table);

struct DisjointMinP {
  std::vector<double> single_step_p, step_down_p;
};

// P(min p <= p_h) = 1 - prod (1 - P(p_j <= p_h)), over all slices and over those that are no more extreme.
// `p`: each slice's own; `distribution`: of its flipped sum, on a lattice.
DisjointMinP DisjointStepDown(std::span<const double> p, std::span<const SignFlipDistribution> distribution);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_DISJOINT_MIN_P_H_
