#include "report/slices_json.h"

#include <string>
#include <utility>

#include "report/escape.h"
#include "report/row_json.h"

namespace minslice::report {
namespace {

Json Name(const std::string& text) { return text.empty() ? Json(nullptr) : Json(ValidUtf8(text)); }

}  // namespace

void PutSliceFields(const VerdictSegment& segment, Json& json) {
  json["no_value"] = segment.no_value;
  json["family"] = Name(segment.family);
  json["shrunken_delta"] = Value(segment.shrunken_delta);
  json["shrunken_low"] = Value(segment.shrunken_low);
  json["shrunken_high"] = Value(segment.shrunken_high);
}

void ReadSliceFields(const Reader& reader, VerdictSegment& segment) {
  reader.Get("no_value", segment.no_value);
  reader.Get("family", segment.family);
  reader.Get("shrunken_delta", segment.shrunken_delta);
  reader.Get("shrunken_low", segment.shrunken_low);
  reader.Get("shrunken_high", segment.shrunken_high);
}

void PutHeterogeneity(const VerdictDimension& dimension, Json& json) {
  json["q"] = Value(dimension.q);
  json["q_p"] = Value(dimension.q_p);
  json["tau2"] = Value(dimension.tau2);
  json["i2"] = Value(dimension.i2);
  json["mean"] = Value(dimension.mean);
}

void ReadHeterogeneity(const Reader& reader, VerdictDimension& dimension) {
  reader.Get("q", dimension.q);
  reader.Get("q_p", dimension.q_p);
  reader.Get("tau2", dimension.tau2);
  reader.Get("i2", dimension.i2);
  reader.Get("mean", dimension.mean);
}

Json FamiliesJson(const std::vector<VerdictFamily>& families) {
  Json list = Json::array();
  for (const VerdictFamily& family : families) {
    Json json;
    json["name"] = ValidUtf8(family.name);
    json["dimension"] = ValidUtf8(family.dimension);
    json["n_slices"] = family.n_slices;
    json["alpha"] = Value(family.alpha);
    PutRow(family.row, json);
    json["broke"] = Texts(family.broke);
    json["fixed"] = Texts(family.fixed);
    list.push_back(std::move(json));
  }
  return list;
}

VerdictFamily ReadFamily(const Reader& reader) {
  VerdictFamily family;
  reader.Require("name");
  reader.Get("name", family.name);
  reader.Get("dimension", family.dimension);
  reader.Get("n_slices", family.n_slices);
  reader.Get("alpha", family.alpha);
  ReadRow(reader, family.row);
  reader.Get("broke", family.broke);
  reader.Get("fixed", family.fixed);
  return family;
}

Json WeightedJson(const std::optional<VerdictWeighted>& weighted) {
  if (!weighted) return nullptr;
  Json json;
  json["delta"] = Value(weighted->delta);
  json["ci_low"] = Value(weighted->ci_low);
  json["ci_high"] = Value(weighted->ci_high);
  json["level"] = Value(weighted->level);
  json["method"] = weighted->method;
  json["status"] = weighted->status;
  json["weights_source"] = ValidUtf8(weighted->weights_source);
  json["by"] = weighted->by;
  json["covered"] = Value(weighted->covered);
  json["difference_ci"] = Json::array({Value(weighted->difference_low), Value(weighted->difference_high)});
  json["warnings"] = Texts(weighted->warnings);
  return json;
}

VerdictWeighted ReadWeighted(const Reader& reader) {
  VerdictWeighted weighted;
  reader.Get("delta", weighted.delta);
  reader.Get("ci_low", weighted.ci_low);
  reader.Get("ci_high", weighted.ci_high);
  reader.Get("level", weighted.level);
  reader.Get("method", weighted.method);
  reader.Get("status", weighted.status);
  reader.Get("weights_source", weighted.weights_source);
  reader.Get("by", weighted.by);
  reader.Get("covered", weighted.covered);
  reader.GetPair("difference_ci", weighted.difference_low, weighted.difference_high);
  reader.Get("warnings", weighted.warnings);
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
