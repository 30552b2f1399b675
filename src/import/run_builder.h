// Gathers the rows of a foreign log into a run and refuses what no honest log can hold: two rows for one
// (case, repeat), or one case with different segments, clusters or prompts.
#ifndef MINSLICE_IMPORT_RUN_BUILDER_H_
#define MINSLICE_IMPORT_RUN_BUILDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "import/case_table.h"
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
  // `rows` takes the rows; null: they are held, and become ImportedRun::rows. `advice`: what a user does
  // about two rows of one case and repeat.
  RunBuilder(io::Diagnostics& diagnostics, RowSink* rows,
             const char* advice = "name the field that counts the repeats with --repeat-field")
      : diagnostics_(diagnostics), advice_(advice), sink_(rows) {}

  // segments ascending by dimension, scores ascending by name.
  void Add(CaseRecord row, const SourcePosition& where);
  // The only row, as yet, of a case that was not met before (knows() is false): all but its line, which is
  // for TakeLines. For readers that make the lines themselves; there is a sink then.
  struct NewCase {
    TextKey key, prompt;  // of the case's id, of the prompt's hash
    bool pass = false;
    std::int64_t document = 0;  // ContentIds
  };
  void AddNew(const NewCase& row, const std::vector<Segment>& segments, const SourcePosition& where);
  bool knows(const TextKey& case_key) { return cases_.Find(case_key) != nullptr; }
  // Of a case that AddNew added.
  std::optional<std::int64_t> DocumentOf(const TextKey& case_key) {
    const CaseSeen* seen = cases_.Find(case_key);
    return seen == nullptr || seen->document < 0 ? std::nullopt : std::optional(seen->document);
  }
  void Prefetch(const TextKey& case_key) const { cases_.Prefetch(case_key); }
  void TakeLines(std::string_view lines);
  // Before the first row, about so many cases: the sink may leave room for the run record.
  void Expect(const std::string& format, const std::string& first_path, const Options& options,
              const RunFacts& facts, std::int64_t cases);
  bool makes_lines() const { return sink_ != nullptr; }
  std::int64_t n_rows() const { return counts_.n_rows; }

  // `format` becomes imported_from, `first_path` the target's name where nothing else gives one. Fails with
  // all that was found, also by others, in `diagnostics`.
  Result<ImportedRun> Build(const std::string& format, const std::string& first_path, const Options& options,
                            RunFacts facts = {});

 private:
  struct Place {
    std::uint32_t file = 0;
    int line = 0;
  };
  // What the first row of a case says that the case is.
  struct CaseSeen {
    Place place;
    int repeat = 1;
    std::uint32_t segments = 0, rows = 0;
    std::uint64_t cluster = 0, prompt = 0;  // TextKey::high; zero: none
    std::int64_t document = -1;             // of AddNew
  };

  static RunRecord Record(const std::string& format, const std::string& first_path, const Options& options,
                          const RunFacts& facts, std::int64_t cases, int repeats);
  Place PlaceOf(const SourcePosition& where);
  std::string Describe(const Place& place) const;
  std::uint32_t SegmentSet(const std::vector<Segment>& segments);
  void CheckAgainstFirst(const CaseRecord& row, const CaseSeen& own, const CaseSeen& first,
                         const SourcePosition& where);

  io::Diagnostics& diagnostics_;
  const char* advice_;
  RowSink* sink_;
  std::optional<Failure> failure_;  // of the sink
  ImportedRun counts_;              // rows where they are held
  std::vector<std::string> files_;
  CaseTable<CaseSeen> cases_;
  CaseTable<Place> later_;  // by case and repeat: rows behind the first of their case
  std::vector<std::vector<Segment>> sets_;
  std::unordered_map<std::string, std::uint32_t> set_numbers_;
  std::string set_key_, last_key_;
  std::uint32_t last_set_ = 0;
  std::unordered_map<std::string, std::unordered_set<std::string>> values_;  // by dimension
};

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_RUN_BUILDER_H_
