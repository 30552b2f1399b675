// Planning: power, minimum detectable effect, pairs needed (methods 2.4).
// psi = discordance rate in (0, 1], delta = true difference, |delta| <= psi, alpha in (0, 1), sides 1 or 2.
// Sources: Connor 1987; Miettinen 1968 (by Connor's account); exact: enumeration of the trinomial.
//
// A planning figure means nothing without its psi, sides, alpha, power and test: print them beside it.
// Pairs-needed figures that are shown to people use psi as it is printed, PrintedPsi, so that anybody can
// reproduce the count from the page.
#ifndef MINSLICE_STATS_POWER_H_
#define MINSLICE_STATS_POWER_H_

#include <cstdint>

#include "minslice/estimate.h"

namespace minslice::stats {

struct PowerOptions {
  double alpha = 0.05;
  int sides = 2;
  double power = 0.80;
};

// psi rounded to 3 significant digits: .1380952 -> .138.
double PrintedPsi(double psi);

// Smallest |delta| that a McNemar test of n pairs sees with the asked power (Connor). A reason where even
// |delta| = psi is not seen ("mde_above_psi"; the text says how many pairs would be needed) or psi = 0.
Computed<double> McNemarMde(double n_pairs, double psi, const PowerOptions& options);

// Pairs needed to see delta (Connor), not rounded; round up. delta != 0.
Computed<double> McNemarPairsNeeded(double psi, double delta, const PowerOptions& options);

// Power of a McNemar test of n pairs against delta (Connor).
Computed<double> McNemarPower(double n_pairs, double psi, double delta, const PowerOptions& options);

// Miettinen's formula: nearer to the mid-p and asymptotic tests than Connor's, less cautious.
Computed<double> McNemarPowerMiettinen(double n_pairs, double psi, double delta, const PowerOptions& options);
Computed<double> McNemarPairsNeededMiettinen(double psi, double delta, const PowerOptions& options);

// Exact power by summing the trinomial, and the true size of the test (its power at delta = 0). n up to 1e7.
enum class McNemarTest { kExact, kMidP, kAsymptotic };
struct ExactPower {
  double power = 0;
  double size = 0;
  // Given a significant result: E|estimate| / |delta|, and the probability that the sign is wrong (Gelman,
  // Carlin 2014; Card et al. 2020). NaN where delta = 0 or no result can be significant. For sides = 1 the
  // wrong sign cannot be significant.
  double type_m = 0;
  double type_s = 0;
};
Computed<ExactPower> McNemarExactPower(std::int64_t n_pairs, double psi, double delta, McNemarTest test,
                                       const PowerOptions& options);
// Smallest |delta| with the asked exact power: a root of the power in delta at fixed psi.
Computed<double> McNemarExactMde(std::int64_t n_pairs, double psi, McNemarTest test,
                                 const PowerOptions& options);

// Connor's formula is rough below 200 pairs or 25 expected discordant ones: there the trinomial is summed.
bool ConnorIsRough(std::int64_t n_pairs, double psi);
// The one to plan and to decide by: McNemarExactMde where Connor's formula is rough, else McNemarMde.
Computed<double> McNemarPlanningMde(std::int64_t n_pairs, double psi, McNemarTest test,
                                    const PowerOptions& options);

// Non-inferiority at a true difference of 0, one-sided alpha: n = (z_a + z_b)^2 psi / m^2.
// resolvable margin = smallest m that n pairs certify with the asked power; psi = 0 uses Tango's
// zero-discordance bound.
Computed<double> NonInferiorityPairsNeeded(double psi, double margin, double alpha, double power);
Computed<double> ResolvableMargin(double n_pairs, double psi, double alpha, double power);

// Power to certify delta > -margin, one-sided alpha, at a true difference delta: the normal formula and, for
// n up to 20,000, every table summed with Tango's test.
Computed<double> NonInferiorityPower(double n_pairs, double psi, double delta, double margin, double alpha);
Computed<double> NonInferiorityExactPower(std::int64_t n_pairs, double psi, double delta, double margin,
                                          double alpha);

// Two independent groups of n each: what pairing saves. `both_tails` counts the tail of the wrong sign too,
// as statsmodels; R's power.prop.test does not by default.
struct TwoProportionPower {
  double pooled_one_tail = 0;
  double pooled_both_tails = 0;
  double arcsine_both_tails = 0;
};
Computed<TwoProportionPower> UnpairedPower(double p1, double p2, double n_per_group, double alpha,
                                           int sides = 2);
Computed<double> UnpairedNeeded(double p1, double p2,
                                const PowerOptions& options);  // per group, not rounded; pooled
// Smallest |p2 - p1|, p2 above (upwards) or below p1, with the asked power, pooled and one-tailed.
Computed<double> UnpairedMde(double p1, double n_per_group, const PowerOptions& options, bool upwards = true);

// Paired t on graded scores, effect d = mean difference / its standard deviation; noncentral t.
struct PairedTPower {
  double both_tails = 0;
  double one_tail = 0;
};
Computed<PairedTPower> PairedTTestPower(double d, double n_pairs, double alpha, int sides);
Computed<double> PairedTPairsNeeded(double d, const PowerOptions& options);  // not rounded; both tails
Computed<double> PairedTMde(double n_pairs, const PowerOptions& options);    // as d

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_POWER_H_
