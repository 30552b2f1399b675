// Whether a slice could block at all by itself: with every prompt of it that changed broken, and the other
// slices changed as they are, would its adjusted p reach the level? At that its p would be the smallest of
// the family.
#ifndef MINSLICE_GATE_TESTABLE_H_
#define MINSLICE_GATE_TESTABLE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gate/analysis.h"
#include "minslice/stats/multiplicity.h"

namespace minslice::gate {

// The largest p for harm that a slice's data could give and that is at most `level`: its chance of a p so low
// where nothing changed.
double LargestAttainable(const Analysis& analysis, double level);
double LargestAttainable(std::int64_t discordant, double level);

// The adjusted p of each of these, were it the smallest of the family; not for the discrete methods.
std::vector<double> TimesFamily(const std::string& method, std::span<const double> p);

// The smallest adjusted p of each slice of one family. `method` as segments.multiplicity.
std::vector<double> SmallestAdjusted(const std::string& method,
                                     std::span<const stats::SliceDiscordance> slices);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_TESTABLE_H_
