// Wilcoxon's signed-rank test of n differences d (candidate minus incumbent): H0: d is symmetric about 0.
// It tests ranks, not the mean: report it beside the mean's interval, never instead of it.
// Sources: Wilcoxon 1945 (zeros dropped), Pratt 1959 (zeros ranked, then dropped); exact with ties: mid-ranks
// doubled are integers, so all 2^n sign patterns are counted by dynamic programming. scipy's method="exact"
// ignores ties and is wrong there.
#ifndef MINSLICE_STATS_WILCOXON_H_
#define MINSLICE_STATS_WILCOXON_H_

#include <cstdint>
#include <optional>
#include <span>

#include "minslice/estimate.h"

namespace minslice::stats {

struct WilcoxonSignedRank {
  double w_plus = 0;  // sum of the mid-ranks of positive d, zeros dropped
  double w_minus = 0;
  std::int64_t n = 0;  // given
  std::int64_t n_nonzero = 0;
  std::optional<double> exact_p;  // two-sided; up to 1,000 non-zero differences
  // Two-sided by the normal approximation, without and with continuity correction; 1 where all d are 0.
  double normal_p = 1, normal_p_corrected = 1;
  double pratt_p = 1, pratt_p_corrected = 1;
  double p = 1;  // the one to report: exact_p where there is one, else normal_p
};

// Differences count as tied when equal to 1e-9 of the largest: 1.2 - 1.0 and 0.2 are the same difference.
// Reasons: "no_pairs", "not_finite".
Computed<WilcoxonSignedRank> WilcoxonTest(std::span<const double> d);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_WILCOXON_H_
