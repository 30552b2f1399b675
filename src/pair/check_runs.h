// What pairing finds in run records and tables, whether they came from rows or from counts.
#ifndef MINSLICE_PAIR_CHECK_RUNS_H_
#define MINSLICE_PAIR_CHECK_RUNS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minslice/record.h"
#include "pair/pair.h"

namespace minslice::pair {

// One suite on both sides, requests alike, each side one run. Adds "suite_mismatch", "suite_unknown",
// "side_mixed" and warnings.
void CheckRuns(std::span<const RunLog> incumbent, std::span<const RunLog> candidate, PairResult& result);
void CheckSuites(std::span<const RunLog> incumbent, std::span<const RunLog> candidate, PairResult& result);
// One side is one run: its repeats or its shards. What was made otherwise cannot be pooled.
void CheckOneRun(const char* side, std::span<const RunLog> logs, std::vector<Finding>& findings);

void ListUnpaired(const PairedTable& table, Unpaired& unpaired);
Finding NoPairs(std::int64_t incumbent_rows, std::int64_t candidate_rows);
std::string RepeatsNotUsed(const char* side, int repeats, int common, std::int64_t rows);
std::string SegmentsOfOther(const char* side, const char* other);
// `cases` with rows of both sides where only the other side's have a prompt_sha256. `first`: one of them,
// where it is known.
std::string PromptsUnknown(const char* side, const char* other, std::int64_t cases,
                           const std::string& first = "");

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_CHECK_RUNS_H_
