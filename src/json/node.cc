#include "json/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "io/nearest_name.h"
#include "io/utf8.h"

namespace minslice::json {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  Parser(std::string_view text, const SourcePosition& where) : text_(text), where_(where) {}

  Result<Node> Run() {
    Node root;
    SkipSpace();
    if (!Value(root, 0)) return FailAt(PlaceOf(text_, error_at_, where_), error_);
    SkipSpace();
    if (at_ < text_.size()) {
      return FailAt(PlaceOf(text_, at_, where_), "expected the end of the JSON value, found " + Found());
    }
    return root;
  }

 private:
  bool Error(std::size_t at, std::string message) {
    error_at_ = at;
    error_ = std::move(message);
    return false;
  }
  bool Expected(const char* what) { return Error(at_, fmt::format("expected {}, found {}", what, Found())); }

  std::string Found() const {
    if (at_ >= text_.size()) return "the end";
    const std::size_t length = std::max<std::size_t>(1, io::Utf8SequenceLength(text_, at_));
    return io::Quoted(text_.substr(at_, length));
  }

  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool Literal(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return Expected("a JSON value");
    at_ += word.size();
    return true;
  }

  bool Value(Node& node, int depth) {
    if (at_ >= text_.size()) return Expected("a JSON value");
    if (depth > kMaxDepth) return Error(at_, fmt::format("nested deeper than {} levels", kMaxDepth));
    node.offset = at_;
    bool ok = false;
    switch (text_[at_]) {
      case '{':
        ok = Object(node, depth);
        break;
      case '[':
        ok = Array(node, depth);
        break;
      case '"':
        node.type = Node::Type::kString;
        ok = String(node.text);
        break;
      case 't':
        node.type = Node::Type::kBool;
        node.boolean = true;
        ok = Literal("true");
        break;
      case 'f':
        node.type = Node::Type::kBool;
        ok = Literal("false");
        break;
      case 'n':
        ok = Literal("null");
        break;
      default:
        ok = Number(node);
        break;
    }
    node.length = at_ - node.offset;
    return ok;
  }

  bool Number(Node& node) {
    node.type = Node::Type::kNumber;
    const std::size_t start = at_;
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    const auto digits = [this] {
      const std::size_t first = at_;
      while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
      return at_ > first;
    };
    const std::size_t first = at_;
    if (!digits()) {
      if (first == start) return Expected("a JSON value");
      return Expected("a digit");
    }
    if (text_[first] == '0' && at_ - first > 1)
      return Error(start, "a number must not start with 0 (write 10, not 010)");
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (!digits()) return Expected("a digit");
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
      if (!digits()) return Expected("a digit");
    }
    node.text.assign(text_.substr(start, at_ - start));
    return true;
  }

  static int HexDigit(char c) {
    if (IsDigit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }

  bool Hex4(std::size_t at, unsigned& value) const {
    if (at + 4 > text_.size()) return false;
    value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      const int digit = HexDigit(text_[i]);
      if (digit < 0) return false;
      value = value * 16 + static_cast<unsigned>(digit);
    }
    return true;
  }

  bool String(std::string& out) {
    const std::size_t open = at_++;
    std::size_t run = at_;  // start of the bytes not yet copied
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        out.append(text_.substr(run, at_ - run));
        ++at_;
        return true;
      }
      if (c < 0x20) return Error(at_, "a control character in a text must be escaped");
      if (c >= 0x80) {
        const std::size_t length = io::Utf8SequenceLength(text_, at_);
        if (length == 0) return Error(at_, "expected UTF-8, found a byte that is none");
        at_ += length;
        continue;
      }
      if (c != '\\') {
        ++at_;
        continue;
      }
      out.append(text_.substr(run, at_ - run));
      const std::size_t escape = at_;
      const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      at_ += 2;
      switch (kind) {
        case '"':
          out.push_back('"');
          break;
        case '\\':
          out.push_back('\\');
          break;
        case '/':
          out.push_back('/');
          break;
        case 'b':
          out.push_back('\b');
          break;
        case 'f':
          out.push_back('\f');
          break;
        case 'n':
          out.push_back('\n');
          break;
        case 'r':
          out.push_back('\r');
          break;
        case 't':
          out.push_back('\t');
          break;
        case 'u': {
          unsigned unit = 0, low = 0;
          if (!Hex4(at_, unit)) return Error(escape, "expected four hexadecimal digits after \\u");
          at_ += 4;
          char32_t code_point = unit;
          if (unit >= 0xD800 && unit < 0xDC00 && text_.substr(at_, 2) == "\\u" && Hex4(at_ + 2, low) &&
              low >= 0xDC00 && low < 0xE000) {
            code_point = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            at_ += 6;
          } else if (unit >= 0xD800 && unit < 0xE000) {
            return Error(escape, "a \\u surrogate without its other half");
          }
          io::AppendUtf8(code_point, out);
          break;
        }
        default:
          return Error(escape, "unknown escape in a text");
      }
      run = at_;
    }
    return Error(open, "this text is never closed");
  }

  bool Array(Node& node, int depth) {
    node.type = Node::Type::kArray;
    ++at_;
    SkipSpace();
    if (at_ < text_.size() && text_[at_] == ']') {
      ++at_;
      return true;
    }
    for (;;) {
      node.items.emplace_back();
      SkipSpace();
      if (!Value(node.items.back(), depth + 1)) return false;
      SkipSpace();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == ']') {
        ++at_;
        return true;
      }
      return Expected("\",\" or \"]\"");
    }
  }

  bool Object(Node& node, int depth) {
    node.type = Node::Type::kObject;
    ++at_;
    SkipSpace();
    if (at_ < text_.size() && text_[at_] == '}') {
      ++at_;
      return true;
    }
    for (;;) {
      SkipSpace();
      if (at_ >= text_.size() || text_[at_] != '"') return Expected("a key in double quotes");
      node.members.emplace_back();
      Member& member = node.members.back();
      member.key_offset = at_;
      if (!String(member.key)) return false;
      SkipSpace();
      if (at_ >= text_.size() || text_[at_] != ':') return Expected("\":\" after the key");
      ++at_;
      SkipSpace();
      if (!Value(member.value, depth + 1)) return false;
      SkipSpace();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == '}') {
        ++at_;
        return Distinct(node);
      }
      return Expected("\",\" or \"}\"");
    }
  }

  bool Distinct(const Node& node) {
    const auto duplicate = [&](const Member& member) {
      return Error(member.key_offset,
                   fmt::format("key {} stands twice in one object", io::Quoted(member.key)));
    };
    const auto& members = node.members;
    if (members.size() <= 16) {
      for (std::size_t i = 1; i < members.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (members[i].key == members[j].key) return duplicate(members[i]);
        }
      }
      return true;
    }
    std::unordered_set<std::string_view> seen;
    for (const Member& member : members) {
      if (!seen.insert(member.key).second) return duplicate(member);
    }
    return true;
  }

  std::string_view text_;
  const SourcePosition& where_;
  std::size_t at_ = 0;
  std::size_t error_at_ = 0;
  std::string error_;
};

}  // namespace

const Node* Node::Find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::optional<double> Node::Double() const {
  if (type != Type::kNumber) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Too large or too small for a double: from_chars leaves the value alone, so the caller gets no wrong one.
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> Node::Integer() const {
  if (type != Type::kNumber) return std::nullopt;
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto plain = std::from_chars(text.data(), end, value);
  if (plain.ec == std::errc() && plain.ptr == end) return value;
  // 3.0, 3e2: whole all the same.
  const std::string normal = NormalizedNumber(text);
  const std::size_t e = normal.find('e');
  int exponent = 0;
  const auto parsed = std::from_chars(normal.data() + e + 1, normal.data() + normal.size(), exponent);
  if (parsed.ec != std::errc() || exponent < 0 || exponent > 18) return std::nullopt;
  const std::string digits = normal.substr(0, e) + std::string(static_cast<std::size_t>(exponent), '0');
  const auto whole = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (whole.ec != std::errc()) return std::nullopt;
  return value;
}

std::string Node::Describe() const {
  switch (type) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return boolean ? "true" : "false";
    case Type::kNumber:
      return fmt::format("the number {}", text.size() > 40 ? text.substr(0, 40) + "..." : text);
    case Type::kString:
      return fmt::format("the text {}", io::Quoted(text));
    case Type::kArray:
      return "a list";
    case Type::kObject:
      return "an object";
  }
  return "";
}

Result<Node> ParseNode(std::string_view text, const SourcePosition& where) {
  return Parser(text, where).Run();
}

SourcePosition PlaceOf(std::string_view text, std::size_t offset, const SourcePosition& where) {
  SourcePosition place = io::PositionOfOffset(text, offset, where.file);
  const int first_line = std::max(1, where.line), first_column = std::max(1, where.column);
  if (place.line == 1) place.column += first_column - 1;
  place.line += first_line - 1;
  return place;
}

std::string NormalizedNumber(std::string_view number) {
  const bool negative = !number.empty() && number[0] == '-';
  if (negative) number.remove_prefix(1);
  std::string_view mantissa = number;
  std::string_view written_exponent;
  if (const std::size_t e = number.find_first_of("eE"); e != std::string_view::npos) {
    mantissa = number.substr(0, e);
    written_exponent = number.substr(e + 1);
    if (!written_exponent.empty() && written_exponent[0] == '+') written_exponent.remove_prefix(1);
  }
  std::string digits;
  std::int64_t exponent = 0;
  bool fraction = false;
  for (const char c : mantissa) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    digits.push_back(c);
    if (fraction) --exponent;
  }
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return "0e0";
  digits.erase(0, first);
  const std::size_t last = digits.find_last_not_of('0');
  exponent += static_cast<std::int64_t>(digits.size() - last - 1);
  digits.resize(last + 1);
  std::int64_t shift = 0;
  // An exponent with more digits than an int64 holds: kept as text, since no two such numbers meet in
  // practice.
  if (!written_exponent.empty()) {
    const char* const begin = written_exponent.data();
    const char* const end = begin + written_exponent.size();
    if (std::from_chars(begin, end, shift).ec != std::errc() || shift > INT64_C(1000000000000000000) ||
        shift < -INT64_C(1000000000000000000)) {
      return fmt::format("{}{}e{}+{}", negative ? "-" : "", digits, exponent, written_exponent);
    }
  }
  return fmt::format("{}{}e{}", negative ? "-" : "", digits, exponent + shift);
}

bool SameValue(const Node& a, const Node& b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case Node::Type::kNull:
      return true;
    case Node::Type::kBool:
      return a.boolean == b.boolean;
    case Node::Type::kNumber:
      return a.text == b.text || NormalizedNumber(a.text) == NormalizedNumber(b.text);
    case Node::Type::kString:
      return a.text == b.text;
    case Node::Type::kArray:
      return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), SameValue);
    case Node::Type::kObject:
      break;
  }
  if (a.members.size() != b.members.size()) return false;
  if (a.members.size() <= 16) {
    return std::all_of(a.members.begin(), a.members.end(), [&](const Member& member) {
      const Node* other = b.Find(member.key);
      return other != nullptr && SameValue(member.value, *other);
    });
  }
  std::unordered_map<std::string_view, const Node*> others;
  for (const Member& member : b.members) others.emplace(member.key, &member.value);
  return std::all_of(a.members.begin(), a.members.end(), [&](const Member& member) {
    const auto other = others.find(member.key);
    return other != others.end() && SameValue(member.value, *other->second);
  });
}

}  // namespace minslice::json
