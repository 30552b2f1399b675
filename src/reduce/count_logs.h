// Logs of both sides -> counts.
#ifndef MINSLICE_REDUCE_COUNT_LOGS_H_
#define MINSLICE_REDUCE_COUNT_LOGS_H_

#include <span>
#include <string>
#include <vector>

#include "minslice/case_counts.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::reduce {

// `metrics`: scores to count beside "pass", ascending. Logs that would not pair are refused, each reason
// named: a verdict on counts cannot show them any more.
Result<CaseCounts> CountLogs(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                             const std::vector<std::string>& metrics);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_COUNT_LOGS_H_
