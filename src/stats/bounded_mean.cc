#include "minslice/stats/bounded_mean.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/sample.h"

namespace minslice::stats {
namespace {

// -2 log of the likelihood ratio of mean mu: 2 sum log(1 + lambda (d - mu)), lambda the root of sum (d -
// mu)/(1 + lambda (d - mu)).
double LogRatio(std::span<const double> d, double mu, double least, double most) {
  if (!(mu > least && mu < most)) return INFINITY;
  // All weights positive: lambda between -1/(most - mu) and 1/(mu - least). The sum falls in lambda.
  const double n = static_cast<double>(d.size());
  double low = (1 / n - 1) / (most - mu), high = (1 - 1 / n) / (mu - least);
  for (int i = 0; i < 200; ++i) {
    const double lambda = (low + high) / 2;
    double slope = 0;
    for (const double value : d) slope += (value - mu) / (1 + lambda * (value - mu));
    (slope > 0 ? low : high) = lambda;
    if (high - low <= 1e-15 * (std::abs(low) + std::abs(high))) break;
  }
  const double lambda = (low + high) / 2;
  double sum = 0;
  for (const double value : d) sum += std::log1p(lambda * (value - mu));
  return 2 * sum;
}

Interval EmpiricalLikelihood(std::span<const double> d, double mean, double level) {
  const auto [least, most] = std::minmax_element(d.begin(), d.end());
  const double n = static_cast<double>(d.size());
  const double t = StudentUpperQuantile((1 - level) / 2, n - 1);
  const double threshold = t * t;
  const auto limit = [&](double outside) {
    double inside = mean;
    for (int i = 0; i < 60; ++i) {
      const double middle = (inside + outside) / 2;
      (LogRatio(d, middle, *least, *most) > threshold ? outside : inside) = middle;
    }
    return (inside + outside) / 2;
  };
  return {limit(*least), limit(*most)};
}

// Hedged capital for a fixed n: bets sqrt(2 log(2/alpha) / (n var_{t-1})) from the data before t; x in [0,
// 1].
Interval Betting(const std::vector<double>& x, double alpha) {
  const double n = static_cast<double>(x.size());
  std::vector<double> bets;
  double sum = 0, squares = 0, variance = 0.25;
  for (std::size_t i = 0; i < x.size(); ++i) {
    bets.push_back(std::sqrt(2 * std::log(2 / alpha) / (n * variance)));
    const double t = static_cast<double>(i + 1);
    sum += x[i];
    const double mean = (0.5 + sum) / (t + 1);
    squares += (x[i] - mean) * (x[i] - mean);
    variance = (0.25 + squares) / (t + 1);
  }
  // A mean is refused once its share of the capital has ever reached 1/alpha: the maximum over time is as
  // valid as the end.
  const double threshold = std::log(2 / alpha);
  const auto refuses = [&](double m, double sign) {
    const double room = sign > 0 ? m : 1 - m;
    double capital = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double bet = room > 0 ? std::min(bets[i], 0.5 / room) : bets[i];
      capital += std::log1p(std::max(-1.0, sign * bet * (x[i] - m)));
      if (capital >= threshold) return true;
    }
    return false;
  };
  const auto limit = [&](double outside, double inside, double sign) {
    if (!refuses(outside, sign)) return outside;
    for (int i = 0; i < 60; ++i) {
      const double middle = (inside + outside) / 2;
      (refuses(middle, sign) ? outside : inside) = middle;
    }
    return (inside + outside) / 2;
  };
  return {limit(0, 1, 1), limit(1, 0, -1)};
}

}  // namespace

std::string_view BoundedMethodName(BoundedMethod method) {
  switch (method) {
    case BoundedMethod::kEmpiricalLikelihood:
      return "empirical_likelihood";
    case BoundedMethod::kBetting:
      return "betting";
    case BoundedMethod::kHoeffding:
      return "hoeffding";
  }
  return "";
}

Computed<Estimate> BoundedMeanInterval(std::span<const double> d, double low, double high, double level,
                                       BoundedMethod method) {
  if (d.empty()) return Undefined("no_pairs", "there are no pairs");
  if (!AllFinite(d) || !std::isfinite(low) || !std::isfinite(high))
    return Undefined("not_finite", "a value is NaN, infinite or beyond 1e100");
  if (!(level > 0 && level < 1)) return Undefined("level", "the level must lie between 0 and 1");
  if (!(low < high)) return Undefined("range", "the range must have low < high");
  for (const double value : d) {
    if (value < low || value > high) return Undefined("range", "a value lies outside the given range");
  }
  const CentralSums sums = SumDeviations(d);
  const double n = static_cast<double>(sums.n);
  Estimate estimate{sums.mean, low, high, level, sums.n, std::string(BoundedMethodName(method)), {}};
  if (method == BoundedMethod::kHoeffding) {
    const double reach = (high - low) * std::sqrt(std::log(2 / (1 - level)) / (2 * n));
    estimate.lower = std::max(low, sums.mean - reach);
    estimate.upper = std::min(high, sums.mean + reach);
    return estimate;
  }
  if (method == BoundedMethod::kBetting) {
    std::vector<double> x;
    for (const double value : d) x.push_back((value - low) / (high - low));
    const Interval unit = Betting(x, 1 - level);
    estimate.lower = low + (high - low) * unit.lower;
    estimate.upper = low + (high - low) * unit.upper;
    return estimate;
  }
  if (d.size() < 2 || !(std::sqrt(sums.second / n) > 1e-14 * std::max(std::abs(low), std::abs(high)))) {
    return Undefined("no_variation",
                     "all values are equal: empirical likelihood sees no other mean; use betting");
  }
  const Interval interval = EmpiricalLikelihood(d, sums.mean, level);
  estimate.lower = interval.lower;
  estimate.upper = interval.upper;
  if (n < 10)
    estimate.warnings.push_back("n < 10: the limits cannot leave the range of the data; betting can");
  return estimate;
}

}  // namespace minslice::stats
