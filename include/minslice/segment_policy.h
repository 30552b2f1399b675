// The part of a policy that is about slices: how cases are cut, which slices gate, and by what. Read by
// gate/segment_policy_reader.h; docs/formats/policy.md describes the keys.
#ifndef MINSLICE_SEGMENT_POLICY_H_
#define MINSLICE_SEGMENT_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "minslice/result.h"

namespace minslice {

enum class DimensionRole { kGate, kReport };

struct PolicyDimension {
  std::string key;    // the dimension's name in the verdict; of a cross its keys, "customer & doc_length"
  double weight = 1;  // share of alpha_block relative to the other gated dimensions
  DimensionRole role = DimensionRole::kGate;
  std::vector<std::string> values;  // gate only these; empty = all
  std::vector<double> bins;         // ascending edges of numeric bins; empty: the values as they stand
  std::vector<std::string> cross;   // the dimensions that are crossed; empty: no cross
  SourcePosition where;
};

// A slice that must be shown non-inferior. `dimension` empty: whichever dimension has the value. A value may
// end in '*'; "payments/*" names the members of a family "payments" too.
struct RequiredSlice {
  std::string dimension;
  std::string value;
  SourcePosition where;
};

// What differs for one slice. `value` may hold '*'; the exact name goes before the longest pattern.
struct SegmentOverride {
  std::string value;
  std::string dimension;  // empty: any
  std::optional<double> margin;
  std::optional<double> floor_pass_rate;
  SourcePosition where;
};

// Which slices belong together: by a list of names and patterns, or by a regular expression over the names.
struct FamilyPolicy {
  std::string method = "none";  // hierarchical | none: families pool and report, but do not order the tests
  std::string dimension;        // only of this one; empty: of every dimension
  std::string file, pattern;    // one of them, or neither: no families
  std::vector<std::pair<std::string, std::vector<std::string>>> members;  // of the file: names, with '*'

  bool present() const { return !file.empty() || !pattern.empty(); }
};

struct SegmentPolicy {
  std::vector<PolicyDimension> dimensions;  // empty: every dimension of the logs is reported, none gated
  int min_cases = 20;
  std::string under_floor = "pool";  // pool | report (never drop)
  double margin = 0.05;
  std::string multiplicity = "wy_discrete";
  bool strict = false;  // a slice blocks where it is shown to have fallen by more than its margin
  bool joint = false;   // one family over all gated dimensions, from the joint distribution under swaps
  std::optional<double> floor_pass_rate;     // absolute floor, three states
  std::string floor_on_unresolved = "hold";  // hold | report
  std::vector<RequiredSlice> required;
  FamilyPolicy families;
  std::vector<SegmentOverride> overrides;
};

// How much of the traffic lies where: by slice of one dimension, or by case. Weights are relative.
struct TrafficWeights {
  std::string file, sha256;
  bool by_case = false;   // `rows` names cases, not slices
  std::string dimension;  // whose slices
  std::vector<std::pair<std::string, double>> rows;

  bool present() const { return !file.empty(); }
};

}  // namespace minslice

#endif  // MINSLICE_SEGMENT_POLICY_H_
