// Spend, tokens, latency and pass rate by answering model of one side.
#ifndef MINSLICE_GATE_USAGE_H_
#define MINSLICE_GATE_USAGE_H_

#include <span>

#include "minslice/record.h"
#include "minslice/usage.h"

namespace minslice::gate {

SideUsage UsageOf(std::span<const RunLog> logs);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_USAGE_H_
