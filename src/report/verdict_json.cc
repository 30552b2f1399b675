// verdict.json, verdict_version 1; docs/formats/verdict.md describes it. Written in pure ASCII (\uXXXX), so
// that a hostile name cannot steer a terminal that prints the file. Keys stand in the documented order.
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/diagnostics.h"
#include "io/looks_like.h"
#include "minslice/version.h"
#include "report/escape.h"
#include "report/evidence_json.h"
#include "report/json_fields.h"
#include "report/report.h"
#include "report/row_json.h"
#include "report/slices_json.h"
#include "report/usage_json.h"
#include "report/verdict_check.h"

namespace minslice::report {
namespace {

Json DecisionValue(const std::optional<Decision>& decision) {
  return decision ? Json(DecisionName(*decision)) : Json(nullptr);
}

Json SegmentJson(const VerdictSegment& segment) {
  Json json;
  json["dimension"] = ValidUtf8(segment.dimension);
  json["value"] = ValidUtf8(segment.value);
  json["role"] = segment.role;
  json["under_floor"] = segment.under_floor;
  json["pooled"] = segment.pooled;
  json["members"] = segment.members;
  json["required"] = segment.required;
  json["floor"] = Value(segment.floor);
  json["floor_low"] = Value(segment.floor_low);
  json["floor_high"] = Value(segment.floor_high);
  json["alpha"] = Value(segment.alpha);
  PutSliceFields(segment, json);
  PutRow(segment.row, json);
  json["broke"] = Texts(segment.broke);
  json["fixed"] = Texts(segment.fixed);
  return json;
}

Json ArmJson(const VerdictArm& arm) {
  Json json;
  json["target"] = ValidUtf8(arm.target);
  json["request_model"] = ValidUtf8(arm.request_model);
  json["response_models"] = Texts(arm.response_models);
  json["repeats"] = arm.repeats;
  return json;
}

void ReadArm(const Reader& reader, VerdictArm& arm) {
  reader.Get("target", arm.target);
  reader.Get("request_model", arm.request_model);
  reader.Get("response_models", arm.response_models);
  reader.Get("repeats", arm.repeats);
}

// The inverse of gate::ResolvedPolicyJson, for the figures that the reports name.
void ReadPolicy(const Reader& reader, Policy& policy) {
  std::string text;
  reader.Get("version", policy.version);
  reader.Get("goal", text);
  policy.goal = text == "non_inferiority" ? Goal::kNonInferiority : Goal::kSuperiority;
  reader.Object("error_rates", [&](const Reader& r) {
    r.Get("alpha_promote", policy.error_rates.alpha_promote);
    r.Get("alpha_block", policy.error_rates.alpha_block);
    r.Get("power", policy.error_rates.power);
    r.Get("max_expected_false_holds", policy.error_rates.max_expected_false_holds);
  });
  reader.List("metrics", [&](const Reader& r) {
    std::string role = "primary";
    r.Get("role", role);
    if (role != "primary") return;
    r.Get("name", policy.metric);
    r.Get("margin", policy.margin);
    r.Get("target_mde", policy.target_mde);
  });
  reader.Object("methods", [&](const Reader& r) {
    r.Get("ci", policy.ci_method);
    r.Get("p", policy.p_method);
    std::string claim;
    r.Get("claim", claim);
    policy.claim = claim == "any" ? Claim::kAny : Claim::kAll;
    r.Object("bootstrap", [&](const Reader& b) {
      b.Get("B", policy.bootstrap_replicates);
      b.Get("seed", policy.bootstrap_seed);
    });
  });
  reader.Object("pairing", [&](const Reader& r) { r.Get("cluster", policy.cluster_by); });
  reader.Object("segments", [&](const Reader& r) { policy.segments = ReadSegmentPolicy(r); });
  reader.Object("weights", [&](const Reader& r) { policy.weights = ReadTrafficWeights(r); });
  reader.Object("gating", [&](const Reader& r) {
    ShortGating gating;
    r.Get("metric", gating.metric);
    r.Get("aggregate", gating.aggregate);
    r.Get("threshold", gating.threshold);
    r.Get("min_cases_per_segment", gating.min_cases_per_segment);
    r.Get("segments", gating.segments);
    policy.gating = std::move(gating);
  });
  reader.Object("missing", [&](const Reader& r) {
    r.Get("model_error", policy.missing.model_error);
    r.Get("infra_error", policy.missing.infra_error);
    r.Get("cap", policy.missing.cap);
    r.Get("slice_cap", policy.missing.slice_cap);
    r.Get("sensitivity", policy.missing.sensitivity);
  });
  reader.Object("verdict", [&](const Reader& r) {
    r.Object("exit_map", [&](const Reader& m) {
      for (const auto& [name, code] : m.json().items()) {
        int value = 0;
        m.Get(name.c_str(), value);
        policy.exit_map[name] = value;
      }
    });
  });
}

}  // namespace

std::string VerdictJson(const Verdict& verdict) {
  Json json;
  json["verdict_version"] = kVerdictVersion;
  json["minslice"] = verdict.minslice;
  json["verdict"] = DecisionName(verdict.decision);
  json["exit_code"] = verdict.exit_code;
  json["suite"] = ValidUtf8(verdict.suite);
  Json reasons = Json::array();
  for (const VerdictReason& reason : verdict.reasons) {
    Json item;
    item["code"] = reason.code;
    item["text"] = ValidUtf8(reason.text);
    item["dimension"] = reason.dimension.empty() ? Json(nullptr) : Json(ValidUtf8(reason.dimension));
    item["value"] = reason.value.empty() ? Json(nullptr) : Json(ValidUtf8(reason.value));
    item["decision"] = DecisionName(reason.decision);
    item["cleared_by"] = reason.cleared_by.empty() ? Json(nullptr) : Json(ValidUtf8(reason.cleared_by));
    item["case_ids"] = Texts(reason.case_ids);
    reasons.push_back(std::move(item));
  }
  json["reasons"] = std::move(reasons);
  json["incumbent"] = ArmJson(verdict.incumbent);
  json["candidate"] = ArmJson(verdict.candidate);
  Json aggregate;
  PutRow(verdict.aggregate, aggregate);
  aggregate["broke"] = Texts(verdict.broke);
  aggregate["fixed"] = Texts(verdict.fixed);
  json["aggregate"] = std::move(aggregate);
  Json dimensions = Json::array();
  for (const VerdictDimension& dimension : verdict.dimensions) {
    Json item;
    item["name"] = ValidUtf8(dimension.name);
    item["role"] = dimension.role;
    item["multiplicity"] = dimension.multiplicity;
    item["alpha"] = Value(dimension.alpha);
    item["gated"] = dimension.gated;
    item["under_floor"] = dimension.under_floor;
    item["under_floor_pairs"] = dimension.under_floor_pairs;
    item["under_floor_broke"] = dimension.under_floor_broke;
    item["no_value_pairs"] = dimension.no_value_pairs;
    PutHeterogeneity(dimension, item);
    dimensions.push_back(std::move(item));
  }
  json["dimensions"] = std::move(dimensions);
  json["families"] = FamiliesJson(verdict.families);
  json["weighted"] = WeightedJson(verdict.weighted);
  json["hold_level"] = Value(verdict.hold_level);
  Json segments = Json::array();
  for (const VerdictSegment& segment : verdict.segments) segments.push_back(SegmentJson(segment));
  json["segments"] = std::move(segments);
  if (verdict.bootstrap) {
    const VerdictBootstrap& b = *verdict.bootstrap;
    json["bootstrap"] = {{"replicates", b.replicates},
                         {"seed", b.seed},
                         {"percentile", {Value(b.percentile[0]), Value(b.percentile[1])}},
                         {"bca", {Value(b.bca[0]), Value(b.bca[1])}}};
  } else {
    json["bootstrap"] = nullptr;
  }
  if (verdict.mcnemar) {
    json["mcnemar"] = {{"exact", Value(verdict.mcnemar->exact)},
                       {"midp", Value(verdict.mcnemar->midp)},
                       {"asymptotic", Value(verdict.mcnemar->asymptotic)},
                       {"corrected", Value(verdict.mcnemar->corrected)}};
  } else {
    json["mcnemar"] = nullptr;
  }
  json["nondeterminism"] = NondeterminismJson(verdict.nondeterminism);
  const VerdictMissing& missing = verdict.missing;
  json["missing"] = {{"cases", missing.cases},
                     {"paired", missing.paired},
                     {"incumbent_only_ids", Texts(missing.incumbent_only_ids)},
                     {"candidate_only_ids", Texts(missing.candidate_only_ids)},
                     {"incumbent_infra_ids", Texts(missing.incumbent_infra_ids)},
                     {"candidate_infra_ids", Texts(missing.candidate_infra_ids)},
                     {"incumbent_model_errors", missing.incumbent_model_errors},
                     {"candidate_model_errors", missing.candidate_model_errors},
                     {"worst_case", DecisionValue(missing.worst_case)},
                     {"best_case", DecisionValue(missing.best_case)}};
  json["drift"] = DriftJson(verdict.drift);
  PutEvidence(verdict, json);
  const VerdictPlanning& planning = verdict.planning;
  Json curve = Json::array();
  for (const VerdictMdePoint& point : planning.mde_curve) {
    curve.push_back({{"n_pairs", point.n_pairs},
                     {"mde", Value(point.mde)},
                     {"resolvable_margin", Value(point.resolvable_margin)}});
  }
  json["planning"] = {{"psi", Value(planning.psi)},
                      {"goal", planning.goal},
                      {"pairs_for_goal", Value(planning.pairs_for_goal)},
                      {"pairs_for_2_points", Value(planning.pairs_for_2_points)},
                      {"pairs_for_1_point", Value(planning.pairs_for_1_point)},
                      {"mde_curve", std::move(curve)}};
  json["usage"] = {{"incumbent", UsageJson(verdict.incumbent_usage)},
                   {"candidate", UsageJson(verdict.candidate_usage)}};
  Json policy;
  policy["path"] = ValidUtf8(verdict.policy.path);
  policy["sha256"] = verdict.policy_sha256;
  policy["resolved"] = Json::parse(verdict.policy_json, nullptr, false);
  if (policy["resolved"].is_discarded()) policy["resolved"] = nullptr;
  json["policy"] = std::move(policy);
  Json inputs = Json::array();
  for (const VerdictInput& input : verdict.inputs) {
    Json item;
    item["side"] = input.side;
    item["path"] = ValidUtf8(input.path);
    item["sha256"] = input.sha256;
    item["suite"] = ValidUtf8(input.suite);
    item["suite_sha256"] = Value(input.suite_sha256);
    item["response_models"] = Texts(input.response_models);
    inputs.push_back(std::move(item));
  }
  json["inputs"] = std::move(inputs);
  json["run_hash"] = verdict.run_hash;
  json["warnings"] = Texts(verdict.warnings);
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

Result<Verdict> ParseVerdictJson(const std::string& text, const std::string& path) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    SourcePosition where{path, 1, 1};
    for (std::size_t i = 0; i + 1 < error.byte && i < text.size(); ++i) {
      if (text[i] == '\n') {
        ++where.line;
        where.column = 1;
      } else {
        ++where.column;
      }
    }
    const std::string looks = io::LooksLike(text);
    if (!text.empty() && looks != io::kLooksLikeVerdict && !looks.starts_with("JSON"))
      return FailAt({path, 0, 0},
                    "this is no verdict.json: it looks like " + looks.substr(0, looks.find(':')));
    return FailAt(where, "this is no verdict.json: the JSON cannot be read here");
  }
  if (!json.is_object() || !json.contains("verdict_version")) {
    return FailAt(
        {path, 0, 0},
        "this is no verdict.json: it has no verdict_version (write one with: minslice gate ... --out DIR)");
  }
  if (!json["verdict_version"].is_number_integer() || json["verdict_version"] != kVerdictVersion) {
    return FailAt({path, 0, 0}, "verdict_version " + json["verdict_version"].dump(-1, ' ', true) +
                                    " is not supported; this version reads " +
                                    std::to_string(kVerdictVersion));
  }
  io::Diagnostics diagnostics;
  Verdict verdict;
  const Reader root(json, "", diagnostics, path);
  for (const char* key : {"verdict", "exit_code", "aggregate", "segments", "policy", "inputs", "missing"})
    root.Require(key);
  root.Get("minslice", verdict.minslice);
  std::optional<Decision> decision;
  root.GetDecision("verdict", decision);
  verdict.decision = decision.value_or(Decision::kInvalid);
  root.Get("exit_code", verdict.exit_code);
  root.Get("suite", verdict.suite);
  root.List("reasons", [&](const Reader& r) {
    VerdictReason reason;
    r.Get("code", reason.code);
    r.Get("text", reason.text);
    r.Get("dimension", reason.dimension);
    r.Get("value", reason.value);
    std::optional<Decision> called;
    r.GetDecision("decision", called);
    reason.decision = called.value_or(verdict.decision);
    r.Get("cleared_by", reason.cleared_by);
    r.Get("case_ids", reason.case_ids);
    verdict.reasons.push_back(std::move(reason));
  });
  root.Object("incumbent", [&](const Reader& r) { ReadArm(r, verdict.incumbent); });
  root.Object("candidate", [&](const Reader& r) { ReadArm(r, verdict.candidate); });
  root.Object("aggregate", [&](const Reader& r) {
    ReadRow(r, verdict.aggregate);
    r.Get("broke", verdict.broke);
    r.Get("fixed", verdict.fixed);
  });
  root.List("dimensions", [&](const Reader& r) {
    VerdictDimension dimension;
    r.Get("name", dimension.name);
    r.Get("role", dimension.role);
    r.Get("multiplicity", dimension.multiplicity);
    r.Get("alpha", dimension.alpha);
    r.Get("gated", dimension.gated);
    r.Get("under_floor", dimension.under_floor);
    r.Get("under_floor_pairs", dimension.under_floor_pairs);
    r.Get("under_floor_broke", dimension.under_floor_broke);
    r.Get("no_value_pairs", dimension.no_value_pairs);
    ReadHeterogeneity(r, dimension);
    verdict.dimensions.push_back(std::move(dimension));
  });
  root.List("families", [&](const Reader& r) { verdict.families.push_back(ReadFamily(r)); });
  root.Object("weighted", [&](const Reader& r) { verdict.weighted = ReadWeighted(r); });
  root.Get("hold_level", verdict.hold_level);
  root.List("segments", [&](const Reader& r) {
    VerdictSegment segment;
    r.Require("dimension");
    r.Require("value");
    r.Get("dimension", segment.dimension);
    r.Get("value", segment.value);
    r.Get("role", segment.role);
    r.Get("under_floor", segment.under_floor);
    r.Get("pooled", segment.pooled);
    r.Get("members", segment.members);
    r.Get("required", segment.required);
    r.Get("floor", segment.floor);
    r.Get("floor_low", segment.floor_low);
    r.Get("floor_high", segment.floor_high);
    r.Get("alpha", segment.alpha);
    ReadSliceFields(r, segment);
    ReadRow(r, segment.row);
    r.Get("broke", segment.broke);
    r.Get("fixed", segment.fixed);
    verdict.segments.push_back(std::move(segment));
  });
  root.Object("bootstrap", [&](const Reader& r) {
    VerdictBootstrap b;
    r.Get("replicates", b.replicates);
    r.Get("seed", b.seed);
    const auto pair = [&](const char* key, double* out) {
      std::optional<double> low, high;
      r.GetPair(key, low, high);
      out[0] = low.value_or(std::nan(""));
      out[1] = high.value_or(std::nan(""));
    };
    pair("percentile", b.percentile);
    pair("bca", b.bca);
    verdict.bootstrap = b;
  });
  root.Object("mcnemar", [&](const Reader& r) {
    VerdictMcNemar m;
    r.Get("exact", m.exact);
    r.Get("midp", m.midp);
    r.Get("asymptotic", m.asymptotic);
    r.Get("corrected", m.corrected);
    verdict.mcnemar = m;
  });
  root.Object("nondeterminism", [&](const Reader& r) { ReadNondeterminism(r, verdict.nondeterminism); });
  root.Object("missing", [&](const Reader& r) {
    VerdictMissing& m = verdict.missing;
    r.Get("cases", m.cases);
    r.Get("paired", m.paired);
    r.Get("incumbent_only_ids", m.incumbent_only_ids);
    r.Get("candidate_only_ids", m.candidate_only_ids);
    r.Get("incumbent_infra_ids", m.incumbent_infra_ids);
    r.Get("candidate_infra_ids", m.candidate_infra_ids);
    r.Get("incumbent_model_errors", m.incumbent_model_errors);
    r.Get("candidate_model_errors", m.candidate_model_errors);
    r.GetDecision("worst_case", m.worst_case);
    r.GetDecision("best_case", m.best_case);
  });
  root.Object("drift", [&](const Reader& r) { ReadDrift(r, verdict.drift); });
  ReadEvidence(root, verdict);
  root.Object("planning", [&](const Reader& r) {
    VerdictPlanning& p = verdict.planning;
    r.Get("psi", p.psi);
    r.Get("goal", p.goal);
    r.Get("pairs_for_goal", p.pairs_for_goal);
    r.Get("pairs_for_2_points", p.pairs_for_2_points);
    r.Get("pairs_for_1_point", p.pairs_for_1_point);
    r.List("mde_curve", [&](const Reader& c) {
      VerdictMdePoint point;
      c.Get("n_pairs", point.n_pairs);
      c.Get("mde", point.mde);
      c.Get("resolvable_margin", point.resolvable_margin);
      p.mde_curve.push_back(point);
    });
  });
  root.Object("usage", [&](const Reader& r) {
    r.Object("incumbent", [&](const Reader& u) { ReadUsage(u, verdict.incumbent_usage); });
    r.Object("candidate", [&](const Reader& u) { ReadUsage(u, verdict.candidate_usage); });
  });
  root.Object("policy", [&](const Reader& r) {
    r.Get("sha256", verdict.policy_sha256);
    r.Object("resolved", [&](const Reader& p) {
      ReadPolicy(p, verdict.policy);
      // Sorted keys, as the policy reader writes it: the hash is over this text.
      verdict.policy_json =
          nlohmann::json(p.json()).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    });
    r.Get("path", verdict.policy.path);
  });
  root.List("inputs", [&](const Reader& r) {
    VerdictInput input;
    r.Get("side", input.side);
    r.Get("path", input.path);
    r.Get("sha256", input.sha256);
    r.Get("suite", input.suite);
    r.Get("suite_sha256", input.suite_sha256);
    r.Get("response_models", input.response_models);
    verdict.inputs.push_back(std::move(input));
  });
  root.Get("run_hash", verdict.run_hash);
  root.Get("warnings", verdict.warnings);
  if (diagnostics.empty()) CheckVerdict(verdict, path, diagnostics);
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return verdict;
}

}  // namespace minslice::report
