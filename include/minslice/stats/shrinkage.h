// Many noisy slices looked at together: each estimate is drawn towards the common mean by as much as its own
// noise deserves. For display and triage, never for blocking: a shrunk estimate answers another question than
// a test does. Sources: DerSimonian, Laird 1986; Paule, Mandel 1982; Higgins, Thompson 2002 (I^2); Stephens
// 2017 (sign probabilities); beta-binomial: Skellam 1948, maximum likelihood.
#ifndef MINSLICE_STATS_SHRINKAGE_H_
#define MINSLICE_STATS_SHRINKAGE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/estimate.h"
#include "minslice/stats/counts.h"

namespace minslice::stats {

enum class BetweenVariance { kDerSimonianLaird, kPauleMandel };

struct NormalShrinkage {
  double tau2 = 0;            // variance between slices, cut at 0
  double mean = 0;            // weights 1 / (v + tau2)
  double standard_error = 0;  // of the mean
  double q = 0;               // Cochran's Q, chi-squared with n - 1 under one common effect
  double q_p = 1;
  double i2 = 0;                     // share of the variation that is between slices, in [0, 1]
  std::vector<double> shrunk;        // B effect + (1 - B) mean, B = tau2 / (tau2 + v)
  std::vector<double> posterior_sd;  // sqrt(B v): the mean's own error is left out
};

// effects and their variances v > 0, one a slice. Reasons: "length", "no_slices", "variance", "not_finite".
Computed<NormalShrinkage> ShrinkNormal(std::span<const double> effects, std::span<const double> variances,
                                       BetweenVariance method);

// P(delta_s < -margin) for each slice under its normal posterior; where tau2 = 0, 0 or 1 by the common mean
// (1/2 at equality).
std::vector<double> ProbabilityBelow(const NormalShrinkage& shrinkage, double margin);

// v of a binary slice's delta, finite at b = c = 0: ((b+.5) + (c+.5) - (c-b)^2/n)/n^2 (methods 2.5). n > 0.
double SliceVariance(const PairedCounts& counts);

struct BetaBinomialShrinkage {
  bool complete_pooling =
      false;  // no over-dispersion: the likelihood rises for ever in alpha + beta, all slices share one rate
  double alpha = 0, beta = 0;  // of the prior; 0 where complete_pooling
  double prior_mean = 0;       // alpha / (alpha + beta), or the pooled rate
  double log_likelihood = 0;   // without binomial coefficients; where complete_pooling its limit
  std::vector<double> posterior_mean;
  std::vector<double> shrink_weight;  // weight of the slice's own rate: n / (n + alpha + beta)
  std::vector<double> lower,
      upper;  // posterior quantiles at (1 -+ level) / 2; where complete_pooling the pooled rate
};

// passes x of n, one a slice; slices of n = 0 get the prior. Reasons: "length", "no_cases", "counts".
Computed<BetaBinomialShrinkage> ShrinkRates(std::span<const std::int64_t> x, std::span<const std::int64_t> n,
                                            double level);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_SHRINKAGE_H_
