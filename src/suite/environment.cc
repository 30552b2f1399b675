// ${NAME}, ${NAME:-default}, ${NAME:?message}. Values go to the wire only: no message here ever holds one.
#include <cstdlib>
#include <functional>
#include <optional>
#include <string_view>

#include "suite/suite.h"

namespace minslice::suite {
namespace {

bool IsName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!word) return false;
  }
  return true;
}

using Lookup = std::function<std::optional<std::string>(const std::string&)>;

Result<std::string> Expand(const std::string& text, const SourcePosition& where, const std::string& what,
                           const Lookup& lookup) {
  std::string expanded;
  std::size_t at = 0;
  for (;;) {
    const std::size_t open = text.find("${", at);
    expanded += text.substr(at, open - at);
    if (open == std::string::npos) return expanded;
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos)
      return FailAt(where, what + ": expected \"}\" after \"${\", found the end");
    const std::string_view inside = std::string_view(text).substr(open + 2, close - open - 2);
    const std::size_t colon = inside.find(':');
    const std::string name(inside.substr(0, colon));
    const std::string_view option = colon == std::string_view::npos ? "" : inside.substr(colon);
    const bool has_default = option.substr(0, 2) == ":-";
    const bool has_message = option.substr(0, 2) == ":?";
    if (!IsName(name) || (colon != std::string_view::npos && !has_default && !has_message)) {
      return FailAt(
          where,
          what +
              ": expected ${NAME}, ${NAME:-default} or ${NAME:?message} with a name of letters, digits "
              "and underscores");
    }
    const std::optional<std::string> value = lookup(name);
    // As in the shell: with :- and :? an empty variable counts as unset.
    const bool missing = !value || (value->empty() && (has_default || has_message));
    if (!missing) {
      expanded += *value;
    } else if (has_default) {
      expanded += option.substr(2);
    } else {
      std::string message = what;
      message += ": the environment variable ";
      message += name;
      message += " is not set";
      if (has_message && option.size() > 2) message.append(": ").append(option.substr(2));
      return FailAt(where, message);
    }
    at = close + 1;
  }
}

}  // namespace

Result<std::string> ExpandEnvironment(const std::string& text, const SourcePosition& where,
                                      const std::string& what) {
  return Expand(text, where, what, [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  });
}

Result<void> CheckExpansion(const std::string& text, const SourcePosition& where, const std::string& what) {
  const auto checked = Expand(text, where, what, [](const std::string&) { return std::string("x"); });
  if (!checked) return tl::unexpected(checked.error());
  return {};
}

}  // namespace minslice::suite
