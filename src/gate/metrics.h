// The metrics beside the primary one (methods 3): guardrails must be shown non-inferior, deterioration
// metrics must not be shown worse, reports are shown. A judge's metric may be corrected by people's labels
// (prediction-powered inference); without labels it may hold, never block.
#ifndef MINSLICE_GATE_METRICS_H_
#define MINSLICE_GATE_METRICS_H_

#include <span>
#include <string>
#include <vector>

#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"

namespace minslice::gate {

// What the metrics are computed from; `left_out`: ids of cases that the decision leaves out.
struct MetricInput {
  std::span<const RunLog> incumbent, candidate;
  std::span<const std::string> left_out;
};

// One row a metric, in the policy's order. Reasons: "metric_missing", "score_out_of_range",
// "metric_not_binary" (invalid), "guardrail_inferior", "metric_deteriorated" (blocked),
// "guardrail_unresolved", "judge_unlabelled" (hold).
std::vector<VerdictMetric> JudgeMetrics(const Policy& policy, const MetricInput& input,
                                        std::vector<VerdictReason>& reasons,
                                        std::vector<std::string>& warnings);

// The primary metric's row among the metrics: the aggregate.
VerdictMetric PrimaryMetric(const Policy& policy, const VerdictRow& aggregate);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_METRICS_H_
