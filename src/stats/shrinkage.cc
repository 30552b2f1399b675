#include "minslice/stats/shrinkage.h"

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>

#include "stats/boost_policy.h"
#include "stats/normal.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

struct Weighted {
  double mean = 0;
  double q = 0;  // sum (effect - mean)^2 / (v + tau2)
  double weight = 0, weight2 = 0;
};

Weighted WeightedMean(std::span<const double> effects, std::span<const double> variances, double tau2) {
  Weighted sums;
  double product = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const double w = 1 / (variances[i] + tau2);
    sums.weight += w;
    sums.weight2 += w * w;
    product += w * effects[i];
  }
  sums.mean = product / sums.weight;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    sums.q += (effects[i] - sums.mean) * (effects[i] - sums.mean) / (variances[i] + tau2);
  }
  return sums;
}

// The root of Q(tau2) = n - 1; Q falls in tau2.
double PauleMandel(std::span<const double> effects, std::span<const double> variances) {
  const double df = static_cast<double>(effects.size()) - 1;
  const auto excess = [&](double tau2) { return WeightedMean(effects, variances, tau2).q - df; };
  if (df <= 0 || excess(0) <= 0) return 0;
  double low = 0, high = *std::max_element(variances.begin(), variances.end());
  while (excess(high) > 0) high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-16 * high; ++i) {
    const double middle = (low + high) / 2;
    (excess(middle) > 0 ? low : high) = middle;
  }
  return (low + high) / 2;
}

double LogBeta(double a, double b) {
  return boost::math::lgamma(a, BoostPolicy()) + boost::math::lgamma(b, BoostPolicy()) -
         boost::math::lgamma(a + b, BoostPolicy());
}

// The beta-binomial log likelihood in u = (log alpha, log beta) with gradient and Hessian.
struct Likelihood {
  double value = 0;
  double gradient[2] = {0, 0};
  double hessian[3] = {0, 0, 0};  // aa, ab, bb
};

Likelihood BetaBinomial(std::span<const std::int64_t> x, std::span<const std::int64_t> n, double alpha,
                        double beta) {
  Likelihood out;
  const auto psi = [](double value) { return boost::math::digamma(value, BoostPolicy()); };
  const auto psi1 = [](double value) { return boost::math::trigamma(value, BoostPolicy()); };
  double ga = 0, gb = 0, haa = 0, hab = 0, hbb = 0;
  const double base = LogBeta(alpha, beta);
  const double psi_a = psi(alpha), psi_b = psi(beta), psi_ab = psi(alpha + beta);
  const double psi1_a = psi1(alpha), psi1_b = psi1(beta), psi1_ab = psi1(alpha + beta);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double s = static_cast<double>(x[i]);
    const double f = static_cast<double>(n[i] - x[i]);
    out.value += LogBeta(alpha + s, beta + f) - base;
    const double both = psi_ab - psi(alpha + beta + s + f);
    const double both1 = psi1_ab - psi1(alpha + beta + s + f);
    ga += psi(alpha + s) - psi_a + both;
    gb += psi(beta + f) - psi_b + both;
    haa += psi1(alpha + s) - psi1_a + both1;
    hbb += psi1(beta + f) - psi1_b + both1;
    hab += both1;
  }
  out.gradient[0] = alpha * ga;
  out.gradient[1] = beta * gb;
  out.hessian[0] = alpha * alpha * haa + alpha * ga;
  out.hessian[1] = alpha * beta * hab;
  out.hessian[2] = beta * beta * hbb + beta * gb;
  return out;
}

}  // namespace

Computed<NormalShrinkage> ShrinkNormal(std::span<const double> effects, std::span<const double> variances,
                                       BetweenVariance method) {
  if (effects.size() != variances.size()) return Undefined("length", "each effect needs its variance");
  if (effects.empty()) return Undefined("no_slices", "there are no slices");
  if (!AllFinite(effects) || !AllFinite(variances))
    return Undefined("not_finite", "a value is NaN, infinite or beyond 1e100");
  for (const double v : variances) {
    if (!(v > 0)) return Undefined("variance", "a slice's variance is not above 0");
  }
  NormalShrinkage result;
  const double df = static_cast<double>(effects.size()) - 1;
  const Weighted fixed = WeightedMean(effects, variances, 0);
  result.q = fixed.q;
  result.q_p = df > 0 ? ChiSquaredSf(fixed.q, df) : 1;
  result.i2 = fixed.q > df && fixed.q > 0 ? (fixed.q - df) / fixed.q : 0;
  if (method == BetweenVariance::kDerSimonianLaird) {
    const double scale = fixed.weight - fixed.weight2 / fixed.weight;
    result.tau2 = df > 0 && scale > 0 ? std::max(0.0, (fixed.q - df) / scale) : 0;
  } else {
    result.tau2 = PauleMandel(effects, variances);
  }
  const Weighted random = WeightedMean(effects, variances, result.tau2);
  result.mean = random.mean;
  result.standard_error = std::sqrt(1 / random.weight);
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const double own = result.tau2 / (result.tau2 + variances[i]);
    result.shrunk.push_back(own * effects[i] + (1 - own) * result.mean);
    result.posterior_sd.push_back(std::sqrt(own * variances[i]));
  }
  return result;
}

std::vector<double> ProbabilityBelow(const NormalShrinkage& shrinkage, double margin) {
  std::vector<double> probability;
  for (std::size_t i = 0; i < shrinkage.shrunk.size(); ++i) {
    const double distance = -margin - shrinkage.shrunk[i];
    const double sd = shrinkage.posterior_sd[i];
    probability.push_back(sd > 0 ? NormalCdf(distance / sd) : distance > 0 ? 1.0 : distance < 0 ? 0.0 : 0.5);
  }
  return probability;
}

double SliceVariance(const PairedCounts& counts) {
  const double n = static_cast<double>(counts.n());
  const double b = static_cast<double>(counts.incumbent_only);
  const double c = static_cast<double>(counts.candidate_only);
  return ((b + .5) + (c + .5) - (c - b) * (c - b) / n) / (n * n);
}

Computed<BetaBinomialShrinkage> ShrinkRates(std::span<const std::int64_t> x, std::span<const std::int64_t> n,
                                            double level) {
  if (x.size() != n.size()) return Undefined("length", "each slice needs its passes and its cases");
  double passes = 0, cases = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] < 0 || x[i] > n[i])
      return Undefined("counts", "passes must lie between 0 and the cases of the slice");
    passes += static_cast<double>(x[i]);
    cases += static_cast<double>(n[i]);
  }
  if (cases == 0) return Undefined("no_cases", "no slice has a case");
  const double p = passes / cases;
  BetaBinomialShrinkage result;
  // The slope of the likelihood in 1/(alpha + beta) at 0: not positive means that pooling completely fits
  // best.
  double slope = 0;
  if (passes > 0 && passes < cases) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double s = static_cast<double>(x[i]);
      const double f = static_cast<double>(n[i] - x[i]);
      slope += s * (s - 1) / (2 * p) + f * (f - 1) / (2 * (1 - p)) - (s + f) * (s + f - 1) / 2;
    }
  }
  if (slope <= 1e-9 * cases) {
    result.complete_pooling = true;
    result.prior_mean = p;
    if (p > 0 && p < 1) result.log_likelihood = passes * std::log(p) + (cases - passes) * std::log1p(-p);
    result.posterior_mean.assign(x.size(), p);
    result.shrink_weight.assign(x.size(), 0.0);
    result.lower.assign(x.size(), p);
    result.upper.assign(x.size(), p);
    return result;
  }
  // Start: the best alpha + beta on a coarse grid at the pooled rate; then Newton with step halving.
  double alpha = 0, beta = 0, best = -INFINITY;
  for (double log_size = -3; log_size <= 16; log_size += 0.5) {
    const double size = std::exp(log_size);
    const double value = BetaBinomial(x, n, size * p, size * (1 - p)).value;
    if (value > best) {
      best = value;
      alpha = size * p;
      beta = size * (1 - p);
    }
  }
  for (int iteration = 0; iteration < 200; ++iteration) {
    const Likelihood now = BetaBinomial(x, n, alpha, beta);
    double a = -now.hessian[0], b = -now.hessian[1], c = -now.hessian[2];
    // Where the surface is not yet concave, lift the diagonal: then the step still climbs.
    const double lowest = (a + c) / 2 - std::hypot((a - c) / 2, b);
    const double lift =
        lowest > 1e-12 * (std::abs(a) + std::abs(c)) ? 0 : 1e-6 * (std::abs(a) + std::abs(c)) - lowest;
    a += lift;
    c += lift;
    const double determinant = a * c - b * b;
    double step_a = (c * now.gradient[0] - b * now.gradient[1]) / determinant;
    double step_b = (a * now.gradient[1] - b * now.gradient[0]) / determinant;
    const double longest = std::max(std::abs(step_a), std::abs(step_b));
    if (longest < 1e-13) break;
    double scale = std::min(1.0, 2 / longest);
    bool climbed = false;
    for (int halving = 0; halving < 40; ++halving, scale /= 2) {
      const double next_alpha = alpha * std::exp(scale * step_a);
      const double next_beta = beta * std::exp(scale * step_b);
      if (BetaBinomial(x, n, next_alpha, next_beta).value >= now.value - 1e-12 * std::abs(now.value)) {
        climbed = true;
        alpha = next_alpha;
        beta = next_beta;
        break;
      }
    }
    if (!climbed) break;
  }
  result.alpha = alpha;
  result.beta = beta;
  const double size = alpha + beta;
  result.prior_mean = alpha / size;
  result.log_likelihood = BetaBinomial(x, n, alpha, beta).value;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double s = static_cast<double>(x[i]);
    const double f = static_cast<double>(n[i] - x[i]);
    result.posterior_mean.push_back((alpha + s) / (size + s + f));
    result.shrink_weight.push_back((s + f) / (size + s + f));
    result.lower.push_back(BetaQuantile((1 - level) / 2, alpha + s, beta + f));
    result.upper.push_back(BetaQuantile((1 + level) / 2, alpha + s, beta + f));
  }
  return result;
}

}  // namespace minslice::stats
