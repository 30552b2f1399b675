// The fields of one case record as views into the line that holds them: what every reader of rows makes, and
// what rows and columns are made of.
#ifndef MINSLICE_LOG_ROW_FIELDS_H_
#define MINSLICE_LOG_ROW_FIELDS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "minslice/record.h"

namespace minslice::log {

struct RowFields {
  std::string_view case_id;
  int repeat = 1;
  Outcome outcome = Outcome::kInfraError;
  std::vector<std::pair<std::string_view, double>> scores;              // ascending by name
  std::vector<std::pair<std::string_view, std::string_view>> segments;  // ascending by dimension
  std::optional<std::string_view> cluster, prompt_sha256, response_model, system_fingerprint, finish_reason,
      output, error;
  std::optional<std::int64_t> input_tokens, output_tokens;
  std::optional<double> cost_usd, latency_ms, due_latency_ms, ttft_ms, tokens_per_s;
  std::shared_ptr<const GatewayFacts> via;
  int attempts = 1;

  void Clear() {
    auto kept_scores = std::move(scores);
    auto kept_segments = std::move(segments);
    kept_scores.clear();
    kept_segments.clear();
    *this = RowFields();
    scores = std::move(kept_scores);
    segments = std::move(kept_segments);
  }
};

CaseRecord ToRecord(const RowFields& row);
// Views into `record`.
void ViewRecord(const CaseRecord& record, RowFields& row);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_ROW_FIELDS_H_
