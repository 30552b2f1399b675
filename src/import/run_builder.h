// Gathers the rows of a foreign log into a run and refuses what no honest log can hold: two rows for one
// (case, repeat), or one case with different segments, clusters or prompts.
#ifndef MINSLICE_IMPORT_RUN_BUILDER_H_
#define MINSLICE_IMPORT_RUN_BUILDER_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "import/import.h"
#include "io/diagnostics.h"

namespace minslice::import {

// What a foreign log says of its run as a whole.
struct RunFacts {
  std::string suite, model, started_at, ended_at;
  std::string request_json;  // what was asked for beside the prompt, where the log says it; canonical
  bool finished = true;
  std::vector<std::string> notes;
};

class RunBuilder {
 public:
  // `advice`: what a user does about two rows of one case and repeat.
  explicit RunBuilder(io::Diagnostics& diagnostics,
                      const char* advice = "name the field that counts the repeats with --repeat-field")
      : diagnostics_(diagnostics), advice_(advice) {}

  // segments ascending by dimension, scores ascending by name.
  void Add(CaseRecord row, const SourcePosition& where);
  std::size_t n_rows() const { return rows_.size(); }

  // `format` becomes imported_from, `first_path` the target's name where nothing else gives one. Fails with
  // all that was found, also by others, in `diagnostics`.
  Result<ImportedRun> Build(const std::string& format, const std::string& first_path, const Options& options,
                            RunFacts facts = {});

 private:
  struct Place {
    std::uint32_t file = 0;
    int line = 0;
    int repeat = 1;
  };
  struct CaseSeen {
    std::size_t first_row = 0;
    std::vector<Place> places;  // one a row
  };

  std::string Describe(const Place& place) const;
  void CheckAgainstFirst(const CaseRecord& row, const CaseSeen& seen, const SourcePosition& where);

  io::Diagnostics& diagnostics_;
  const char* advice_;
  std::vector<CaseRecord> rows_;
  std::vector<std::string> files_;
  std::unordered_map<std::string, CaseSeen> cases_;
  std::unordered_map<std::string, std::unordered_set<std::string>> values_;  // by dimension
};

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_RUN_BUILDER_H_
