// Whether a suite can answer a policy's question, before anything is spent (methods 2.4, 2.5).
#ifndef MINSLICE_PLAN_CHECK_H_
#define MINSLICE_PLAN_CHECK_H_

#include <optional>
#include <string>

#include "minslice/plan.h"
#include "minslice/policy.h"
#include "plan/case_draw.h"
#include "plan/shape.h"

namespace minslice::plan {

struct CheckOptions {
  double drop = 0.15;              // of one slice, which the gate should see
  std::optional<double> icc = {};  // of clusters; kAssumedIcc where none is given
};

// What psi stands for where the primary metric is graded, and where to take it from.
std::string GradedSentence(const Policy& policy);

// Clusters count for less, n / (1 + (m - 1) icc) with m the size-weighted mean cluster; K runs a side make a
// pair's difference vary by psi - noise (1 - 1/K) instead of psi. Both are taken into every figure.
CheckReport Check(const Policy& policy, const SuiteShape& shape, const PlanPsi& psi,
                  const CheckOptions& options);

}  // namespace minslice::plan

#endif  // MINSLICE_PLAN_CHECK_H_
