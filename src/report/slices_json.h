// What verdict.json says of slices beside their rows: families, the weighted delta, heterogeneity, and the
// policy's part about them.
#ifndef MINSLICE_REPORT_SLICES_JSON_H_
#define MINSLICE_REPORT_SLICES_JSON_H_

#include <optional>
#include <vector>

#include "minslice/verdict.h"
#include "report/json_fields.h"

namespace minslice::report {

void PutSliceFields(const VerdictSegment& segment, Json& json);
void ReadSliceFields(const Reader& reader, VerdictSegment& segment);

void PutHeterogeneity(const VerdictDimension& dimension, Json& json);
void ReadHeterogeneity(const Reader& reader, VerdictDimension& dimension);

Json FamiliesJson(const std::vector<VerdictFamily>& families);
VerdictFamily ReadFamily(const Reader& reader);

Json WeightedJson(const std::optional<VerdictWeighted>& weighted);
VerdictWeighted ReadWeighted(const Reader& reader);

// The inverse of gate::SegmentPolicyJson and gate::TrafficWeightsJson.
SegmentPolicy ReadSegmentPolicy(const Reader& reader);
TrafficWeights ReadTrafficWeights(const Reader& reader);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_SLICES_JSON_H_
