#include "minslice/stats/agreement.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/normal.h"

namespace minslice::stats {
namespace {

bool AreCounts(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::isfinite(value) && value >= 0; });
}

double Credit(std::size_t i, std::size_t j, std::size_t k, KappaWeights weights) {
  if (weights == KappaWeights::kNone || k < 2) return i == j ? 1 : 0;
  const double distance =
      std::abs(static_cast<double>(i) - static_cast<double>(j)) / static_cast<double>(k - 1);
  return weights == KappaWeights::kLinear ? 1 - distance : 1 - distance * distance;
}

}  // namespace

Computed<Kappa> CohenKappa(std::span<const double> table, std::int64_t categories, KappaWeights weights,
                           double level) {
  const auto k = static_cast<std::size_t>(std::max<std::int64_t>(categories, 0));
  if (k == 0 || table.size() != k * k)
    return Undefined("shape", "the table must have categories x categories counts");
  if (!AreCounts(table)) return Undefined("counts", "a count is negative or not finite");
  double n = 0;
  for (const double count : table) n += count;
  if (n == 0) return Undefined("no_items", "no item was rated by both");
  std::vector<double> row(k, 0.0), column(k, 0.0);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      row[i] += table[i * k + j] / n;
      column[j] += table[i * k + j] / n;
    }
  }
  Kappa result;
  std::vector<double> row_credit(k, 0.0), column_credit(k, 0.0);  // expected credit of row i, of column j
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      const double credit = Credit(i, j, k, weights);
      result.observed += credit * table[i * k + j] / n;
      result.expected += credit * row[i] * column[j];
      row_credit[i] += credit * column[j];
      column_credit[j] += credit * row[i];
    }
  }
  if (!(1 - result.expected > 1e-14)) {
    return Undefined("constant",
                     "both raters gave one and the same category throughout: chance agreement is 1");
  }
  const double kappa = (result.observed - result.expected) / (1 - result.expected);
  double sum = 0, null_sum = 0;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      const double credit = Credit(i, j, k, weights);
      const double margins = row_credit[i] + column_credit[j];
      sum += table[i * k + j] / n * std::pow(credit - margins * (1 - kappa), 2);
      null_sum += row[i] * column[j] * std::pow(credit - margins, 2);
    }
  }
  const double scale = (1 - result.expected) * (1 - result.expected) * n;
  result.standard_error =
      std::sqrt(std::max(0.0, sum - std::pow(kappa - result.expected * (1 - kappa), 2)) / scale);
  result.null_standard_error = std::sqrt(std::max(0.0, null_sum - result.expected * result.expected) / scale);
  const double reach = TwoSidedZ(level) * result.standard_error;
  result.estimate = {kappa,
                     std::max(-1.0, kappa - reach),
                     std::min(1.0, kappa + reach),
                     level,
                     static_cast<std::int64_t>(std::llround(n)),
                     "cohen_kappa",
                     {}};
  if (result.standard_error == 0)
    result.estimate.warnings.push_back("standard error 0: the table leaves nothing to vary");
  return result;
}

Computed<FleissKappa> FleissKappaOf(std::span<const double> counts, std::int64_t categories) {
  const auto k = static_cast<std::size_t>(std::max<std::int64_t>(categories, 0));
  if (k == 0 || counts.size() % k != 0)
    return Undefined("shape", "the table must have items x categories counts");
  if (!AreCounts(counts)) return Undefined("counts", "a count is negative or not finite");
  const std::size_t items = counts.size() / k;
  if (items == 0) return Undefined("no_items", "no item was rated");
  std::vector<double> share(k, 0.0);
  double ratings = 0;
  FleissKappa result;
  for (std::size_t i = 0; i < items; ++i) {
    double total = 0, pairs = 0;
    for (std::size_t j = 0; j < k; ++j) {
      const double count = counts[i * k + j];
      total += count;
      pairs += count * (count - 1);
      share[j] += count;
    }
    if (i == 0) ratings = total;
    if (total != ratings || ratings < 2) {
      return Undefined("ratings", "every item needs the same number of ratings, at least 2");
    }
    result.observed += pairs / (ratings * (ratings - 1)) / static_cast<double>(items);
  }
  double chance = 0;
  for (const double count : share) chance += std::pow(count / (ratings * static_cast<double>(items)), 2);
  if (!(1 - chance > 1e-14))
    return Undefined("constant", "all ratings are one category: chance agreement is 1");
  result.fleiss = (result.observed - chance) / (1 - chance);
  const double uniform = 1 / static_cast<double>(k);
  result.randolph = (result.observed - uniform) / (1 - uniform);
  return result;
}

Computed<Estimate> RoganGladen(std::int64_t passes, std::int64_t n, const JudgeCalibration& judge,
                               double level) {
  if (n <= 0) return Undefined("no_cases", "the judge saw no cases");
  if (judge.labelled_pass <= 0 || judge.labelled_fail <= 0) {
    return Undefined("no_labels", "people's labels must hold at least one pass and one fail");
  }
  if (passes < 0 || passes > n || judge.true_pass < 0 || judge.true_pass > judge.labelled_pass ||
      judge.true_fail < 0 || judge.true_fail > judge.labelled_fail) {
    return Undefined("counts", "a count is negative or above its total");
  }
  const auto real = [](std::int64_t count) { return static_cast<double>(count); };
  const double p = real(passes) / real(n);
  const double sensitivity = real(judge.true_pass) / real(judge.labelled_pass);
  const double specificity = real(judge.true_fail) / real(judge.labelled_fail);
  const double youden = sensitivity + specificity - 1;
  if (!(youden > 0)) {
    return Undefined("uninformative_judge",
                     "sensitivity + specificity is at most 1: the judge says nothing about the truth");
  }
  const double rate = (p + specificity - 1) / youden;
  // Partial derivatives: 1/J for p, -rate/J for sensitivity, (1 - rate)/J for specificity. Agresti-Coull's +2
  // keeps a perfect calibration of few labels from counting as certain.
  const auto variance = [&](double x, double m) {
    const double share = (x + 2) / (m + 4);
    return share * (1 - share) / (m + 4);
  };
  const double se =
      std::sqrt(variance(real(passes), real(n)) +
                rate * rate * variance(real(judge.true_pass), real(judge.labelled_pass)) +
                (1 - rate) * (1 - rate) * variance(real(judge.true_fail), real(judge.labelled_fail))) /
      youden;
  const double reach = TwoSidedZ(level) * se;
  const auto cut = [](double value) { return std::clamp(value, 0.0, 1.0); };
  Estimate estimate{cut(rate), cut(rate - reach), cut(rate + reach), level, n, "rogan_gladen", {}};
  if (rate < 0 || rate > 1) estimate.warnings.push_back("the corrected rate lay outside [0, 1] and was cut");
  return estimate;
}

}  // namespace minslice::stats
