#include "store/address.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "io/diagnostics.h"
#include "io/nearest_name.h"

namespace minslice::store {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

bool NamesVariable(std::string_view text) { return text.find("${") != std::string_view::npos; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// The position of `wanted` that stands in no ${...}.
std::size_t FindOutside(std::string_view text, std::string_view wanted, std::size_t from = 0) {
  bool inside = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text.substr(i, 2) == "${") inside = true;
    if (inside && text[i] == '}') inside = false;
    if (!inside && wanted.find(text[i]) != std::string_view::npos) return i;
  }
  return std::string_view::npos;
}

// The parts of an address as they come, each with the keyword that libpq knows it by.
class PostgresReader {
 public:
  PostgresReader(const Expand& expand, bool from_environment, Address& address)
      : expand_(expand), from_environment_(from_environment), address_(address) {}

  void Read(std::string_view rest) {
    const std::size_t query = FindOutside(rest, "?");
    const std::string_view keywords = query == std::string_view::npos ? "" : rest.substr(query + 1);
    rest = rest.substr(0, query);
    const std::size_t slash = FindOutside(rest, "/");
    const std::string_view database = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    std::string_view authority = rest.substr(0, slash);
    std::size_t at = std::string_view::npos;  // the last one: a user's name may hold another
    for (std::size_t next = FindOutside(authority, "@"); next != std::string_view::npos;
         next = FindOutside(authority, "@", next + 1))
      at = next;
    if (at != std::string_view::npos) {
      const std::string_view user = authority.substr(0, at);
      const std::size_t colon = FindOutside(user, ":");
      Put("user", user.substr(0, colon));
      if (colon != std::string_view::npos) Put("password", user.substr(colon + 1));
      address_.shown += std::string(user.substr(0, colon)) + "@";
      authority = authority.substr(at + 1);
    }
    address_.shown += std::string(authority);
    if (!database.empty()) address_.shown += "/" + std::string(database);
    ReadHost(authority);
    Put("dbname", database);
    for (std::size_t begin = 0; begin < keywords.size();) {
      const std::size_t end = std::min(FindOutside(keywords, "&", begin), keywords.size());
      const std::string_view keyword = keywords.substr(begin, end - begin);
      const std::size_t equals = keyword.find('=');
      if (equals == std::string_view::npos || equals == 0) {
        diagnostics_.Add({}, "--store: expected KEYWORD=VALUE behind the ?, found another text");
      } else {
        Put(std::string(keyword.substr(0, equals)), keyword.substr(equals + 1));
      }
      begin = end + 1;
    }
  }

  const io::Diagnostics& diagnostics() const { return diagnostics_; }

 private:
  void ReadHost(std::string_view authority) {
    // [::1]:5432 and host:5432.
    const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
    const std::size_t colon = bracket == std::string_view::npos ? FindOutside(authority, ":")
                                                                : FindOutside(authority, ":", bracket);
    std::string_view host = authority.substr(0, colon);
    if (bracket != std::string_view::npos) host = authority.substr(1, bracket - 1);
    Put("host", host);
    if (colon != std::string_view::npos) Put("port", authority.substr(colon + 1));
  }

  void Put(const std::string& keyword, std::string_view text) {
    if (text.empty()) return;
    const bool secret = keyword == "password" || keyword == "sslpassword";
    if (secret && !from_environment_ && !(text.starts_with("${") && text.ends_with('}'))) {
      diagnostics_.Add({},
                       "--store: a password in the command line can be read by others; write ${NAME} in its "
                       "place and set that variable, or set PGPASSWORD");
      return;
    }
    std::optional<std::string> value;
    if (NamesVariable(text) && !from_environment_) {
      Result<std::string> expanded = expand_(std::string(text), "--store");
      if (!expanded) return diagnostics_.AddAll(expanded.error());
      value = std::move(*expanded);  // as it is: a password may hold any character
    } else {
      value = PercentDecoded(text);
    }
    if (!value || value->find('\0') != std::string::npos) {
      diagnostics_.Add({}, fmt::format("--store: {}: expected %XX with two hexadecimal digits", keyword));
      return;
    }
    if (secret && !value->empty()) address_.secrets.push_back(*value);
    address_.options.emplace_back(keyword, std::move(*value));
  }

  const Expand& expand_;
  bool from_environment_;
  Address& address_;
  io::Diagnostics diagnostics_;
};

}  // namespace

Result<Address> ReadAddress(const std::string& given, const Expand& expand) {
  std::string text = given;
  const bool from_environment = given.starts_with("${");
  if (from_environment) {
    Result<std::string> expanded = expand(given, "--store");
    if (!expanded) return tl::unexpected(expanded.error());
    text = std::move(*expanded);
  }
  Address address;
  if (text.starts_with(kSqlite)) {
    address.file = text.substr(kSqlite.size());
    address.shown = text;
    if (address.file.empty()) return Fail("--store: expected sqlite:FILE, found no file");
    if (NamesVariable(address.file)) {
      Result<std::string> file = expand(address.file, "--store");
      if (!file) return tl::unexpected(file.error());
      address.file = std::move(*file);
    }
    return address;
  }
  for (const std::string_view scheme : {"postgres://", "postgresql://"}) {
    if (!text.starts_with(scheme)) continue;
    address.shown = scheme;
    PostgresReader reader(expand, from_environment, address);
    reader.Read(std::string_view(text).substr(scheme.size()));
    if (!reader.diagnostics().empty()) return tl::unexpected(reader.diagnostics().ToFailure());
    return address;
  }
  // What stands there may hold a password: only what comes before a colon is repeated.
  const std::size_t colon = text.find(':');
  const std::string found = from_environment || colon == std::string::npos
                                ? ""
                                : ", found " + io::Quoted(text.substr(0, colon + 1));
  return Fail("--store: expected sqlite:FILE or postgres://USER@HOST/DATABASE" + found);
}

}  // namespace minslice::store
