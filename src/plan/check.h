// Whether a suite can answer a policy's question, before anything is spent (methods 2.4, 2.5).
#ifndef MINSLICE_PLAN_CHECK_H_
#define MINSLICE_PLAN_CHECK_H_

#include "minslice/plan.h"
#include "minslice/policy.h"
#include "plan/shape.h"

namespace minslice::plan {

struct CheckOptions {
  double drop = 0.15;  // of one slice, which the gate should see
};

CheckReport Check(const Policy& policy, const SuiteShape& shape, const PlanPsi& psi,
                  const CheckOptions& options);

}  // namespace minslice::plan

#endif  // MINSLICE_PLAN_CHECK_H_
