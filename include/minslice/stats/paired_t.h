// Student's t on n differences d (candidate minus incumbent, one a prompt): the interval and test of the
// mean. Valid for n >= 30 or near-normal d; below that bootstrap-t or bounded_mean.h. Student 1908.
#ifndef MINSLICE_STATS_PAIRED_T_H_
#define MINSLICE_STATS_PAIRED_T_H_

#include <span>

#include "minslice/estimate.h"

namespace minslice::stats {

struct PairedT {
  Estimate mean;  // in the unit of d, method "paired_t"
  double standard_error = 0;
  double t = 0;
  double df = 0;
  double p = 1;       // two-sided, H0: mean = 0
  double p_harm = 1;  // one-sided, against mean < 0
};

// Reasons: "no_pairs" (n = 0), "too_few_pairs" (n = 1), "not_finite", "no_variation" (all d equal).
Computed<PairedT> PairedTTest(std::span<const double> d, double level);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_PAIRED_T_H_
