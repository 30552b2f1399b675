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
// by an empty line.
void Write(const std::vector<Listing>& listings, const std::string& format, std::ostream& out);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_LISTING_H_
