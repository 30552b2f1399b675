// Policy + paired logs -> verdict, methods section 3. Pure: same inputs, same verdict.
#ifndef MINSLICE_GATE_GATE_H_
#define MINSLICE_GATE_GATE_H_

#include <span>

#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"
#include "pair/pair.h"

namespace minslice::gate {

Verdict Decide(const Policy& policy, const pair::PairResult& paired, std::span<const RunLog> incumbent,
               std::span<const RunLog> candidate);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_GATE_H_
