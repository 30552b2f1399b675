// New logs from old ones: repaired, merged. The lines of case records are copied byte for byte, so fields
// that this version does not know stay; the old logs are never changed.
#ifndef MINSLICE_LOG_LOG_FILES_H_
#define MINSLICE_LOG_LOG_FILES_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minslice/result.h"

namespace minslice::log {

struct RepairedLog {
  std::string bytes;
  std::int64_t rows = 0;            // case records kept
  std::vector<Diagnostic> dropped;  // one for each line that is not in `bytes`, with what is wrong with it
  bool changed = false;             // false: the log was readable as it is
};

// Keeps every line that is a record and drops the others. The end record stays only where nothing was
// dropped, since it would else vouch for rows that are gone: run --resume asks for them and ends the log. A
// failure if there is no run record of this version.
Result<RepairedLog> RepairLog(const std::string& bytes, const std::string& path);

struct MergedLog {
  std::string bytes;
  std::int64_t rows = 0;
  std::int64_t cases = 0;  // distinct ids
  bool finished = false;   // has an end record: every part had one
  std::vector<std::string> notes;
};

struct LogBytes {
  std::string path;
  std::string bytes;
};

struct MergeOptions {
  bool any_model = false;  // parts that other models answered are joined all the same, with a note
};

// Joins the shards of one run: suite digest, suite, target, model asked for, models that answered, request
// settings and repeats must agree, and no two parts may hold an answer for the same case and repeat; every
// disagreement is named.
Result<MergedLog> MergeLogs(std::span<const LogBytes> parts, const MergeOptions& options = {});

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LOG_FILES_H_
