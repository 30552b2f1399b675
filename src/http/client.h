// A concurrent HTTP/1.1 client behind a small interface, so that the transport can be replaced. It knows
// nothing of models. One thread: Submit and Poll are called by the thread that owns the client; completions
// are handed out inside Poll. Redirects are not followed: a header with a key must not travel to another
// host.
#ifndef MINSLICE_HTTP_CLIENT_H_
#define MINSLICE_HTTP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minslice/result.h"

namespace minslice::http {

struct Header {
  std::string name;
  std::string value;  // may be a secret: never part of an error text
};
using Headers = std::vector<Header>;

struct Request {
  std::string method = "POST";  // GET or POST
  std::string url;
  std::shared_ptr<const Headers> headers;  // shared by the requests of a run
  Headers own_headers;                     // of this request alone, beside them; mostly none
  std::string body;
  double timeout_s = 120;  // for the whole exchange
  bool arrivals = false;   // note when the parts of the body came
  std::uint64_t tag = 0;   // comes back with the response
};

// Why an exchange ended without a whole response.
enum class TransportError : std::uint8_t {
  kNone,
  kResolve,    // the host's name has no address
  kConnect,    // refused, unreachable, no answer to the connection attempt
  kTls,        // handshake or certificate
  kTimeout,    // no whole response within timeout_s
  kReset,      // the connection broke before a response
  kTruncated,  // the response was cut short
  kTooLarge,   // more than max_response_bytes
  kCancelled,
  kOther,
};
const char* TransportErrorName(TransportError error);  // "connection refused or host unreachable", ...

// So many bytes of the body had come at that time, in ms from Submit.
struct Arrival {
  std::size_t bytes = 0;
  double at_ms = 0;
};

struct Response {
  std::uint64_t tag = 0;
  TransportError error = TransportError::kNone;
  std::string error_text;  // empty without an error; names no header and no credentials
  int status = 0;          // 0: none was received
  Headers headers;         // names in lower case
  std::string body;
  double latency_ms = 0;          // from Submit to the last byte
  double connect_ms = 0;          // 0 on a reused connection
  std::vector<Arrival> arrivals;  // ascending; only where the request asked for them
  double first_byte_ms = 0;       // from Submit to the first byte of the response

  // The first value of that name (lower case), or nullptr.
  const std::string* FindHeader(std::string_view name) const;
};

using CompletionHandler = std::function<void(Response&& response)>;

class Client {
 public:
  virtual ~Client() = default;
  virtual void Submit(Request request) = 0;
  // Waits until something happens or timeout_s is over and calls `on_done` for each finished exchange; it may
  // Submit.
  virtual void Poll(double timeout_s, const CompletionHandler& on_done) = 0;
  virtual std::size_t in_flight() const = 0;
  // Ends every exchange; none is handed out. Connections are closed.
  virtual void CancelAll() = 0;
};

struct ClientOptions {
  std::size_t max_connections = 256;  // open or kept at the same time; more requests than that still run
  std::size_t max_response_bytes = std::size_t{64} * 1024 * 1024;  // of one body
  double connect_timeout_s = 10;
};

// libcurl: proxies of the environment are honoured, except for loopback; TLS is verified; http and https
// only.
Result<std::unique_ptr<Client>> MakeCurlClient(const ClientOptions& options);

// A URL in its parts. Only http and https; user:password is refused, because it would end in a log.
struct Url {
  std::string scheme;  // lower case
  std::string host;    // lower case; IPv6 in brackets
  int port = 0;        // 0: the scheme's own
  std::string path;    // with query; may be empty

  std::string Origin() const;  // "http://127.0.0.1:4000"
  bool IsLoopback() const;
};
// The failure names no part of the text that could be a credential.
Result<Url> ParseUrl(const std::string& text);

// Whether a URL is http:// at an address or localhost, which needs neither names nor TLS.
bool IsPlainAddress(const Url& url);
// Only for such URLs; others fail. No buffers of its own for a request that waits.
Result<std::unique_ptr<Client>> MakeSocketClient(const ClientOptions& options);

// The one that pays for requests to that address: the leaner where it can, libcurl where a name, TLS or a
// proxy is in between.
Result<std::unique_ptr<Client>> MakeClientFor(const std::string& base_url, const ClientOptions& options);

}  // namespace minslice::http

#endif  // MINSLICE_HTTP_CLIENT_H_
