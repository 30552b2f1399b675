// The randomisation test of n differences d (candidate minus incumbent): under H0 "swapping the sides of a
// prompt changes nothing" every pattern of signs is equally likely, so the p-value is a count of patterns,
// not an approximation.
//
// Scores on a lattice (K repeats give multiples of 1/K): all 2^n patterns are counted by dynamic programming,
// exactly. With one binary run a side it is McNemar's exact test to the last digit. Other scores below 2,000
// non-zero differences: rounded to a fine lattice, which is again an exact test, of the rounded scores;
// above: by the characteristic function of the flipped sum. Sources: Fisher 1935; Pitman 1937. Clusters: give
// cluster sums (SumClusters) as d.
#ifndef MINSLICE_STATS_SIGN_FLIP_H_
#define MINSLICE_STATS_SIGN_FLIP_H_

#include <cstdint>
#include <span>
#include <string>

#include "minslice/estimate.h"

namespace minslice::stats {

struct SignFlip {
  double sum = 0;      // of d
  double p = 1;        // two-sided, P(|T| >= |sum|)
  double midp = 1;     // P(|T| > |sum|) + P(|T| = |sum|) / 2; 1 where sum = 0, as McNemar's at b = c
  double p_harm = 1;   // P(T <= sum)
  double p_gain = 1;   // P(T >= sum)
  double log10_p = 0;  // of p; finite where p underflows, by a saddle-point approximation
  std::int64_t n = 0;
  std::int64_t n_nonzero = 0;
  std::string method;  // sign_flip_exact | sign_flip_rounded | sign_flip_characteristic
};

// Reasons: "no_pairs", "not_finite". All d zero: p = 1.
Computed<SignFlip> SignFlipTest(std::span<const double> d);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_SIGN_FLIP_H_
