// Planning for binary pairs: power, minimum detectable effect, pairs needed (methods 2.4).
// psi = discordance rate in (0, 1], delta = true difference, |delta| <= psi, alpha in (0, 1), sides 1 or 2.
// Sources: Connor 1987; Miettinen 1968 (by Connor's account); exact: enumeration of the trinomial.
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

// Smallest |delta| that a McNemar test of n pairs sees with the asked power (Connor). A reason where even
// |delta| = psi is not seen ("mde_above_psi"; the text says how many pairs would be needed) or psi = 0.
Computed<double> McNemarMde(double n_pairs, double psi, const PowerOptions& options);

// Pairs needed to see delta (Connor), not rounded; round up. delta != 0.
Computed<double> McNemarPairsNeeded(double psi, double delta, const PowerOptions& options);

// Power of a McNemar test of n pairs against delta (Connor).
Computed<double> McNemarPower(double n_pairs, double psi, double delta, const PowerOptions& options);

// Non-inferiority at a true difference of 0, one-sided alpha: n = (z_a + z_b)^2 psi / m^2.
// resolvable margin = smallest m that n pairs certify with the asked power; psi = 0 uses Tango's zero-discordance bound.
Computed<double> NonInferiorityPairsNeeded(double psi, double margin, double alpha, double power);
Computed<double> ResolvableMargin(double n_pairs, double psi, double alpha, double power);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_POWER_H_
