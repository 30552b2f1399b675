// The gate on the incumbent against itself: what it says where nothing has changed (A/A), measured on the
// incumbent's own repeats instead of assumed.
#ifndef MINSLICE_PLAN_CALIBRATE_H_
#define MINSLICE_PLAN_CALIBRATE_H_

#include <cstdint>

#include "minslice/estimate.h"
#include "minslice/paired_table.h"
#include "minslice/plan.h"
#include "minslice/policy.h"

namespace minslice::plan {

struct CalibrateOptions {
  std::int64_t draws = 1000;  // of random A/A
  std::uint64_t seed = 0;
};

// `table` holds the incumbent's repeats as its incumbent arm (pair::Pair of the logs with themselves). Only
// cases with every repeat count.
//
// Two figures, because neither is enough: every ordered pair of repeats, as run, which shows a repeat that is
// not like the others but is few; and random A/A, in which each case draws two of its repeats for the two
// sides, which is many but takes the repeats of a case as exchangeable.
// Reasons: "repeats" (fewer than 2), "no_cases", and the faults of gate/prepare.h (a score out of range,
// ...).
Computed<Calibration> Calibrate(const Policy& policy, const PairedTable& table,
                                const CalibrateOptions& options);

}  // namespace minslice::plan

#endif  // MINSLICE_PLAN_CALIBRATE_H_
