#include "minslice/stats/proportion.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

#include "stats/boost_policy.h"
#include "stats/normal.h"

namespace minslice::stats {
namespace {

// Checks the arguments, then lets `limits(x, n, z)` fill the interval.
template <class Limits>
Computed<Estimate> Make(std::int64_t x, std::int64_t n, double level, const char* method, Limits limits) {
  if (n <= 0) return Undefined("no_cases", "there are no cases (n = 0); at least one is needed");
  if (x < 0 || x > n) return Undefined("bad_count", "the number of passes must lie between 0 and n");
  if (!(level > 0 && level < 1)) return Undefined("bad_level", "the level must lie between 0 and 1");
  const Interval interval = limits(static_cast<double>(x), static_cast<double>(n), TwoSidedZ(level));
  return Estimate{.value = static_cast<double>(x) / static_cast<double>(n),
                  .lower = std::clamp(interval.lower, 0.0, 1.0),
                  .upper = std::clamp(interval.upper, 0.0, 1.0),
                  .level = level,
                  .n = n,
                  .method = method,
                  .warnings = {}};
}

}  // namespace

Computed<Estimate> WilsonInterval(std::int64_t x, std::int64_t n, double level) {
  return Make(x, n, level, "wilson", [](double x_, double n_, double z) {
    const double z2 = z * z;
    const double centre = (x_ + z2 / 2) / (n_ + z2);
    const double half = z / (n_ + z2) * std::sqrt(x_ * ((n_ - x_) / n_) + z2 / 4);
    return Interval{x_ == 0 ? 0 : centre - half, x_ == n_ ? 1 : centre + half};
  });
}

Computed<Estimate> WilsonCorrectedInterval(std::int64_t x, std::int64_t n, double level) {
  return Make(x, n, level, "wilson_cc", [](double x_, double n_, double z) {
    const double z2 = z * z;
    const double p = x_ / n_;
    const double middle = 2 * x_ + z2;
    const double scale = 2 * (n_ + z2);
    const double low = z2 - 2 - 1 / n_ + 4 * p * (n_ * (1 - p) + 1);
    const double high = z2 + 2 - 1 / n_ + 4 * p * (n_ * (1 - p) - 1);
    return Interval{x_ == 0 ? 0 : (middle - 1 - z * std::sqrt(std::max(0.0, low))) / scale,
                    x_ == n_ ? 1 : (middle + 1 + z * std::sqrt(std::max(0.0, high))) / scale};
  });
}

Computed<Estimate> ClopperPearsonInterval(std::int64_t x, std::int64_t n, double level) {
  const double tail = (1 - level) / 2;
  return Make(x, n, level, "clopper_pearson", [tail](double x_, double n_, double) {
    return Interval{x_ == 0 ? 0 : boost::math::ibeta_inv(x_, n_ - x_ + 1, tail, BoostPolicy()),
                    x_ == n_ ? 1 : boost::math::ibetac_inv(x_ + 1, n_ - x_, tail, BoostPolicy())};
  });
}

Computed<Estimate> JeffreysInterval(std::int64_t x, std::int64_t n, double level) {
  const double tail = (1 - level) / 2;
  return Make(x, n, level, "jeffreys", [tail](double x_, double n_, double) {
    return Interval{boost::math::ibeta_inv(x_ + 0.5, n_ - x_ + 0.5, tail, BoostPolicy()),
                    boost::math::ibetac_inv(x_ + 0.5, n_ - x_ + 0.5, tail, BoostPolicy())};
  });
}

Computed<Estimate> AgrestiCoullInterval(std::int64_t x, std::int64_t n, double level) {
  return Make(x, n, level, "agresti_coull", [](double x_, double n_, double z) {
    const double z2 = z * z;
    const double p = (x_ + z2 / 2) / (n_ + z2);
    const double half = z * std::sqrt(p * (1 - p) / (n_ + z2));
    return Interval{p - half, p + half};
  });
}

}  // namespace minslice::stats
