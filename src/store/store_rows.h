// What the evidence says, as rows of the store's tables.
#ifndef MINSLICE_STORE_STORE_ROWS_H_
#define MINSLICE_STORE_STORE_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "log/log_summary.h"
#include "minslice/record.h"
#include "minslice/verdict.h"
#include "store/database.h"

namespace minslice::store {

// Names a run, not a state of its log: SHA-256 of the run record, which a resumed run keeps. A log without a
// start (imported ones have none) is named by its bytes.
std::string RunId(const log::LogSummary& log);

std::vector<Value> RunRow(const std::string& run_id, const log::LogSummary& log);
std::vector<Value> AnswerRow(const std::string& run_id, std::int64_t position, const CaseRecord& row);

struct VerdictKeys {
  std::string suite_key, candidate_key;  // as in the ledger
};
std::vector<Value> VerdictRowOf(const std::string& verdict_id, std::int64_t seq, const Verdict& verdict,
                                const VerdictKeys& keys, const std::string& json);
std::vector<Value> InputRow(const std::string& verdict_id, std::int64_t position, const VerdictInput& input);
std::vector<Value> SliceRow(const std::string& verdict_id, std::int64_t position,
                            const VerdictSegment& slice);

}  // namespace minslice::store

#endif  // MINSLICE_STORE_STORE_ROWS_H_
