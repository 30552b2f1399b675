#include "run/dialect.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "json/node.h"
#include "run/plain_text.h"

namespace minslice::run {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;

constexpr std::array<std::pair<GatewayKind, const char*>, 4> kKinds = {{
    {GatewayKind::kOpenAi, "openai"},
    {GatewayKind::kLiteLlm, "litellm"},
    {GatewayKind::kPortkey, "portkey"},
    {GatewayKind::kBifrost, "bifrost"},
}};

// A header's value is outside text: bounded, one line.
std::optional<std::string> HeaderText(const http::Response& response,
                                      std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const std::string* value = response.FindHeader(name);
    if (value != nullptr && !value->empty()) return OneLine(*value, 200);
  }
  return std::nullopt;
}

std::optional<std::int64_t> WholeNumber(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> HeaderInteger(const http::Response& response,
                                          std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const std::string* value = response.FindHeader(name);
    if (value == nullptr) continue;
    if (const std::optional<std::int64_t> number = WholeNumber(*value)) return number;
  }
  return std::nullopt;
}

std::optional<std::string> BodyText(simdjson::simdjson_result<element> value) {
  std::string_view text;
  if (value.get_string().get(text) != SUCCESS || text.empty()) return std::nullopt;
  return OneLine(text, 200);
}

bool IsTrue(simdjson::simdjson_result<element> value) {
  bool flag = false;
  return value.get_bool().get(flag) == SUCCESS && flag;
}

std::optional<double> Amount(double value) {
  if (!std::isfinite(value) || value < 0) return std::nullopt;
  return value;
}

// Portkey says which target of a configuration answered: "config", "config.targets[1]", nested ones with
// several indices. All zero: the first of each.
std::int64_t TargetsPassedOver(std::string_view path) {
  std::int64_t passed = 0;
  for (std::size_t at = path.find('['); at != std::string_view::npos; at = path.find('[', at + 1)) {
    const std::size_t close = path.find(']', at);
    if (close == std::string_view::npos) break;
    const std::int64_t index = WholeNumber(path.substr(at + 1, close - at - 1)).value_or(0);
    passed = std::min<std::int64_t>(passed + std::clamp<std::int64_t>(index, 0, 1000), 1000);
  }
  return passed;
}

// LiteLLM: retries and fallbacks by number; a cache key comes back only from a hit.
void ReadLiteLlm(const http::Response& response, GatewayFacts& facts, std::string& not_fresh) {
  facts.model = HeaderText(response, {"x-litellm-model-name"});
  facts.deployment = HeaderText(response, {"x-litellm-model-id"});
  facts.request_id = HeaderText(response, {"x-litellm-call-id"});
  if (response.FindHeader("x-litellm-cache-key") != nullptr) {
    facts.cache = "hit";
    not_fresh = "cache hit (x-litellm-cache-key)";
  }
  facts.retries = HeaderInteger(response, {"x-litellm-attempted-retries"});
  facts.fallbacks = HeaderInteger(response, {"x-litellm-attempted-fallbacks"});
}

void ReadPortkey(const http::Response& response, GatewayFacts& facts) {
  if (const auto provider = HeaderText(response, {"x-portkey-provider"})) facts.provider = provider;
  if (const auto id = HeaderText(response, {"x-portkey-trace-id"})) facts.request_id = id;
  if (const auto cache = HeaderText(response, {"x-portkey-cache-status"})) facts.cache = Lower(*cache);
  if (const auto retries = HeaderInteger(response, {"x-portkey-retry-attempt-count"})) {
    facts.retries = std::max<std::int64_t>(*retries, 0);  // -1: all used up
  }
  if (const auto option = HeaderText(response, {"x-portkey-last-used-option-index"})) {
    facts.fallbacks = TargetsPassedOver(*option);
  }
}

void ReadBifrostHeaders(const http::Response& response, GatewayFacts& facts) {
  if (const auto provider = HeaderText(response, {"x-bifrost-routing-info-provider", "x-bifrost-provider"})) {
    facts.provider = provider;
  }
  if (const auto model = HeaderText(response, {"x-bifrost-routing-info-alias-model-id",
                                               "x-bifrost-routing-info-model", "x-bifrost-resolved-model"})) {
    facts.model = model;
  }
  if (const auto index = HeaderInteger(response, {"x-bifrost-fallback-index"})) facts.fallbacks = index;
  const std::string* fallback = response.FindHeader("x-bifrost-routing-info-is-fallback");
  if (fallback != nullptr && Lower(*fallback) == "true")
    facts.fallbacks = std::max<std::int64_t>(1, facts.fallbacks.value_or(0));
  if (response.FindHeader("x-bifrost-routing-info-server-side-fallback-model") != nullptr) {
    facts.fallbacks = std::max<std::int64_t>(1, facts.fallbacks.value_or(0));
  }
}

// The field names changed from version to version: all of them.
void ReadBifrostBody(const element& root, GatewayFacts& facts, std::optional<std::string>& upstream_model) {
  element extra;
  if (root["extra_fields"].get(extra) != SUCCESS || !extra.is_object()) return;
  const auto first_text = [&](std::initializer_list<simdjson::simdjson_result<element>> values) {
    for (const auto& value : values) {
      if (std::optional<std::string> text = BodyText(value)) return text;
    }
    return std::optional<std::string>();
  };
  if (auto provider = first_text({extra["routing_info"]["provider"], extra["provider"]})) {
    facts.provider = std::move(provider);
  }
  if (auto model = first_text({extra["routing_info"]["alias_model_id"], extra["routing_info"]["model"],
                               extra["resolved_model_used"], extra["model_deployment"]})) {
    facts.model = std::move(model);
  }
  element cache;
  if (extra["cache_debug"].get(cache) == SUCCESS && cache.is_object()) {
    facts.cache = IsTrue(cache["cache_hit"]) ? "hit" : "miss";
  }
  if (IsTrue(extra["routing_info"]["is_fallback"])) {
    facts.fallbacks = std::max<std::int64_t>(1, facts.fallbacks.value_or(0));
  }
  upstream_model = BodyText(extra["raw_response"]["model"]);
}

std::optional<double> ReadCost(const http::Response& response, const element* root) {
  if (const std::string* cost = response.FindHeader("x-litellm-response-cost")) {
    double value = 0;
    const auto [end, error] = std::from_chars(cost->data(), cost->data() + cost->size(), value);
    if (error == std::errc() && end == cost->data() + cost->size()) return Amount(value);
  }
  if (root == nullptr) return std::nullopt;
  element cost;
  // OpenRouter and newer Bifrost: a number, or an object with a total.
  if ((*root)["usage"]["cost"].get(cost) != SUCCESS) return std::nullopt;
  double value = 0;
  if (cost.get_double().get(value) == SUCCESS) return Amount(value);
  if (cost["total_cost"].get_double().get(value) == SUCCESS) return Amount(value);
  return std::nullopt;
}

std::string WhyNotFresh(const GatewayFacts& facts) {
  if (facts.cache && facts.cache->find("hit") != std::string::npos) return "cache " + *facts.cache;
  if (facts.fallbacks.value_or(0) > 0) {
    return fmt::format("fallback: {} target{} passed over", *facts.fallbacks,
                       *facts.fallbacks == 1 ? "" : "s");
  }
  if (facts.retries.value_or(0) > 0) {
    return fmt::format("asked again by the gateway: {} {}", *facts.retries,
                       *facts.retries == 1 ? "retry" : "retries");
  }
  return "";
}

}  // namespace

const char* GatewayKindName(GatewayKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  return "";
}

std::optional<GatewayKind> GatewayKindFromName(std::string_view name) {
  for (const auto& [kind, known] : kKinds) {
    if (name == known) return kind;
  }
  return std::nullopt;
}

GatewayKind RecogniseGateway(const http::Headers& headers) {
  for (const http::Header& header : headers) {
    // Others copy the name of LiteLLM's cost.
    if (header.name.starts_with("x-litellm-") && header.name != "x-litellm-response-cost")
      return GatewayKind::kLiteLlm;
    if (header.name.starts_with("x-portkey-")) return GatewayKind::kPortkey;
    if (header.name.starts_with("x-bifrost-")) return GatewayKind::kBifrost;
  }
  return GatewayKind::kUnknown;
}

std::vector<std::string> HiddenBy(GatewayKind kind) {
  switch (kind) {
    case GatewayKind::kLiteLlm:
      return {
          "response_model is the alias of the gateway's configuration, not the provider's dated model; "
          "via.model is "
          "what the configuration says",
          "whether the provider counted tokens: where it sent no usage the gateway writes zeros",
          "retries of the gateway behind an answer that failed",
      };
    case GatewayKind::kPortkey:
      return {"the cost of an answer",
              "request settings that the gateway does not know: it drops them in silence"};
    case GatewayKind::kBifrost:
      return {
          "retries of the gateway: only its metrics count them",
          "the provider's dated model where no raw response comes back; via.model is the target of the alias",
      };
    case GatewayKind::kUnknown:
    case GatewayKind::kOpenAi:
      break;
  }
  return {};
}

Dialect::Dialect(GatewayKind kind, double timeout_s, std::string run_id)
    : kind_(kind), run_id_(std::move(run_id)) {
  switch (kind) {
    case GatewayKind::kUnknown:
      break;
    case GatewayKind::kOpenAi:
      id_header_ = "x-client-request-id";
      break;
    case GatewayKind::kLiteLlm:
      id_header_ = "x-litellm-call-id";
      headers_ = {{"x-litellm-num-retries", "0"}, {"x-litellm-timeout", fmt::format("{:g}", timeout_s)}};
      members_ = R"(,"cache":{"no-cache":true,"no-store":true},"num_retries":0,"disable_fallbacks":true)";
      break;
    case GatewayKind::kPortkey:
      id_header_ = "x-portkey-trace-id";
      headers_ = {{"x-portkey-request-timeout", fmt::format("{:.0f}", std::max(1.0, timeout_s * 1000))},
                  {"x-portkey-cache-force-refresh", "true"}};
      break;
    case GatewayKind::kBifrost:
      id_header_ = "x-request-id";
      headers_ = {{"x-bf-cache-no-store", "true"}, {"x-bf-send-back-raw-response", "true"}};
      break;
  }
}

void Dialect::Complete(std::string& body) const {
  if (!members_.empty() && body.ends_with('}')) body.insert(body.size() - 1, members_);
}

http::Headers Dialect::RequestId(std::size_t item, int attempt) const {
  if (id_header_.empty()) return {};
  return {{id_header_, fmt::format("{}-{}-{}", run_id_, item, attempt)}};
}

Served ReadServed(const http::Response& response, const element* root) {
  Served served;
  GatewayFacts facts;
  ReadLiteLlm(response, facts, served.not_fresh);
  ReadPortkey(response, facts);
  ReadBifrostHeaders(response, facts);
  if (root != nullptr && root->is_object()) {
    ReadBifrostBody(*root, facts, served.upstream_model);
    if (!facts.provider) facts.provider = BodyText((*root)["provider"]);
  }
  if (served.not_fresh.empty()) served.not_fresh = WhyNotFresh(facts);
  served.cost_usd = ReadCost(response, root);
  if (!facts.empty()) served.facts = std::make_shared<const GatewayFacts>(std::move(facts));
  return served;
}

const char* VirtualKeyHeader(GatewayKind kind) {
  switch (kind) {
    case GatewayKind::kOpenAi:
    case GatewayKind::kLiteLlm:
      return "authorization";  // with "Bearer "
    case GatewayKind::kPortkey:
      return "x-portkey-virtual-key";
    case GatewayKind::kBifrost:
      return "x-bf-vk";
    case GatewayKind::kUnknown:
      break;
  }
  return nullptr;
}

std::vector<std::string> Defeats(GatewayKind kind, const http::Headers& headers, std::string_view model) {
  std::vector<std::string> found;
  for (const http::Header& header : headers) {
    const std::string name = Lower(header.name);
    if (name == "x-bf-cache-key") found.emplace_back("header x-bf-cache-key turns the gateway's cache on");
    if (name == "x-portkey-cache") found.emplace_back("header x-portkey-cache turns the gateway's cache on");
    if (name != "x-portkey-config") continue;
    const Result<json::Node> config = json::ParseNode(header.value, {});
    if (!config) continue;  // the id of a stored configuration
    for (const char* member : {"retry", "cache", "strategy", "targets"}) {
      if (config->Find(member) != nullptr) {
        found.push_back(
            fmt::format("header x-portkey-config has \"{}\": the gateway would answer from elsewhere or ask "
                        "again by itself",
                        member));
      }
    }
  }
  if (kind == GatewayKind::kBifrost && model.find('/') == std::string_view::npos) {
    found.push_back(
        fmt::format("model \"{}\" names no provider (provider/model): the gateway would choose one", model));
  }
  return found;
}

}  // namespace minslice::run
