// --shard i/K, or the place in a Slurm array or a Kubernetes Indexed Job.
#ifndef MINSLICE_RUN_SHARD_FLAG_H_
#define MINSLICE_RUN_SHARD_FLAG_H_

#include <functional>
#include <string>

#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::run {

// "3/16": the third of sixteen, from 1. "auto": as the scheduler says, with its count; "auto/16": the count
// is given. Slurm: SLURM_ARRAY_TASK_ID of SLURM_ARRAY_TASK_MIN, _STEP, _COUNT. Kubernetes:
// JOB_COMPLETION_INDEX, from 0, of JOB_COMPLETIONS, which the manifest has to set.
using Environment = std::function<const char*(const char* name)>;
Result<Shard> ReadShard(const std::string& text, const Environment& environment);

// The text that stands for a shard in names of files: "03-of-16".
std::string ShardName(const Shard& shard);

}  // namespace minslice::run

#endif  // MINSLICE_RUN_SHARD_FLAG_H_
