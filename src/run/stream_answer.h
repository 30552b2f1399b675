// A streamed completion put together again: its chunks become the body that an answer in one piece has, so
// that one reader reads both; and the times at which its text came.
#ifndef MINSLICE_RUN_STREAM_ANSWER_H_
#define MINSLICE_RUN_STREAM_ANSWER_H_

#include <cstdint>
#include <optional>

#include "http/client.h"

namespace minslice::run {

struct StreamTimes {
  std::optional<double> ttft_ms;  // from the sending of the request to the first text or call
  double last_ms = 0;             // of the last text
  std::int64_t chunks = 0;        // with text

  // Of `tokens` (of the server's own count; the chunks where it gives none) those after the first, by the
  // time from the first to the last; nullopt where there is no such time.
  std::optional<double> TokensPerSecond(std::optional<std::int64_t> tokens) const;
};

// Nothing for a response that is no stream of events. A stream that ended before the answer did becomes the
// transport error kTruncated; an error in a stream becomes the body alone.
std::optional<StreamTimes> GatherStream(http::Response& response);

}  // namespace minslice::run

#endif  // MINSLICE_RUN_STREAM_ANSWER_H_
