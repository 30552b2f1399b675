#include "cli/document.h"

#include <algorithm>

#include "cli/listing.h"

namespace minslice::cli {
namespace {

bool IsTable(const json::Value& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const json::Value& item) { return item.is_object(); });
}

// The cells of a row by column; nested objects give columns of their own, lists stay in one cell.
void Flatten(const json::Value& object, const std::string& prefix,
             std::vector<std::pair<std::string, json::Value>>& cells) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object() && !value.empty()) {
      Flatten(value, prefix + key + ".", cells);
    } else {
      cells.emplace_back(prefix + key, value);
    }
  }
}

ListingTable TableOf(const std::string& name, const json::Value& list) {
  ListingTable table{name, {}, {}};
  for (const json::Value& item : list) {
    std::vector<std::pair<std::string, json::Value>> cells;
    Flatten(item, "", cells);
    std::vector<json::Value> row(table.columns.size());
    for (auto& [column, value] : cells) {
      const auto at = std::find(table.columns.begin(), table.columns.end(), column);
      const auto index = static_cast<std::size_t>(at - table.columns.begin());
      if (at == table.columns.end()) {
        table.columns.push_back(column);
        row.emplace_back();
      }
      row[index] = std::move(value);
    }
    table.rows.push_back(std::move(row));
  }
  // A column that a later row brought is empty in the rows before it.
  for (std::vector<json::Value>& row : table.rows) row.resize(table.columns.size());
  return table;
}

void Collect(const json::Value& object, const std::string& prefix, Listing& listing) {
  for (const auto& [key, value] : object.items()) {
    const std::string name = prefix + key;
    if (value.is_object()) {
      Collect(value, name + ".", listing);
    } else if (IsTable(value)) {
      listing.tables.push_back(TableOf(name, value));
    } else {
      listing.Add(name, name, value);
    }
  }
}

}  // namespace

void WriteDocument(const json::Value& document, const std::string& format, std::ostream& out) {
  if (format == "json") {
    out << json::Pretty(document);
    return;
  }
  Listing listing;
  Collect(document, "", listing);
  Write({listing}, format, out);
}

}  // namespace minslice::cli
