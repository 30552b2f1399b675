#include "run/endings.h"

#include <fmt/format.h>

namespace minslice::run {

const char* StopReason(End end) {
  switch (end) {
    case End::kInterrupted:
      return "interrupted";
    case End::kUnreachable:
      return "unreachable";
    case End::kRefused:
      return "refused";
    case End::kRejected:
      return "rejected";
    case End::kBudget:
      return "budget_exhausted";
    case End::kDecided:
      return "decided";
    case End::kComplete:
      break;
  }
  return "unfinished";
}

std::string Refusal(const RunOptions& options, const Answer& answer) {
  const auto text = [&](const char* what) {
    return fmt::format("gateway {} {} \"{}\": {}", options.gateway_name, what, options.model, answer.error);
  };
  switch (answer.end_reason) {
    case EndReason::kKey:
      return text("does not accept the key for model");
    case EndReason::kModel:
      return text("has no model");
    case EndReason::kTls:
      return fmt::format("gateway {} cannot be reached by TLS: {}", options.gateway_name, answer.error);
    case EndReason::kQuota:
      return text("refuses for lack of quota or budget, model");
    default:
      break;
  }
  std::string message = text("knows no such address; asked for model");
  if (!options.base_url.ends_with("/v1")) message += " (base_url usually ends in /v1)";
  return message;
}

}  // namespace minslice::run
