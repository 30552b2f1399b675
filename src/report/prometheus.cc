// Gauges only: the file is a snapshot of the last verdict. There is no timestamp in it (the collector exposes
// the file's own age), so the same verdict gives the same bytes.
#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "json/canonical.h"
#include "report/format.h"
#include "report/machine.h"
#include "report/machine_escape.h"

namespace minslice::report {
namespace {

// Series cost memory in the monitoring; beyond these slices, the best ones are left out and counted.
constexpr std::size_t kMaxSlices = 1000;

using Labels = std::vector<std::pair<const char*, std::string>>;

class Metrics {
 public:
  explicit Metrics(std::string suite) : suite_(MetricLabel(suite)) {}

  // The samples that follow belong to this metric; its head is written with the first of them.
  void Begin(const char* name, const char* help) {
    name_ = name;
    help_ = help;
  }
  void Sample(const Labels& labels, const std::optional<double>& value) {
    if (!value) return;
    if (help_ != nullptr) {
      text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name_, help_);
      help_ = nullptr;
    }
    text_ += fmt::format("{}{{suite=\"{}\"", name_, suite_);
    for (const auto& [key, label] : labels) text_ += fmt::format(",{}=\"{}\"", key, MetricLabel(label));
    text_ += "} ";
    json::AppendNumber(*value, text_);
    text_ += '\n';
  }
  std::string Take() { return text_ + "# EOF\n"; }

 private:
  std::string suite_;
  std::string text_;
  const char* name_ = "";
  const char* help_ = nullptr;
};

std::optional<double> Of(const std::optional<std::int64_t>& n) {
  return n ? std::optional(static_cast<double>(*n)) : std::nullopt;
}

void PutUsage(const Verdict& verdict, Metrics& metrics) {
  const std::pair<const char*, const SideUsage*> sides[] = {{"incumbent", &verdict.incumbent_usage},
                                                            {"candidate", &verdict.candidate_usage}};
  metrics.Begin("minslice_model_pass_ratio", "Pass rate of the rows that a model answered.");
  for (const auto& [side, usage] : sides) {
    for (const ModelUsage& model : usage->models) {
      if (model.rows > 0)
        metrics.Sample({{"side", side}, {"response_model", model.response_model}},
                       static_cast<double>(model.passes) / static_cast<double>(model.rows));
    }
  }
  metrics.Begin("minslice_model_rows", "Rows that a model answered.");
  for (const auto& [side, usage] : sides) {
    for (const ModelUsage& model : usage->models)
      metrics.Sample({{"side", side}, {"response_model", model.response_model}}, Of(model.rows));
  }
  metrics.Begin("minslice_infra_error_rows", "Rows without an answer for which the model is not to blame.");
  for (const auto& [side, usage] : sides) metrics.Sample({{"side", side}}, Of(usage->infra_errors));
  metrics.Begin("minslice_spend_usd", "What the rows of a side cost, as the logs say.");
  for (const auto& [side, usage] : sides) metrics.Sample({{"side", side}}, usage->spend_usd);
  metrics.Begin("minslice_tokens", "Tokens of the rows of a side.");
  for (const auto& [side, usage] : sides) {
    metrics.Sample({{"side", side}, {"type", "input"}}, Of(usage->input_tokens));
    metrics.Sample({{"side", side}, {"type", "output"}}, Of(usage->output_tokens));
  }
  metrics.Begin("minslice_latency_seconds", "Latency of answered rows by share of rows (nearest rank).");
  for (const auto& [side, usage] : sides) {
    for (const auto& [rank, value] :
         {std::pair("0.5", &usage->latency_p50_ms), {"0.95", &usage->latency_p95_ms}}) {
      if (*value) metrics.Sample({{"side", side}, {"rank", rank}}, **value / 1000);
    }
  }
}

}  // namespace

std::string VerdictPrometheus(const Verdict& verdict) {
  Metrics metrics(verdict.suite);
  metrics.Begin("minslice_gate_verdict", "1 for the verdict that was reached, 0 for the others.");
  for (const Decision decision :
       {Decision::kPromote, Decision::kHold, Decision::kInconclusive, Decision::kBlocked, Decision::kInvalid})
    metrics.Sample({{"verdict", DecisionName(decision)}}, decision == verdict.decision ? 1.0 : 0.0);
  metrics.Begin("minslice_gate_exit_code", "Exit code of the gate.");
  metrics.Sample({}, verdict.exit_code);
  metrics.Begin("minslice_gate_info", "Always 1; who was compared, and by which policy and run.");
  metrics.Sample({{"incumbent", ArmName(verdict.incumbent)},
                  {"candidate", ArmName(verdict.candidate)},
                  {"policy_sha256", verdict.policy_sha256},
                  {"run_hash", verdict.run_hash}},
                 1.0);
  const VerdictRow& all = verdict.aggregate;
  metrics.Begin("minslice_pairs", "Complete pairs.");
  metrics.Sample({}, static_cast<double>(all.n_pairs));
  metrics.Begin("minslice_pass_ratio", "Pass rate of a side over the pairs.");
  metrics.Sample({{"side", "incumbent"}}, all.incumbent_rate);
  metrics.Sample({{"side", "candidate"}}, all.candidate_rate);
  metrics.Begin("minslice_delta_ratio", "Candidate minus incumbent, with the bounds of its interval.");
  metrics.Sample({{"bound", "estimate"}}, all.delta);
  metrics.Sample({{"bound", "low"}}, all.ci_low);
  metrics.Sample({{"bound", "high"}}, all.ci_high);
  metrics.Begin("minslice_mde_ratio", "Smallest difference that the suite sees at the policy's power.");
  metrics.Sample({}, all.mde);
  metrics.Begin("minslice_broke_cases", "Cases that passed before and fail now.");
  metrics.Sample({}, static_cast<double>(verdict.broke.size()));
  metrics.Begin("minslice_fixed_cases", "Cases that failed before and pass now.");
  metrics.Sample({}, static_cast<double>(verdict.fixed.size()));
  metrics.Begin("minslice_repeat_spread_ratio", "Largest minus smallest pass rate over a side's repeats.");
  if (verdict.nondeterminism) {
    for (const auto& [side, repeats] : {std::pair("incumbent", &verdict.nondeterminism->incumbent),
                                        {"candidate", &verdict.nondeterminism->candidate}}) {
      if (*repeats) metrics.Sample({{"side", side}}, (*repeats)->spread);
    }
  }

  std::vector<const VerdictSegment*> segments = WorstFirst(verdict);
  const std::size_t omitted = segments.size() > kMaxSlices ? segments.size() - kMaxSlices : 0;
  segments.resize(segments.size() - omitted);
  const auto labels = [](const VerdictSegment& segment, Labels more = {}) {
    Labels all_labels = {{"dimension", segment.dimension}, {"slice", segment.value}};
    all_labels.insert(all_labels.end(), more.begin(), more.end());
    return all_labels;
  };
  metrics.Begin("minslice_slice_pairs", "Complete pairs of a slice.");
  for (const VerdictSegment* s : segments) metrics.Sample(labels(*s), static_cast<double>(s->row.n_pairs));
  metrics.Begin("minslice_slice_pass_ratio", "Pass rate of a side in a slice.");
  for (const VerdictSegment* s : segments) {
    metrics.Sample(labels(*s, {{"side", "incumbent"}}), s->row.incumbent_rate);
    metrics.Sample(labels(*s, {{"side", "candidate"}}), s->row.candidate_rate);
  }
  metrics.Begin("minslice_slice_delta_ratio",
                "Candidate minus incumbent in a slice, with the bounds of its interval.");
  for (const VerdictSegment* s : segments) {
    metrics.Sample(labels(*s, {{"bound", "estimate"}}), s->row.delta);
    metrics.Sample(labels(*s, {{"bound", "low"}}), s->row.ci_low);
    metrics.Sample(labels(*s, {{"bound", "high"}}), s->row.ci_high);
  }
  metrics.Begin("minslice_slice_blocked", "1 where the slice blocks the promotion.");
  for (const VerdictSegment* s : segments)
    metrics.Sample(labels(*s), SegmentDecision(*s) == Decision::kBlocked ? 1.0 : 0.0);
  metrics.Begin("minslice_slice_held", "1 where a person has to decide on the slice.");
  for (const VerdictSegment* s : segments)
    metrics.Sample(labels(*s), SegmentDecision(*s) == Decision::kHold ? 1.0 : 0.0);
  metrics.Begin("minslice_slices_omitted", "Slices beyond the first 1000, worst first, that are not listed.");
  metrics.Sample({}, static_cast<double>(omitted));
  PutUsage(verdict, metrics);
  return metrics.Take();
}

}  // namespace minslice::report
