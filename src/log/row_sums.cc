#include "log/row_sums.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "log/latency_places.h"
#include "minslice/answer_counts.h"

namespace minslice::log {
namespace {

// False where the sum would leave 64 bits; then it stays.
bool AddTo(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& value) {
  std::int64_t next = 0;
  if (!value) return true;
  if (__builtin_add_overflow(sum.value_or(0), *value, &next)) return false;
  sum = next;
  return true;
}

}  // namespace

RowUsage UsageOf(const CaseRecord& record) {
  return {record.outcome,
          record.response_model ? std::string_view(*record.response_model) : std::string_view(),
          record.cost_usd,
          record.latency_ms,
          record.input_tokens,
          record.output_tokens,
          !record.segments.empty(),
          record.cluster.has_value(),
          record.prompt_sha256.has_value()};
}

void RowSums::Add(const RowUsage& row, int repeat) {
  ++sums_.rows[static_cast<std::size_t>(row.outcome)];
  sums_.with_segments += row.has_segments ? 1 : 0;
  sums_.with_cluster += row.has_cluster ? 1 : 0;
  sums_.with_prompt += row.has_prompt ? 1 : 0;
  // A request that failed may have been paid for all the same.
  if (row.cost_usd && FitsCost(*row.cost_usd))
    fits_ = AddTo(sums_.cost_units, CostUnits(*row.cost_usd)) && fits_;
  fits_ = AddTo(sums_.input_tokens, row.input_tokens) && fits_;
  fits_ = AddTo(sums_.output_tokens, row.output_tokens) && fits_;
  if (row.outcome == Outcome::kInfraError) return;
  if (row.latency_ms) {
    if (latency_.empty()) latency_.resize(kLatencyPlaces);
    if (const std::size_t place = LatencyPlace(*row.latency_ms); place < kLatencyPlaces) ++latency_[place];
  }
  if (last_ == nullptr || last_name_ != row.response_model) {
    const auto entry = sums_.models.try_emplace(std::string(row.response_model)).first;
    last_ = &entry->second;
    last_name_ = entry->first;
  }
  ++RowsAt(last_->by_repeat, static_cast<std::size_t>(std::max(repeat, 1) - 1));
  if (row.outcome == Outcome::kPass) ++last_->passes;
}

CountedSide RowSums::sums() const {
  CountedSide sums = sums_;
  for (std::size_t place = 0; place < latency_.size(); ++place) {
    if (latency_[place] != 0)
      sums.latency.emplace_hint(sums.latency.end(), LatencyClassAt(place), latency_[place]);
  }
  return sums;
}

}  // namespace minslice::log
