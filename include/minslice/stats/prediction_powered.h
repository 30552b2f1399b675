// Prediction-powered inference: a few human labels y, a judge's scores f for the same cases, and the judge's
// scores for many cases without labels. The mean of y is estimated with the labels' validity and most of the
// judge's precision. Sources: Angelopoulos et al. 2023 (PPI); Angelopoulos, Duchi, Zrnic 2023 (PPI++, the
// tuned lambda).
#ifndef MINSLICE_STATS_PREDICTION_POWERED_H_
#define MINSLICE_STATS_PREDICTION_POWERED_H_

#include <optional>
#include <span>

#include "minslice/estimate.h"

namespace minslice::stats {

struct PredictionPowered {
  Estimate estimate;  // n = labelled cases
  double lambda = 0;  // weight of the judge: 0 = labels alone, 1 = classic PPI
  double standard_error = 0;
  double labels_alone_standard_error = 0;  // what the judge is worth: compare
};

// theta = mean(y - lambda f) + lambda mean(f_unlabelled). lambda: Cov(y, f) / ((1 + n/N) Var f), cut to [0,
// 1]; or the given one. Variances of the interval divide by n, that of the judge in lambda by n - 1, as
// ppi-python does. Reasons: "length", "too_few_labels" (n < 2), "no_unlabelled", "not_finite".
Computed<PredictionPowered> PredictionPoweredMean(std::span<const double> y, std::span<const double> f,
                                                  std::span<const double> f_unlabelled, double level,
                                                  std::optional<double> lambda = std::nullopt);

// The same for a paired difference, candidate minus incumbent, of cases that both sides answered: y, f and
// f_unlabelled are then differences.
struct PairedLabels {
  std::span<const double> incumbent_y, candidate_y;                        // people's labels, the same cases
  std::span<const double> incumbent_f, candidate_f;                        // the judge on those cases
  std::span<const double> incumbent_f_unlabelled, candidate_f_unlabelled;  // the judge on the others
};
Computed<PredictionPowered> PredictionPoweredDifference(const PairedLabels& labels, double level);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_PREDICTION_POWERED_H_
