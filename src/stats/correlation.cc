#include "minslice/stats/correlation.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "stats/normal.h"
#include "stats/ranks.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

std::optional<Reason> Unusable(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size()) {
    return Reason{"length",
                  "x has " + std::to_string(x.size()) + " values and y " + std::to_string(y.size())};
  }
  if (x.size() < 3)
    return Reason{"too_few_pairs", "a correlation needs at least 3 pairs, found " + std::to_string(x.size())};
  if (!AllFinite(x) || !AllFinite(y)) return Reason{"not_finite", "a value is NaN, infinite or beyond 1e100"};
  const auto constant = [](std::span<const double> v) {
    return std::all_of(v.begin(), v.end(), [&](double value) { return value == v[0]; });
  };
  if (constant(x) || constant(y))
    return Reason{"constant", "one side never varies, so there is nothing to correlate"};
  return std::nullopt;
}

double Product(std::span<const double> x, std::span<const double> y) {
  const CentralSums of_x = SumDeviations(x);
  const CentralSums of_y = SumDeviations(y);
  double cross = 0;
  for (std::size_t i = 0; i < x.size(); ++i) cross += (x[i] - of_x.mean) * (y[i] - of_y.mean);
  return std::clamp(cross / std::sqrt(of_x.second * of_y.second), -1.0, 1.0);
}

// Fisher's z with the given variance of z times (n - 3).
Correlation WithInterval(double r, std::size_t size, double level, double variance, const char* method) {
  const double n = static_cast<double>(size);
  Correlation result;
  const double df = n - 2;
  const double t = std::abs(r) < 1 ? r * std::sqrt(df / ((1 - r) * (1 + r))) : INFINITY;
  result.p = StudentTwoSidedP(t, df);
  result.estimate = {r, -1, 1, level, static_cast<std::int64_t>(size), method, {}};
  if (size < 4) {
    result.estimate.warnings.push_back("n < 4: no interval narrower than [-1, 1]");
  } else if (std::abs(r) < 1) {
    const double reach = TwoSidedZ(level) * std::sqrt(variance / (n - 3));
    result.estimate.lower = std::tanh(std::atanh(r) - reach);
    result.estimate.upper = std::tanh(std::atanh(r) + reach);
  } else {
    result.estimate.lower = result.estimate.upper = r;
    result.estimate.warnings.push_back("perfect correlation: Fisher's interval has no width");
  }
  return result;
}

}  // namespace

Computed<Correlation> Pearson(std::span<const double> x, std::span<const double> y, double level) {
  if (auto reason = Unusable(x, y)) return tl::unexpected<Reason>(*reason);
  return WithInterval(Product(x, y), x.size(), level, 1, "pearson");
}

Computed<Correlation> Spearman(std::span<const double> x, std::span<const double> y, double level) {
  if (auto reason = Unusable(x, y)) return tl::unexpected<Reason>(*reason);
  const double r = Product(MidRanks(x).rank, MidRanks(y).rank);
  return WithInterval(r, x.size(), level, 1 + r * r / 2, "spearman");
}

Computed<KendallTauB> Kendall(std::span<const double> x, std::span<const double> y) {
  if (auto reason = Unusable(x, y)) return tl::unexpected<Reason>(*reason);
  double balance = 0;  // concordant minus discordant
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double product = (x[i] - x[j]) * (y[i] - y[j]);
      balance += product > 0 ? 1 : product < 0 ? -1 : 0;
    }
  }
  struct TieSums {
    double pairs = 0, triples = 0, variance = 0;
  };
  const auto sums = [](std::span<const double> v) {
    TieSums of;
    for (const std::int64_t size : MidRanks(v).ties) {
      const double t = static_cast<double>(size);
      of.pairs += t * (t - 1) / 2;
      of.triples += t * (t - 1) * (t - 2);
      of.variance += t * (t - 1) * (2 * t + 5);
    }
    return of;
  };
  const TieSums of_x = sums(x);
  const TieSums of_y = sums(y);
  const double n = static_cast<double>(x.size());
  const double all = n * (n - 1) / 2;
  KendallTauB result;
  result.tau = std::clamp(balance / std::sqrt((all - of_x.pairs) * (all - of_y.pairs)), -1.0, 1.0);
  const double m = n * (n - 1);
  const double variance = (m * (2 * n + 5) - of_x.variance - of_y.variance) / 18 +
                          2 * of_x.pairs * of_y.pairs / m + of_x.triples * of_y.triples / (9 * m * (n - 2));
  result.p = std::min(1.0, 2 * NormalSf(std::abs(balance) / std::sqrt(variance)));
  return result;
}

}  // namespace minslice::stats
