// What a side's rows cost and who answered them, as the logs say. Sums do not depend on the order of rows.
#ifndef MINSLICE_USAGE_H_
#define MINSLICE_USAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace minslice {

struct ModelUsage {
  std::string response_model;  // empty: the rows do not say
  std::int64_t rows = 0;       // answered: pass, fail or model_error
  std::int64_t passes = 0;
};

// nullopt: no row of the side says.
struct SideUsage {
  std::int64_t rows = 0;
  std::int64_t infra_errors = 0;
  std::optional<double> spend_usd;
  std::optional<std::int64_t> input_tokens, output_tokens;
  std::optional<double> latency_p50_ms, latency_p95_ms;  // of answered rows, nearest rank
  std::vector<ModelUsage> models;                        // ascending by name
};

}  // namespace minslice

#endif  // MINSLICE_USAGE_H_
