// Canonical JSON: one text for one value, so that a hash names the value. RFC 8785 (keys sorted by UTF-16
// code units, no white space, numbers as ECMAScript prints them, minimal escapes), except that integers
// beyond 2^53 keep all their digits.
#ifndef MINSLICE_JSON_CANONICAL_H_
#define MINSLICE_JSON_CANONICAL_H_

#include <string>
#include <string_view>

#include "json/json.h"
#include "json/node.h"

namespace minslice::json {

std::string Canonical(const Node& node);
std::string Canonical(const Value& value);
// No white space, keys in their order, numbers as written.
std::string Compact(const Node& node);

// Shortest text that reads back as the same double, as ECMAScript prints it: 1, 0.1, 1e+21, 1e-7. Not finite:
// "null".
std::string NumberText(double value);
void AppendNumber(double value, std::string& out);
// In double quotes with the escapes that JSON needs; ill-formed UTF-8 becomes U+FFFD.
void AppendQuoted(std::string_view text, std::string& out);
std::string QuotedText(std::string_view text);

}  // namespace minslice::json

#endif  // MINSLICE_JSON_CANONICAL_H_
