#include "cli/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/canonical.h"
#include "report/escape.h"
#include "report/format.h"
#include "report/machine_escape.h"

namespace minslice::cli {
namespace {

std::string Plain(const json::Value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return report::Count(value.get<std::int64_t>());
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_array()) {
    std::string text;
    for (const json::Value& item : value) {
      if (!text.empty()) text += ", ";
      text += Plain(item);
    }
    return text.empty() ? "-" : text;
  }
  return json::Compact(value);
}

std::string FactText(const Listing::Fact& fact) { return fact.text.empty() ? Plain(fact.value) : fact.text; }

// As text and Markdown show a table; unescaped.
const std::vector<std::string>& Titles(const ListingTable& table) {
  return table.texts.empty() ? table.columns : table.text_columns;
}
std::vector<std::vector<std::string>> Cells(const ListingTable& table) {
  if (!table.texts.empty()) return table.texts;
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : table.rows) {
    std::vector<std::string>& texts = cells.emplace_back();
    for (const json::Value& value : row) texts.push_back(Plain(value));
  }
  return cells;
}

void Pad(std::string& line, const std::string& text, std::size_t width, bool right) {
  const std::size_t used = report::DisplayWidth(text);
  const std::size_t gap = used < width ? width - used : 0;
  if (right) line.append(gap, ' ');
  line += text;
  if (!right) line.append(gap, ' ');
}

// The rest of a line that has `indent` columns already, and the lines that it goes on in.
void Wrapped(const std::string& text, std::size_t indent, std::size_t width, std::ostream& out) {
  if (width <= indent) {
    out << text << '\n';
    return;
  }
  const std::vector<std::string> lines = report::WrapToWidth(text, width - indent);
  for (std::size_t i = 0; i < lines.size(); ++i)
    out << std::string(i == 0 ? 0 : indent, ' ') << lines[i] << '\n';
  if (lines.empty()) out << '\n';
}

// Takes what is too much from the widest columns of text; a column keeps its title.
void Narrow(const std::vector<std::string>& columns, const std::vector<bool>& right, std::size_t cut_from,
            std::size_t width, std::vector<std::size_t>& widths) {
  std::size_t total = 2 * (widths.size() - 1);
  for (const std::size_t one : widths) total += one;
  while (total > width) {
    std::size_t widest = widths.size();
    for (std::size_t c = cut_from; c < widths.size(); ++c) {
      if (right[c] || widths[c] <= std::max<std::size_t>(columns[c].size(), 8)) continue;
      if (widest == widths.size() || widths[c] > widths[widest]) widest = c;
    }
    if (widest == widths.size()) return;
    --widths[widest];
    --total;
  }
}

void WriteText(const Listing& listing, std::ostream& out, std::size_t width_of_text) {
  std::size_t width = 0;
  for (const Listing::Fact& fact : listing.facts) width = std::max(width, fact.label.size());
  for (const Listing::Fact& fact : listing.facts) {
    if (fact.label.empty()) continue;
    std::string line;
    Pad(line, fact.label, width + 2, false);
    out << line;
    Wrapped(report::EscapeTerminal(FactText(fact)), width + 2, width_of_text, out);
  }
  for (const ListingTable& table : listing.tables) {
    if (table.rows.empty()) continue;
    std::vector<std::size_t> widths;
    std::vector<bool> right;
    const std::vector<std::string>& titles = Titles(table);
    std::vector<std::vector<std::string>> cells = Cells(table);
    for (auto& row : cells) {
      for (std::string& text : row) text = report::CutToWidth(report::EscapeTerminal(text), 60);
    }
    for (std::size_t c = 0; c < titles.size(); ++c) {
      std::size_t columns = titles[c].size();
      bool number = table.texts.empty();
      for (std::size_t r = 0; r < cells.size(); ++r) {
        columns = std::max(columns, report::DisplayWidth(cells[r][c]));
        number = number && (table.rows[r][c].is_number() || table.rows[r][c].is_null());
      }
      widths.push_back(columns);
      right.push_back(number);
    }
    if (width_of_text > 0) Narrow(titles, right, table.cut_from, width_of_text, widths);
    const auto write = [&](const std::vector<std::string>& texts) {
      std::string line;
      for (std::size_t c = 0; c < widths.size(); ++c) {
        if (c > 0) line += "  ";
        Pad(line, report::CutToWidth(texts[c], widths[c]), widths[c], right[c]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out << line << '\n';
    };
    out << '\n';
    if (!table.title.empty()) out << report::EscapeTerminal(table.title) << '\n';
    write(titles);
    for (const auto& texts : cells) write(texts);
  }
  if (!listing.notes.empty()) out << '\n';
  for (const std::string& note : listing.notes) {
    out << "note: ";
    Wrapped(report::EscapeTerminal(note), 6, width_of_text, out);
  }
}

void WriteMarkdown(const Listing& listing, std::ostream& out) {
  for (const Listing::Fact& fact : listing.facts) {
    if (!fact.label.empty())
      out << "- " << report::MarkdownText(fact.label) << ": " << report::MarkdownText(FactText(fact)) << '\n';
  }
  for (const ListingTable& table : listing.tables) {
    if (table.rows.empty()) continue;
    if (!table.title.empty()) out << "\n" << report::MarkdownText(table.title) << '\n';
    out << "\n|";
    for (const std::string& column : Titles(table)) out << ' ' << report::MarkdownText(column) << " |";
    out << "\n|";
    for (std::size_t c = 0; c < Titles(table).size(); ++c) out << " --- |";
    out << '\n';
    for (const auto& row : Cells(table)) {
      out << '|';
      for (const std::string& text : row) out << ' ' << report::MarkdownText(text) << " |";
      out << '\n';
    }
  }
  for (const std::string& note : listing.notes) out << "\n> " << report::MarkdownText(note) << '\n';
}

std::string CsvCell(const json::Value& value) {
  if (value.is_null() || (value.is_array() && value.empty())) return "";
  if (value.is_number() || value.is_boolean()) return json::Canonical(value);
  return report::CsvText(Plain(value));
}

void WriteCsv(const Listing& listing, std::ostream& out) {
  out << "fact,value\n";
  for (const Listing::Fact& fact : listing.facts)
    out << CsvCell(fact.key) << ',' << CsvCell(fact.value) << '\n';
  for (const ListingTable& table : listing.tables) {
    out << '\n';
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      out << (c > 0 ? "," : "") << CsvCell(table.columns[c]);
    out << '\n';
    for (const auto& row : table.rows) {
      for (std::size_t c = 0; c < row.size(); ++c) out << (c > 0 ? "," : "") << CsvCell(row[c]);
      out << '\n';
    }
  }
}

json::Value ToJson(const Listing& listing) {
  json::Value document = json::Value::object();
  for (const Listing::Fact& fact : listing.facts) document[fact.key] = fact.value;
  for (const ListingTable& table : listing.tables) {
    json::Value rows = json::Value::array();
    for (const auto& row : table.rows) {
      json::Value object = json::Value::object();
      for (std::size_t c = 0; c < row.size(); ++c) object[table.columns[c]] = row[c];
      rows.push_back(std::move(object));
    }
    document[table.key] = std::move(rows);
  }
  document["notes"] = listing.notes;
  return document;
}

}  // namespace

void Write(const std::vector<Listing>& listings, const std::string& format, std::ostream& out,
           std::size_t width) {
  if (format == "json") {
    json::Value documents = json::Value::array();
    for (const Listing& listing : listings) documents.push_back(ToJson(listing));
    out << json::Pretty(listings.size() == 1 ? documents[0] : documents);
    return;
  }
  for (std::size_t i = 0; i < listings.size(); ++i) {
    if (i > 0) out << '\n';
    if (format == "markdown") {
      WriteMarkdown(listings[i], out);
    } else if (format == "csv") {
      WriteCsv(listings[i], out);
    } else {
      WriteText(listings[i], out, width);
    }
  }
}

}  // namespace minslice::cli
