#include "gate/beyond_counts.h"

namespace minslice::gate {
std::vector<std::string> BeyondCounts(const Policy& policy) {
  std::vector<std::string> beyond;
  const auto add = [&](bool asked, const char* what) {
    if (asked) beyond.emplace_back(std::string(what) + ": counts hold no ids; gate the logs themselves");
  };
  add(!policy.flaky.quarantine.path.empty(), "the policy's quarantine file leaves out cases by id");
  add(policy.weights.present() && policy.weights.by_case, "the policy weighs cases by id");
  add(policy.anchor.has_value(), "the policy's anchor is joined by id");
  for (const MetricPolicy& metric : policy.metrics)
    add(!metric.labels.path.empty(), "the policy's labels are joined by id");
  if (policy.sequential) {
    beyond.emplace_back(
        "the policy stops early, which looks at cases in their order: counts have none; gate the logs "
        "themselves");
  }
  return beyond;
}

}  // namespace minslice::gate
