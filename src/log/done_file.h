// A shard's receipt (docs/formats/log.md): written beside its log when that is complete, so that a scheduler
// that starts the shard again finds it done, and a merge finds what the log should be.
#ifndef MINSLICE_LOG_DONE_FILE_H_
#define MINSLICE_LOG_DONE_FILE_H_

#include <string>

#include "log/log_summary.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::log {

std::string DonePath(const std::string& log_path);  // LOG.done

// Of a complete log; a failure where it is not.
Result<LogSummary> DescribeDone(const std::string& log_path);
std::string DoneJson(const LogSummary& done, const std::string& log_path);

// Whether the log's done file is there, speaks of the log as it is and of this run, and counts no infra_error
// row, which would have to be asked again; else why not.
Result<void> CheckDone(const std::string& log_path, const RunRecord& run);

// A done file that lies beside a log has to speak of it; there need be none.
Result<void> CheckDoneBeside(const std::string& log_path);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_DONE_FILE_H_
