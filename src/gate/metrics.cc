#include "gate/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "gate/case_data.h"
#include "gate/integrity.h"
#include "gate/pairs_needed.h"
#include "gate/prepare.h"
#include "gate/sentences.h"
#include "gate/verdict_rows.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/prediction_powered.h"
#include "pair/pair.h"
#include "stats/normal.h"

namespace minslice::gate {
namespace {

constexpr std::int64_t kFewestLabels = 30;  // below, the normal interval of PPI is too narrow

void Add(Decision decision, const char* code, std::string text, std::vector<VerdictReason>& reasons) {
  reasons.push_back(InvalidReason(code, std::move(text)));
  reasons.back().decision = decision;
}

// Oriented scores of the complete pairs, apart by whether people labelled the case.
struct LabelledScores {
  std::vector<double> incumbent_y, candidate_y, incumbent_f, candidate_f, incumbent_u, candidate_u;
};

LabelledScores Split(const PairedTable& table, const Labels& labels, const MetricScale& scale,
                     bool& in_range) {
  LabelledScores scores;
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    if (!table.complete(i)) continue;
    const auto label = labels.by_case.find(table.case_ids[i]);
    if (label == labels.by_case.end()) {
      scores.incumbent_u.push_back(table.incumbent.case_mean(i));
      scores.candidate_u.push_back(table.candidate.case_mean(i));
      continue;
    }
    const double incumbent = Oriented(scale, label->second.incumbent);
    const double candidate = Oriented(scale, label->second.candidate);
    in_range = in_range && incumbent >= 0 && incumbent <= 1 && candidate >= 0 && candidate <= 1;
    scores.incumbent_y.push_back(incumbent);
    scores.candidate_y.push_back(candidate);
    scores.incumbent_f.push_back(table.incumbent.case_mean(i));
    scores.candidate_f.push_back(table.candidate.case_mean(i));
  }
  return scores;
}

// The row's figures again from labels and judge together.
Analysis Corrected(const Policy& policy, const PairedTable& table, const MetricPolicy& metric,
                   Analysis analysis, VerdictMetric& out) {
  const Labels& labels = metric.labels;
  const auto refuse = [&](std::string why) {
    analysis.ci_low = analysis.ci_high = analysis.p_value = analysis.p_harm = analysis.lower_bound =
        std::nullopt;
    analysis.delta = std::nullopt;
    analysis.non_inferior = analysis.inferior = analysis.worse = analysis.superior = false;
    analysis.warnings.push_back("delta, ci, p_value: " + std::move(why));
    return std::move(analysis);
  };
  bool in_range = true;
  const LabelledScores s = Split(table, labels, metric.scale, in_range);
  out.n_labels = static_cast<std::int64_t>(s.incumbent_y.size());
  if (!in_range) return refuse(labels.path + ": a label lies outside the metric's range");
  if (analysis.clusters)
    return refuse("labels and clusters together are not supported: cases must be independent");
  if (*out.n_labels < kFewestLabels)
    return refuse(fmt::format("{} labelled pairs, at least {} are needed", *out.n_labels, kFewestLabels));
  const stats::PairedLabels paired{s.incumbent_y, s.candidate_y, s.incumbent_f,
                                   s.candidate_f, s.incumbent_u, s.candidate_u};
  const auto shown = stats::PredictionPoweredDifference(paired, analysis.level);
  if (!shown) return refuse(shown.error().text);
  if (!(shown->standard_error > 0)) return refuse("neither labels nor judge vary");
  out.lambda = shown->lambda;
  const double delta = shown->estimate.value;
  const double error = shown->standard_error;
  const ErrorRates& rates = policy.error_rates;
  const double z_promote = stats::NormalUpperQuantile(rates.alpha_promote);
  const double z_block = stats::NormalUpperQuantile(rates.alpha_block);
  // The sides' judged means stand beside a corrected difference that is not theirs.
  analysis.counts.reset();
  analysis.delta = delta;
  analysis.ci_low = shown->estimate.lower;
  analysis.ci_high = shown->estimate.upper;
  analysis.method = shown->estimate.method;
  analysis.p_value = 2 * stats::NormalSf(std::fabs(delta / error));
  analysis.p_harm = stats::NormalCdf(delta / error);
  analysis.min_attainable_p.reset();
  analysis.lower_bound = delta - z_promote * error;
  analysis.non_inferior = *analysis.lower_bound > -metric.margin;
  analysis.inferior = delta + z_block * error < -metric.margin;
  analysis.worse = delta + z_block * error < 0;
  analysis.superior = ShowsGain(policy, analysis);
  analysis.variance = std::min(1.0, error * error * static_cast<double>(analysis.n));
  analysis.warnings.emplace_back("incumbent_rate, candidate_rate: the judge's, before the correction");
  return analysis;
}

std::string Shown(const VerdictMetric& metric) {
  const VerdictRow& row = metric.row;
  if (!row.delta) return fmt::format("{} {}: no difference could be computed", metric.role, metric.name);
  return fmt::format("{} {} {} (one-sided lower bound {}, margin {})", metric.role, metric.name,
                     Points(*row.delta), row.lower_bound ? Points(*row.lower_bound) : "none",
                     Size(metric.margin));
}

}  // namespace

VerdictMetric PrimaryMetric(const Policy& policy, const VerdictRow& aggregate) {
  VerdictMetric out;
  out.name = policy.metric;
  out.role = "primary";
  out.scale = policy.scale;
  out.margin = policy.margin;
  out.row = aggregate;
  out.row.warnings.clear();  // they stand at the aggregate
  return out;
}

std::vector<VerdictMetric> JudgeMetrics(const Policy& policy, const MetricInput& input,
                                        std::vector<VerdictReason>& reasons,
                                        std::vector<std::string>& warnings) {
  std::vector<VerdictMetric> metrics;
  std::vector<std::size_t> deterioration;  // of metrics
  std::vector<double> harm;
  std::vector<Analysis> analyses;
  for (const MetricPolicy& metric : policy.metrics) {
    VerdictMetric out;
    out.name = metric.name;
    out.role = metric.role;
    out.scale = metric.scale;
    out.judge = metric.judge;
    out.margin = metric.margin;
    const bool decides = metric.role != "report";
    const pair::PairResult paired = pair::Pair(input.incumbent, input.candidate, metric.name);
    for (const pair::Finding& finding : paired.findings) {
      if (finding.code != "metric_missing") continue;  // the others are found for the primary metric too
      if (decides) {
        Add(Decision::kInvalid, "metric_missing",
            fmt::format("{} {}: {}", metric.role, metric.name, finding.text), reasons);
      } else {
        warnings.push_back(fmt::format("metric {}: {}", metric.name, finding.text));
      }
    }
    Policy as_metric = policy;
    as_metric.goal = Goal::kNonInferiority;
    as_metric.gating.reset();
    as_metric.metric = metric.name;
    as_metric.scale = metric.scale;
    as_metric.margin = metric.margin;
    PreparedTable prepared(as_metric, paired.table, input.left_out);
    for (const TableFault& fault : prepared.faults()) {
      if (fault.code == "cluster_absent") continue;  // said of the primary metric
      if (decides) {
        Add(Decision::kInvalid, fault.code.c_str(), fault.text, reasons);
      } else {
        warnings.push_back(fault.text);
      }
    }
    Analysis analysis = AnalyseTable(as_metric, prepared.table(), metric.margin);
    if (!metric.labels.path.empty()) {
      out.labels_path = metric.labels.path;
      out.labels_sha256 = metric.labels.sha256;
      analysis = Corrected(as_metric, prepared.table(), metric, std::move(analysis), out);
    }
    out.row = AggregateRow(as_metric, analysis);
    if (metric.role == "deterioration") {
      deterioration.push_back(metrics.size());
      harm.push_back(analysis.p_harm.value_or(1));
    }
    metrics.push_back(std::move(out));
    analyses.push_back(std::move(analysis));
  }
  const std::vector<double> adjusted = stats::Holm(harm);
  for (std::size_t k = 0; k < deterioration.size(); ++k) {
    VerdictRow& row = metrics[deterioration[k]].row;
    if (!row.p_harm) continue;
    row.p_adjusted = adjusted[k];
    row.warnings.erase(
        std::remove_if(row.warnings.begin(), row.warnings.end(),
                       [](const std::string& text) { return text.starts_with("p_adjusted:"); }),
        row.warnings.end());
    row.status = adjusted[k] <= policy.error_rates.alpha_block ? "deteriorated" : "not_deteriorated";
  }
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    VerdictMetric& out = metrics[m];
    const MetricPolicy& metric = policy.metrics[m];
    const bool unlabelled = metric.judge && out.labels_path.empty();
    const auto block = [&](const char* code, std::string text) {
      if (unlabelled) {
        Add(Decision::kHold, "judge_unlabelled",
            text + "; a judge's metric without people's labels holds and does not block", reasons);
      } else {
        Add(Decision::kBlocked, code, std::move(text), reasons);
      }
    };
    if (metric.role == "deterioration" && out.row.status == "deteriorated") {
      block("metric_deteriorated",
            fmt::format("{} {} {}, p for harm {} by Holm over {} deterioration metric{} <= {}", metric.role,
                        metric.name, Points(out.row.delta.value_or(0)), PText(*out.row.p_adjusted),
                        deterioration.size(), deterioration.size() == 1 ? "" : "s",
                        Level(policy.error_rates.alpha_block)));
    }
    if (metric.role != "guardrail" || analyses[m].non_inferior) continue;
    if (analyses[m].inferior) {
      block("guardrail_inferior", fmt::format("{}: shown to be worse than the margin at one-sided {}",
                                              Shown(out), Level(policy.error_rates.alpha_block)));
    } else if (metric.on_unresolved != "report") {
      std::string text = Shown(out) + ": not shown non-inferior";
      if (analyses[m].variance) {
        const auto needed =
            PairsForMargin(RoundSignificant(*analyses[m].variance, 3), metric.margin, policy.error_rates);
        if (needed && *needed > analyses[m].n)
          text += fmt::format("; if its true difference were 0, {} pairs would show it", Count(*needed));
      }
      Add(metric.on_unresolved == "inconclusive" ? Decision::kInconclusive : Decision::kHold,
          "guardrail_unresolved", std::move(text), reasons);
    }
  }
  return metrics;
}

}  // namespace minslice::gate
