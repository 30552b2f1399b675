// What a log says of itself and adds up to, read in pieces.
#ifndef MINSLICE_LOG_LOG_SUMMARY_H_
#define MINSLICE_LOG_LOG_SUMMARY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "log/log_scan.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::log {

struct LogSummary {
  RunRecord run;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::string sha256;          // of the log
  std::string request_sha256;  // of the canonical request settings
  std::map<std::string, std::int64_t> outcomes;
  std::map<std::string, std::int64_t> response_models;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::optional<double> spent_usd;
  bool finished = false;
  std::string ended_at;  // empty: not finished
};

std::string RequestSha256(const std::string& request_json);

Result<LogSummary> SummarizeLog(const std::string& path);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LOG_SUMMARY_H_
