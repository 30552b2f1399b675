#include "plan/case_draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gate/case_data.h"

namespace minslice::plan {

int RunsAsked(const Policy& policy) {
  if (policy.runs.combine != "mean") return 1;
  return std::max({1, std::min(policy.runs.incumbent, policy.runs.candidate), policy.nondeterminism.runs});
}

Latent LatentOf(const CaseModel& model, double psi, double shift) {
  // Two runs of one side cannot differ more often than runs of two sides, nor than tosses of a coin.
  const double noise = std::clamp(model.noise, 0.0, std::min(psi, 0.49));
  Latent latent;
  latent.flip = (1 - std::sqrt(1 - 2 * noise)) / 2;
  latent.psi = (psi - noise) / (1 - 2 * noise);
  latent.shift = shift / (1 - 2 * latent.flip);
  return latent;
}

CaseDraw::CaseDraw(const Policy& policy, const SuiteShape& shape, const CaseModel& model)
    : policy_(policy), model_(model) {
  const auto n = static_cast<std::size_t>(shape.n);
  cell_of_case_ = shape.cell_of_case;
  if (cell_of_case_.empty()) {
    for (std::uint32_t c = 0; c < shape.cells.size(); ++c)
      cell_of_case_.insert(cell_of_case_.end(), static_cast<std::size_t>(shape.cells[c].n), c);
  }
  table_.case_ids.resize(n);  // no rule reads them
  for (std::size_t d = 0; d < shape.dimensions.size(); ++d) {
    Dimension& dimension = table_.dimensions.emplace_back();
    dimension.name = shape.dimensions[d].name;
    dimension.values = shape.dimensions[d].values;
    for (const std::uint32_t cell : cell_of_case_)
      dimension.value_of_case.push_back(shape.cells[cell].value[d]);
  }
  if (shape.clusters > 0) {
    table_.cluster_of_case = shape.cluster_of_case;
    std::uint32_t clusters = 0;
    for (const std::uint32_t cluster : table_.cluster_of_case) {
      if (cluster != kNoValue) clusters = std::max(clusters, cluster + 1);
    }
    table_.clusters.resize(clusters);
    cluster_draw_.resize(clusters);
  }
  for (PairedArm* arm : {&table_.incumbent, &table_.candidate}) {
    arm->repeats = model.repeats;
    const std::size_t rows = n * static_cast<std::size_t>(model.repeats);
    arm->scores.assign(rows, 0);
    arm->has_row.assign(rows, 1);
    arm->model_error.assign(rows, 0);
  }
}

gate::Outcome CaseDraw::Judge(std::span<const CellOutcome> outcomes, double flip, rng::Stream& stream) {
  for (double& draw : cluster_draw_) draw = stream.Uniform();
  const double together = std::sqrt(model_.icc);
  const auto runs_of = [&](PairedArm& arm, std::size_t i, bool passes) {
    const auto k = static_cast<std::size_t>(model_.repeats);
    for (std::size_t r = 0; r < k; ++r) {
      const bool passed = flip > 0 && stream.Uniform() < flip ? !passes : passes;
      arm.scores[i * k + r] = passed ? 1 : 0;
    }
  };
  for (std::size_t i = 0; i < cell_of_case_.size(); ++i) {
    double draw = stream.Uniform();
    if (!cluster_draw_.empty() && table_.cluster_of_case[i] != kNoValue && stream.Uniform() < together)
      draw = cluster_draw_[table_.cluster_of_case[i]];
    const CellOutcome& cell = outcomes[cell_of_case_[i]];
    const bool broke = draw < cell.broke;
    const bool fixed = !broke && draw < cell.broke + cell.fixed;
    const bool both = !broke && !fixed && draw < cell.broke + cell.fixed + cell.both;
    runs_of(table_.incumbent, i, broke || both);
    runs_of(table_.candidate, i, fixed || both);
  }
  const gate::CaseData data(table_, policy_, gate::Fill::kNone);
  gate::RuleInput input = data.Input();
  input.slice_intervals = false;
  return gate::ApplyRules(policy_, input);
}

}  // namespace minslice::plan
