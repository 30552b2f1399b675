#include "gate/policy_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "gate/policy_blocks.h"
#include "gate/policy_fields.h"
#include "gate/segment_policy_reader.h"
#include "gate/traffic_weights.h"
#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/looks_like.h"
#include "io/nearest_name.h"
#include "minslice/version.h"
#include "yaml/yaml.h"

namespace minslice::gate {
namespace {

void ReadPairing(const yaml::Map& root, Policy& policy) {
  const yaml::Map pairing = root.GetMap("pairing");
  pairing.GetChoice("key", "case_id", {"case_id", "prompt_id"});
  if (!pairing.GetBool("require_same_prompt_hash", true)) {
    pairing.Error("require_same_prompt_hash",
                  "pairs with different prompts are always refused; only true is supported");
  }
  policy.cluster_by = pairing.FindString("cluster").value_or("");
  if (pairing.Has("cluster") && policy.cluster_by.empty())
    pairing.Error("cluster",
                  "expected the name of a dimension; without it the logs' own cluster field is used");
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

void ReadMissing(const yaml::Map& root, MissingPolicy& policy) {
  const yaml::Map map = root.GetMap("missing");
  policy.model_error = map.GetChoice("model_error", policy.model_error, {"fail", "missing"});
  policy.infra_error = map.GetChoice("infra_error", policy.infra_error, {"missing", "fail"});
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
  policy.review_file = map.FindString("review_file").value_or("");
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
  for (const char* key : {"goal", "metrics", "error_rates", "weights"}) {
    if (root.Has(key)) {
      root.Error(key, std::string(key) +
                          " has no meaning beside gating:, which decides on point estimates; use the long "
                          "form (gates/min-slice.yaml)");
    }
  }
  policy.segments.min_cases = gating.min_cases_per_segment;
  policy.gating = std::move(gating);
}

// Blocks that contradict each other.
void CheckTogether(const yaml::Map& root, const Policy& policy) {
  if (policy.scale.graded && policy.runs.combine == "majority")
    root.Error("runs", "combine: majority votes on 0 and 1, and the primary metric is graded; take mean");
  if (policy.scale.graded && policy.segments.floor_pass_rate)
    root.Error("segments", "floors.pass_rate is of a metric of 0 and 1, and the primary metric is graded");
  if (!policy.sequential) return;
  const auto refuse = [&](bool there, const std::string& what) {
    if (there)
      root.Error("sequential",
                 "a run that stops early has too few cases for " + what + "; take one of both out");
  };
  refuse(policy.gating.has_value(), "gating:, which is on point estimates");
  refuse(!policy.segments.dimensions.empty() || !policy.segments.required.empty() ||
             policy.segments.floor_pass_rate.has_value(),
         "gated slices");
  refuse(!policy.metrics.empty(), "metrics beside the primary one");
  refuse(policy.anchor.has_value(), "an anchor");
  refuse(policy.runs.incumbent > 1 || policy.runs.candidate > 1 || policy.nondeterminism.runs > 1,
         "several runs a case");
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
  const std::string folder = io::FolderOf(path);
  if (root.Has("gating")) {
    ReadGating(root, policy);
  } else {
    policy.goal = root.GetChoice("goal", "superiority", {"superiority", "non_inferiority"}) == "superiority"
                      ? Goal::kSuperiority
                      : Goal::kNonInferiority;
    ReadErrorRates(root, policy.error_rates);
    ReadMetrics(root, folder, diagnostics, policy);
    policy.segments = ReadSegments(root, folder, diagnostics);
    policy.weights = ReadWeights(root, folder, policy.segments, diagnostics);
  }
  ReadPairing(root, policy);
  ReadMethods(root, policy);
  ReadMissing(root, policy.missing);
  ReadRuns(root, policy);
  ReadNondeterminism(root, policy.nondeterminism);
  ReadDrift(root, policy.drift);
  ReadFlaky(root, folder, diagnostics, policy.flaky);
  ReadAnchor(root, policy);
  ReadLedger(root, policy);
  ReadSequential(root, policy);
  ReadVerdict(root, policy);
  CheckTogether(root, policy);
  root.Finish();
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return policy;
}

Result<Policy> LoadPolicy(const std::string& path) {
  Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  Result<Policy> policy = ParsePolicy(*text, path);
  if (!policy) {
    // A log or a suite in the policy's place: one sentence instead of every key that is none of a policy.
    const std::string wrong = io::WrongKind(
        *text, "a policy", {"a suite", "cases of a suite", "a minslice verdict", io::kLooksLikeLog});
    if (!wrong.empty()) return FailAt({path, 1, 0}, wrong);
  }
  return policy;
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
  json["metrics"] = MetricsJson(policy);
  json["pairing"] = {{"key", "case_id"},
                     {"cluster", policy.cluster_by.empty() ? Json() : Json(policy.cluster_by)},
                     {"require_same_prompt_hash", true}};
  json["methods"] = {{"ci", policy.ci_method},
                     {"p", policy.p_method},
                     {"claim", policy.claim == Claim::kAll ? "all" : "any"},
                     {"bootstrap", {{"B", policy.bootstrap_replicates}, {"seed", policy.bootstrap_seed}}},
                     {"repeats", "signflip"},
                     {"cluster", "cr2"}};
  json["segments"] = Json::parse(SegmentPolicyJson(policy.segments));
  json["weights"] = Json::parse(TrafficWeightsJson(policy.weights));
  json["missing"] = {{"model_error", policy.missing.model_error},
                     {"infra_error", policy.missing.infra_error},
                     {"cap", policy.missing.cap},
                     {"slice_cap", policy.missing.slice_cap},
                     {"sensitivity", policy.missing.sensitivity}};
  PutBlocks(policy, json);
  Json exits = Json::object();
  exits["hold"] = kExitHold;
  exits["inconclusive"] = kExitInconclusive;
  for (const auto& [name, code] : policy.exit_map) exits[name] = code;
  json["verdict"] = {{"exit_map", exits},
                     {"review_file", policy.review_file.empty() ? Json() : Json(policy.review_file)}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace minslice::gate
