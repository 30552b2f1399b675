// Golden functions that are not built yet. Must shrink to nothing: who registers a function takes its line
// away.
#ifndef MINSLICE_UNIT_STATS_GOLDEN_PENDING_H_
#define MINSLICE_UNIT_STATS_GOLDEN_PENDING_H_

#include <set>
#include <string>

namespace minslice::cli {

inline const std::set<std::string> kPending = {
    // clang-format off
    // clang-format on
};

}  // namespace minslice::cli

#endif  // MINSLICE_UNIT_STATS_GOLDEN_PENDING_H_
