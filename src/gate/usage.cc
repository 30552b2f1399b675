#include "gate/usage.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "minslice/case_counts.h"
#include "pair/answers.h"
#include "pair/counted.h"

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

// Rows by class of latency; the classes of most rows are found without a search.
class LatencyCounts {
 public:
  void Add(std::int64_t at) {
    Slot& slot = slots_[static_cast<std::uint64_t>(at) * 0x9e3779b97f4a7c15U >> 54U];
    if (slot.at != at) {
      classes_[slot.at] += slot.rows;
      slot = {at, 0};
    }
    ++slot.rows;
  }
  void Add(std::int64_t at, std::int64_t rows) { classes_[at] += rows; }
  std::map<std::int64_t, std::int64_t> Take() {
    for (const Slot& slot : slots_) classes_[slot.at] += slot.rows;
    std::erase_if(classes_, [](const auto& entry) { return entry.second == 0; });
    return std::move(classes_);
  }

 private:
  struct Slot {
    std::int64_t at = 0, rows = 0;
  };
  std::array<Slot, 1024> slots_{};
  std::map<std::int64_t, std::int64_t> classes_;
};

// A sum that does not fit (a broken log) stays where it was.
void AddTo(std::optional<std::int64_t>& sum, std::int64_t value) {
  std::int64_t next = 0;
  if (!__builtin_add_overflow(sum.value_or(0), value, &next)) sum = next;
}

void AddCounted(const CountedSide& side, SideUsage& usage, std::optional<std::int64_t>& spend,
                LatencyCounts& latency, std::map<std::string_view, ModelUsage>& models) {
  for (const std::int64_t rows : side.rows) usage.rows += rows;
  usage.infra_errors += side.rows[static_cast<std::size_t>(Outcome::kInfraError)];
  if (side.cost_units) AddTo(spend, *side.cost_units);
  if (side.input_tokens) AddTo(usage.input_tokens, *side.input_tokens);
  if (side.output_tokens) AddTo(usage.output_tokens, *side.output_tokens);
  for (const auto& [at, rows] : side.latency) latency.Add(at, rows);
  for (const auto& [name, answers] : side.models) {
    ModelUsage& model = models[name];
    model.passes += answers.passes;
    for (const std::int64_t rows : answers.by_repeat) model.rows += rows;
  }
}

}  // namespace

SideUsage UsageOf(std::span<const RunLog> logs) {
  SideUsage usage;
  std::map<std::string_view, ModelUsage> models;
  LatencyCounts latencies;
  std::optional<std::int64_t> spend;
  ModelUsage* last = nullptr;  // rows of one model follow each other: no search for most
  std::string_view last_name;
  for (const RunLog& log : logs) {
    if (pair::CountsOf(log) != nullptr) {
      AddCounted(pair::CountedSideOf(log), usage, spend, latencies, models);
      continue;
    }
    pair::ForEachUsage(log, [&](const auto& row) {
      ++usage.rows;
      // A request that failed may have been paid for all the same.
      if (row.cost_usd && FitsCost(*row.cost_usd)) AddTo(spend, CostUnits(*row.cost_usd));
      if (row.input_tokens) AddTo(usage.input_tokens, *row.input_tokens);
      if (row.output_tokens) AddTo(usage.output_tokens, *row.output_tokens);
      if (row.outcome == Outcome::kInfraError) {
        ++usage.infra_errors;
        return;
      }
      if (row.latency_ms) {
        const std::int64_t at = LatencyClass(*row.latency_ms);
        if (at >= 0) latencies.Add(at);
      }
      const std::string_view name = row.response_model;
      if (last == nullptr || (name.data() != last_name.data() && name != last_name)) {
        last = &models[name];
        last_name = name;
      }
      ++last->rows;
      if (row.outcome == Outcome::kPass) ++last->passes;
    });
  }
  if (spend) usage.spend_usd = static_cast<double>(*spend) / kCostUnits;
  const std::map<std::int64_t, std::int64_t> latency = latencies.Take();
  usage.latency_p50_ms = NearestRank(latency, 0.5);
  usage.latency_p95_ms = NearestRank(latency, 0.95);
  for (auto& [name, model] : models) {
    model.response_model = name;
    usage.models.push_back(std::move(model));
  }
  return usage;
}

}  // namespace minslice::gate
