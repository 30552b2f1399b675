#include "stats/normal.h"

#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>

#include "stats/boost_policy.h"

namespace minslice::stats {
namespace {
constexpr double kSqrt2 = 1.4142135623730950488;
constexpr double kSqrtPi = 1.7724538509055160273;
}  // namespace

double NormalCdf(double z) { return 0.5 * std::erfc(-z / kSqrt2); }

double NormalSf(double z) { return 0.5 * std::erfc(z / kSqrt2); }

double LogNormalSf(double z) {
  if (z < 30) return std::log(NormalSf(z));
  // erfc(x) = exp(-x^2) / (x sqrt(pi)) (1 - 1/(2x^2) + 3/(4x^4) - 15/(8x^6) + ...), x > 21: the next term is
  // below 1e-9 / 1e4.
  const double x2 = z * z / 2;
  const double r = 1 / (2 * x2);
  const double series = 1 - r * (1 - 3 * r * (1 - 5 * r * (1 - 7 * r * (1 - 9 * r))));
  return -x2 - std::log(2 * std::sqrt(x2) * kSqrtPi) + std::log(series);
}

double NormalUpperQuantile(double p) {
  if (p <= 0) return std::numeric_limits<double>::infinity();
  if (p >= 1) return -std::numeric_limits<double>::infinity();
  return kSqrt2 * boost::math::erfc_inv(2 * p, BoostPolicy());
}

double NormalQuantile(double p) { return -NormalUpperQuantile(p); }

double TwoSidedZ(double level) { return kSqrt2 * boost::math::erf_inv(level, BoostPolicy()); }

}  // namespace minslice::stats
