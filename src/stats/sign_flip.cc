#include "minslice/stats/sign_flip.h"

#include <algorithm>
#include <cmath>

#include "stats/sample.h"
#include "stats/sign_flip_distribution.h"

namespace minslice::stats {

Computed<SignFlip> SignFlipTest(std::span<const double> d) {
  if (d.empty()) return Undefined("no_pairs", "there are no pairs; at least 1 is needed");
  if (!AllFinite(d)) return Undefined("not_finite", "a difference is NaN, infinite or beyond 1e100");
  const SignFlipDistribution distribution(d);
  SignFlip result;
  for (const double value : d) result.sum += value;
  result.n = static_cast<std::int64_t>(d.size());
  result.n_nonzero = distribution.nonzero();
  switch (distribution.kind()) {
    case SignFlipDistribution::Kind::kLattice:
      result.method = "sign_flip_exact";
      break;
    case SignFlipDistribution::Kind::kRoundedLattice:
      result.method = "sign_flip_rounded";
      break;
    case SignFlipDistribution::Kind::kCharacteristicFunction:
      result.method = "sign_flip_characteristic";
      break;
  }
  if (result.n_nonzero == 0) {
    result.sum = 0;
    return result;
  }
  const double t = distribution.observed();
  result.p_gain = distribution.AtLeast(t);
  result.p_harm = distribution.AtLeast(-t);  // T is symmetric
  const double size = std::abs(t);
  if (size == 0) return result;  // every pattern is at least as far out: p = mid-p = 1
  const double reached = distribution.AtLeast(size);
  const double beyond = distribution.Above(size);
  result.p = std::min(1.0, 2 * reached);
  result.midp = std::min(1.0, reached + beyond);
  result.log10_p = std::log10(result.p);
  if (result.p <
      (distribution.kind() == SignFlipDistribution::Kind::kCharacteristicFunction ? 1e-12 : 1e-300)) {
    const double log_tail = distribution.LogSaddlePointTail(size);
    result.log10_p = (log_tail + std::log(2.0)) / std::log(10.0);
    result.p = std::exp(log_tail + std::log(2.0));
    result.midp = std::min(result.midp, result.p);
    (t > 0 ? result.p_gain : result.p_harm) = result.p / 2;
  }
  return result;
}

}  // namespace minslice::stats
