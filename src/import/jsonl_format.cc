// JSON Lines: one object a line, fields named by flags.
#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "import/formats.h"
#include "import/json_fields.h"
#include "import/row_mapper.h"
#include "io/input_stream.h"
#include "io/nearest_name.h"
#include "io/utf8.h"
#include "json/canonical.h"
#include "json/node.h"

namespace minslice::import {
namespace {

using Kind = FieldValue::Kind;
using simdjson::dom::element;

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

  void ReadFile(const std::string& path, io::PlainStream& stream) {
    static_assert(io::LineSource::kLineSlack >= simdjson::SIMDJSON_PADDING);
    io::LineSource lines(stream, path, kLongestLine);
    bool any = false;
    for (;;) {
      const auto line = lines.Next();
      if (!line) return diagnostics_.AddAll(line.error());
      if (!*line) break;
      const std::string_view text = lines.line() == 1 ? io::SkipByteOrderMark(**line) : **line;
      if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      if (!std::exchange(any, true) && !BeginsRows(path, static_cast<int>(lines.line()), text)) return;
      ReadLine(path, static_cast<int>(lines.line()), text);
    }
    if (stream.cut()) return diagnostics_.Add({path}, kCutFrame);
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

  // A list, or one document over many lines, would otherwise give an error for each of its lines.
  bool BeginsRows(const std::string& path, int line, std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    const bool more = text.find_first_not_of(" \t\r", first + 1) != std::string_view::npos;
    if (text[first] == '[') {
      diagnostics_.Add({path, line, 0}, kJsonList);
    } else if (text[first] == '{' && !more) {
      diagnostics_.Add({path, line, 0},
                       "a JSON document over many lines, where one object a line is expected");
    }
    return text[first] != '[' && (text[first] != '{' || more);
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
  RunBuilder builder(diagnostics, options.rows);
  RowMapper mapper(options, builder, diagnostics);
  JsonlReader reader(mapper, diagnostics);
  for (const std::string& path : paths) {
    const auto stream = io::PlainStream::Open(files, path);
    if (stream) {
      reader.ReadFile(path, **stream);
    } else {
      diagnostics.AddAll(stream.error());
    }
  }
  mapper.Finish();
  return builder.Build("jsonl", paths.front(), options);
}

}  // namespace minslice::import
