// What a query of minslice reduce --sql gives, row by row as JSON (sql.h), becomes counts. The rows come in
// any order and from any number of files, and may name one group several times.
#ifndef MINSLICE_REDUCE_TALLIES_H_
#define MINSLICE_REDUCE_TALLIES_H_

#include <span>
#include <string>
#include <vector>

#include "minslice/case_counts.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::reduce {

struct TallyFile {
  std::string path, text;
};

// `sides`: the logs that the query read, of which only path, hash, run record and end record are looked at.
Result<CaseCounts> CountTallies(std::span<const TallyFile> files, std::span<const RunLog> incumbent,
                                std::span<const RunLog> candidate, const std::vector<std::string>& metrics);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_TALLIES_H_
