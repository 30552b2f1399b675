// Facts and tables that a command lists, written as text, JSON, Markdown or CSV. Names and texts in them come
// from files and are escaped for each of these.
#ifndef MINSLICE_CLI_LISTING_H_
#define MINSLICE_CLI_LISTING_H_

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "json/json.h"

namespace minslice::cli {

struct ListingTable {
  std::string key;                   // of the JSON array
  std::vector<std::string> columns;  // names, also the keys of JSON objects
  std::vector<std::vector<json::Value>> rows;
  // How text and Markdown show the table, where not as it is: fewer columns, figures rounded.
  std::vector<std::string> text_columns = {};
  std::vector<std::vector<std::string>> texts = {};
  std::string title = {};
  std::size_t cut_from = 0;  // the columns before it keep their width
};

struct Listing {
  struct Fact {
    std::string key;    // in JSON and CSV
    std::string label;  // in text and Markdown; empty: JSON and CSV only
    json::Value value;
    std::string text;  // how text and Markdown show the value; empty: as it is
  };
  std::vector<Fact> facts;
  std::vector<ListingTable> tables;
  std::vector<std::string> notes;  // sentences, under JSON's "notes"

  void Add(std::string key, std::string label, json::Value value, std::string text = "") {
    facts.push_back({std::move(key), std::move(label), std::move(value), std::move(text)});
  }
};

// format: text | json | markdown | csv. CSV holds the facts as "fact,value" and then each table, blocks apart
// by an empty line. `width`: the widest column of text is cut until a table has no more columns; 0: as wide
// as it gets.
void Write(const std::vector<Listing>& listings, const std::string& format, std::ostream& out,
           std::size_t width = 0);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_LISTING_H_
