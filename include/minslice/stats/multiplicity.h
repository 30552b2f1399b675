// Many slices: adjusted p-values. Vectors are in the caller's order; n >= 0; each p in [0, 1].
// Sources: Westfall, Wolfinger 1997; Tarone 1990; Holm 1979; Hochberg 1988; Benjamini, Hochberg 1995; Benjamini, Yekutieli 2001.
#ifndef MINSLICE_STATS_MULTIPLICITY_H_
#define MINSLICE_STATS_MULTIPLICITY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/stats/counts.h"

namespace minslice::stats {

// b and c of one slice; slices are disjoint. The test is the one-sided exact p for harm, P(Bin(b+c, 1/2) >= b).
struct SliceDiscordance {
  std::int64_t broke = 0;  // b
  std::int64_t fixed = 0;  // c
};

// Exact discrete Westfall-Young step-down min-p (methods 2.5): strong family-wise error control, no resampling.
std::vector<double> WestfallYoungDiscrete(std::span<const SliceDiscordance> slices);

std::vector<double> TaroneHolm(std::span<const SliceDiscordance> slices);

std::vector<double> Bonferroni(std::span<const double> p);
std::vector<double> Holm(std::span<const double> p);
std::vector<double> Hochberg(std::span<const double> p);
std::vector<double> BenjaminiHochberg(std::span<const double> p);
std::vector<double> BenjaminiYekutieli(std::span<const double> p);

// The largest level a with sum_s F_s(a) <= max_expected, F_s(a) = the largest attainable p of slice s that is <= a:
// the hold queue then expects at most max_expected false members (methods 3, rule 3). In [0, 1].
double HoldLevel(std::span<const SliceDiscordance> slices, double max_expected);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_MULTIPLICITY_H_
