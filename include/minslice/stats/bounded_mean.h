// The mean of few bounded scores or differences (n < 50), where t and the bootstrap are too sure of
// themselves. Sources: Owen 1988, 2001 (empirical likelihood); Waudby-Smith, Ramdas 2024 (betting, valid at
// every n); Hoeffding 1963.
#ifndef MINSLICE_STATS_BOUNDED_MEAN_H_
#define MINSLICE_STATS_BOUNDED_MEAN_H_

#include <span>
#include <string_view>

#include "minslice/estimate.h"

namespace minslice::stats {

enum class BoundedMethod {
  kEmpiricalLikelihood,  // follows the skewness of the data; t instead of normal quantile; stays within [min,
                         // max] of the data
  kBetting,  // guaranteed coverage for any scores in the range, about 1.3 to 2 times as wide; reads d in its
             // order
  kHoeffding,  // guaranteed, closed form, widest
};
// "empirical_likelihood", "betting", "hoeffding".
std::string_view BoundedMethodName(BoundedMethod method);

// d in [low, high], the range that the score can have (differences of scores in [0, 1]: -1, 1), not that of
// the data. Reasons: "no_pairs", "not_finite", "range" (d outside, or low >= high), "level", for empirical
// likelihood "no_variation".
Computed<Estimate> BoundedMeanInterval(std::span<const double> d, double low, double high, double level,
                                       BoundedMethod method);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BOUNDED_MEAN_H_
