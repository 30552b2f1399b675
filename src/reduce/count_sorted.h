// Two logs that are sorted by case are counted as they are read, in the memory of their counts.
#ifndef MINSLICE_REDUCE_COUNT_SORTED_H_
#define MINSLICE_REDUCE_COUNT_SORTED_H_

#include <optional>
#include <string>

#include "minslice/case_counts.h"
#include "reduce/counts_builder.h"

namespace minslice::reduce {

// The counts that CountLogs would give, without scores; what they say of cases (segments, clusters, patterns,
// groups) goes to `builder`, which may hold those of other logs. nullopt: the logs are not sorted by case and
// repeat (in bytes), or anything else is in them that takes a closer look: CountLogs takes it, and says what
// is wrong where something is. `builder` is then of no use.
std::optional<CaseCounts> CountSorted(const std::string& incumbent, const std::string& candidate,
                                      CountsBuilder& builder);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_COUNT_SORTED_H_
