// Reads log.jsonl. Unknown fields are ignored, an unknown log_version is refused, and every broken line is
// named at once. A later row for the same (case, repeat) supersedes an infra_error row (a resumed run asked
// again) and nothing else: any other second row stays in `cases`, and pairing reports it as a duplicate. A
// torn last line of an unfinished log is dropped with torn_tail = true; a broken line elsewhere is an error.
// The end record counts only as the last record: rows after it mean that the run was resumed and has to end
// again; a row there that answers nothing that was left open (infra_error) is an error, and so are two values
// for one key and an outcome that scores.pass contradicts.
#ifndef MINSLICE_LOG_LOG_READER_H_
#define MINSLICE_LOG_LOG_READER_H_

#include <string>
#include <string_view>
#include <unordered_set>

#include "io/sha256.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::log {

struct ReadOptions {
  bool outputs = false;  // keep CaseRecord::output; gate and compare do not need it
  bool columns = false;  // RunLog::columns instead of RunLog::cases: for pairing, in a tenth of the memory
  // Rows of these cases alone, where it is set; other lines are checked all the same. Not with `columns`.
  const std::unordered_set<std::string_view>* only = nullptr;
  io::Sha256Pair* hash_with = nullptr;  // a log that another thread reads at the same time
};

// A line that is longer is no row.
inline constexpr std::size_t kLongestLine = std::size_t{64} << 20U;

// Also of a log compressed with zstd; the hash is that of the log itself, so that it keeps its name when it
// is compressed or unpacked. One that ends within a frame has a torn tail.
Result<RunLog> ReadLog(const std::string& path, const ReadOptions& options = {});
// The same for bytes that are in memory; `path` is for messages.
Result<RunLog> ParseLog(const std::string& bytes, const std::string& path, const ReadOptions& options = {});

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LOG_READER_H_
