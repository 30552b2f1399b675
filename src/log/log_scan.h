// A log read in pieces: memory does not grow with it.
#ifndef MINSLICE_LOG_LOG_SCAN_H_
#define MINSLICE_LOG_LOG_SCAN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::log {

struct LogScan {
  RunRecord run;
  std::optional<EndRecord> end;  // only as the last record
  bool torn_tail = false;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;  // of what the file holds, where it is compressed
  std::string sha256;      // likewise
};

// Hands out the rows in the file's order, without their outputs. As in ReadLog every broken line is named and
// a torn last line dropped. A row that a later one supersedes is handed out too, unless both stand close
// together. A log that is compressed with zstd is read as what it holds, and hashed so.
Result<LogScan> ScanLog(const std::string& path,
                        const std::function<void(std::vector<CaseRecord>&& rows)>& on_rows);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LOG_SCAN_H_
