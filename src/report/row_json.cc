#include "report/row_json.h"

namespace minslice::report {

void PutRow(const VerdictRow& row, Json& json) {
  json["n_pairs"] = row.n_pairs;
  json["n_both"] = Value(row.n_both);
  json["n_incumbent_only"] = Value(row.n_incumbent_only);
  json["n_candidate_only"] = Value(row.n_candidate_only);
  json["n_neither"] = Value(row.n_neither);
  json["n_clusters"] = Value(row.n_clusters);
  json["incumbent_rate"] = Value(row.incumbent_rate);
  json["candidate_rate"] = Value(row.candidate_rate);
  json["delta"] = Value(row.delta);
  json["ci_low"] = Value(row.ci_low);
  json["ci_high"] = Value(row.ci_high);
  json["level"] = Value(row.level);
  json["method"] = row.method;
  json["p_value"] = Value(row.p_value);
  json["p_harm"] = Value(row.p_harm);
  json["p_adjusted"] = Value(row.p_adjusted);
  json["discordance_rate"] = Value(row.discordance_rate);
  json["mde"] = Value(row.mde);
  json["resolvable_margin"] = Value(row.resolvable_margin);
  json["resolution_ratio"] = Value(row.resolution_ratio);
  json["testable"] = Value(row.testable);
  json["min_attainable_p"] = Value(row.min_attainable_p);
  json["margin"] = Value(row.margin);
  json["lower_bound"] = Value(row.lower_bound);
  json["non_inferior"] = Value(row.non_inferior);
  json["incumbent_ci"] = Json::array({Value(row.incumbent_low), Value(row.incumbent_high)});
  json["candidate_ci"] = Json::array({Value(row.candidate_low), Value(row.candidate_high)});
  json["status"] = row.status;
  json["warnings"] = Texts(row.warnings);
}

void ReadRow(const Reader& reader, VerdictRow& row) {
  reader.Require("n_pairs");
  reader.Require("status");
  reader.Get("n_pairs", row.n_pairs);
  reader.Get("n_both", row.n_both);
  reader.Get("n_incumbent_only", row.n_incumbent_only);
  reader.Get("n_candidate_only", row.n_candidate_only);
  reader.Get("n_neither", row.n_neither);
  reader.Get("n_clusters", row.n_clusters);
  reader.Get("incumbent_rate", row.incumbent_rate);
  reader.Get("candidate_rate", row.candidate_rate);
  reader.Get("delta", row.delta);
  reader.Get("ci_low", row.ci_low);
  reader.Get("ci_high", row.ci_high);
  reader.Get("level", row.level);
  reader.Get("method", row.method);
  reader.Get("p_value", row.p_value);
  reader.Get("p_harm", row.p_harm);
  reader.Get("p_adjusted", row.p_adjusted);
  reader.Get("discordance_rate", row.discordance_rate);
  reader.Get("mde", row.mde);
  reader.Get("resolvable_margin", row.resolvable_margin);
  reader.Get("resolution_ratio", row.resolution_ratio);
  reader.Get("testable", row.testable);
  reader.Get("min_attainable_p", row.min_attainable_p);
  reader.Get("margin", row.margin);
  reader.Get("lower_bound", row.lower_bound);
  reader.Get("non_inferior", row.non_inferior);
  reader.GetPair("incumbent_ci", row.incumbent_low, row.incumbent_high);
  reader.GetPair("candidate_ci", row.candidate_low, row.candidate_high);
  reader.Get("status", row.status);
  reader.Get("warnings", row.warnings);
}

}  // namespace minslice::report
