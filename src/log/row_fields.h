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

#include "log/segment_memo.h"
#include "minslice/record.h"

namespace minslice::log {

class RowForm;

struct RowFields {
  std::string_view case_id;
  int repeat = 1;
  Outcome outcome = Outcome::kInfraError;
  std::vector<std::pair<std::string_view, double>> scores;  // ascending by name
  SegmentViews segments;                                    // ascending by dimension
  // Of a scanner that has met the same segments before: rows of one number have the same segments.
  std::uint32_t segments_number = SegmentMemo::kNone;
  std::vector<std::pair<std::string_view, std::string_view>> own_segments;  // what `segments` may point to
  std::optional<std::string_view> cluster, prompt_sha256, response_model, system_fingerprint, finish_reason,
      output, error;
  std::optional<std::string_view> deployment, cache;  // of `via`, where the row was scanned
  std::optional<std::int64_t> input_tokens, output_tokens;
  std::optional<double> cost_usd, latency_ms, due_latency_ms, ttft_ms, tokens_per_s;
  std::shared_ptr<const GatewayFacts> via;
  int attempts = 1;
  const RowForm* form = nullptr;  // of the line that was read, where one was

  // Field by field: this is done for every row, and most of what is here is a flag to lower.
  void Clear() {
    form = nullptr;
    case_id = {};
    repeat = 1;
    outcome = Outcome::kInfraError;
    scores.clear();
    segments = {};
    segments_number = SegmentMemo::kNone;
    own_segments.clear();
    for (auto* text : {&cluster, &prompt_sha256, &response_model, &system_fingerprint, &finish_reason,
                       &output, &error, &deployment, &cache})
      text->reset();
    input_tokens.reset();
    output_tokens.reset();
    for (auto* amount : {&cost_usd, &latency_ms, &due_latency_ms, &ttft_ms, &tokens_per_s}) amount->reset();
    if (via) via.reset();
    attempts = 1;
  }
};

CaseRecord ToRecord(const RowFields& row);
// Views into `record`.
void ViewRecord(const CaseRecord& record, RowFields& row);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_ROW_FIELDS_H_
