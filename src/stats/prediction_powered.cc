#include "minslice/stats/prediction_powered.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "stats/normal.h"
#include "stats/sample.h"

namespace minslice::stats {

Computed<PredictionPowered> PredictionPoweredMean(std::span<const double> y, std::span<const double> f,
                                                  std::span<const double> f_unlabelled, double level,
                                                  std::optional<double> lambda) {
  if (y.size() != f.size()) {
    return Undefined("length", std::to_string(y.size()) + " labels but " + std::to_string(f.size()) +
                                   " judge scores beside them");
  }
  if (y.size() < 2) return Undefined("too_few_labels", "at least 2 labelled cases are needed");
  if (f_unlabelled.empty())
    return Undefined("no_unlabelled", "no judge scores without labels: use the labels alone");
  if (!AllFinite(y) || !AllFinite(f) || !AllFinite(f_unlabelled))
    return Undefined("not_finite", "a value is NaN, infinite or beyond 1e100");
  const double n = static_cast<double>(y.size());
  const double m = static_cast<double>(f_unlabelled.size());
  const CentralSums of_y = SumDeviations(y);
  const CentralSums of_f = SumDeviations(f);
  const CentralSums of_u = SumDeviations(f_unlabelled);
  PredictionPowered result;
  if (lambda) {
    result.lambda = *lambda;
  } else {
    double cross = 0;
    for (std::size_t i = 0; i < y.size(); ++i) cross += (y[i] - of_y.mean) * (f[i] - of_f.mean);
    const double gap = of_f.mean - of_u.mean;
    const double all = of_f.second + of_u.second + gap * gap * n * m / (n + m);
    const double variance = all / (n + m - 1);
    result.lambda = variance > 0 ? std::clamp(cross / n / ((1 + n / m) * variance), 0.0, 1.0) : 0.0;
  }
  std::vector<double> rest(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) rest[i] = y[i] - result.lambda * f[i];
  const CentralSums of_rest = SumDeviations(rest);
  const double point = of_rest.mean + result.lambda * of_u.mean;
  result.standard_error =
      std::sqrt(of_rest.second / n / n + result.lambda * result.lambda * of_u.second / m / m);
  result.labels_alone_standard_error = std::sqrt(of_y.second / n / n);
  const double reach = TwoSidedZ(level) * result.standard_error;
  result.estimate = {point, point - reach, point + reach, level, of_y.n, "ppi", {}};
  if (y.size() < 30)
    result.estimate.warnings.push_back("fewer than 30 labels: the normal interval is too narrow");
  if (result.standard_error == 0) result.estimate.warnings.push_back("neither labels nor judge vary");
  return result;
}

Computed<PredictionPowered> PredictionPoweredDifference(const PairedLabels& labels, double level) {
  if (labels.incumbent_y.size() != labels.candidate_y.size() ||
      labels.incumbent_f.size() != labels.candidate_f.size() ||
      labels.incumbent_f_unlabelled.size() != labels.candidate_f_unlabelled.size()) {
    return Undefined("length", "incumbent and candidate have different numbers of cases");
  }
  const auto subtract = [](std::span<const double> candidate, std::span<const double> incumbent) {
    std::vector<double> d(candidate.size());
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = candidate[i] - incumbent[i];
    return d;
  };
  Computed<PredictionPowered> result = PredictionPoweredMean(
      subtract(labels.candidate_y, labels.incumbent_y), subtract(labels.candidate_f, labels.incumbent_f),
      subtract(labels.candidate_f_unlabelled, labels.incumbent_f_unlabelled), level);
  if (result) result->estimate.method = "ppi_paired";
  return result;
}

}  // namespace minslice::stats
