#include "gate/usage.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "pair/answers.h"

namespace minslice::gate {
namespace {

// Dollars are added as whole billionths: the same sum whatever the order of the rows.
constexpr double kUnitsPerDollar = 1e9;

std::optional<double> NearestRank(std::vector<double>& values, double share) {
  if (values.empty()) return std::nullopt;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// A sum that does not fit (a broken log) stays where it was.
void AddTo(std::optional<std::int64_t>& sum, std::int64_t value) {
  std::int64_t next = 0;
  if (!__builtin_add_overflow(sum.value_or(0), value, &next)) sum = next;
}

}  // namespace

SideUsage UsageOf(std::span<const RunLog> logs) {
  SideUsage usage;
  std::map<std::string_view, ModelUsage> models;
  std::vector<double> latencies_ms;
  std::optional<std::int64_t> spend;
  ModelUsage* last = nullptr;  // rows of one model follow each other: no search for most
  std::string_view last_name;
  for (const RunLog& log : logs) {
    pair::ForEachUsage(log, [&](const auto& row) {
      ++usage.rows;
      // A request that failed may have been paid for all the same.
      if (row.cost_usd && std::isfinite(*row.cost_usd) && std::fabs(*row.cost_usd) < 1e6)
        AddTo(spend, std::llround(*row.cost_usd * kUnitsPerDollar));
      if (row.input_tokens) AddTo(usage.input_tokens, *row.input_tokens);
      if (row.output_tokens) AddTo(usage.output_tokens, *row.output_tokens);
      if (row.outcome == Outcome::kInfraError) {
        ++usage.infra_errors;
        return;
      }
      if (row.latency_ms && std::isfinite(*row.latency_ms)) latencies_ms.push_back(*row.latency_ms);
      const std::string_view name = row.response_model;
      if (last == nullptr || name != last_name) {
        last = &models[name];
        last_name = name;
      }
      ++last->rows;
      if (row.outcome == Outcome::kPass) ++last->passes;
    });
  }
  if (spend) usage.spend_usd = static_cast<double>(*spend) / kUnitsPerDollar;
  usage.latency_p50_ms = NearestRank(latencies_ms, 0.5);
  usage.latency_p95_ms = NearestRank(latencies_ms, 0.95);
  for (auto& [name, model] : models) {
    model.response_model = name;
    usage.models.push_back(std::move(model));
  }
  return usage;
}

}  // namespace minslice::gate
