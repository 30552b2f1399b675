// Reads cases.jsonl; the rest of the room assembles suites from it.
#ifndef MINSLICE_SUITE_CASE_READER_H_
#define MINSLICE_SUITE_CASE_READER_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/diagnostics.h"
#include "io/sha256.h"
#include "minslice/case.h"

namespace minslice::suite {

struct CaseRules {
  std::vector<std::string> segments;  // dimensions that every case must carry
  bool expected_required = true;
};

// Takes the files of one suite one after the other, because ids are unique across them.
class CaseReader {
 public:
  CaseReader(CaseRules rules, io::Diagnostics& diagnostics)
      : rules_(std::move(rules)), diagnostics_(diagnostics) {}

  // Adds every whole case of one file and a diagnostic for each thing that is wrong with the others.
  void Read(std::string_view bytes, const std::string& path);

  std::vector<Case> TakeCases() { return std::move(cases_); }
  // SHA-256 over the canonical cases, ascending by id, each followed by a newline. Once, before TakeCases.
  std::string Digest();

 private:
  void Line(std::string_view line, const SourcePosition& where);

  CaseRules rules_;
  io::Diagnostics& diagnostics_;
  std::vector<Case> cases_;
  std::unordered_map<std::string, SourcePosition> ids_;
  // Cases that come in the order of their ids need not be kept twice.
  bool ascending_ = true;
  io::Sha256 hash_;
};

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_CASE_READER_H_
