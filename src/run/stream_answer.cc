#include "run/stream_answer.h"

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <string>

#include "http/sse.h"
#include "json/canonical.h"

namespace minslice::run {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;

struct Call {
  std::string id;
  std::string name;
  std::string arguments;
};

// What the chunks have said so far.
class Completion {
 public:
  // Whether the chunk held text of any kind.
  bool Add(element chunk) {
    // What stands beside the choices is the same in every chunk, or comes once (usage, extra_fields).
    simdjson::dom::object object;
    if (chunk.get(object) != SUCCESS) return false;
    for (const auto& [key, value] : object) {
      if (key == "choices" || key == "object" || value.is_null()) continue;
      beside_[std::string(key)] = simdjson::minify(value);
    }
    simdjson::dom::array choices;
    element choice;
    if (chunk["choices"].get_array().get(choices) != SUCCESS || choices.at(0).get(choice) != SUCCESS)
      return false;
    has_choice_ = true;
    std::string_view text;
    if (choice["finish_reason"].get_string().get(text) == SUCCESS) finish_reason_ = text;
    element delta;
    if (choice["delta"].get(delta) != SUCCESS) return false;
    bool any = false;
    const auto append = [&](const char* key, std::optional<std::string>& to) {
      if (delta[key].get_string().get(text) != SUCCESS) return;
      if (!to) to.emplace();
      *to += text;
      any = any || !text.empty();
    };
    append("content", content_);
    append("refusal", refusal_);
    std::optional<std::string> thinking;
    append("reasoning_content", thinking);
    append("reasoning", thinking);
    simdjson::dom::array calls;
    if (delta["tool_calls"].get_array().get(calls) == SUCCESS) {
      for (const element part : calls) {
        any = true;
        AddCall(part);
      }
    }
    return any;
  }

  bool ended() const { return !finish_reason_.empty(); }
  bool has_choice() const { return has_choice_; }

  std::string Body() const {
    std::string body = "{\"object\":\"chat.completion\"";
    for (const auto& [key, value] : beside_) {
      body += ',';
      json::AppendQuoted(key, body);
      body += ':';
      body += value;
    }
    body += ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":";
    AppendText(content_, body);
    if (refusal_) {
      body += ",\"refusal\":";
      AppendText(refusal_, body);
    }
    if (!calls_.empty()) {
      body += ",\"tool_calls\":[";
      for (const auto& [index, call] : calls_) {
        if (body.back() != '[') body += ',';
        body += "{\"id\":";
        json::AppendQuoted(call.id, body);
        body += ",\"type\":\"function\",\"function\":{\"name\":";
        json::AppendQuoted(call.name, body);
        body += ",\"arguments\":";
        json::AppendQuoted(call.arguments, body);
        body += "}}";
      }
      body += ']';
    }
    body += "},\"finish_reason\":";
    json::AppendQuoted(finish_reason_, body);
    body += "}]}";
    return body;
  }

 private:
  static void AppendText(const std::optional<std::string>& text, std::string& body) {
    if (text) {
      json::AppendQuoted(*text, body);
    } else {
      body += "null";
    }
  }

  void AddCall(element part) {
    std::int64_t index = 0;
    if (part["index"].get_int64().get(index) != SUCCESS) index = 0;
    Call& call = calls_[index];
    std::string_view text;
    if (part["id"].get_string().get(text) == SUCCESS) call.id = text;
    if (part["function"]["name"].get_string().get(text) == SUCCESS) call.name += text;
    if (part["function"]["arguments"].get_string().get(text) == SUCCESS) call.arguments += text;
  }

  std::map<std::string, std::string> beside_;
  std::optional<std::string> content_;
  std::optional<std::string> refusal_;
  std::map<std::int64_t, Call> calls_;
  std::string finish_reason_;
  bool has_choice_ = false;
};

double ArrivalOf(const http::Response& response, std::size_t end) {
  const auto found =
      std::lower_bound(response.arrivals.begin(), response.arrivals.end(), end,
                       [](const http::Arrival& arrival, std::size_t n) { return arrival.bytes < n; });
  return found == response.arrivals.end() ? response.latency_ms : found->at_ms;
}

void Truncated(http::Response& response, const char* why) {
  response.error = http::TransportError::kTruncated;
  response.error_text = why;
}

}  // namespace

std::optional<double> StreamTimes::TokensPerSecond(std::optional<std::int64_t> tokens) const {
  const std::int64_t n = tokens.value_or(chunks);
  if (!ttft_ms || n < 2 || chunks < 2 || last_ms <= *ttft_ms) return std::nullopt;
  return static_cast<double>(n - 1) / (last_ms - *ttft_ms) * 1000;
}

std::optional<StreamTimes> GatherStream(http::Response& response) {
  if (response.error != http::TransportError::kNone || response.status != 200) return std::nullopt;
  const std::string* type = response.FindHeader("content-type");
  if (type == nullptr || !type->starts_with("text/event-stream")) return std::nullopt;
  StreamTimes times;
  Completion completion;
  simdjson::dom::parser parser;
  bool done = false;
  for (const http::SseEvent& event : http::ParseSse(response.body)) {
    if (event.data == "[DONE]") {
      done = true;
      break;
    }
    element chunk;
    if (parser.parse(event.data).get(chunk) != SUCCESS || !chunk.is_object()) {
      Truncated(response, "a chunk of the stream is no JSON object");
      return times;
    }
    element error;
    if (chunk["error"].get(error) == SUCCESS && !error.is_null()) {
      response.body = event.data;
      return times;
    }
    if (!completion.Add(chunk)) continue;
    ++times.chunks;
    times.last_ms = ArrivalOf(response, event.end);
    if (!times.ttft_ms) times.ttft_ms = times.last_ms;
  }
  // Some servers leave out the last word and close after finish_reason.
  if (!completion.ended() || (!done && !completion.has_choice())) {
    Truncated(response, "the stream ended before the answer did");
    return times;
  }
  response.body = completion.Body();
  return times;
}

}  // namespace minslice::run
