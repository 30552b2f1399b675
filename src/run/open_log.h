// A new log, or one that a run is to complete: then what is asked now must be what was asked before.
#ifndef MINSLICE_RUN_OPEN_LOG_H_
#define MINSLICE_RUN_OPEN_LOG_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "log/log_writer.h"
#include "minslice/record.h"
#include "minslice/result.h"
#include "run/runner.h"
#include "suite/case_source.h"

namespace minslice::run {

struct OpenedLog {
  std::unique_ptr<log::LogWriter> writer;  // null where the log is complete and nothing is to be asked
  Plan plan;
  bool resumed = false;
  std::vector<std::string> notes;
};

// `run` is the record of the run that is asked for now. Without `resume` an existing file is refused. With it
// the log's suite digest, target, model, request and repeats must agree (every disagreement is named), rows
// with an answer stay, rows that are infra_error are asked again, and a missing file is simply a new log.
// `on_kept` is shown every row that stays.
Result<OpenedLog> OpenLog(const std::string& path, bool resume, const RunRecord& run,
                          suite::CaseSource& cases,
                          const std::function<void(const CaseRecord& row)>& on_kept = nullptr);

}  // namespace minslice::run

#endif  // MINSLICE_RUN_OPEN_LOG_H_
