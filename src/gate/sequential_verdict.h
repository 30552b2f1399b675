// The verdict of a policy that allows to stop early: the processes of gate/sequential.h decide, whether the
// run was stopped or not; fixed-n tests after looking would err too often (5 looks: 14 % instead of 5,
// methods 2.8).
#ifndef MINSLICE_GATE_SEQUENTIAL_VERDICT_H_
#define MINSLICE_GATE_SEQUENTIAL_VERDICT_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gate/rules.h"
#include "gate/sequential.h"
#include "minslice/paired_table.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"

namespace minslice::gate {

struct SequentialView {
  SequentialState state;
  std::int64_t cases = 0;
  std::vector<std::string> behind;  // ids of the cases that no look reached, ascending
};
// How far a run of both sides that stopped early may be looked at: to where its order has no gap. Nothing
// where a log of the incumbent is unfinished for another reason, or stopped in another order than the
// policy's.
std::optional<std::int64_t> StoppedTogether(const Policy& policy, std::span<const RunLog> incumbent,
                                            std::span<const RunLog> candidate);
// Goes through the cases in the policy's order, up to the decision, `most` cases, or the first case that the
// candidate has no row of.
SequentialView ViewSequential(const Policy& policy, const PairedTable& table,
                              std::optional<std::int64_t> most);

// Takes back what pairing says of a log that ends early if the processes decided in the rows it has: whatever
// ended it, they decided at their first crossing in an order that nobody chose. The incumbent's log may end
// early only where both stopped `together`. Fills verdict.sequential.
void AcceptStopped(const Policy& policy, const SequentialView& view, bool together,
                   std::span<const RunLog> candidate, std::vector<VerdictReason>& reasons, Verdict& verdict);

// The rules' figures with the interval and p of the processes, and their reasons instead of the fixed-n ones.
void DecideSequential(const Policy& policy, const SequentialView& view, const PairedTable& table,
                      Outcome& outcome);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_SEQUENTIAL_VERDICT_H_
