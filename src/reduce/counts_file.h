// The counts file (docs/formats/counts.md), counts_version 1: JSON lines, one text for one set of counts.
//   {"counts_version":1,"metrics":[],"record":"counts","score_units":1000000000}
//   {"answers":{...},...,"record":"side","run":{...},"side":"incumbent"} and the candidate's
//   {"cluster":"doc-7","n":{"f|p":1,"p|p":4},"record":"cases","segments":{"flow":"refund"}}, sorted by bytes
//   {"path":"a.jsonl","record":"log","sha256":"...","side":"incumbent"}, sorted by bytes
//   {"counts_sha256":"...","lines":9,"record":"end","sha256":"..."}
// counts_sha256 is over the lines before the logs: what was counted, wherever it lay. sha256 is over
// counts_sha256 and the lines of the logs.
#ifndef MINSLICE_REDUCE_COUNTS_FILE_H_
#define MINSLICE_REDUCE_COUNTS_FILE_H_

#include <string>
#include <string_view>

#include "minslice/case_counts.h"
#include "minslice/result.h"

namespace minslice::reduce {

inline constexpr int kCountsVersion = 1;

// Sets counts.sha256.
std::string CountsText(CaseCounts& counts);

// A torn or edited file is refused. `text` needs no slack behind it.
Result<CaseCounts> ParseCounts(const std::string& text, const std::string& path);
Result<CaseCounts> ReadCounts(const std::string& path);

// Whether a file begins as counts do; one that cannot be read, or only once, does not.
bool IsCountsFile(const std::string& path);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_COUNTS_FILE_H_
