// What the rows of a log add up to beside their grades: who answered them, what they cost, how long they
// took. Whole numbers, so that neither the order of rows nor that of logs changes a sum.
#ifndef MINSLICE_LOG_ROW_SUMS_H_
#define MINSLICE_LOG_ROW_SUMS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "minslice/case_counts.h"
#include "minslice/record.h"

namespace minslice::log {

// What is summed of a row.
struct RowUsage {
  Outcome outcome = Outcome::kInfraError;
  std::string_view response_model;  // empty: not known
  std::optional<double> cost_usd, latency_ms;
  std::optional<std::int64_t> input_tokens, output_tokens;
  bool has_segments = false, has_cluster = false, has_prompt = false;
};
RowUsage UsageOf(const CaseRecord& record);

class RowSums {
 public:
  RowSums() = default;
  RowSums(RowSums&&) = default;
  RowSums& operator=(RowSums&&) = default;
  RowSums(const RowSums&) = delete;
  RowSums& operator=(const RowSums&) = delete;
  ~RowSums() = default;

  // `repeat`: 1 and more. Latency and model count where there was an answer. What would leave 64 bits is not
  // added.
  void Add(const RowUsage& row, int repeat);
  // What a CountedSide says of rows: neither `run` nor `lacks_...`.
  CountedSide sums() const;
  bool fits() const { return fits_; }  // every row was added in full

 private:
  CountedSide sums_;                   // without latency
  std::vector<std::int64_t> latency_;  // rows by LatencyPlace; empty: none
  CountedAnswers* last_ = nullptr;
  std::string_view last_name_;
  bool fits_ = true;
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_ROW_SUMS_H_
