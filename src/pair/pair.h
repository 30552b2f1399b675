// Joins the logs of the two sides by case id and repeat. Nothing is dropped in silence: what cannot be joined
// is a finding.
#ifndef MINSLICE_PAIR_PAIR_H_
#define MINSLICE_PAIR_PAIR_H_

#include <span>
#include <string>
#include <vector>

#include "minslice/paired_table.h"
#include "minslice/record.h"

namespace minslice::pair {

// A break of integrity: the gate answers invalid, compare refuses with exit 2.
// Codes: "suite_mismatch", "suite_unknown" (a log of ours without the digest that the others have),
// "side_mixed" (logs of one side that are not of one run), "prompt_mismatch" (one id, different prompts),
// "prompt_unknown" (hashes in one side's rows only), "segment_mismatch" (one id, different segments),
// "duplicate_rows", "unfinished_log", "budget_exhausted" (unfinished because of its budget), "rows_lost",
// "no_pairs", "metric_missing".
struct Finding {
  std::string code;
  std::string text;
  std::vector<std::string> case_ids;
};

// Rows that do not form a complete pair, by reason; ids ascending.
struct Unpaired {
  std::vector<std::string> incumbent_only;  // no row in the candidate's logs
  std::vector<std::string> candidate_only;
  std::vector<std::string> incumbent_infra;  // every repeat an infra_error
  std::vector<std::string> candidate_infra;
};

struct PairResult {
  PairedTable table;
  Unpaired unpaired;
  std::vector<Finding> findings;
  std::vector<std::string> warnings;  // e.g. request settings differ between the sides
  // By side: cases whose rows have no prompt_sha256 where the other side's have one.
  std::int64_t without_prompt[2] = {0, 0};
  // By side and log: what is added to its repeats, where the logs of a side are further repeats.
  std::vector<int> repeat_offset[2];
};

struct PairOptions {
  // For counting: a part of the shards is taken, and repeats that the other side does not have are kept.
  bool for_counts = false;
};

// metric: "pass", or the name of a score that every row has. Several logs of one side are further repeats
// where they hold the same (case, repeat) and shards where they do not. Both sides of one counts file
// (pair/counted.h) pair as the logs that were counted; "counts_mixed" is anything else with counts in it.
PairResult Pair(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                const std::string& metric = "pass", const PairOptions& options = {});

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_PAIR_H_
