// Names of slices in a policy: patterns with '*' for any text.
#ifndef MINSLICE_GATE_SLICE_NAMES_H_
#define MINSLICE_GATE_SLICE_NAMES_H_

#include <string>
#include <string_view>

#include "minslice/segment_policy.h"

namespace minslice::gate {

// '*' stands for any text, also none; every other byte for itself.
bool MatchesPattern(std::string_view pattern, std::string_view name);

// `family` is the slice's own, empty where it has none: "payments/*" names its members too.
bool Names(const RequiredSlice& required, const std::string& dimension, const std::string& value,
           const std::string& family);

// The override of a slice: its exact name goes before patterns, a longer pattern before a shorter one, and
// among equals the first. nullptr where there is none.
const SegmentOverride* OverrideOf(const SegmentPolicy& policy, const std::string& dimension,
                                  const std::string& value);

// " (gates/strict.yaml:9:14)", or nothing where the place is not known.
std::string Place(const SourcePosition& where);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_SLICE_NAMES_H_
