#include "json/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "io/utf8.h"

namespace minslice::json {
namespace {

// Order of UTF-16 code units: as bytes of UTF-8, except that U+E000..U+FFFF (lead bytes EE, EF) come after
// the supplementary planes (F0..F4), whose surrogates are D800..DFFF.
bool Utf16Less(std::string_view a, std::string_view b) {
  const std::size_t n = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < n; ++i) {
    auto x = static_cast<unsigned char>(a[i]), y = static_cast<unsigned char>(b[i]);
    if (x == y) continue;
    if (x >= 0xEE && y >= 0xEE) {
      const bool x_high = x >= 0xF0, y_high = y >= 0xF0;
      if (x_high != y_high) return x_high;
    }
    return x < y;
  }
  return a.size() < b.size();
}

// What lies between a Node and a Value for the writer below.
void AppendCanonical(const Node& node, std::string& out);
void AppendCanonical(const Value& value, std::string& out);

template <class Range, class Key, class Write>
void AppendObject(const Range& range, Key key_of, Write write, std::string& out) {
  using Item = decltype(&*range.begin());
  std::vector<Item> sorted;
  sorted.reserve(range.size());
  for (const auto& item : range) sorted.push_back(&item);
  std::sort(sorted.begin(), sorted.end(), [&](Item a, Item b) { return Utf16Less(key_of(*a), key_of(*b)); });
  out.push_back('{');
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0) out.push_back(',');
    AppendQuoted(key_of(*sorted[i]), out);
    out.push_back(':');
    write(*sorted[i]);
  }
  out.push_back('}');
}

// Null, booleans and strings, which have one text in every form.
void AppendWord(const Node& node, std::string& out) {
  if (node.is(Node::Type::kString)) return AppendQuoted(node.text, out);
  out += node.is(Node::Type::kNull) ? "null" : node.boolean ? "true" : "false";
}

template <class Items, class Write>
void AppendArray(const Items& items, Write write, std::string& out) {
  out.push_back('[');
  bool first = true;
  for (const auto& item : items) {
    if (!first) out.push_back(',');
    first = false;
    write(item, out);
  }
  out.push_back(']');
}

void AppendCanonical(const Node& node, std::string& out) {
  switch (node.type) {
    case Node::Type::kNull:
    case Node::Type::kBool:
    case Node::Type::kString:
      return AppendWord(node, out);
    case Node::Type::kNumber: {
      const bool integer = node.text.find_first_of(".eE") == std::string::npos;
      const std::optional<double> value = node.Double();
      if (integer && (!value || std::abs(*value) >= 9007199254740992.0)) {
        out += node.text;  // all its digits
      } else if (value) {
        AppendNumber(*value, out);
      } else {
        // Beyond a double's range, e.g. 1e999. An exponent beyond int64 has no normal form: as written.
        const std::string normal = NormalizedNumber(node.text);
        out += normal.find('+') == std::string::npos ? normal : node.text;
      }
      return;
    }
    case Node::Type::kArray:
      return AppendArray(
          node.items, [](const Node& item, std::string& to) { AppendCanonical(item, to); }, out);
    case Node::Type::kObject:
      AppendObject(
          node.members, [](const Member& m) -> const std::string& { return m.key; },
          [&](const Member& m) { AppendCanonical(m.value, out); }, out);
      return;
  }
}

void AppendCanonical(const Value& value, std::string& out) {
  switch (value.type()) {
    case Value::value_t::object:
      AppendObject(
          value.get_ref<const Value::object_t&>(),
          [](const auto& m) -> const std::string& { return m.first; },
          [&](const auto& m) { AppendCanonical(m.second, out); }, out);
      return;
    case Value::value_t::array:
      return AppendArray(value, [](const Value& item, std::string& to) { AppendCanonical(item, to); }, out);
    case Value::value_t::string:
      AppendQuoted(value.get_ref<const std::string&>(), out);
      return;
    case Value::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return;
    case Value::value_t::number_integer:
      out += std::to_string(value.get<std::int64_t>());
      return;
    case Value::value_t::number_unsigned:
      out += std::to_string(value.get<std::uint64_t>());
      return;
    case Value::value_t::number_float:
      AppendNumber(value.get<double>(), out);
      return;
    default:
      out += "null";
      return;
  }
}

void AppendCompact(const Node& node, std::string& out) {
  switch (node.type) {
    case Node::Type::kNull:
    case Node::Type::kBool:
    case Node::Type::kString:
      return AppendWord(node, out);
    case Node::Type::kNumber:
      out += node.text;
      return;
    case Node::Type::kArray:
      return AppendArray(node.items, AppendCompact, out);
    case Node::Type::kObject:
      out.push_back('{');
      for (std::size_t i = 0; i < node.members.size(); ++i) {
        if (i > 0) out.push_back(',');
        AppendQuoted(node.members[i].key, out);
        out.push_back(':');
        AppendCompact(node.members[i].value, out);
      }
      out.push_back('}');
      return;
  }
}

}  // namespace

std::string Compact(const Node& node) {
  std::string out;
  AppendCompact(node, out);
  return out;
}

std::string Canonical(const Node& node) {
  std::string out;
  AppendCanonical(node, out);
  return out;
}

std::string Canonical(const Value& value) {
  std::string out;
  AppendCanonical(value, out);
  return out;
}

void AppendNumber(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  if (value == 0) {
    out.push_back('0');
    return;
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  std::string_view rest(text, static_cast<std::size_t>(end - text));
  if (rest[0] == '-') {
    out.push_back('-');
    rest.remove_prefix(1);
  }
  const std::size_t e = rest.find('e');
  int exponent = 0;
  const char* exponent_start = rest.data() + e + 1;
  if (*exponent_start == '+') ++exponent_start;
  std::from_chars(exponent_start, end, exponent);
  char digits[24];
  int n = 0;
  for (const char c : rest.substr(0, e)) {
    if (c != '.') digits[n++] = c;
  }
  // ECMAScript Number::toString with k = n digits, point after `point` of them.
  const int point = exponent + 1;
  if (n <= point && point <= 21) {
    out.append(digits, static_cast<std::size_t>(n)).append(static_cast<std::size_t>(point - n), '0');
  } else if (0 < point && point <= 21) {
    out.append(digits, static_cast<std::size_t>(point)).append(1, '.');
    out.append(digits + point, static_cast<std::size_t>(n - point));
  } else if (-6 < point && point <= 0) {
    out.append("0.")
        .append(static_cast<std::size_t>(-point), '0')
        .append(digits, static_cast<std::size_t>(n));
  } else {
    out.push_back(digits[0]);
    if (n > 1) out.append(1, '.').append(digits + 1, static_cast<std::size_t>(n - 1));
    out.append(exponent < 0 ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
  }
}

std::string NumberText(double value) {
  std::string out;
  AppendNumber(value, out);
  return out;
}

void AppendQuoted(std::string_view text, std::string& out) {
  std::string replaced;
  if (io::FirstInvalidUtf8(text) != std::string_view::npos) {
    replaced = io::ReplaceInvalidUtf8(text);
    text = replaced;
  }
  out.push_back('"');
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(run, i - run));
    run = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += fmt::format("\\u{:04x}", c);
        break;
    }
  }
  out.append(text.substr(run));
  out.push_back('"');
}

std::string QuotedText(std::string_view text) {
  std::string out;
  AppendQuoted(text, out);
  return out;
}

}  // namespace minslice::json
