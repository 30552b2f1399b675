#include "report/usage_json.h"

namespace minslice::report {

Json UsageJson(const SideUsage& usage) {
  Json json;
  json["rows"] = usage.rows;
  json["infra_errors"] = usage.infra_errors;
  json["spend_usd"] = Value(usage.spend_usd);
  json["input_tokens"] = Value(usage.input_tokens);
  json["output_tokens"] = Value(usage.output_tokens);
  json["latency_p50_ms"] = Value(usage.latency_p50_ms);
  json["latency_p95_ms"] = Value(usage.latency_p95_ms);
  json["models"] = Json::array();
  for (const ModelUsage& model : usage.models) {
    json["models"].push_back({{"response_model", ValidUtf8(model.response_model)},
                              {"rows", model.rows},
                              {"passes", model.passes}});
  }
  return json;
}

void ReadUsage(const Reader& reader, SideUsage& usage) {
  reader.Get("rows", usage.rows);
  reader.Get("infra_errors", usage.infra_errors);
  reader.Get("spend_usd", usage.spend_usd);
  reader.Get("input_tokens", usage.input_tokens);
  reader.Get("output_tokens", usage.output_tokens);
  reader.Get("latency_p50_ms", usage.latency_p50_ms);
  reader.Get("latency_p95_ms", usage.latency_p95_ms);
  reader.List("models", [&](const Reader& r) {
    ModelUsage model;
    r.Get("response_model", model.response_model);
    r.Get("rows", model.rows);
    r.Get("passes", model.passes);
    usage.models.push_back(std::move(model));
  });
}

}  // namespace minslice::report
