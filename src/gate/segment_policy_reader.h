// Reads `segments` of a policy: dimensions with bins and crosses, families, floors, required slices,
// overrides.
#ifndef MINSLICE_GATE_SEGMENT_POLICY_READER_H_
#define MINSLICE_GATE_SEGMENT_POLICY_READER_H_

#include <string>

#include "io/diagnostics.h"
#include "minslice/segment_policy.h"
#include "yaml/yaml.h"

namespace minslice::gate {

// Files that it names are read relative to `folder`.
SegmentPolicy ReadSegments(const yaml::Map& root, const std::string& folder, io::Diagnostics& diagnostics);

// Canonical JSON with every default, for the resolved policy.
std::string SegmentPolicyJson(const SegmentPolicy& policy);
std::string TrafficWeightsJson(const TrafficWeights& weights);  // "null" where there are none

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_SEGMENT_POLICY_READER_H_
