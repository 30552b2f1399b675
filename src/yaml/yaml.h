// YAML read strictly, with the position of every node. Errors are collected, not thrown:
//
//   io::Diagnostics diagnostics;
//   yaml::Map root = yaml::ParseMap(text, path, diagnostics);
//   const std::string name = root.RequireString("name");
//   const double margin = root.GetDouble("margin", 0.02, {.min = 0, .max = 1});
//   yaml::Map rates = root.GetMap("error_rates");   // an empty map where the key is absent
//   const double power = rates.GetDouble("power", 0.8);
//   rates.Finish();  // unknown keys: every key that was never asked for
//   root.Finish();
//   if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
//
// Refused while parsing: bad syntax, invalid UTF-8, duplicate keys, aliases that contain themselves, a second
// document, keys that are no scalars, merge keys (<<). Plain scalars follow the YAML 1.2 core schema as
// narrowed here: true/false are booleans; `no`, `yes`, `on`, `off` are text; numbers are decimal (010 is 10,
// never 8); .inf and .nan are text. Where text is wanted any scalar but null is taken as written (`name: 010`
// is "010"). Quoted scalars are always text.
#ifndef MINSLICE_YAML_YAML_H_
#define MINSLICE_YAML_YAML_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/diagnostics.h"
#include "minslice/result.h"

namespace minslice::yaml {

using Diagnostics = io::Diagnostics;

enum class Kind { kAbsent, kNull, kBool, kInt, kDouble, kText, kList, kMap };

// Inclusive bounds; `open_min` excludes min itself.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool open_min = false;
};

struct NodeData;  // private to yaml.cc
class Map;

// A value anywhere in the tree. Cheap to copy. The getters give nullopt and add a diagnostic when the value
// is of another type; a value that is absent gives nullopt without one.
class Node {
 public:
  Node() = default;

  Kind kind() const;
  bool present() const { return kind() != Kind::kAbsent; }
  SourcePosition where() const;
  const std::string& text() const;  // a scalar as written (quotes and escapes resolved); empty for the rest
  std::string Describe() const;     // "a list", "text \"abc\"": for messages

  std::optional<std::string> String() const;
  std::optional<std::int64_t> Int(Range range = {}) const;
  std::optional<double> Double(Range range = {}) const;
  std::optional<bool> Bool() const;
  std::vector<Node> Items() const;  // of a list; anything else adds a diagnostic
  Map AsMap() const;                // anything but a map adds a diagnostic and gives an empty map

  // Adds a diagnostic at this node.
  void Error(const std::string& message) const;

 private:
  friend class Map;
  friend Map ParseMap(std::string_view, const std::string&, Diagnostics&);
  friend Node ParseNode(std::string_view, const std::string&, Diagnostics&);
  std::shared_ptr<const NodeData> data_;
  std::shared_ptr<const std::string> file_;
  std::string what_;  // "segments.min_cases": names the value in messages
  Diagnostics* diagnostics_ = nullptr;
};

// Copies share what they know of the keys that were asked for.
class Map {
 public:
  Map();

  bool present() const { return node_.present(); }  // false: the key that should hold this map is absent
  SourcePosition where() const { return node_.where(); }
  bool Has(const std::string& key) const;                      // counts as asking for it
  Node Get(const std::string& key) const;                      // a Node of kind kAbsent where there is none
  std::vector<std::string> Keys() const;                       // in the file's order
  SourcePosition KeyPosition(const std::string& key) const;    // of the key; of the map where absent
  SourcePosition ValuePosition(const std::string& key) const;  // of the value; of the map where absent

  // The value, or `fallback` where the key is absent or (with a diagnostic) unusable.
  std::string GetString(const std::string& key, const std::string& fallback) const;
  std::int64_t GetInt(const std::string& key, std::int64_t fallback, Range range = {}) const;
  double GetDouble(const std::string& key, double fallback, Range range = {}) const;
  bool GetBool(const std::string& key, bool fallback) const;
  std::string GetChoice(const std::string& key, const std::string& fallback,
                        const std::vector<std::string>& choices) const;
  std::vector<std::string> GetStrings(const std::string& key) const;  // a list of scalars; empty where absent
  std::vector<Node> GetList(const std::string& key) const;            // empty where absent
  Map GetMap(const std::string& key) const;  // empty, with present() false, where absent

  // The same, nullopt where the key is absent, null, or (with a diagnostic) unusable.
  std::optional<std::string> FindString(const std::string& key) const;
  std::optional<std::int64_t> FindInt(const std::string& key, Range range = {}) const;
  std::optional<double> FindDouble(const std::string& key, Range range = {}) const;
  std::optional<bool> FindBool(const std::string& key) const;

  // The same, with a diagnostic where the key is absent ("" or 0 then).
  std::string RequireString(const std::string& key) const;  // and where it is empty
  std::int64_t RequireInt(const std::string& key, Range range = {}) const;
  double RequireDouble(const std::string& key, Range range = {}) const;

  // Adds a diagnostic for each key that no call above has named, with a did-you-mean among those that were.
  void Finish() const;
  // Names keys as known without reading them.
  void Know(const std::vector<std::string>& keys) const;
  // Adds a diagnostic at the value of `key`, or at the map where the key is absent.
  void Error(const std::string& key, const std::string& message) const;

 private:
  friend class Node;
  friend Map ParseMap(std::string_view, const std::string&, Diagnostics&);
  Node Find(const std::string& key) const;
  std::string Path(const std::string& key) const;

  Node node_;
  std::shared_ptr<std::vector<std::string>> asked_;
};

// The document's root, which must be a map (an empty one and diagnostics where it is not). `diagnostics` must
// outlive it.
Map ParseMap(std::string_view text, const std::string& path, Diagnostics& diagnostics);
// The same for a root of any kind.
Node ParseNode(std::string_view text, const std::string& path, Diagnostics& diagnostics);

}  // namespace minslice::yaml

#endif  // MINSLICE_YAML_YAML_H_
