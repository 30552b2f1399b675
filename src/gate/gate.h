// Policy + paired logs -> verdict, methods section 3. Pure: same inputs, same verdict.
#ifndef MINSLICE_GATE_GATE_H_
#define MINSLICE_GATE_GATE_H_

#include <optional>
#include <span>
#include <vector>

#include "gate/ledger.h"
#include "gate/review.h"

#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/verdict.h"
#include "pair/pair.h"

namespace minslice::gate {

// What a verdict depends on beside policy and logs. All of it but the reviews is in the run hash.
struct Context {
  std::span<const RunLog> anchor;                 // of policy.anchor
  std::optional<std::vector<LedgerLine>> ledger;  // of policy.ledger; absent: the policy names no file
  Reviews reviews;
};

Verdict Decide(const Policy& policy, const pair::PairResult& paired, std::span<const RunLog> incumbent,
               std::span<const RunLog> candidate, const Context& context = {});

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_GATE_H_
