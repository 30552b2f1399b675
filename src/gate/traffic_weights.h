// Where the traffic lies (`weights: traffic.csv`), and what the candidate changes for it: the weighted delta.
#ifndef MINSLICE_GATE_TRAFFIC_WEIGHTS_H_
#define MINSLICE_GATE_TRAFFIC_WEIGHTS_H_

#include <optional>
#include <string>

#include "gate/analysis.h"
#include "gate/case_data.h"
#include "io/diagnostics.h"
#include "minslice/paired_table.h"
#include "minslice/policy.h"
#include "minslice/segment_policy.h"
#include "minslice/verdict.h"
#include "yaml/yaml.h"

namespace minslice::gate {

// `weights` of a policy: a CSV file with the columns value and weight (and dimension, the same in each row),
// or case_id and weight. Relative to `folder`.
TrafficWeights ReadWeights(const yaml::Map& root, const std::string& folder, const SegmentPolicy& segments,
                           io::Diagnostics& diagnostics);

// The delta with the policy's weights. By slice: delta_w = sum W_s delta_s with the variance sum W_s^2 v_s,
// v_s = (sum (d - mean_s)^2 + 1) / n_s^2, which is SliceVariance at one run a side (methods 2.5). By case:
// the weighted mean, linearised. Cases that share a cluster are summed before they are squared.
VerdictWeighted WeightedRow(const Policy& policy, const PairedTable& table, const CaseData& data,
                            const Analysis& aggregate);

// Held where suite and traffic point in different directions and the difference between them is no noise, at
// the level of the interval. Unweighted slices cannot all go one way and the aggregate the other: each pair
// has both sides, so the aggregate is their mean.
std::optional<VerdictReason> SimpsonClash(const VerdictWeighted& weighted, const Analysis& aggregate);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_TRAFFIC_WEIGHTS_H_
