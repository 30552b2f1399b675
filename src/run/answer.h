// What a gateway's answer means for the case that was asked: a pure reading of status, headers and body. The
// body comes from outside and is untrusted.
#ifndef MINSLICE_RUN_ANSWER_H_
#define MINSLICE_RUN_ANSWER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/client.h"
#include "minslice/record.h"

namespace minslice::run {

enum class AnswerKind : std::uint8_t {
  kText,        // an output to be graded
  kModelError,  // the model's own failing: truncated, refused, filtered, empty, context too long
  kRetry,       // says nothing about the model and may pass: 408, 429, 5xx, no connection, an unreadable 200
  kRejected,    // this request will not be taken, now or later: the remaining 4xx
  kNotFresh,  // an answer, but not the model's own to this request: from a cache, after a fallback or a retry
  kEndRun,    // no request will be taken: key, model, quota, address
};

enum class EndReason : std::uint8_t { kNone, kKey, kModel, kQuota, kAddress, kTls };

struct Answer {
  AnswerKind kind = AnswerKind::kRetry;
  EndReason end_reason = EndReason::kNone;
  std::string output;
  bool has_output = false;
  std::string error;  // one line, bounded; empty for kText
  std::optional<double> retry_after_s;
  bool pushed_back =
      false;  // kRetry because the gateway has too much to do: 429, 529, 503 with a Retry-After
  std::shared_ptr<const GatewayFacts> via;  // null: the gateway said nothing of itself

  std::optional<std::string> response_model;
  std::optional<std::string> system_fingerprint;
  std::optional<std::string> finish_reason;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<double> cost_usd;
};

class AnswerReader {
 public:
  AnswerReader();
  ~AnswerReader();

  // `unix_now` is for a Retry-After that gives a date. May enlarge the response's body by padding.
  Answer Read(http::Response& response, std::int64_t unix_now);

 private:
  struct Parser;
  Answer ReadCompletion(http::Response& response, std::int64_t unix_now, Answer answer);
  std::unique_ptr<Parser> parser_;
};

}  // namespace minslice::run

#endif  // MINSLICE_RUN_ANSWER_H_
