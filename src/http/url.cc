#include <algorithm>
#include <charconv>

#include "http/client.h"
#include "http/lower.h"

namespace minslice::http {
std::string Url::Origin() const {
  std::string origin = scheme + "://" + host;
  if (port != 0) origin.append(":").append(std::to_string(port));
  return origin;
}

bool Url::IsLoopback() const {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

Result<Url> ParseUrl(const std::string& text) {
  Url url;
  const std::size_t colon = text.find("://");
  if (colon == std::string::npos) return Fail("expected a URL that starts with http:// or https://");
  url.scheme = Lower(std::string_view(text).substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") {
    return Fail("expected a URL that starts with http:// or https://, found another scheme");
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return Fail("the URL contains a space or a control character");
  }
  const std::size_t start = colon + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", start), text.size());
  std::string_view authority = std::string_view(text).substr(start, end - start);
  url.path = text.substr(end);
  if (url.path.find('#') != std::string::npos) return Fail("the URL contains a fragment (#...)");
  if (authority.find('@') != std::string_view::npos) {
    return Fail("the URL contains a user or password; put the credential into a header with ${NAME} instead");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return Fail("the URL's IPv6 address has no closing bracket");
    url.host = Lower(authority.substr(0, close + 1));
    if (url.host.find_first_not_of("[]0123456789abcdef:.") != std::string::npos || url.host.size() < 4) {
      return Fail("the URL's IPv6 address is malformed");
    }
    const std::string_view rest = authority.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return Fail("the URL has text after its IPv6 address");
    port = rest.empty() ? rest : rest.substr(1);
    if (!rest.empty() && port.empty()) return Fail("the URL has a colon but no port");
  } else {
    const std::size_t separator = authority.find(':');
    url.host = Lower(authority.substr(0, separator));
    if (separator != std::string_view::npos) {
      port = authority.substr(separator + 1);
      if (port.empty()) return Fail("the URL has a colon but no port");
    }
  }
  if (url.host.empty()) return Fail("the URL has no host");
  if (url.host.find_first_of("\"<>\\^`{|}") != std::string::npos) return Fail("the URL's host is malformed");
  if (!port.empty()) {
    const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || rest != port.data() + port.size() || url.port < 1 || url.port > 65535) {
      return Fail("the URL's port is not a number from 1 to 65535");
    }
  }
  return url;
}

const char* TransportErrorName(TransportError error) {
  switch (error) {
    case TransportError::kNone:
      return "none";
    case TransportError::kResolve:
      return "host not found";
    case TransportError::kConnect:
      return "cannot connect";
    case TransportError::kTls:
      return "TLS failure";
    case TransportError::kTimeout:
      return "timeout";
    case TransportError::kReset:
      return "connection reset";
    case TransportError::kTruncated:
      return "response cut short";
    case TransportError::kTooLarge:
      return "response too large";
    case TransportError::kCancelled:
      return "cancelled";
    case TransportError::kOther:
      return "transport failure";
  }
  return "";
}

const std::string* Response::FindHeader(std::string_view name) const {
  for (const Header& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

}  // namespace minslice::http
