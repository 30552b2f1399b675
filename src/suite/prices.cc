#include "suite/prices.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "suite/built_in_prices.h"
#include "yaml/yaml.h"

namespace minslice::suite {
namespace {

constexpr yaml::Range kPriceRange = {.min = 0, .max = 1e6};

bool AllDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// "gpt-4o-2024-08-06" -> "gpt-4o", "claude-haiku-4-5-20251001" -> "claude-haiku-4-5"; empty: no date.
std::string_view WithoutDate(std::string_view name) {
  const std::size_t n = name.size();
  if (n > 11 && name[n - 11] == '-' && name[n - 6] == '-' && name[n - 3] == '-' &&
      AllDigits(name.substr(n - 10, 4)) && AllDigits(name.substr(n - 5, 2)) &&
      AllDigits(name.substr(n - 2))) {
    return name.substr(0, n - 11);
  }
  if (n > 9 && name[n - 9] == '-' && AllDigits(name.substr(n - 8))) return name.substr(0, n - 9);
  return {};
}

// A day, for a reader of the log: YYYY-MM-DD.
bool IsDate(std::string_view text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' && AllDigits(text.substr(0, 4)) &&
         AllDigits(text.substr(5, 2)) && AllDigits(text.substr(8));
}

Price ReadPrice(const yaml::Map& map) {
  const Price price{map.RequireDouble("input", kPriceRange), map.RequireDouble("output", kPriceRange)};
  map.Finish();
  return price;
}

}  // namespace

Result<PriceTable> PriceTable::Parse(const std::string& text, const std::string& path) {
  io::Diagnostics diagnostics;
  const yaml::Map root = yaml::ParseMap(text, path, diagnostics);
  if (root.RequireInt("version") != 1 && diagnostics.empty()) {
    root.Error("version", "expected version 1 of a price table");
  }
  PriceTable table;
  const std::string as_of = root.RequireString("as_of");
  if (!as_of.empty() && !IsDate(as_of)) {
    root.Error("as_of", "as_of: expected the day of these prices as YYYY-MM-DD, found \"" + as_of + "\"");
  }
  root.FindString("source");
  if (root.Has("default")) table.default_ = {ReadPrice(root.GetMap("default")), as_of};
  const yaml::Map models = root.GetMap("models");
  for (const std::string& name : models.Keys()) {
    table.entries_[name] = {ReadPrice(models.GetMap(name)), as_of};
  }
  root.Finish();
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return table;
}

PriceTable PriceTable::BuiltIn() {
  Result<PriceTable> table = Parse(std::string(BuiltInPriceFile("prices.yaml")), "configs/prices.yaml");
  return table ? *std::move(table) : PriceTable();  // a test reads it
}

Result<PriceTable> PriceTable::WithFile(const std::string& path) {
  const Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  Result<PriceTable> own = Parse(*text, path);
  if (!own) return own;
  PriceTable table = BuiltIn();
  for (auto& [name, entry] : own->entries_) table.entries_[name] = entry;
  if (!own->default_.as_of.empty()) table.default_ = own->default_;
  return table;
}

FoundPrice PriceTable::Find(std::string_view model) const {
  std::vector<std::string_view> names = {model};
  const std::size_t slash = model.rfind('/');
  if (slash != std::string_view::npos) names.push_back(model.substr(slash + 1));
  for (const std::string_view name : std::vector<std::string_view>(names)) {
    if (const std::string_view undated = WithoutDate(name); !undated.empty()) names.push_back(undated);
  }
  for (const std::string_view name : names) {
    const auto found = entries_.find(name);
    if (found != entries_.end()) return {found->second.price, found->second.as_of, found->first};
  }
  return {default_.price, default_.as_of, ""};
}

}  // namespace minslice::suite
