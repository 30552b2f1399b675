// The paired table of counts (minslice/case_counts.h): as Pair makes it of the logs, without their ids.
#ifndef MINSLICE_PAIR_COUNTED_H_
#define MINSLICE_PAIR_COUNTED_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "minslice/case_counts.h"
#include "minslice/record.h"
#include "pair/pair.h"

namespace minslice::pair {

// Case by case, in canonical order; the ids are places in it, "#000000000017".
PairResult PairCounts(const CaseCounts& counts, const std::string& metric);

// What the log is counted of; null: it has rows.
const CaseCounts* CountsOf(const RunLog& log);
// Of such a log.
const CountedSide& CountedSideOf(const RunLog& log);

// The side as a log: what its run record says, who answered, what it cost.
RunLog CountedRun(std::shared_ptr<const CaseCounts> counts, int side);
// The rows of a side with the grades that were counted, for what looks at rows one by one.
std::vector<CaseRecord> CountedRows(const CaseCounts& counts, int side);

int HighestRepeat(const CaseCounts& counts, int side);  // 0 where the side has no row

// Half a pattern, decoded: letters, and units by repeat for each metric beside pass.
struct CountedCells {
  std::string_view letters;
  std::vector<std::vector<std::optional<std::int64_t>>> units;
};
// nullopt: no pattern of so many metrics.
std::optional<std::array<CountedCells, 2>> ParsePattern(std::string_view pattern, std::size_t metrics);

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_COUNTED_H_
