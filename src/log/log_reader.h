// Reads log.jsonl. Unknown fields are ignored, an unknown log_version is refused, and every broken line is
// named at once. A later row for the same (case, repeat) supersedes an infra_error row (a resumed run asked
// again) and nothing else: any other second row stays in `cases`, and pairing reports it as a duplicate. A
// torn last line of an unfinished log is dropped with torn_tail = true; a broken line elsewhere is an error.
// The end record counts only as the last record: rows after it mean that the run was resumed and has to end
// again.
#ifndef MINSLICE_LOG_LOG_READER_H_
#define MINSLICE_LOG_LOG_READER_H_

#include <string>

#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::log {

struct ReadOptions {
  bool outputs = false;  // keep CaseRecord::output; gate and compare do not need it
};

Result<RunLog> ReadLog(const std::string& path, const ReadOptions& options = {});
// The same for bytes that are in memory; `path` is for messages.
Result<RunLog> ParseLog(std::string bytes, const std::string& path, const ReadOptions& options = {});

// Slack that ParseLog wants after the bytes to read them without a copy (std::string::capacity).
inline constexpr std::size_t kReadSlack = 64;

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LOG_READER_H_
