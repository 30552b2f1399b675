// What the planning commands read: logs, a suite, a plan file, and where psi comes from.
#ifndef MINSLICE_CLI_PLAN_INPUTS_H_
#define MINSLICE_CLI_PLAN_INPUTS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/open_log_argument.h"
#include "cli/session.h"
#include "json/json.h"
#include "minslice/plan.h"
#include "minslice/record.h"
#include "minslice/result.h"
#include "plan/shape.h"

namespace minslice::cli {

inline constexpr std::size_t kPlanWidth = 80;

// plan.yaml: a suite that does not exist yet (docs/planning.md).
struct PlanFile {
  plan::SuiteShape shape;
  std::optional<double> psi;
  std::optional<double> incumbent_rate;
  std::optional<double> noise = {};  // share of cases on which two runs of one side differ
};
Result<PlanFile> ReadPlanFile(const std::string& path);
Result<PlanFile> ParsePlanFile(const std::string& text, const std::string& path);

// From the repeats of one side's logs; nullopt where each case ran once.
std::optional<PlanPsi> PsiOfLogs(const std::vector<RunLog>& logs);

json::Value ToJson(const PlanPsi& psi);
// A number, or null.
template <class T>
json::Value OrNull(const std::optional<T>& value) {
  return value ? json::Value(*value) : json::Value(nullptr);
}

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_PLAN_INPUTS_H_
