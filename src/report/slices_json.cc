#include "report/slices_json.h"

#include <string>
#include <utility>

#include "report/escape.h"
#include "report/row_json.h"

namespace minslice::report {
namespace {

// Each list of fields serves for writing and reading.
template <class Segment, class Visit>
void ShrunkenFields(Segment& segment, const Visit& visit) {
  visit("shrunken_delta", segment.shrunken_delta);
  visit("shrunken_low", segment.shrunken_low);
  visit("shrunken_high", segment.shrunken_high);
}

template <class Dimension, class Visit>
void HeterogeneityFields(Dimension& dimension, const Visit& visit) {
  visit("q", dimension.q);
  visit("q_p", dimension.q_p);
  visit("tau2", dimension.tau2);
  visit("i2", dimension.i2);
  visit("mean", dimension.mean);
}

template <class Family, class Visit>
void FamilyFields(Family& family, const Visit& visit) {
  visit("name", family.name);
  visit("dimension", family.dimension);
  visit("n_slices", family.n_slices);
  visit("alpha", family.alpha);
  visit("broke", family.broke);
  visit("fixed", family.fixed);
}

template <class Weighted, class Visit>
void WeightedFields(Weighted& weighted, const Visit& visit) {
  visit("delta", weighted.delta);
  visit("ci_low", weighted.ci_low);
  visit("ci_high", weighted.ci_high);
  visit("level", weighted.level);
  visit("method", weighted.method);
  visit("status", weighted.status);
  visit("weights_source", weighted.weights_source);
  visit("by", weighted.by);
  visit("covered", weighted.covered);
  visit.Pair("difference_ci", weighted.difference_low, weighted.difference_high);
  visit("warnings", weighted.warnings);
}

}  // namespace

void PutSliceFields(const VerdictSegment& segment, Json& json) {
  json["no_value"] = segment.no_value;
  json["family"] = segment.family.empty() ? Json(nullptr) : Json(ValidUtf8(segment.family));
  ShrunkenFields(segment, FieldWriter(json));
}

void ReadSliceFields(const Reader& reader, VerdictSegment& segment) {
  reader.Get("no_value", segment.no_value);
  reader.Get("family", segment.family);
  ShrunkenFields(segment, FieldReader(reader));
}

void PutHeterogeneity(const VerdictDimension& dimension, Json& json) {
  HeterogeneityFields(dimension, FieldWriter(json));
}

void ReadHeterogeneity(const Reader& reader, VerdictDimension& dimension) {
  HeterogeneityFields(dimension, FieldReader(reader));
}

Json FamiliesJson(const std::vector<VerdictFamily>& families) {
  Json list = Json::array();
  for (const VerdictFamily& family : families) {
    Json json;
    FamilyFields(family, FieldWriter(json));
    PutRow(family.row, json);
    list.push_back(std::move(json));
  }
  return list;
}

VerdictFamily ReadFamily(const Reader& reader) {
  VerdictFamily family;
  reader.Require("name");
  FamilyFields(family, FieldReader(reader));
  ReadRow(reader, family.row);
  return family;
}

Json WeightedJson(const std::optional<VerdictWeighted>& weighted) {
  if (!weighted) return nullptr;
  Json json;
  WeightedFields(*weighted, FieldWriter(json));
  return json;
}

VerdictWeighted ReadWeighted(const Reader& reader) {
  VerdictWeighted weighted;
  WeightedFields(weighted, FieldReader(reader));
  return weighted;
}

SegmentPolicy ReadSegmentPolicy(const Reader& reader) {
  SegmentPolicy segments;
  reader.List("dimensions", [&](const Reader& d) {
    PolicyDimension dimension;
    std::string role;
    d.Get("key", dimension.key);
    d.Get("weight", dimension.weight);
    d.Get("role", role);
    dimension.role = role == "report" ? DimensionRole::kReport : DimensionRole::kGate;
    d.Get("values", dimension.values);
    d.Get("cross", dimension.cross);
    if (const Json* bins = d.Find("bins"); bins != nullptr && bins->is_array()) {
      for (const Json& edge : *bins) {
        if (edge.is_number()) dimension.bins.push_back(edge.get<double>());
      }
    }
    segments.dimensions.push_back(std::move(dimension));
  });
  reader.Get("min_cases", segments.min_cases);
  reader.Get("under_floor", segments.under_floor);
  reader.Get("margin", segments.margin);
  reader.Get("multiplicity", segments.multiplicity);
  reader.Get("joint", segments.joint);
  reader.Get("strict", segments.strict);
  reader.Object("families", [&](const Reader& f) {
    f.Get("method", segments.families.method);
    f.Get("dimension", segments.families.dimension);
    f.Get("file", segments.families.file);
    f.Get("pattern", segments.families.pattern);
    f.Object("members", [&](const Reader& m) {
      for (const auto& [family, names] : m.json().items()) {
        segments.families.members.emplace_back(family, std::vector<std::string>());
        m.Get(family.c_str(), segments.families.members.back().second);
      }
    });
  });
  reader.Object("floors", [&](const Reader& f) {
    f.Get("pass_rate", segments.floor_pass_rate);
    f.Get("on_unresolved", segments.floor_on_unresolved);
  });
  reader.List("required", [&](const Reader& q) {
    RequiredSlice slice;
    q.Get("dimension", slice.dimension);
    q.Get("value", slice.value);
    segments.required.push_back(std::move(slice));
  });
  reader.List("overrides", [&](const Reader& o) {
    SegmentOverride change;
    o.Get("value", change.value);
    o.Get("dimension", change.dimension);
    o.Get("margin", change.margin);
    o.Get("pass_rate", change.floor_pass_rate);
    segments.overrides.push_back(std::move(change));
  });
  return segments;
}

TrafficWeights ReadTrafficWeights(const Reader& reader) {
  TrafficWeights weights;
  std::string by;
  reader.Get("file", weights.file);
  reader.Get("sha256", weights.sha256);
  reader.Get("by", by);
  weights.by_case = by == "case";
  reader.Get("dimension", weights.dimension);
  return weights;
}

}  // namespace minslice::report
