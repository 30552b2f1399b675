// The paired table as the policy takes it: scores on [0, 1] with more being better, errors as fails or as
// missing rows, cases clustered, the runs of a case combined, cases left out.
#ifndef MINSLICE_GATE_PREPARE_H_
#define MINSLICE_GATE_PREPARE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minslice/paired_table.h"
#include "minslice/policy.h"

namespace minslice::gate {

// Whether segments.dimensions has this one, by itself or in a cross.
bool NamesDimension(const SegmentPolicy& policy, const std::string& name);

double Oriented(const MetricScale& scale, double score);

// Runs combined to one: "first", or "majority" of 0 and 1 (half of an even number is no majority: 0; runs
// without a score do not vote).
PairedTable CombineRuns(const PairedTable& table, const std::string& how);

// Without the cases of these indices, which ascend.
PairedTable LeaveOut(const PairedTable& table, std::span<const std::uint32_t> cases);

// What keeps a metric from being what the policy says it is: "metric_not_binary", "score_out_of_range",
// "cluster_absent".
struct TableFault {
  std::string code, text;
};

// Copies the table only where the policy changes it.
class PreparedTable {
 public:
  // Keeps a reference to `table`. `left_out`: case ids, ascending.
  PreparedTable(const Policy& policy, const PairedTable& table, std::span<const std::string> left_out = {});
  const PairedTable& table() const { return copy_ ? *copy_ : table_; }
  const std::vector<TableFault>& faults() const { return faults_; }

 private:
  const PairedTable& table_;
  std::optional<PairedTable> copy_;
  std::vector<TableFault> faults_;
};

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_PREPARE_H_
