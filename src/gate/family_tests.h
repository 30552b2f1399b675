// Families first, then the slices of those that show something (Meinshausen 2008): what thousands of slices
// are gated by.
//
// A family's own test is twice the smaller of two p for harm: of all its cases together, which sees a small
// fall everywhere, and the smallest of its slices', which sees one slice fall while the others hide it. The
// sum alone would be blind to the latter: in the incident that this gate was born from (8 broke, 1 fixed in
// one slice, 40 and 51 in the others) it is .69 for the suite, and nothing below is ever looked at. For the
// same reason the whole dimension is no node: the procedure keeps its error rate without one.
#ifndef MINSLICE_GATE_FAMILY_TESTS_H_
#define MINSLICE_GATE_FAMILY_TESTS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "minslice/stats/multiplicity.h"

namespace minslice::gate {

// p: of the slices for harm. discordance: theirs, or empty where there are no counts.
double FamilyP(double pooled_p, std::span<const double> p,
               std::span<const stats::SliceDiscordance> discordance);

struct FamilyAdjusted {
  std::vector<double> family, slice;
};
// family_of[s]: the family of slice s, or -1: a family of its own.
FamilyAdjusted AdjustByFamily(std::span<const double> family_p, std::span<const double> slice_p,
                              std::span<const std::ptrdiff_t> family_of);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_FAMILY_TESTS_H_
