// What a slice can see under the gate's rule for slices, before there is data: it blocks if its p for harm is
// small over its whole family and the drop is at least the slice margin (methods 2.5).
#ifndef MINSLICE_PLAN_SLICE_POWER_H_
#define MINSLICE_PLAN_SLICE_POWER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace minslice::plan {

// For each slice the p for harm at which it is blocked where it is the one bad slice among harmless ones. For
// wy_discrete the attainable p-values of the others are averaged over their numbers of discordant pairs,
// m ~ Bin(n, psi): a plan knows no more. sizes: pairs of each tested slice of the family; alpha of the
// family.
std::vector<double> BlockLevels(std::span<const std::int64_t> sizes, double psi, double alpha,
                                const std::string& multiplicity);

struct SliceTest {
  std::int64_t n = 0;   // pairs
  double psi = 0;       // discordance where nothing is wrong
  double level = 0;     // of BlockLevels
  double margin = 0;    // least drop that blocks
  bool strict = false;  // blocks where the drop is shown to be beyond `margin` by Tango's score, at `level`
};

// Power to block at a true drop, by summing every (b, c): P(b) = psi/2 + drop, P(c) = psi/2 (the drop comes
// on top of the usual churn), as methods 4.5.
double BlockPower(const SliceTest& test, double drop);
// The smallest drop with the asked power, to 1e-4; nullopt where even the largest possible is not seen.
std::optional<double> BlockMde(const SliceTest& test, double power);
// The smallest number of broken prompts, none fixed, that blocks; nullopt where n are not enough.
std::optional<std::int64_t> SmallestBroke(const SliceTest& test);
// Pairs at which `drop` is seen with the asked power, the level kept; nullopt where drop <= margin, or beyond
// 10 million.
std::optional<std::int64_t> PairsForDrop(const SliceTest& test, double drop, double power);

}  // namespace minslice::plan

#endif  // MINSLICE_PLAN_SLICE_POWER_H_
