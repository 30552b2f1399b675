// What `minslice simulate` runs on a suite, and its JSON form.
#ifndef MINSLICE_CLI_SIMULATE_REPORT_H_
#define MINSLICE_CLI_SIMULATE_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/plan_inputs.h"
#include "minslice/plan.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::cli {

struct SimulateOptions {
  std::string bad_slice;    // dimension:value, or a value alone; empty: the one nearest 47 pairs
  std::vector<double> psi;  // a table each; empty: the suite's
  std::int64_t runs = 1000;
  std::uint64_t seed = 0;
  std::optional<double> incumbent_rate;
  std::optional<double> icc = {};  // of the cases of one cluster; plan::kAssumedIcc
};
std::vector<Diagnostic> CheckSimulate(const SimulateOptions& options);

// The cases and slices that are simulated, and what is known of the pairs.
struct SimulateSuite {
  plan::SuiteShape shape;
  PlanPsi psi;
  double incumbent_rate = 0.85;
  int repeats = 1;  // runs a side: of the logs, or that the policy asks for
};
// From the plan file where there is one, else from the logs; psi from the logs' pairs, else from repeats.
Result<SimulateSuite> SimulateSuiteOf(const Policy& policy, const std::optional<PlanFile>& plan,
                                      const std::vector<RunLog>& incumbent,
                                      const std::vector<RunLog>& candidate);

Result<SimulationReport> SimulatePolicy(const Policy& policy, const SimulateSuite& suite,
                                        const SimulateOptions& options);

// Of the row's four rates, the largest Monte-Carlo standard error.
double LargestError(const SimulatedRow& row, std::int64_t runs);
json::Value SimulateJson(const SimulationReport& report);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_SIMULATE_REPORT_H_
