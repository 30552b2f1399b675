// How long a server asks to be left alone: providers and gateways say it in many ways.
#ifndef MINSLICE_RUN_RETRY_AFTER_H_
#define MINSLICE_RUN_RETRY_AFTER_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/client.h"

namespace minslice::run {

// "2", "0.5" or an HTTP date in any of the three forms of RFC 9110; never negative. nullopt where it is none.
std::optional<double> ParseRetryAfter(std::string_view value, std::int64_t unix_now);

// "6m0s", "1.5s", "20ms", "1h2m3s", "30 seconds": the first duration of the text; what follows it is left.
std::optional<double> ParseDuration(std::string_view text);

// In this order: retry-after-ms, retry-after and their renamed forms (LiteLLM puts llm_provider- before the
// provider's headers); of a 429 also the reset times of its used-up limits (x-ratelimit-reset-requests,
// anthropic-ratelimit-tokens-reset, ...) and the words of `message` ("try again in 1.2s").
std::optional<double> AskedToWait(const http::Response& response, std::string_view message,
                                  std::int64_t unix_now);

}  // namespace minslice::run

#endif  // MINSLICE_RUN_RETRY_AFTER_H_
