// Reads a line of cases.jsonl; suite/case_store.h puts the files of a suite together.
#ifndef MINSLICE_SUITE_CASE_READER_H_
#define MINSLICE_SUITE_CASE_READER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/diagnostics.h"
#include "minslice/case.h"

namespace minslice::suite {

struct CaseRules {
  std::vector<std::string> segments;  // dimensions that every case must carry
  bool expected_required = true;
};

struct CaseLine {
  Case c;
  SourcePosition id_where;
  std::string canonical;  // what the suite's digest is over
  bool valid = true;      // false: only its id can be relied on, so that a second one is seen
};

// The case of one line; a diagnostic for each thing that is wrong with it, and then nothing where not even
// its id can be read.
std::optional<CaseLine> ReadCaseLine(std::string_view line, const SourcePosition& where,
                                     const CaseRules& rules, io::Diagnostics& diagnostics);

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_CASE_READER_H_
