// Agreement of raters: Cohen's kappa for two, Fleiss' for several, and Rogan-Gladen's correction of a rate
// that an imperfect judge measured. Sources: Cohen 1960, 1968; standard errors Fleiss, Cohen, Everitt 1969;
// Fleiss 1971; Randolph 2005; Rogan, Gladen 1978.
#ifndef MINSLICE_STATS_AGREEMENT_H_
#define MINSLICE_STATS_AGREEMENT_H_

#include <cstdint>
#include <span>

#include "minslice/estimate.h"

namespace minslice::stats {

enum class KappaWeights { kNone, kLinear, kQuadratic };  // kLinear, kQuadratic: categories are ordered

struct Kappa {
  Estimate estimate;               // Wald interval from `standard_error`, cut to [-1, 1]
  double standard_error = 0;       // of the estimate
  double null_standard_error = 0;  // under no agreement beyond chance
  double observed = 0;             // weighted observed agreement
  double expected = 0;             // by chance
};

// table: counts, row-major, categories x categories; rows one rater, columns the other.
// Reasons: "shape", "no_items", "counts" (negative or not finite), "constant" (both raters use one and the
// same category).
Computed<Kappa> CohenKappa(std::span<const double> table, std::int64_t categories, KappaWeights weights,
                           double level);

struct FleissKappa {
  double fleiss = 0;
  double randolph = 0;  // chance = 1 / categories
  double observed = 0;
};

// counts: items x categories, row-major; every item has the same number of ratings, at least 2.
// Reasons: "shape", "no_items", "ratings" (items differ in ratings, or fewer than 2), "constant" (one
// category only).
Computed<FleissKappa> FleissKappaOf(std::span<const double> counts, std::int64_t categories);

// A judge with sensitivity se and specificity sp (each measured on labelled cases) found x passes of n. The
// corrected rate is (x/n + sp - 1)/(se + sp - 1), cut to [0, 1]; the interval is a delta-method Wald interval
// with all three sources of error.
struct JudgeCalibration {
  std::int64_t true_pass = 0, labelled_pass = 0;  // judge says pass among those that people pass
  std::int64_t true_fail = 0, labelled_fail = 0;  // judge says fail among those that people fail
};
// Reasons: "no_cases", "no_labels", "counts", "uninformative_judge" (sensitivity + specificity <= 1).
Computed<Estimate> RoganGladen(std::int64_t passes, std::int64_t n, const JudgeCalibration& judge,
                               double level);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_AGREEMENT_H_
