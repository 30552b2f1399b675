// Many slices: adjusted p-values. Vectors are in the caller's order; n >= 0; each p in [0, 1]. A NaN among
// given p-values stands for "no test": it stays NaN and is not counted in the family. Sources: Westfall,
// Wolfinger 1997; Tarone 1990; Hommel, Krummenauer 1998; Holm 1979; Hochberg 1988; Hommel 1988; Benjamini,
// Hochberg 1995; Benjamini, Yekutieli 2001; Sidak 1967.
#ifndef MINSLICE_STATS_MULTIPLICITY_H_
#define MINSLICE_STATS_MULTIPLICITY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/stats/counts.h"

namespace minslice::stats {

// b and c of one slice; slices are disjoint. The test is the one-sided exact p for harm, P(Bin(b+c, 1/2) >=
// b).
struct SliceDiscordance {
  std::int64_t broke = 0;  // b
  std::int64_t fixed = 0;  // c
};

// P(Bin(b+c, 1/2) >= b) of each slice; 1 where b + c = 0.
std::vector<double> HarmP(std::span<const SliceDiscordance> slices);

// Exact discrete Westfall-Young step-down min-p (methods 2.5): strong family-wise error control, no
// resampling. O(S log S + S x distinct b + c): 1,000 slices cost well under 1 ms.
std::vector<double> WestfallYoungDiscrete(std::span<const SliceDiscordance> slices);

// Step-down of p_(k) times the number of remaining slices that could attain a p <= p_(k). That product rises
// with p, so a larger level never rejects less, which Tarone's own smallest K does not promise.
std::vector<double> TaroneHolm(std::span<const SliceDiscordance> slices);

std::vector<double> Bonferroni(std::span<const double> p);
std::vector<double> Holm(std::span<const double> p);
std::vector<double> HolmSidak(std::span<const double> p);  // needs independence or positive dependence
std::vector<double> Hochberg(std::span<const double> p);
std::vector<double> Hommel(std::span<const double> p);  // O(n^2)
std::vector<double> BenjaminiHochberg(std::span<const double> p);
std::vector<double> BenjaminiYekutieli(std::span<const double> p);

// The largest level a with sum_s F_s(a) <= max_expected, F_s(a) = the largest attainable p of slice s that is
// <= a: the hold queue then expects at most max_expected false members (methods 3, rule 3). In [0, 1]; 0
// where even the smallest attainable p is too much. Widened by 1e-12 of itself, so that `p <= level` holds
// for p computed elsewhere.
double HoldLevel(std::span<const SliceDiscordance> slices, double max_expected);

// The level of each of `intervals` independent two-sided intervals that makes all of them hold together with
// `level`.
double SidakLevel(double level, std::int64_t intervals);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_MULTIPLICITY_H_
