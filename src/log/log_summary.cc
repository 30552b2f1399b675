#include "log/log_summary.h"

#include "io/sha256.h"
#include "json/canonical.h"
#include "json/node.h"

namespace minslice::log {

std::string RequestSha256(const std::string& request_json) {
  const auto node = json::ParseNode(request_json.empty() ? "{}" : request_json, {});
  return io::Sha256Hex(node ? json::Canonical(*node) : request_json);
}

Result<LogSummary> SummarizeLog(const std::string& path) {
  LogSummary summary;
  long double spent = 0;
  bool any_cost = false;
  const auto scan = ScanLog(path, [&](std::vector<CaseRecord>&& rows) {
    for (const CaseRecord& row : rows) {
      ++summary.outcomes[OutcomeName(row.outcome)];
      if (row.response_model) ++summary.response_models[*row.response_model];
      summary.input_tokens += row.input_tokens.value_or(0);
      summary.output_tokens += row.output_tokens.value_or(0);
      if (row.cost_usd) {
        spent += *row.cost_usd;
        any_cost = true;
      }
    }
  });
  if (!scan) return tl::unexpected(scan.error());
  summary.run = scan->run;
  summary.rows = scan->rows;
  summary.bytes = scan->bytes;
  summary.sha256 = scan->sha256;
  summary.request_sha256 = RequestSha256(scan->run.request_json);
  if (any_cost) summary.spent_usd = static_cast<double>(spent);
  summary.finished = scan->end.has_value();
  if (scan->end) summary.ended_at = scan->end->ended_at;
  return summary;
}

}  // namespace minslice::log
