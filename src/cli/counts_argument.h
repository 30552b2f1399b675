// Counts (minslice reduce) named where a log could be.
#ifndef MINSLICE_CLI_COUNTS_ARGUMENT_H_
#define MINSLICE_CLI_COUNTS_ARGUMENT_H_

#include <optional>
#include <string>
#include <vector>

#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::cli {

// Both sides of a comparison, as logs that pair (pair/counted.h).
struct CountedSides {
  RunLog incumbent, candidate;
};

// A failure where the file is torn, or where a shard that its logs speak of is not counted. `rows`: with a
// row for each that was counted, for what looks at rows one by one; repeats always need them.
Result<CountedSides> OpenCounts(const std::string& path, bool rows = false);

// The counts that the arguments of both sides name: the same file on both sides, or on one and nothing on the
// other. nullopt: logs. A failure where counts stand beside anything else.
Result<std::optional<std::string>> CountsOf(const std::vector<std::string>& incumbent,
                                            const std::vector<std::string>& candidate);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_COUNTS_ARGUMENT_H_
