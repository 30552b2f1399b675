// Slices drawn towards the mean of their dimension: what is worth a look first among many noisy slices. No
// rule reads it.
#ifndef MINSLICE_GATE_SHRINKAGE_ROWS_H_
#define MINSLICE_GATE_SHRINKAGE_ROWS_H_

#include <vector>

#include "gate/rules.h"
#include "minslice/verdict.h"

namespace minslice::gate {

// Fills in shrunken_* of the segments (in the order of outcome.slices) and Q, tau^2, I^2 and the mean of the
// dimensions. Pools are left out: their members stand for themselves.
void Shrink(const Outcome& outcome, double level, std::vector<VerdictSegment>& segments,
            std::vector<VerdictDimension>& dimensions);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_SHRINKAGE_ROWS_H_
