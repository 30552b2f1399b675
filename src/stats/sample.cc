#include "stats/sample.h"

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "stats/boost_policy.h"

namespace minslice::stats {

namespace {

// Beyond, squares and their sums over a million values would overflow.
constexpr double kLargest = 1e100;

}  // namespace

bool AllFinite(std::span<const double> values) {
  for (const double value : values) {
    if (!(std::abs(value) <= kLargest)) return false;
  }
  return true;
}

CentralSums SumDeviations(std::span<const double> values) {
  CentralSums sums;
  sums.n = static_cast<std::int64_t>(values.size());
  if (values.empty()) return sums;
  for (const double value : values) sums.mean += value;
  sums.mean /= static_cast<double>(sums.n);
  double rest = 0;  // what rounding left of sum (x - mean)
  for (const double value : values) {
    const double deviation = value - sums.mean;
    rest += deviation;
    sums.second += deviation * deviation;
    sums.third += deviation * deviation * deviation;
  }
  const double n = static_cast<double>(sums.n);
  sums.mean += rest / n;
  sums.second -= rest * rest / n;
  if (sums.second < 0) sums.second = 0;
  return sums;
}

double StudentTwoSidedP(double t, double df) {
  if (std::isnan(t)) return t;
  if (std::isinf(t)) return 0;
  // P(|T| >= |t|) = I_{df/(df+t^2)}(df/2, 1/2); the second form keeps its digits where t is small.
  const double square = t * t;
  if (square < df) return boost::math::ibetac(0.5, df / 2, square / (df + square), BoostPolicy());
  return boost::math::ibeta(df / 2, 0.5, df / (df + square), BoostPolicy());
}

double StudentUpperQuantile(double p, double df) {
  const boost::math::students_t_distribution<double, BoostPolicy> student(df);
  return boost::math::quantile(boost::math::complement(student, p));
}

double ChiSquaredSf(double x, double df) {
  return x <= 0 ? 1 : boost::math::gamma_q(df / 2, x / 2, BoostPolicy());
}

double BetaQuantile(double p, double a, double b) { return boost::math::ibeta_inv(a, b, p, BoostPolicy()); }

}  // namespace minslice::stats
