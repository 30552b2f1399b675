// The parts of a run that is too large for one machine. A case's part depends on the suite's name, its id and
// the number of parts alone, so both sides and all repeats of a case meet in one part, wherever it runs.
#ifndef MINSLICE_LOG_SHARD_H_
#define MINSLICE_LOG_SHARD_H_

#include <string_view>

#include "minslice/record.h"

namespace minslice::log {

inline constexpr int kMaxShards = 100000;

// 1 to `of`: the first eight bytes of SHA-256 over suite, newline and id, as a big-endian number, modulo
// `of`, plus one.
int ShardOf(std::string_view suite, std::string_view case_id, int of);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_SHARD_H_
