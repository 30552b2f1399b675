// What the shards of counted logs must be: each once, of one cut, the same on both sides. A row that is
// counted twice, or one whose other side lies in another part, cannot be told from the counts any more.
#ifndef MINSLICE_REDUCE_SHARDS_H_
#define MINSLICE_REDUCE_SHARDS_H_

#include <span>
#include <string>
#include <vector>

#include "io/diagnostics.h"
#include "minslice/case_counts.h"

namespace minslice::reduce {

// Of logs that are counted together.
void CheckShards(std::span<const CountedLog> logs, io::Diagnostics& diagnostics);

// Of counts that are added up.
void CheckShardsOfParts(std::span<const CaseCounts> parts, io::Diagnostics& diagnostics);

// Shards that the logs speak of and that are not counted, each a sentence.
std::vector<std::string> MissingShards(const CaseCounts& counts);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_SHARDS_H_
