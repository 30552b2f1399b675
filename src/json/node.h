// JSON read strictly, with the place of every value: for files that people and foreign programs write, and
// for model output. Refused: anything beyond RFC 8259 (comments, trailing commas, NaN), duplicate keys,
// ill-formed UTF-8, lone surrogates, more than kMaxDepth nested levels, anything after the value.
#ifndef MINSLICE_JSON_NODE_H_
#define MINSLICE_JSON_NODE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "minslice/result.h"

namespace minslice::json {

inline constexpr int kMaxDepth = 500;

struct Member;

struct Node {
  enum class Type : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
  Type type = Type::kNull;
  bool boolean = false;
  std::size_t offset = 0;       // of the value's first byte in the parsed text
  std::size_t length = 0;       // of the value's text
  std::string text;             // string: decoded; number: as written
  std::vector<Node> items;      // array
  std::vector<Member> members;  // object, in the text's order

  bool is(Type t) const { return type == t; }
  const Node* Find(std::string_view key) const;  // nullptr where absent or no object

  // Of a number; nullopt where it is no number, does not fit, or (integer) has a fraction. 3.0 and 3e0 are
  // the integer 3.
  std::optional<std::int64_t> Integer() const;
  std::optional<double> Double() const;
  std::string Describe() const;  // "the text \"abc\"", "a list": for messages
};

struct Member {
  std::string key;
  std::size_t key_offset = 0;
  Node value;
};

// `where` is the place of the text's first byte; positions in diagnostics count from there.
Result<Node> ParseNode(std::string_view text, const SourcePosition& where);

// The place of an offset in a text whose first byte stands at `where` (line 0: not known, taken as 1).
SourcePosition PlaceOf(std::string_view text, std::size_t offset, const SourcePosition& where);

// By value: keys in any order, arrays in order, numbers by their exact decimal value (1 == 1.0 == 1e0, big
// integers to the last digit), strings exactly.
bool SameValue(const Node& a, const Node& b);

// The exact decimal value of a JSON number as sign, digits without leading and trailing zeros, and exponent,
// e.g.
// "-12e3": equal texts for equal numbers. An exponent beyond +-1e18 stays apart ("1e0+9..."), which is no
// JSON.
std::string NormalizedNumber(std::string_view number);

}  // namespace minslice::json

#endif  // MINSLICE_JSON_NODE_H_
