// Server-sent events out of a body, as the HTML standard frames them (9.2.6): lines end in LF, CR or CR LF, a
// blank line ends an event, an event without data is none, what stands after the last blank line is no event
// yet.
#ifndef MINSLICE_HTTP_SSE_H_
#define MINSLICE_HTTP_SSE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace minslice::http {

struct SseEvent {
  std::string type;     // of its event field; empty: "message"
  std::string data;     // its data lines, joined by newlines
  std::size_t end = 0;  // of the event in the body
};

std::vector<SseEvent> ParseSse(std::string_view body);

}  // namespace minslice::http

#endif  // MINSLICE_HTTP_SSE_H_
