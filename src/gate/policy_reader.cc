#include "gate/policy_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "minslice/version.h"
#include "yaml/yaml.h"

namespace minslice::gate {
namespace {

// A key that the policy's format has and this version does not act on. It is refused, because a gate that
// reads past a rule would pass what the rule forbids.
void Refuse(const yaml::Map& map, const char* key, const std::string& what) {
  if (map.Has(key)) map.Error(key, what + " is not supported by this version yet; take it out");
}

// A fraction in (low, high), both excluded.
double OpenFraction(const yaml::Map& map, const char* key, double fallback, double low, double high,
                    const char* meaning) {
  const double value = map.GetDouble(key, fallback);
  if (value > low && value < high) return value;
  std::string text = std::string(meaning) + " must lie between " + nlohmann::json(low).dump() + " and " +
                     nlohmann::json(high).dump() + ", both excluded; found " + nlohmann::json(value).dump();
  if (value >= 1 && value <= 100) text += " (fractions, not points: 2 points are 0.02)";
  map.Error(key, text);
  return fallback;
}

void ReadPairing(const yaml::Map& root) {
  const yaml::Map pairing = root.GetMap("pairing");
  pairing.GetChoice("key", "case_id", {"case_id", "prompt_id"});
  if (!pairing.GetBool("require_same_prompt_hash", true)) {
    pairing.Error("require_same_prompt_hash",
                  "pairs with different prompts are always refused; only true is supported");
  }
  Refuse(pairing, "cluster", "pairing.cluster (the logs' own cluster field is used)");
  pairing.Finish();
}

void ReadErrorRates(const yaml::Map& root, ErrorRates& rates) {
  const yaml::Map map = root.GetMap("error_rates");
  rates.alpha_promote = OpenFraction(map, "alpha_promote", rates.alpha_promote, 0, 0.5, "alpha_promote");
  rates.alpha_block = OpenFraction(map, "alpha_block", rates.alpha_block, 0, 0.5, "alpha_block");
  rates.power = OpenFraction(map, "power", rates.power, 0.5, 1, "power");
  rates.max_expected_false_holds =
      map.GetDouble("max_expected_false_holds", rates.max_expected_false_holds, {.min = 0, .max = 1000});
  map.Finish();
}

void ReadMetrics(const yaml::Map& root, Policy& policy) {
  const yaml::Node list = root.Get("metrics");
  if (!list.present()) return;
  const std::vector<yaml::Node> items = list.Items();
  if (list.kind() == yaml::Kind::kList && items.empty())
    list.Error("metrics is empty; leave it out for the default metric pass");
  int primaries = 0;
  for (const yaml::Node& item : items) {
    const yaml::Map map = item.AsMap();
    if (item.kind() != yaml::Kind::kMap) continue;
    const std::string name = map.RequireString("name");
    const std::string role =
        map.GetChoice("role", "primary", {"primary", "guardrail", "deterioration", "report"});
    if (role != "primary") {
      map.Error("role", "a metric with role " + role + " is not supported by this version yet; take it out");
    } else if (++primaries > 1) {
      item.Error("a second primary metric; a policy has one");
    }
    const std::string type = map.GetChoice("type", "binary", {"binary", "graded"});
    if (type == "graded")
      map.Error("type", "graded metrics are not supported by this version yet; name a metric of 0 and 1");
    const std::string direction = map.GetChoice("direction", "up", {"up", "down"});
    if (direction == "down")
      map.Error("direction",
                "direction down is not supported by this version yet; name a metric where more is better");
    const double margin = OpenFraction(map, "margin", policy.margin, 0, 1, "margin");
    const double target_mde = OpenFraction(map, "target_mde", policy.target_mde, 0, 1, "target_mde");
    for (const char* key : {"range", "labels", "correction"}) Refuse(map, key, std::string("metrics.") + key);
    map.Finish();
    if (role == "primary") {
      if (!name.empty()) policy.metric = name;
      policy.margin = margin;
      policy.target_mde = target_mde;
    }
  }
}

void ReadMethods(const yaml::Map& root, Policy& policy) {
  const yaml::Map map = root.GetMap("methods");
  policy.ci_method =
      map.GetChoice("ci", policy.ci_method,
                    {"tango", "bonett_price", "newcombe8", "newcombe10", "agresti_min", "scas", "wald"});
  policy.p_method = map.GetChoice(
      "p", policy.p_method, {"mcnemar_midp", "mcnemar_exact", "mcnemar_asymptotic", "mcnemar_corrected"});
  policy.claim = map.GetChoice("claim", "all", {"all", "any"}) == "any" ? Claim::kAny : Claim::kAll;
  const yaml::Map bootstrap = map.GetMap("bootstrap");
  policy.bootstrap_replicates = bootstrap.GetInt("B", policy.bootstrap_replicates, {.min = 100, .max = 1e8});
  policy.bootstrap_seed = static_cast<std::uint64_t>(
      bootstrap.GetInt("seed", static_cast<std::int64_t>(policy.bootstrap_seed), {.min = 0}));
  if (bootstrap.Has("kind")) {
    std::vector<std::string> kinds = bootstrap.GetStrings("kind");
    std::sort(kinds.begin(), kinds.end());
    if (kinds != std::vector<std::string>{"bca", "percentile"}) {
      bootstrap.Error("kind", "both kinds are always reported; only [percentile, bca] is supported");
    }
  }
  bootstrap.Finish();
  map.GetChoice("repeats", "signflip", {"signflip"});
  map.GetChoice("cluster", "cr2", {"cr2"});
  map.Finish();
}

void ReadDimensions(const yaml::Map& segments, SegmentPolicy& policy) {
  std::set<std::string> seen;
  for (const yaml::Node& item : segments.GetList("dimensions")) {
    PolicyDimension dimension;
    if (item.kind() == yaml::Kind::kMap) {
      const yaml::Map map = item.AsMap();
      for (const char* key : {"bins", "cross", "name"})
        Refuse(map, key, std::string("segments.dimensions.") + key);
      if (!map.Has("cross")) dimension.key = map.RequireString("key");
      dimension.weight = map.GetDouble("weight", 1, {.min = 0, .max = 1e9, .open_min = true});
      dimension.role = map.GetChoice("role", "gate", {"gate", "report"}) == "report" ? DimensionRole::kReport
                                                                                     : DimensionRole::kGate;
      dimension.values = map.GetStrings("values");
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

void ReadSegments(const yaml::Map& root, SegmentPolicy& policy) {
  const yaml::Node node = root.Get("segments");
  if (!node.present()) return;
  if (node.kind() == yaml::Kind::kList) {
    node.Error("segments is a list of names only beside gating:; here write segments: {dimensions: [...]}");
    return;
  }
  const yaml::Map map = root.GetMap("segments");
  ReadDimensions(map, policy);
  policy.min_cases = static_cast<int>(map.GetInt("min_cases", policy.min_cases, {.min = 1, .max = 1e9}));
  policy.under_floor = map.GetChoice("under_floor", policy.under_floor, {"pool", "report"});
  policy.margin = OpenFraction(map, "margin", policy.margin, 0, 1, "segments.margin");
  policy.multiplicity =
      map.GetChoice("multiplicity", policy.multiplicity,
                    {"wy_discrete", "holm", "tarone_holm", "bonferroni", "bh", "by", "none"});
  const yaml::Map floors = map.GetMap("floors");
  if (floors.Has("pass_rate")) {
    policy.floor_pass_rate = OpenFraction(floors, "pass_rate", 0.5, 0, 1, "floors.pass_rate");
  } else if (floors.present()) {
    floors.Error("pass_rate", "floors needs pass_rate");
  }
  policy.floor_on_unresolved =
      floors.GetChoice("on_unresolved", policy.floor_on_unresolved, {"hold", "report"});
  floors.Finish();
  ReadRequired(map, policy);
  for (const char* key : {"families", "overrides", "joint", "strict"})
    Refuse(map, key, std::string("segments.") + key);
  map.Finish();
}

void ReadMissing(const yaml::Map& root, MissingPolicy& policy) {
  const yaml::Map map = root.GetMap("missing");
  if (map.GetChoice("model_error", "fail", {"fail", "missing"}) != "fail") {
    map.Error("model_error",
              "model_error: missing is not supported by this version yet; a model error counts as fail");
  }
  if (map.GetChoice("infra_error", "missing", {"missing", "fail"}) != "missing") {
    map.Error("infra_error",
              "infra_error: fail is not supported by this version yet; an infra error is a missing row");
  }
  policy.cap = map.GetDouble("cap", policy.cap, {.min = 0, .max = 1});
  policy.slice_cap = map.GetDouble("slice_cap", policy.slice_cap, {.min = 0, .max = 1});
  policy.sensitivity = map.GetChoice("sensitivity", policy.sensitivity, {"worst_case", "none"});
  map.Finish();
}

void ReadVerdict(const yaml::Map& root, Policy& policy) {
  const yaml::Map map = root.GetMap("verdict");
  const yaml::Map exits = map.GetMap("exit_map");
  for (const char* name : {"hold", "inconclusive"}) {
    const std::optional<std::int64_t> code = exits.FindInt(name);
    if (!code) continue;
    if (*code != kExitOk && *code != kExitHold && *code != kExitInconclusive && *code != kExitBlocked) {
      exits.Error(name, "expected 0, 10, 11 or 12, found " + std::to_string(*code) +
                            " (1 and 2 are failures, 13 is invalid: they would read as something else)");
      continue;
    }
    policy.exit_map[name] = static_cast<int>(*code);
  }
  for (const char* name : {"promote", "blocked", "invalid"}) {
    if (exits.Has(name))
      exits.Error(name, std::string(name) + " keeps its exit code; only hold and inconclusive may be mapped");
  }
  exits.Finish();
  Refuse(map, "review_file", "verdict.review_file");
  map.Finish();
}

void ReadGating(const yaml::Map& root, Policy& policy) {
  const yaml::Map map = root.GetMap("gating");
  ShortGating gating;
  gating.metric = map.GetString("metric", gating.metric);
  if (gating.metric != "pass_rate")
    map.Error("metric", "only metric pass_rate is supported, found " + io::Quoted(gating.metric));
  gating.aggregate = map.GetString("aggregate", gating.aggregate);
  if (gating.aggregate != "min_segment") {
    map.Error("aggregate", "only aggregate min_segment is supported, found " + io::Quoted(gating.aggregate));
  }
  if (map.Has("threshold")) {
    gating.threshold = map.GetDouble("threshold", 0);
    if (!(gating.threshold > 0 && gating.threshold <= 1)) {
      map.Error("threshold", "threshold must be a fraction above 0 and at most 1; found " +
                                 nlohmann::json(gating.threshold).dump());
    }
  } else {
    map.Error("threshold", "gating needs threshold: the lowest pass rate a slice may have");
  }
  gating.min_cases_per_segment = static_cast<int>(
      map.GetInt("min_cases_per_segment", gating.min_cases_per_segment, {.min = 1, .max = 1e9}));
  map.Finish();
  const yaml::Node names = root.Get("segments");
  if (names.kind() == yaml::Kind::kMap) {
    names.Error("beside gating: segments is a list of slice names, e.g. [refund_flow, invoice_parse]");
  } else if (names.present()) {
    gating.segments = root.GetStrings("segments");
    std::set<std::string> seen;
    for (const std::string& name : gating.segments) {
      if (!seen.insert(name).second)
        root.Error("segments", "segment " + io::Quoted(name) + " is named twice");
    }
  }
  for (const char* key : {"goal", "metrics", "error_rates"}) {
    if (root.Has(key)) {
      root.Error(key, std::string(key) +
                          " has no meaning beside gating:, which decides on point estimates; use the long "
                          "form (gates/min-slice.yaml)");
    }
  }
  policy.segments.min_cases = gating.min_cases_per_segment;
  policy.gating = std::move(gating);
}

}  // namespace

Result<Policy> ParsePolicy(const std::string& text, const std::string& path) {
  io::Diagnostics diagnostics;
  Policy policy;
  policy.path = path;
  const yaml::Map root = yaml::ParseMap(text, path, diagnostics);
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  if (root.Keys().empty()) {
    return FailAt({path, 1, 1}, "the policy is empty; the smallest one is `version: 1`");
  }
  const std::int64_t version = root.GetInt("version", kPolicyVersion);
  if (version != kPolicyVersion) {
    root.Error("version", "policy version " + std::to_string(version) +
                              " is not supported; this version reads " + std::to_string(kPolicyVersion));
  }
  if (root.Has("gating")) {
    ReadGating(root, policy);
  } else {
    policy.goal = root.GetChoice("goal", "superiority", {"superiority", "non_inferiority"}) == "superiority"
                      ? Goal::kSuperiority
                      : Goal::kNonInferiority;
    ReadErrorRates(root, policy.error_rates);
    ReadMetrics(root, policy);
    ReadSegments(root, policy.segments);
  }
  ReadPairing(root);
  ReadMethods(root, policy);
  ReadMissing(root, policy.missing);
  ReadVerdict(root, policy);
  for (const char* key : {"runs", "weights", "nondeterminism", "flaky", "anchor", "ledger"})
    Refuse(root, key, key);
  root.Finish();
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return policy;
}

Result<Policy> LoadPolicy(const std::string& path) {
  Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  return ParsePolicy(*text, path);
}

std::string ResolvedPolicyJson(const Policy& policy) {
  using Json = nlohmann::json;
  Json json;
  json["version"] = policy.version;
  if (policy.gating) {
    const ShortGating& gating = *policy.gating;
    json["gating"] = {{"metric", gating.metric},
                      {"aggregate", gating.aggregate},
                      {"threshold", gating.threshold},
                      {"min_cases_per_segment", gating.min_cases_per_segment},
                      {"segments", gating.segments}};
  } else {
    json["gating"] = nullptr;
  }
  json["goal"] = policy.goal == Goal::kSuperiority ? "superiority" : "non_inferiority";
  json["error_rates"] = {{"alpha_promote", policy.error_rates.alpha_promote},
                         {"alpha_block", policy.error_rates.alpha_block},
                         {"power", policy.error_rates.power},
                         {"max_expected_false_holds", policy.error_rates.max_expected_false_holds}};
  Json metric = {{"name", policy.metric}, {"role", "primary"},       {"type", "binary"},
                 {"direction", "up"},     {"margin", policy.margin}, {"target_mde", policy.target_mde}};
  json["metrics"] = Json::array({metric});
  json["methods"] = {{"ci", policy.ci_method},
                     {"p", policy.p_method},
                     {"claim", policy.claim == Claim::kAll ? "all" : "any"},
                     {"bootstrap", {{"B", policy.bootstrap_replicates}, {"seed", policy.bootstrap_seed}}},
                     {"repeats", "signflip"},
                     {"cluster", "cr2"}};
  const SegmentPolicy& segments = policy.segments;
  Json dimensions = Json::array();
  for (const PolicyDimension& dimension : segments.dimensions) {
    dimensions.push_back({{"key", dimension.key},
                          {"weight", dimension.weight},
                          {"role", dimension.role == DimensionRole::kGate ? "gate" : "report"},
                          {"values", dimension.values}});
  }
  Json required = Json::array();
  for (const RequiredSlice& slice : segments.required) {
    required.push_back({{"dimension", slice.dimension}, {"value", slice.value}});
  }
  json["segments"] = {
      {"dimensions", dimensions},
      {"min_cases", segments.min_cases},
      {"under_floor", segments.under_floor},
      {"margin", segments.margin},
      {"multiplicity", segments.multiplicity},
      {"floors",
       {{"pass_rate", segments.floor_pass_rate ? Json(*segments.floor_pass_rate) : Json(nullptr)},
        {"on_unresolved", segments.floor_on_unresolved}}},
      {"required", required}};
  json["missing"] = {{"model_error", policy.missing.model_error},
                     {"infra_error", policy.missing.infra_error},
                     {"cap", policy.missing.cap},
                     {"slice_cap", policy.missing.slice_cap},
                     {"sensitivity", policy.missing.sensitivity}};
  Json exits = Json::object();
  exits["hold"] = kExitHold;
  exits["inconclusive"] = kExitInconclusive;
  for (const auto& [name, code] : policy.exit_map) exits[name] = code;
  json["verdict"] = {{"exit_map", exits}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace minslice::gate
