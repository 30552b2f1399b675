// Fields of a foreign row, named by flags, become a row of the log. For every format whose rows are records
// with named fields.
#ifndef MINSLICE_IMPORT_ROW_MAPPER_H_
#define MINSLICE_IMPORT_ROW_MAPPER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/import.h"
#include "import/run_builder.h"
#include "io/diagnostics.h"

namespace minslice::import {

struct FieldValue {
  enum class Kind {
    kMissing,  // the row has no such field
    kNull,
    kBool,
    kNumber,
    kText,
    kUntyped,  // of a CSV file: a text that may stand for a number or a truth value
    kList,
    kObject,
  };
  Kind kind = Kind::kMissing;
  bool boolean = false;
  double number = 0;  // infinite: beyond a double
  std::string text;   // text; number as text; list and object: compact JSON where the field was wanted whole
};

// The whole text as a finite number.
std::optional<double> NumberIn(std::string_view text);

// A field that the flags ask for.
struct WantedField {
  std::string flag;  // "--score-field"
  std::string name;
  bool whole = false;  // a list or an object is of use: its JSON is wanted
};

// Where a row and its fields stand; asked for in error messages only.
class RowPlace {
 public:
  virtual ~RowPlace() = default;
  virtual SourcePosition OfRow() const = 0;
  virtual SourcePosition OfField(std::size_t wanted) const = 0;
  virtual std::vector<std::string> FieldNames() const = 0;
};

// Flags that contradict each other or miss something: all at once. For the formats without fields of their
// own.
Result<void> CheckFieldOptions(const Options& options);

class RowMapper {
 public:
  // `options` passed CheckFieldOptions and outlives the mapper, as do the others.
  // `own_id`: the format names the cases itself unless --id-field does.
  RowMapper(const Options& options, RunBuilder& builder, io::Diagnostics& diagnostics, bool own_id = false);

  const std::vector<WantedField>& wanted() const { return wanted_; }
  // values[i] belongs to wanted()[i] and may be moved from.
  void AddRow(std::vector<FieldValue>& values, const RowPlace& place);
  // Only what a row is, not how it went: id, segments, cluster, prompt. False after reporting why not.
  bool ReadNames(std::vector<FieldValue>& values, const RowPlace& place, CaseRecord& row);
  // Reports what can only be said after the last row.
  void Finish();

 private:
  using Kind = FieldValue::Kind;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Missing {
    bool ever_seen = false;
    SourcePosition first_row;
    std::vector<std::string> names;  // of the first row without it
    std::vector<SourcePosition> rows;
  };

  std::size_t Want(const char* flag, const std::string& name, bool whole = false);
  void Error(std::size_t field, const RowPlace& place, const std::string& message);
  // The value, or nullptr after reporting that there is none.
  FieldValue* Present(std::size_t field, std::vector<FieldValue>& values, const RowPlace& place);
  bool ReadName(std::size_t field, const char* what, std::vector<FieldValue>& values, const RowPlace& place,
                std::string& name);
  bool ReadPass(std::vector<FieldValue>& values, const RowPlace& place, bool& pass);
  bool ReadScore(std::vector<FieldValue>& values, const RowPlace& place, double& score);
  bool ReadRepeat(std::vector<FieldValue>& values, const RowPlace& place, int& repeat);
  bool ReadPrompt(std::vector<FieldValue>& values, const RowPlace& place, std::optional<std::string>& sha256);

  const Options& options_;
  RunBuilder& builder_;
  io::Diagnostics& diagnostics_;
  std::vector<WantedField> wanted_;
  std::vector<Missing> missing_;  // by wanted field
  std::size_t id_, pass_, score_, repeat_, cluster_, prompt_, output_;
  std::vector<std::size_t> segments_;  // ascending by name
  std::int64_t graded_without_threshold_ = 0;
  SourcePosition first_graded_;
  double first_graded_score_ = 0;
};

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_ROW_MAPPER_H_
