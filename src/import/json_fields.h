// Fields of JSON rows by name, dots reaching into nested values.
#ifndef MINSLICE_IMPORT_JSON_FIELDS_H_
#define MINSLICE_IMPORT_JSON_FIELDS_H_

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "import/row_mapper.h"
#include "json/canonical.h"

namespace minslice::import {

// A field's name, and its parts where it has dots.
struct FieldPath {
  std::string name;
  std::vector<std::string> parts;  // empty: no dots

  explicit FieldPath(const std::string& text) : name(text) {
    if (text.find('.') == std::string::npos) return;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t dot = std::min(text.find('.', at), text.size());
      parts.push_back(text.substr(at, dot - at));
      at = dot + 1;
    }
  }
};

inline std::optional<std::size_t> Index(std::string_view part) {
  std::size_t index = 0;
  const auto parsed = std::from_chars(part.data(), part.data() + part.size(), index);
  if (parsed.ec != std::errc() || parsed.ptr != part.data() + part.size()) return std::nullopt;
  return index;
}

// The two readers of a line: simdjson's tree for every line, and the strict one for positions in messages and
// for the few lines that simdjson refuses though they are JSON (integers beyond 64 bits). Member calls
// `visit(key, value)` for each.
struct DomReader {
  using Value = simdjson::dom::element;
  static bool IsObject(Value value) { return value.is_object(); }
  template <class Visit>
  static void Members(Value value, Visit visit) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return;
    for (const auto& [key, member] : object) visit(key, member);
  }
  static std::optional<Value> Item(Value value, std::size_t index) {
    simdjson::dom::array array;
    simdjson::dom::element item;
    if (value.get(array) != simdjson::SUCCESS || array.at(index).get(item) != simdjson::SUCCESS)
      return std::nullopt;
    return item;
  }
  static FieldValue Read(Value value, bool whole) {
    FieldValue field;
    switch (value.type()) {
      case simdjson::dom::element_type::NULL_VALUE:
        field.kind = FieldValue::Kind::kNull;
        break;
      case simdjson::dom::element_type::BOOL:
        field.kind = FieldValue::Kind::kBool;
        field.boolean = bool(value);
        break;
      case simdjson::dom::element_type::STRING:
        field.kind = FieldValue::Kind::kText;
        field.text.assign(std::string_view(value));
        break;
      case simdjson::dom::element_type::INT64:
        field.kind = FieldValue::Kind::kNumber;
        field.text = std::to_string(std::int64_t(value));
        field.number = double(value);
        break;
      case simdjson::dom::element_type::UINT64:
        field.kind = FieldValue::Kind::kNumber;
        field.text = std::to_string(std::uint64_t(value));
        field.number = double(value);
        break;
      case simdjson::dom::element_type::DOUBLE:
        field.kind = FieldValue::Kind::kNumber;
        field.number = double(value);
        field.text = json::NumberText(field.number);
        break;
      case simdjson::dom::element_type::ARRAY:
      case simdjson::dom::element_type::OBJECT:
        field.kind = value.is_array() ? FieldValue::Kind::kList : FieldValue::Kind::kObject;
        if (whole) field.text = simdjson::minify(value);
        break;
    }
    return field;
  }
};

// What a field's path leads to in an object. `twice` where a key on the way stands there twice.
template <class Reader>
std::optional<typename Reader::Value> Follow(typename Reader::Value value, std::span<const std::string> parts,
                                             bool& twice) {
  std::optional<typename Reader::Value> at = value;
  for (const std::string& part : parts) {
    std::optional<typename Reader::Value> next;
    if (Reader::IsObject(*at)) {
      Reader::Members(*at, [&](std::string_view key, typename Reader::Value member) {
        if (key != part) return;
        if (next) twice = true;
        next = member;
      });
    } else if (const auto index = Index(part)) {
      next = Reader::Item(*at, *index);
    }
    if (!next) return std::nullopt;
    at = next;
  }
  return at;
}

// The field of that very name, or else what its dots lead to.
template <class Reader>
std::optional<typename Reader::Value> Find(typename Reader::Value root, const FieldPath& path, bool& twice) {
  const auto literal = Follow<Reader>(root, std::span(&path.name, 1), twice);
  if (literal || path.parts.empty()) return literal;
  return Follow<Reader>(root, path.parts, twice);
}

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_JSON_FIELDS_H_
