#include "report/usage_json.h"

namespace minslice::report {
namespace {

template <class Usage, class Visit>
void UsageFields(Usage& usage, const Visit& visit) {
  visit("rows", usage.rows);
  visit("infra_errors", usage.infra_errors);
  visit("spend_usd", usage.spend_usd);
  visit("input_tokens", usage.input_tokens);
  visit("output_tokens", usage.output_tokens);
  visit("latency_p50_ms", usage.latency_p50_ms);
  visit("latency_p95_ms", usage.latency_p95_ms);
}

template <class Model, class Visit>
void ModelFields(Model& model, const Visit& visit) {
  visit("response_model", model.response_model);
  visit("rows", model.rows);
  visit("passes", model.passes);
}

}  // namespace

Json UsageJson(const SideUsage& usage) {
  Json json;
  UsageFields(usage, FieldWriter(json));
  json["models"] = Json::array();
  for (const ModelUsage& model : usage.models) {
    Json item;
    ModelFields(model, FieldWriter(item));
    json["models"].push_back(std::move(item));
  }
  return json;
}

void ReadUsage(const Reader& reader, SideUsage& usage) {
  UsageFields(usage, FieldReader(reader));
  reader.List("models", [&](const Reader& r) {
    ModelUsage model;
    ModelFields(model, FieldReader(r));
    usage.models.push_back(std::move(model));
  });
}

}  // namespace minslice::report
