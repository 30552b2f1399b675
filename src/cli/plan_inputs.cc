#include "cli/plan_inputs.h"

#include <utility>

#include "cli/open_log_argument.h"
#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "pair/pair.h"
#include "yaml/yaml.h"

namespace minslice::cli {

Result<PlanFile> ReadPlanFile(const std::string& path) {
  const Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  return ParsePlanFile(*text, path);
}

Result<PlanFile> ParsePlanFile(const std::string& text, const std::string& path) {
  io::Diagnostics diagnostics;
  const yaml::Map root = yaml::ParseMap(text, path, diagnostics);
  PlanFile plan;
  const std::int64_t version = root.GetInt("version", 1);
  if (version != 1) root.Error("version", "only version 1 of the plan file is known");
  plan.psi = root.FindDouble("psi", {.min = 0, .max = 1, .open_min = true});
  plan.incumbent_rate = root.FindDouble("incumbent_rate", {.min = 0, .max = 1});
  plan.noise = root.FindDouble("noise", {.min = 0, .max = 0.5});
  const std::string dimension = root.GetString("dimension", "slice");
  const yaml::Map slices = root.GetMap("slices");
  std::vector<std::pair<std::string, std::int64_t>> sizes;
  for (const std::string& name : slices.Keys()) {
    const std::int64_t n = slices.RequireInt(name, {.min = 1, .max = 1e9});
    if (n > 0) sizes.emplace_back(name, n);
  }
  slices.Finish();
  root.Finish();
  if (diagnostics.empty() && sizes.empty()) {
    root.Error(
        "slices",
        "slices must name at least one slice with its number of cases, e.g. slices: {refund_flow: 47}");
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  std::sort(sizes.begin(), sizes.end());
  plan.shape = plan::ShapeOfSizes(dimension, sizes);
  plan.shape.suite = path;
  return plan;
}

std::optional<PlanPsi> PsiOfLogs(const std::vector<RunLog>& logs) {
  if (logs.empty()) return std::nullopt;
  const pair::PairResult paired = pair::Pair(logs, logs);
  return plan::PsiOfRepeats(paired.table.incumbent.scores, paired.table.incumbent.repeats);
}

json::Value ToJson(const PlanPsi& psi) {
  return {{"value", psi.value},         {"low", psi.low},  {"high", psi.high}, {"source", psi.source},
          {"noise", OrNull(psi.noise)}, {"text", psi.text}};
}

}  // namespace minslice::cli
