// What the rows of one side add up to beside their grades: who answered them, what they cost, how long they
// took.
#ifndef MINSLICE_REDUCE_SIDE_SUMS_H_
#define MINSLICE_REDUCE_SIDE_SUMS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/diagnostics.h"
#include "log/row_sums.h"
#include "minslice/case_counts.h"
#include "minslice/record.h"

namespace minslice::reduce {

// False where a sum leaves 64 bits.
bool AddTo(std::int64_t& sum, std::int64_t value);
// `offset`: what is added to the repeats of `rows`.
bool AddTo(std::vector<std::int64_t>& by_repeat, const std::vector<std::int64_t>& rows, int offset = 0);
bool AddTo(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& value);
bool AddSide(CountedSide& sum, const CountedSide& part, int offset = 0);

// What the run records of a side's logs say together. They are of one run (pair::CheckOneRun).
void JoinRun(RunRecord& run, const RunRecord& other);

// `offsets`: what is added to the repeats of each log.
bool SumRows(std::span<const RunLog> logs, std::span<const int> offsets, CountedSide& side);

// What no counts can be made of: scores and costs that do not fit, and the like.
void CheckSides(const CaseCounts& counts, io::Diagnostics& diagnostics);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_SIDE_SUMS_H_
