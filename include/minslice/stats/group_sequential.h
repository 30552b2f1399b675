// A fixed number of looks at growing data, planned beforehand: the critical values that keep the error over
// all looks at alpha. Stopping rule: at look k (information k/K), stop and reject H0 where |z_k| >=
// critical[k] (one-sided: z_k >= critical[k]); at the last look stop in any case. The looks must be as many
// and as evenly spaced as planned; for anything else use sequential.h. Sources: O'Brien, Fleming 1979; Pocock
// 1977; recursion of Armitage, McPherson, Rowe 1969.
#ifndef MINSLICE_STATS_GROUP_SEQUENTIAL_H_
#define MINSLICE_STATS_GROUP_SEQUENTIAL_H_

#include <span>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::stats {

enum class Boundary {
  kOBrienFleming,
  kPocock
};  // c sqrt(K/k), nearly the fixed test at the end; c, early stops

struct GroupSequentialPlan {
  std::vector<double> critical;   // z at each look
  std::vector<double> nominal_p;  // p that the look must reach
  std::vector<double> spent;      // probability under H0 of stopping at this look or before
  double inflation = 1;           // information needed / that of the fixed test of the same power
};

// looks in [1, 100], alpha in (0, 0.5), sides 1 or 2, power in (alpha, 1). Reasons: "looks", "alpha",
// "sides", "power".
Computed<GroupSequentialPlan> PlanGroupSequential(int looks, double alpha, int sides, Boundary boundary,
                                                  double power = 0.8);

// Probability of crossing |z_k| >= critical[k] (or z_k >= critical[k]) at some look, where z_k has mean drift
// sqrt(k/K): the error at drift 0 (looking 5 times at 1.96: .142), the power at another. Infinite critical
// values skip a look.
double CrossingProbability(std::span<const double> critical, int sides, double drift);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_GROUP_SEQUENTIAL_H_
