#include "yaml/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

#include "io/nearest_name.h"
#include "io/utf8.h"

namespace minslice::yaml {

struct NodeData {
  Kind kind = Kind::kNull;
  int line = 0, column = 0;
  std::string text;
  std::int64_t integer = 0;
  double number = 0;
  struct Entry {
    std::string key;
    int line = 0, column = 0;
    std::shared_ptr<const NodeData> value;
  };
  std::vector<Entry> entries;                          // map
  std::vector<std::shared_ptr<const NodeData>> items;  // list
};

namespace {

// A map of a policy or a suite has fewer: an unknown key that is near none of them gets them all.
constexpr std::size_t kKnownKeysListed = 40;

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// [+-]?digits or a decimal with a point and/or an exponent. What is neither stays text.
void ResolvePlain(NodeData& node) {
  const std::string& text = node.text;
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
      text == "FALSE") {
    node.kind = Kind::kBool;
    node.integer = text[0] == 't' || text[0] == 'T' ? 1 : 0;
    return;
  }
  std::string_view body = text;
  const bool sign = !body.empty() && (body[0] == '-' || body[0] == '+');
  if (sign) body.remove_prefix(1);
  // from_chars takes a minus but no plus.
  const std::string_view number = !text.empty() && text[0] == '+' ? body : std::string_view(text);
  const char* const begin = number.data();
  const char* const end = begin + number.size();
  if (IsDigits(body)) {
    // More digits than a double has room for: no number that anything here can use, so it stays text.
    if (std::from_chars(begin, end, node.number).ec != std::errc()) return;
    node.kind = std::from_chars(begin, end, node.integer).ec == std::errc() ? Kind::kInt : Kind::kDouble;
    return;
  }
  std::size_t i = 0;
  std::size_t digits = 0;
  while (i < body.size() && body[i] >= '0' && body[i] <= '9') ++i, ++digits;
  if (i < body.size() && body[i] == '.') {
    ++i;
    while (i < body.size() && body[i] >= '0' && body[i] <= '9') ++i, ++digits;
  }
  if (digits == 0) return;
  if (i < body.size() && (body[i] == 'e' || body[i] == 'E')) {
    ++i;
    if (i < body.size() && (body[i] == '-' || body[i] == '+')) ++i;
    if (!IsDigits(body.substr(i))) return;
    i = body.size();
  }
  if (i != body.size()) return;
  const auto [stop, error] = std::from_chars(begin, end, node.number);
  if (error == std::errc() && stop == end) {
    node.kind = Kind::kDouble;
  } else if (error == std::errc::result_out_of_range) {
    node.kind = Kind::kText;  // 1e999 is no number that anything here can use
  }
}

// Builds our tree from the parser's events: they carry what the library's own tree forgets (duplicate keys,
// quoting).
class Builder final : public YAML::EventHandler {
 public:
  Builder(const std::string& file, Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

  std::shared_ptr<const NodeData> root() const { return root_; }
  const YAML::Mark& last_scalar() const { return last_scalar_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Finish(Make(Kind::kNull, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      diagnostics_.Add(Position(mark),
                       "this alias stands inside the value that it names, which would never end");
      Place(Make(Kind::kNull, mark), mark);
      return;
    }
    Place(known->second, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = Make(Kind::kText, mark);
    node->text = value;
    last_scalar_ = mark;
    if (tag == "?") {
      ResolvePlain(*node);
    } else if (tag != "!" && tag != "tag:yaml.org,2002:str" && !tag.empty()) {
      diagnostics_.Add(Position(mark), "tags are not used here, found " + io::Quoted(tag));
    }
    Finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({Make(Kind::kList, mark), anchor, {}, 0, 0, false});
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({Make(Kind::kMap, mark), anchor, {}, 0, 0, false});
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Open {
    std::shared_ptr<NodeData> node;
    YAML::anchor_t anchor = 0;
    std::string key;  // the entry whose value comes next
    int key_line = 0, key_column = 0;
    bool has_key = false;
  };

  SourcePosition Position(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  static std::shared_ptr<NodeData> Make(Kind kind, const YAML::Mark& mark) {
    auto node = std::make_shared<NodeData>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    return node;
  }

  void Close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    Finish(std::move(done.node), done.anchor);
  }

  void Finish(std::shared_ptr<NodeData> node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    YAML::Mark mark;
    mark.line = node->line - 1;
    mark.column = node->column - 1;
    Place(std::move(node), mark);
  }

  void Place(std::shared_ptr<const NodeData> node, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node->kind == Kind::kList) {
      parent.node->items.push_back(std::move(node));
      return;
    }
    if (!parent.has_key) {
      parent.has_key = true;
      parent.key_line = mark.line + 1;
      parent.key_column = mark.column + 1;
      if (node->kind == Kind::kList || node->kind == Kind::kMap) {
        diagnostics_.Add(Position(mark), "a key must be a plain word or text");
        parent.key.clear();
      } else {
        parent.key = node->kind == Kind::kNull ? "null" : node->text;
      }
      return;
    }
    parent.has_key = false;
    auto& entries = parent.node->entries;
    const auto twin =
        std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.key == parent.key; });
    if (twin != entries.end()) {
      diagnostics_.Add({file_, parent.key_line, parent.key_column},
                       "key " + io::Quoted(parent.key) + " stands twice in this map, first at line " +
                           std::to_string(twin->line));
      return;
    }
    entries.push_back({std::move(parent.key), parent.key_line, parent.key_column, std::move(node)});
    parent.key.clear();
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  std::shared_ptr<const NodeData> root_;
  YAML::Mark last_scalar_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, std::shared_ptr<const NodeData>> anchors_;
};

// yaml-cpp 0.7.0 takes a quoted text that the end of the file cuts off as if it were closed: a truncated file
// would be read as a shorter one. Only the last scalar can be so. Gives the offset of its opening quote, or
// npos.
std::size_t UnclosedQuote(std::string_view text, const YAML::Mark& last_scalar) {
  std::size_t at = 0;
  for (int line = 0; line < last_scalar.line && at != std::string_view::npos; ++line) {
    at = text.find('\n', at);
    if (at != std::string_view::npos) ++at;
  }
  if (at == std::string_view::npos) return at;
  at += static_cast<std::size_t>(last_scalar.column);
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {  // anchor and tag stand before the quote
    at = text.find_first_of(" \t\r\n", at);
    at = text.find_first_not_of(" \t\r\n", at);
  }
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return std::string_view::npos;
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) return std::string_view::npos;
      ++i;
    }
  }
  return at;
}

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kAbsent:
    case Kind::kNull:
      return "nothing";
    case Kind::kBool:
      return "the boolean";
    case Kind::kInt:
    case Kind::kDouble:
      return "the number";
    case Kind::kText:
      return "the text";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return "";
}

std::string RangeText(Range range) {
  const auto show = [](double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    return std::string(text, end);
  };
  const bool has_min = std::isfinite(range.min), has_max = std::isfinite(range.max);
  std::string text;
  if (has_min) text = fmt::format(" {} {}", range.open_min ? "above" : "of at least", show(range.min));
  if (has_max) text += fmt::format("{} at most {}", has_min ? " and" : "", show(range.max));
  return text;
}

bool InRange(double value, Range range) {
  return (range.open_min ? value > range.min : value >= range.min) && value <= range.max;
}

}  // namespace

Kind Node::kind() const { return data_ ? data_->kind : Kind::kAbsent; }

SourcePosition Node::where() const {
  if (!data_) return {file_ ? *file_ : std::string(), 0, 0};
  return {*file_, data_->line, data_->column};
}

const std::string& Node::text() const {
  static const std::string kEmpty;
  return data_ ? data_->text : kEmpty;
}

std::string Node::Describe() const {
  const Kind k = kind();
  if (k == Kind::kText) return fmt::format("{} {}", KindName(k), io::Quoted(text()));
  if (k == Kind::kBool || k == Kind::kInt || k == Kind::kDouble)
    return fmt::format("{} {}", KindName(k), text());
  return KindName(k);
}

void Node::Error(const std::string& message) const {
  if (diagnostics_ != nullptr) diagnostics_->Add(where(), message);
}

std::optional<std::string> Node::String() const {
  switch (kind()) {
    case Kind::kAbsent:
      return std::nullopt;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kDouble:
    case Kind::kText:
      return data_->text;
    default:
      break;
  }
  Error(what_ + ": expected text, found " + Describe());
  return std::nullopt;
}

std::optional<std::int64_t> Node::Int(Range range) const {
  if (!present()) return std::nullopt;
  if (kind() == Kind::kInt && InRange(static_cast<double>(data_->integer), range)) return data_->integer;
  Error(what_ + ": expected a whole number" + RangeText(range) + ", found " + Describe());
  return std::nullopt;
}

std::optional<double> Node::Double(Range range) const {
  if (!present()) return std::nullopt;
  if ((kind() == Kind::kInt || kind() == Kind::kDouble) && InRange(data_->number, range))
    return data_->number;
  Error(what_ + ": expected a number" + RangeText(range) + ", found " + Describe());
  return std::nullopt;
}

std::optional<bool> Node::Bool() const {
  if (!present()) return std::nullopt;
  if (kind() == Kind::kBool) return data_->integer != 0;
  Error(what_ + ": expected true or false, found " + Describe());
  return std::nullopt;
}

std::vector<Node> Node::Items() const {
  std::vector<Node> items;
  if (!present()) return items;
  if (kind() != Kind::kList) {
    Error(what_ + ": expected a list, found " + Describe());
    return items;
  }
  items.reserve(data_->items.size());
  for (std::size_t i = 0; i < data_->items.size(); ++i) {
    Node item;
    item.data_ = data_->items[i];
    item.file_ = file_;
    item.what_ = fmt::format("{}[{}]", what_, i);
    item.diagnostics_ = diagnostics_;
    items.push_back(std::move(item));
  }
  return items;
}

Map Node::AsMap() const {
  Map map;
  map.node_ = *this;
  if (present() && kind() != Kind::kMap) {
    Error(fmt::format("{}{}expected a map of keys and values, found {}", what_, what_.empty() ? "" : ": ",
                      Describe()));
    static const auto kEmpty = [] {
      auto empty = std::make_shared<NodeData>();
      empty->kind = Kind::kMap;
      return empty;
    }();
    auto copy = std::make_shared<NodeData>(*kEmpty);
    copy->line = data_->line;
    copy->column = data_->column;
    map.node_.data_ = std::move(copy);
  }
  return map;
}

Map::Map() : asked_(std::make_shared<std::vector<std::string>>()) {}

std::string Map::Path(const std::string& key) const {
  return node_.what_.empty() ? key : node_.what_ + "." + key;
}

Node Map::Find(const std::string& key) const {
  Know({key});
  Node found;
  found.file_ = node_.file_;
  found.diagnostics_ = node_.diagnostics_;
  found.what_ = Path(key);
  if (!node_.data_) return found;
  for (const NodeData::Entry& entry : node_.data_->entries) {
    if (entry.key == key) found.data_ = entry.value;
  }
  return found;
}

bool Map::Has(const std::string& key) const { return Find(key).present(); }
Node Map::Get(const std::string& key) const { return Find(key); }

std::vector<std::string> Map::Keys() const {
  std::vector<std::string> keys;
  if (node_.data_) {
    for (const NodeData::Entry& entry : node_.data_->entries) keys.push_back(entry.key);
  }
  return keys;
}

SourcePosition Map::KeyPosition(const std::string& key) const {
  if (node_.data_) {
    for (const NodeData::Entry& entry : node_.data_->entries) {
      if (entry.key == key) return {*node_.file_, entry.line, entry.column};
    }
  }
  return where();
}

SourcePosition Map::ValuePosition(const std::string& key) const {
  const Node node = Find(key);
  return node.present() ? node.where() : where();
}

std::optional<std::string> Map::FindString(const std::string& key) const {
  const Node node = Find(key);
  return node.kind() == Kind::kNull ? std::nullopt : node.String();
}
std::optional<std::int64_t> Map::FindInt(const std::string& key, Range range) const {
  const Node node = Find(key);
  return node.kind() == Kind::kNull ? std::nullopt : node.Int(range);
}
std::optional<double> Map::FindDouble(const std::string& key, Range range) const {
  const Node node = Find(key);
  return node.kind() == Kind::kNull ? std::nullopt : node.Double(range);
}
std::optional<bool> Map::FindBool(const std::string& key) const {
  const Node node = Find(key);
  return node.kind() == Kind::kNull ? std::nullopt : node.Bool();
}

std::string Map::GetString(const std::string& key, const std::string& fallback) const {
  return Find(key).String().value_or(fallback);
}
std::int64_t Map::GetInt(const std::string& key, std::int64_t fallback, Range range) const {
  return Find(key).Int(range).value_or(fallback);
}
double Map::GetDouble(const std::string& key, double fallback, Range range) const {
  return Find(key).Double(range).value_or(fallback);
}
bool Map::GetBool(const std::string& key, bool fallback) const { return Find(key).Bool().value_or(fallback); }

std::string Map::GetChoice(const std::string& key, const std::string& fallback,
                           const std::vector<std::string>& choices) const {
  const Node node = Find(key);
  const std::optional<std::string> value = node.String();
  if (!value) return fallback;
  if (std::find(choices.begin(), choices.end(), *value) != choices.end()) return *value;
  std::string message = Path(key) + ": expected ";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    message += i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ";
    message += choices[i];
  }
  message += ", found " + node.Describe();
  if (const auto nearest = io::NearestName(*value, choices))
    message += fmt::format("; did you mean {}?", io::Quoted(*nearest));
  node.Error(message);
  return fallback;
}

std::vector<std::string> Map::GetStrings(const std::string& key) const {
  std::vector<std::string> texts;
  for (const Node& item : Find(key).Items()) {
    if (auto text = item.String()) texts.push_back(std::move(*text));
  }
  return texts;
}

std::vector<Node> Map::GetList(const std::string& key) const { return Find(key).Items(); }
Map Map::GetMap(const std::string& key) const { return Find(key).AsMap(); }

std::string Map::RequireString(const std::string& key) const {
  const Node node = Find(key);
  if (!node.present()) {
    Error(key, "required key " + io::Quoted(Path(key)) + " is missing");
    return "";
  }
  auto text = node.String();
  if (text && text->empty()) node.Error(Path(key) + ": expected text, found an empty one");
  return text.value_or("");
}

std::int64_t Map::RequireInt(const std::string& key, Range range) const {
  const Node node = Find(key);
  if (!node.present()) Error(key, "required key " + io::Quoted(Path(key)) + " is missing");
  return node.Int(range).value_or(0);
}

double Map::RequireDouble(const std::string& key, Range range) const {
  const Node node = Find(key);
  if (!node.present()) Error(key, "required key " + io::Quoted(Path(key)) + " is missing");
  return node.Double(range).value_or(0);
}

void Map::Know(const std::vector<std::string>& keys) const {
  for (const std::string& key : keys) {
    if (std::find(asked_->begin(), asked_->end(), key) == asked_->end()) asked_->push_back(key);
  }
}

void Map::Error(const std::string& key, const std::string& message) const {
  if (node_.diagnostics_ != nullptr) node_.diagnostics_->Add(ValuePosition(key), message);
}

void Map::Finish() const {
  if (!node_.data_ || node_.diagnostics_ == nullptr) return;
  for (const NodeData::Entry& entry : node_.data_->entries) {
    if (std::find(asked_->begin(), asked_->end(), entry.key) != asked_->end()) continue;
    // Only names that are not used yet: the nearest of those is what was meant.
    std::vector<std::string> open;
    for (const std::string& name : *asked_) {
      const auto& entries = node_.data_->entries;
      if (std::none_of(entries.begin(), entries.end(), [&](const auto& e) { return e.key == name; }))
        open.push_back(name);
    }
    node_.diagnostics_->Add(
        {*node_.file_, entry.line, entry.column},
        "unknown key " + io::Quoted(Path(entry.key)) + io::DidYouMean(entry.key, open, kKnownKeysListed));
  }
}

Node ParseNode(std::string_view text, const std::string& path, Diagnostics& diagnostics) {
  Node root;
  root.file_ = std::make_shared<const std::string>(path);
  root.diagnostics_ = &diagnostics;
  text = io::SkipByteOrderMark(text);
  const std::size_t bad = io::FirstInvalidUtf8(text);
  if (bad != std::string_view::npos) {
    diagnostics.Add(io::PositionOfOffset(text, bad, path), "expected UTF-8, found a byte that is none");
    return root;
  }
  // The library treats a NUL byte as the end of the file: what follows would be lost in silence.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    diagnostics.Add(io::PositionOfOffset(text, nul, path), "expected text, found a NUL byte");
    return root;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(path, diagnostics);
    if (parser.HandleNextDocument(builder)) root.data_ = builder.root();
    const std::size_t quote = UnclosedQuote(text, builder.last_scalar());
    if (quote != std::string_view::npos) {
      root.data_ = nullptr;
      diagnostics.Add(io::PositionOfOffset(text, quote, path), "not valid YAML: this quote is never closed");
      return root;
    }
    Builder rest(path, diagnostics);
    if (root.data_ && parser.HandleNextDocument(rest)) {
      const auto second = rest.root();
      diagnostics.Add({path, second ? second->line : 0, second ? second->column : 0},
                      "expected one document, found a second (after ---)");
    }
  } catch (const YAML::Exception& error) {
    root.data_ = nullptr;
    const bool known = !error.mark.is_null();
    diagnostics.Add({path, known ? error.mark.line + 1 : 0, known ? error.mark.column + 1 : 0},
                    "not valid YAML: " + error.msg);
  }
  return root;
}

Map ParseMap(std::string_view text, const std::string& path, Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.size();
  const Node root = ParseNode(text, path, diagnostics);
  if (!root.present() || root.kind() == Kind::kNull) {
    if (diagnostics.size() == before)
      diagnostics.Add({path, 1, 0}, "expected a map of keys and values, found an empty file");
    Map empty;
    empty.node_.file_ = root.file_;
    empty.node_.diagnostics_ = nullptr;  // one message for an unreadable file, not one for each missing key
    return empty;
  }
  Map map = root.AsMap();
  return map;
}

}  // namespace minslice::yaml
