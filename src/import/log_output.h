// The log that an import becomes: its rows wait in a file without a name until the run is known to be good,
// because the run record, which stands first, counts them. Where the record fits the room that was left for
// it, that file becomes the log; else the rows are copied behind it.
#ifndef MINSLICE_IMPORT_LOG_OUTPUT_H_
#define MINSLICE_IMPORT_LOG_OUTPUT_H_

#include <string>
#include <string_view>
#include <utility>

#include "import/import.h"
#include "io/scratch_file.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::import {

class LogOutput final : public RowSink {
 public:
  // Nothing stands at `path` before Write, nor after one that failed. Compressed where the name says so.
  static Result<LogOutput> Make(const std::string& path);

  Result<void> Expect(const RunRecord& run) override;
  Result<void> Take(std::string_view lines) override;
  Result<void> Write(const ImportedRun& run);

 private:
  // The rows with their ends as a file of their own.
  Result<void> Copy(const std::string& first, const std::string& last);
  LogOutput(std::string path, io::ScratchFile rows) : path_(std::move(path)), rows_(std::move(rows)) {}

  std::string path_;
  io::ScratchFile rows_;
  std::size_t room_ = 0;  // in front of the rows, for the run record
};

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_LOG_OUTPUT_H_
