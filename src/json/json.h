// Small JSON documents as nlohmann trees. Positions and exact numbers: json/node.h; canonical text:
// json/canonical.h.
#ifndef MINSLICE_JSON_JSON_H_
#define MINSLICE_JSON_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "json/node.h"
#include "minslice/result.h"

namespace minslice::json {

using Value = nlohmann::ordered_json;  // keys in the order of insertion

// Strict (see json/node.h); a failure has file:line:column.
Result<Value> Parse(std::string_view text, const std::string& path);
Result<Value> ReadFile(const std::string& path);
Value ToValue(const Node& node);

// One line, keys in their order; ill-formed UTF-8 becomes U+FFFD instead of an exception.
std::string Compact(const Value& value);
// Two spaces of indent and a newline at the end; what is not ASCII as \u, so that no name commands the
// terminal on which it is read.
std::string Pretty(const Value& value);

}  // namespace minslice::json

#endif  // MINSLICE_JSON_JSON_H_
