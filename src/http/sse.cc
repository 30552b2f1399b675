#include "http/sse.h"

namespace minslice::http {

std::vector<SseEvent> ParseSse(std::string_view body) {
  std::vector<SseEvent> events;
  SseEvent event;
  bool has_data = false;
  std::size_t at = body.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (at < body.size()) {
    const std::size_t end = body.find_first_of("\r\n", at);
    if (end == std::string_view::npos) break;  // a line that has not ended
    const std::string_view line = body.substr(at, end - at);
    at = end + 1;
    if (body[end] == '\r' && at < body.size() && body[at] == '\n') ++at;
    if (line.empty()) {
      if (has_data) {
        event.end = at;
        events.push_back(std::move(event));
      }
      event = SseEvent{};
      has_data = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "data") {
      if (has_data) event.data += '\n';
      event.data += value;
      has_data = true;
    } else if (name == "event") {
      event.type = value;
    }
  }
  return events;
}

}  // namespace minslice::http
