// A case: one prompt with what is expected of the answer. Read from cases.jsonl (docs/formats/suite.md).
#ifndef MINSLICE_CASE_H_
#define MINSLICE_CASE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "minslice/result.h"

namespace minslice {

struct Segment {
  std::string dimension;  // "customer"
  std::string value;      // "acme"
  bool operator==(const Segment&) const = default;
};

// JSON values are kept as compact JSON text, so that a million cases cost their bytes and no tree.
struct Case {
  std::string id;                      // unique in the suite, never empty
  std::string messages_json;           // array of chat messages; a `prompt` became one user message
  std::string expected_json;           // any JSON value; empty = the case has none
  std::vector<Segment> segments;       // ascending by dimension
  std::optional<std::string> cluster;  // cases of one source document, conversation, ... share it
  std::string tools_json;              // array; empty = none
  double weight = 1;                   // > 0
  std::string metadata_json;           // object; empty = none
  std::string prompt_sha256;           // lower-case hex over canonical {"messages","tools"}
  SourcePosition where;
};

}  // namespace minslice

#endif  // MINSLICE_CASE_H_
