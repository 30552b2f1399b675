// Results made elsewhere become our log. A foreign format is one source file with one function of the form of
// Format::read, entered in the table of import.cc; what formats share is run_builder.h (rows become a run)
// and row_mapper.h (fields named by flags become a row).
#ifndef MINSLICE_IMPORT_IMPORT_H_
#define MINSLICE_IMPORT_IMPORT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/file_system.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::import {

// Takes the rows of a run as lines of the log, so that none has to be held.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // Before the first row: what the run record will probably be. It stands in front of the rows but counts
  // them; a wrong guess costs time only.
  virtual Result<void> Expect(const RunRecord& run) = 0;
  virtual Result<void> Take(std::string_view lines) = 0;  // whole lines, as log::CaseRecordLine makes them
};

// A field name with dots ("scores.preference", "choices.0.text") reaches into nested values, unless the row
// has a field of that very name.
struct Options {
  std::string suite_name;               // empty: what the file says, else "imported"
  std::string target;                   // empty: the model, or else the name of the first file
  std::string model;                    // which model answered; empty: not known
  std::optional<std::string> id_field;  // jsonl and csv: "id"; else what the tool itself names a case by
  std::string pass_field;               // true/false, 1/0, pass/fail, ...
  std::string score_field;  // a number, kept in scores under this name; 0 or 1 if nothing else says pass
  std::optional<double> pass_above;  // pass = score > pass_above
  std::vector<std::string> segment_fields;
  std::string cluster_field;
  std::string repeat_field;  // counts from 1
  std::string prompt_field;  // a text, or a list of chat messages
  std::string output_field;
  // Of other tools' logs: what to take where a file holds several.
  std::string scorer;                        // a metric, scorer or score by name
  std::string filter;                        // lm-eval
  std::string provider;                      // promptfoo: a label or an id
  std::optional<std::int64_t> prompt_index;  // promptfoo: promptIdx
  RowSink* rows = nullptr;                   // where the rows go; null: into ImportedRun::rows
};

// Holds the lines, which take less room than the rows.
class RowLines final : public RowSink {
 public:
  Result<void> Expect(const RunRecord&) override { return {}; }
  Result<void> Take(std::string_view lines) override {
    text_ += lines;
    return {};
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct DimensionCount {
  std::string name;
  std::size_t values = 0;
};

// A run as it will stand in the log, and what was counted on the way.
struct ImportedRun {
  RunRecord run;
  std::vector<CaseRecord> rows;  // in the files' order; none where Options::rows took them
  std::int64_t n_rows = 0;
  EndRecord end;
  bool finished = true;  // else the log gets no end record: the run did not finish
  std::int64_t passed = 0;
  std::int64_t failed = 0;  // every other row, errors included
  std::int64_t model_errors = 0;
  std::int64_t infra_errors = 0;
  std::vector<std::string> notes;             // what a user has to know: what is missing, what was chosen
  std::int64_t cases_with_fewer_repeats = 0;  // than the run has
  std::int64_t rows_without_cluster = 0;      // where a cluster field was named
  std::vector<DimensionCount> dimensions;     // ascending by name
};

struct Format {
  const char* name;
  const char* summary;
  // Every error of every file at once.
  Result<ImportedRun> (*read)(std::span<const std::string> paths, const Options& options,
                              io::FileSystem& files);
};

std::span<const Format> Formats();
// Fails with the names that there are.
Result<const Format*> FindFormat(const std::string& name);

// The log's text. The same run gives the same bytes: no clock, no path.
std::string LogText(const ImportedRun& run);
// Of one whose rows a sink took.
std::string LogText(const ImportedRun& run, const RowLines& rows);

// What a user has to know of a run that was imported: its notes and what its rows lack.
std::vector<std::string> Warnings(const ImportedRun& run);

// Whether `path` can become the log: it must not be one of the inputs, nor exist unless `replace`.
Result<void> CheckDestination(const std::string& path, bool replace, std::span<const std::string> inputs);

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_IMPORT_H_
