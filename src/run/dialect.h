// What is peculiar to a gateway: what a request must say so that the answer is the model's own and fresh (no
// cache, no retry, no fallback of the gateway's), and where an answer says what became of it. Sources and
// what was observed: docs/gateways.md.
#ifndef MINSLICE_RUN_DIALECT_H_
#define MINSLICE_RUN_DIALECT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "minslice/record.h"

namespace simdjson::dom {
class element;
}  // namespace simdjson::dom

namespace minslice::run {

enum class GatewayKind : std::uint8_t { kUnknown, kOpenAi, kLiteLlm, kPortkey, kBifrost };

const char* GatewayKindName(GatewayKind kind);  // "openai", ...; "" of kUnknown
std::optional<GatewayKind> GatewayKindFromName(std::string_view name);

// From the headers of an answer, whatever its status; kUnknown where none of them is a gateway's own.
GatewayKind RecogniseGateway(const http::Headers& headers);

// What an answer through that gateway does not show, a sentence each.
std::vector<std::string> HiddenBy(GatewayKind kind);

// What a request carries beside the suite's own settings.
class Dialect {
 public:
  Dialect() = default;
  // `run_id` begins the ids by which the gateway's logs know the requests.
  Dialect(GatewayKind kind, double timeout_s, std::string run_id);

  GatewayKind kind() const { return kind_; }
  const http::Headers& headers() const { return headers_; }  // the same for every request
  // Adds the gateway's own members to a body that is a JSON object.
  void Complete(std::string& body) const;
  // The header that carries the id of one request; nothing where the gateway is not known.
  http::Headers RequestId(std::size_t item, int attempt) const;

 private:
  GatewayKind kind_ = GatewayKind::kUnknown;
  std::string run_id_;
  std::string id_header_;
  http::Headers headers_;
  std::string members_;  // with a leading comma
};

// What the gateway says of the answer. Every known name of every gateway is looked for, whatever its kind:
// one gateway may stand behind another. `root` is the body, or null where it is no JSON.
struct Served {
  std::shared_ptr<const GatewayFacts> facts;  // null: nothing
  std::optional<double> cost_usd;
  // The provider's own name of the model, where the gateway passes the provider's answer on.
  std::optional<std::string> upstream_model;
  std::string not_fresh;  // the field that says so, e.g. "cache hit (x-litellm-cache-key)"; empty: fresh
};
Served ReadServed(const http::Response& response, const simdjson::dom::element* root);

// The header in which a gateway of that kind wants its virtual key; nullptr where the kind is not known.
const char* VirtualKeyHeader(GatewayKind kind);

// What in the user's own headers or request would let the gateway answer by itself: a sentence each.
std::vector<std::string> Defeats(GatewayKind kind, const http::Headers& headers, std::string_view model);

}  // namespace minslice::run

#endif  // MINSLICE_RUN_DIALECT_H_
