// JSON Lines: one object a line, fields named by flags.
#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "import/formats.h"
#include "import/row_mapper.h"
#include "io/nearest_name.h"
#include "io/utf8.h"
#include "json/canonical.h"
#include "json/node.h"

namespace minslice::import {
namespace {

using Kind = FieldValue::Kind;
using simdjson::dom::element;
using simdjson::dom::element_type;

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

std::optional<std::size_t> Index(std::string_view part) {
  std::size_t index = 0;
  const auto parsed = std::from_chars(part.data(), part.data() + part.size(), index);
  if (parsed.ec != std::errc() || parsed.ptr != part.data() + part.size()) return std::nullopt;
  return index;
}

// The two readers of a line: simdjson's tree for every line, and the strict one for positions in messages and
// for the few lines that simdjson refuses though they are JSON (integers beyond 64 bits). Member calls
// `visit(key, value)` for each.
struct DomReader {
  using Value = element;
  static bool IsObject(Value value) { return value.is_object(); }
  template <class Visit>
  static void Members(Value value, Visit visit) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return;
    for (const auto& [key, member] : object) visit(key, member);
  }
  static std::optional<Value> Item(Value value, std::size_t index) {
    simdjson::dom::array array;
    element item;
    if (value.get(array) != simdjson::SUCCESS || array.at(index).get(item) != simdjson::SUCCESS)
      return std::nullopt;
    return item;
  }
  static FieldValue Read(Value value, bool whole) {
    FieldValue field;
    switch (value.type()) {
      case element_type::NULL_VALUE:
        field.kind = Kind::kNull;
        break;
      case element_type::BOOL:
        field.kind = Kind::kBool;
        field.boolean = bool(value);
        break;
      case element_type::STRING:
        field.kind = Kind::kText;
        field.text.assign(std::string_view(value));
        break;
      case element_type::INT64:
        field.kind = Kind::kNumber;
        field.text = std::to_string(std::int64_t(value));
        field.number = double(value);
        break;
      case element_type::UINT64:
        field.kind = Kind::kNumber;
        field.text = std::to_string(std::uint64_t(value));
        field.number = double(value);
        break;
      case element_type::DOUBLE:
        field.kind = Kind::kNumber;
        field.number = double(value);
        field.text = json::NumberText(field.number);
        break;
      case element_type::ARRAY:
      case element_type::OBJECT:
        field.kind = value.is_array() ? Kind::kList : Kind::kObject;
        if (whole) field.text = simdjson::minify(value);
        break;
    }
    return field;
  }
};

struct NodeReader {
  using Value = const json::Node*;
  static bool IsObject(Value value) { return value->is(json::Node::Type::kObject); }
  template <class Visit>
  static void Members(Value value, Visit visit) {
    for (const json::Member& member : value->members) visit(member.key, &member.value);
  }
  static std::optional<Value> Item(Value value, std::size_t index) {
    if (index >= value->items.size()) return std::nullopt;
    return &value->items[index];
  }
  static FieldValue Read(Value value, bool whole) {
    FieldValue field;
    switch (value->type) {
      case json::Node::Type::kNull:
        field.kind = Kind::kNull;
        break;
      case json::Node::Type::kBool:
        field.kind = Kind::kBool;
        field.boolean = value->boolean;
        break;
      case json::Node::Type::kString:
        field.kind = Kind::kText;
        field.text = value->text;
        break;
      case json::Node::Type::kNumber: {
        field.kind = Kind::kNumber;
        const auto number = value->Double();
        field.number = number.value_or(std::numeric_limits<double>::infinity());
        const bool integer = value->text.find_first_of(".eE") == std::string::npos;
        field.text = integer || !number ? value->text : json::NumberText(*number);
        break;
      }
      case json::Node::Type::kArray:
      case json::Node::Type::kObject:
        field.kind = IsObject(value) ? Kind::kObject : Kind::kList;
        if (whole) field.text = json::Canonical(*value);
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

void CollectNames(const json::Node& node, const std::string& prefix, int depth,
                  std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 500;
  for (const json::Member& member : node.members) {
    if (names.size() >= kMostNames) return;
    const std::string name = prefix + member.key;
    names.push_back(name);
    if (depth > 0 && member.value.is(json::Node::Type::kObject))
      CollectNames(member.value, name + ".", depth - 1, names);
  }
}

class JsonlPlace final : public RowPlace {
 public:
  JsonlPlace(const std::string& path, int line, std::string_view text, const std::vector<FieldPath>& paths)
      : row_{path, line, 0}, text_(text), paths_(paths) {}
  SourcePosition OfRow() const override { return row_; }
  SourcePosition OfField(std::size_t wanted) const override {
    const auto node = json::ParseNode(text_, {row_.file, row_.line, 1});
    if (!node) return row_;
    bool twice = false;
    const auto value = Find<NodeReader>(&*node, paths_[wanted], twice);
    if (!value) return row_;
    return json::PlaceOf(text_, (*value)->offset, {row_.file, row_.line, 1});
  }
  std::vector<std::string> FieldNames() const override {
    std::vector<std::string> names;
    if (const auto node = json::ParseNode(text_, row_)) CollectNames(*node, "", 3, names);
    return names;
  }

 private:
  SourcePosition row_;
  std::string_view text_;
  const std::vector<FieldPath>& paths_;
};

class JsonlReader {
 public:
  JsonlReader(RowMapper& mapper, io::Diagnostics& diagnostics) : mapper_(mapper), diagnostics_(diagnostics) {
    for (const WantedField& field : mapper.wanted()) paths_.emplace_back(field.name);
    values_.resize(paths_.size());
  }

  // `padded` has simdjson's padding after its end.
  void ReadFile(const std::string& path, std::string_view padded) {
    std::string_view rest = io::SkipByteOrderMark(padded);
    bool any = false;
    for (int line = 1; !rest.empty(); ++line) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view text = rest.substr(0, end);
      if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
        any = true;
        ReadLine(path, line, text);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!any) diagnostics_.Add({path, 1, 0}, "expected one JSON object a line, found an empty file");
  }

 private:
  void ReadLine(const std::string& path, int line, std::string_view text) {
    const JsonlPlace place(path, line, text, paths_);
    element root;
    if (parser_.parse(text.data(), text.size(), false).get(root) == simdjson::SUCCESS) {
      AddRow<DomReader>(root, place);
      return;
    }
    const auto node = json::ParseNode(text, {path, line, 1});
    if (node) {
      AddRow<NodeReader>(&*node, place);
    } else {
      diagnostics_.AddAll(node.error());
    }
  }

  template <class Reader>
  void AddRow(typename Reader::Value root, const JsonlPlace& place) {
    if (!Reader::IsObject(root)) {
      diagnostics_.Add(place.OfRow(), "expected a JSON object");
      return;
    }
    bool ok = true;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      bool twice = false;
      const auto value = Find<Reader>(root, paths_[i], twice);
      values_[i] = value ? Reader::Read(*value, mapper_.wanted()[i].whole) : FieldValue{};
      if (!twice) continue;
      ok = false;
      diagnostics_.Add(place.OfRow(),
                       fmt::format("the field {} stands twice in one object", io::Quoted(paths_[i].name)));
    }
    if (ok) mapper_.AddRow(values_, place);
  }

  RowMapper& mapper_;
  io::Diagnostics& diagnostics_;
  simdjson::dom::parser parser_;
  std::vector<FieldPath> paths_;
  std::vector<FieldValue> values_;
};

}  // namespace

Result<ImportedRun> ReadJsonl(std::span<const std::string> paths, const Options& options,
                              io::FileSystem& files) {
  if (auto checked = CheckFieldOptions(options); !checked) return tl::unexpected(std::move(checked.error()));
  io::Diagnostics diagnostics;
  RunBuilder builder(diagnostics);
  RowMapper mapper(options, builder, diagnostics);
  JsonlReader reader(mapper, diagnostics);
  for (const std::string& path : paths) {
    auto text = files.ReadFile(path, simdjson::SIMDJSON_PADDING);
    if (!text) {
      diagnostics.AddAll(text.error());
      continue;
    }
    const std::size_t size = text->size();
    text->append(simdjson::SIMDJSON_PADDING, '\0');
    reader.ReadFile(path, std::string_view(*text).substr(0, size));
  }
  mapper.Finish();
  return builder.Build("jsonl", paths.front(), options);
}

}  // namespace minslice::import
