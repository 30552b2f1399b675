// Correlation of n pairs (x, y), in [-1, 1]: a judge's scores against people's.
// Sources: Pearson; Spearman 1904 (mid-ranks), interval by Fisher's z with the standard error of Bonett and
// Wright 2000; Kendall's tau-b with the tie-corrected asymptotic variance (Kendall 1970).
#ifndef MINSLICE_STATS_CORRELATION_H_
#define MINSLICE_STATS_CORRELATION_H_

#include <span>

#include "minslice/estimate.h"

namespace minslice::stats {

struct Correlation {
  Estimate estimate;  // the interval is [-1, 1] below n = 4, with a warning
  double p = 1;       // two-sided, H0: none
};

// Reasons: "length" (x and y differ), "too_few_pairs" (n < 2, < 3 for p to exist), "not_finite", "constant"
// (x or y is).
Computed<Correlation> Pearson(std::span<const double> x, std::span<const double> y, double level);
Computed<Correlation> Spearman(std::span<const double> x, std::span<const double> y, double level);

struct KendallTauB {
  double tau = 0;
  double p = 1;  // two-sided, asymptotic
};
Computed<KendallTauB> Kendall(std::span<const double> x, std::span<const double> y);  // O(n^2)

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_CORRELATION_H_
