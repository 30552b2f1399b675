#include "gate/usage.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "minslice/case_counts.h"
#include "pair/answers.h"

namespace minslice::gate {
namespace {

// Nearest rank, by the lower end of its class: whole numbers add up over the parts of a run.
std::optional<double> NearestRank(const std::map<std::int64_t, std::int64_t>& classes, double share) {
  std::int64_t n = 0;
  for (const auto& [microseconds, rows] : classes) n += rows;
  auto left = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(share * static_cast<double>(n))));
  for (const auto& [microseconds, rows] : classes) {
    left -= rows;
    if (left <= 0) return static_cast<double>(microseconds) / 1000;
  }
  return std::nullopt;
}

// A sum that does not fit (a broken log) stays where it was.
void AddTo(std::optional<std::int64_t>& sum, std::int64_t value) {
  std::int64_t next = 0;
  if (!__builtin_add_overflow(sum.value_or(0), value, &next)) sum = next;
}

}  // namespace

SideUsage UsageOf(std::span<const RunLog> logs) {
  SideUsage usage;
  std::map<std::string, ModelUsage> models;
  std::map<std::int64_t, std::int64_t> latency;
  std::optional<std::int64_t> spend;
  for (const RunLog& log : logs) {
    const CountedSide side = pair::SumsOf(log).side;
    usage.rows += side.n_rows();
    usage.infra_errors += side.rows[static_cast<std::size_t>(Outcome::kInfraError)];
    if (side.cost_units) AddTo(spend, *side.cost_units);
    if (side.input_tokens) AddTo(usage.input_tokens, *side.input_tokens);
    if (side.output_tokens) AddTo(usage.output_tokens, *side.output_tokens);
    for (const auto& [at, rows] : side.latency) latency[at] += rows;
    for (const auto& [name, answers] : side.models) {
      ModelUsage& model = models[name];
      model.passes += answers.passes;
      for (const std::int64_t rows : answers.by_repeat) model.rows += rows;
    }
  }
  if (spend) usage.spend_usd = static_cast<double>(*spend) / kCostUnits;
  usage.latency_p50_ms = NearestRank(latency, 0.5);
  usage.latency_p95_ms = NearestRank(latency, 0.95);
  for (auto& [name, model] : models) {
    model.response_model = name;
    usage.models.push_back(std::move(model));
  }
  return usage;
}

}  // namespace minslice::gate
