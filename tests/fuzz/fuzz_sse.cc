// Input: any bytes as the body of a streamed answer.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "http/sse.h"
#include "run/answer.h"
#include "run/stream_answer.h"

namespace minslice {
namespace {

using fuzz::Check;

void RunOne(std::string_view data) {
  std::size_t end = 0;
  std::string again;
  const auto events = http::ParseSse(data);
  for (const http::SseEvent& event : events) {
    Check(event.end > end && event.end <= data.size(), "events end in order, inside the body");
    Check(event.data.find('\r') == std::string::npos, "no line ending is left in an event");
    end = event.end;
    again += "data:";
    for (const char c : event.data) {
      again += c;
      if (c == '\n') again += "data:";
    }
    again += "\n\n";
  }
  // A space after the colon is taken off once, so what begins with one is written with two.
  bool spaced = false;
  for (const http::SseEvent& event : events) spaced = spaced || event.data.find(' ') != std::string::npos;
  if (!spaced) {
    const auto twice = http::ParseSse(again);
    Check(twice.size() == events.size(), "what was read can be written and read");
    for (std::size_t i = 0; i < events.size(); ++i)
      Check(twice[i].data == events[i].data, "what was read is read the same twice");
  }
  // Whole events do not change with what follows them.
  Check(http::ParseSse(data.substr(0, end)).size() == events.size(), "an event needs nothing behind it");

  http::Response response;
  response.status = 200;
  response.headers = {{"content-type", "text/event-stream"}};
  response.body = data;
  response.arrivals = {{data.size() / 2, 1}, {data.size(), 2}};
  const auto times = run::GatherStream(response);
  Check(times.has_value(), "a stream is read as one");
  if (times->ttft_ms) Check(*times->ttft_ms <= times->last_ms, "the first text is not after the last");
  const run::Answer answer = run::AnswerReader().Read(response, 0);
  if (answer.kind == run::AnswerKind::kText) Check(answer.has_output, "an answer has an output");
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
