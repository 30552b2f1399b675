#include "gate/segment_policy_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "gate/cuts.h"
#include "gate/families.h"
#include "gate/policy_fields.h"
#include "io/nearest_name.h"

namespace minslice::gate {
namespace {

void ReadBins(const yaml::Map& map, PolicyDimension& dimension) {
  if (!map.Has("bins")) return;
  for (const yaml::Node& item : map.GetList("bins")) {
    const std::optional<double> edge = item.Double();
    if (!edge) continue;
    if (!dimension.bins.empty() && *edge <= dimension.bins.back())
      item.Error("the edges of bins must rise: " + nlohmann::json(*edge).dump() + " comes after " +
                 nlohmann::json(dimension.bins.back()).dump());
    dimension.bins.push_back(*edge);
  }
  if (dimension.bins.empty()) map.Error("bins", "bins needs at least one edge, e.g. [512, 4096]");
  const std::vector<std::string> names = BinNames(dimension.bins);
  for (const std::string& value : dimension.values) {
    if (std::find(names.begin(), names.end(), value) == names.end())
      map.Error("values", io::Quoted(value) + " is none of the bins" + io::DidYouMean(value, names));
  }
}

void ReadCross(const yaml::Map& map, PolicyDimension& dimension) {
  if (!map.Has("cross")) {
    dimension.key = map.RequireString("key");
    return;
  }
  for (const char* key : {"key", "bins"}) {
    if (map.Has(key)) map.Error(key, std::string("a cross has no ") + key + "; it names dimensions");
  }
  dimension.cross = map.GetStrings("cross");
  std::set<std::string> seen;
  for (const std::string& key : dimension.cross) {
    if (!seen.insert(key).second) map.Error("cross", "the cross names " + io::Quoted(key) + " twice");
    dimension.key += (dimension.key.empty() ? "" : kCrossSign) + key;
  }
  if (dimension.cross.size() < 2)
    map.Error("cross", "a cross needs at least two dimensions, e.g. [customer, doc_length]");
}

void ReadDimensions(const yaml::Map& segments, SegmentPolicy& policy) {
  std::set<std::string> seen;
  for (const yaml::Node& item : segments.GetList("dimensions")) {
    PolicyDimension dimension;
    dimension.where = item.where();
    if (item.kind() == yaml::Kind::kMap) {
      const yaml::Map map = item.AsMap();
      ReadCross(map, dimension);
      dimension.weight = map.GetDouble("weight", 1, {.min = 0, .max = 1e9, .open_min = true});
      dimension.role = map.GetChoice("role", "gate", {"gate", "report"}) == "report" ? DimensionRole::kReport
                                                                                     : DimensionRole::kGate;
      dimension.values = map.GetStrings("values");
      if (dimension.cross.empty()) ReadBins(map, dimension);
      if (dimension.role == DimensionRole::kReport && map.Has("weight")) {
        map.Error("weight", "a dimension with role report takes no share of alpha_block; take weight out");
      }
      if (dimension.role == DimensionRole::kReport && map.Has("values")) {
        map.Error("values", "a dimension with role report reports every value; take values out");
      }
      map.Finish();
    } else {
      dimension.key = item.String().value_or("");
      if (dimension.key.empty()) continue;
    }
    if (!dimension.key.empty() && !seen.insert(dimension.key).second) {
      item.Error("dimension " + io::Quoted(dimension.key) + " is named twice");
    }
    policy.dimensions.push_back(std::move(dimension));
  }
}

void ReadRequired(const yaml::Map& segments, SegmentPolicy& policy) {
  for (const yaml::Node& item : segments.GetList("required")) {
    RequiredSlice slice;
    slice.where = item.where();
    if (item.kind() == yaml::Kind::kMap) {
      const yaml::Map map = item.AsMap();
      const std::vector<std::string> keys = map.Keys();
      if (keys.size() != 1) {
        item.Error("expected a slice: value, or dimension: value");
        continue;
      }
      slice.dimension = keys.front();
      slice.value = map.RequireString(keys.front());
    } else {
      slice.value = item.String().value_or("");
    }
    if (slice.value.empty()) continue;
    if (slice.value.find('*') < slice.value.size() - 1) {
      item.Error("'*' may only end a required slice; found " + io::Quoted(slice.value));
    }
    policy.required.push_back(std::move(slice));
  }
}

void ReadOverrides(const yaml::Map& segments, SegmentPolicy& policy) {
  const yaml::Map map = segments.GetMap("overrides");
  for (const std::string& value : map.Keys()) {
    const yaml::Map entry = map.GetMap(value);
    SegmentOverride change;
    change.value = value;
    change.where = map.KeyPosition(value);
    change.dimension = entry.GetString("dimension", "");
    if (entry.Has("margin")) change.margin = OpenFraction(entry, "margin", policy.margin, 0, 1, "margin");
    if (entry.Has("pass_rate"))
      change.floor_pass_rate = OpenFraction(entry, "pass_rate", 0.5, 0, 1, "pass_rate");
    if (!change.margin && !change.floor_pass_rate)
      map.Error(value, "an override needs margin, pass_rate, or both");
    entry.Finish();
    policy.overrides.push_back(std::move(change));
  }
  map.Finish();
}

void ReadFloors(const yaml::Map& segments, SegmentPolicy& policy) {
  const yaml::Map floors = segments.GetMap("floors");
  if (floors.Has("pass_rate")) {
    policy.floor_pass_rate = OpenFraction(floors, "pass_rate", 0.5, 0, 1, "floors.pass_rate");
  } else if (floors.present()) {
    floors.Error("pass_rate", "floors needs pass_rate");
  }
  policy.floor_on_unresolved =
      floors.GetChoice("on_unresolved", policy.floor_on_unresolved, {"hold", "report"});
  floors.Finish();
}

// The test against a margin is Tango's score: it has no list of attainable p-values, no distribution under
// swapped sides and no order of families.
void ReadStrict(const yaml::Map& map, SegmentPolicy& policy) {
  if (!map.Has("multiplicity")) policy.multiplicity = "holm";
  const std::string& method = policy.multiplicity;
  if (method == "wy_discrete" || method == "tarone_holm" || policy.joint) {
    map.Error(
        policy.joint && method != "max_t" ? "joint" : "multiplicity",
        "strict tests each slice against its margin by Tango's score, which " +
            (policy.joint ? std::string("swapping sides") : method) +
            " cannot adjust; take holm (the default beside strict), hochberg, bonferroni, bh, by or none");
  }
  if (policy.families.method == "hierarchical")
    map.Error("families",
              "strict and families.method hierarchical cannot both order the tests; take one out");
}

void ReadMultiplicity(const yaml::Map& map, SegmentPolicy& policy) {
  policy.multiplicity = map.GetChoice(
      "multiplicity", policy.multiplicity,
      {"wy_discrete", "tarone_holm", "holm", "hochberg", "bonferroni", "max_t", "bh", "by", "none"});
  policy.strict = map.GetBool("strict", policy.strict);
  policy.joint = map.GetBool("joint", policy.joint) || policy.multiplicity == "max_t";
  if (policy.strict) ReadStrict(map, policy);
  if (policy.joint && policy.multiplicity != "wy_discrete" && policy.multiplicity != "max_t")
    map.Error("joint", "joint is for multiplicity wy_discrete (smallest p) and max_t; " +
                           policy.multiplicity + " knows no joint distribution");
  if (policy.families.method != "hierarchical") return;
  if (policy.strict) return;  // said above
  if (policy.joint || (map.Has("multiplicity") && policy.multiplicity != "wy_discrete")) {
    map.Error("families",
              "families.method hierarchical orders the tests itself; take multiplicity and joint out, or set "
              "method: none");
  }
}

}  // namespace

SegmentPolicy ReadSegments(const yaml::Map& root, const std::string& folder, io::Diagnostics& diagnostics) {
  SegmentPolicy policy;
  const yaml::Node node = root.Get("segments");
  if (!node.present()) return policy;
  if (node.kind() == yaml::Kind::kList) {
    node.Error("segments is a list of names only beside gating:; here write segments: {dimensions: [...]}");
    return policy;
  }
  const yaml::Map map = root.GetMap("segments");
  ReadDimensions(map, policy);
  policy.min_cases = static_cast<int>(map.GetInt("min_cases", policy.min_cases, {.min = 1, .max = 1e9}));
  policy.under_floor = map.GetChoice("under_floor", policy.under_floor, {"pool", "report"});
  policy.margin = OpenFraction(map, "margin", policy.margin, 0, 1, "segments.margin");
  ReadFloors(map, policy);
  ReadRequired(map, policy);
  policy.families = ReadFamilies(map, folder, diagnostics);
  ReadMultiplicity(map, policy);
  ReadOverrides(map, policy);
  map.Finish();
  return policy;
}

std::string SegmentPolicyJson(const SegmentPolicy& policy) {
  using Json = nlohmann::json;
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  const auto name = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  Json dimensions = Json::array();
  for (const PolicyDimension& dimension : policy.dimensions) {
    dimensions.push_back({{"key", dimension.key},
                          {"weight", dimension.weight},
                          {"role", dimension.role == DimensionRole::kGate ? "gate" : "report"},
                          {"values", dimension.values},
                          {"bins", dimension.bins},
                          {"cross", dimension.cross}});
  }
  Json required = Json::array();
  for (const RequiredSlice& slice : policy.required) {
    required.push_back({{"dimension", slice.dimension}, {"value", slice.value}});
  }
  Json overrides = Json::array();
  for (const SegmentOverride& change : policy.overrides) {
    overrides.push_back({{"value", change.value},
                         {"dimension", name(change.dimension)},
                         {"margin", number(change.margin)},
                         {"pass_rate", number(change.floor_pass_rate)}});
  }
  Json families = nullptr;
  if (policy.families.present()) {
    Json members = Json::object();
    for (const auto& [family, names] : policy.families.members) members[family] = names;
    families = {{"method", policy.families.method},
                {"dimension", name(policy.families.dimension)},
                {"file", name(policy.families.file)},
                {"pattern", name(policy.families.pattern)},
                {"members", members}};
  }
  const Json json = {
      {"dimensions", dimensions},
      {"min_cases", policy.min_cases},
      {"under_floor", policy.under_floor},
      {"margin", policy.margin},
      {"multiplicity", policy.multiplicity},
      {"joint", policy.joint},
      {"strict", policy.strict},
      {"families", families},
      {"floors",
       {{"pass_rate", number(policy.floor_pass_rate)}, {"on_unresolved", policy.floor_on_unresolved}}},
      {"required", required},
      {"overrides", overrides}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string TrafficWeightsJson(const TrafficWeights& weights) {
  using Json = nlohmann::json;
  if (!weights.present()) return "null";
  const Json json = {{"file", weights.file},
                     {"sha256", weights.sha256},
                     {"by", weights.by_case ? "case" : "slice"},
                     {"dimension", weights.dimension.empty() ? Json(nullptr) : Json(weights.dimension)}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace minslice::gate
