// Input: a line "STATUS" or "STATUS name: value; name: value", then a body. What is read of it is bounded,
// one line, and says what kind of answer it is.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "http/client.h"
#include "run/answer.h"
#include "run/dialect.h"
#include "run/retry_after.h"

namespace minslice {
namespace {

using fuzz::Check;

http::Response Parse(std::string_view data) {
  http::Response response;
  const std::size_t line_end = std::min(data.find('\n'), data.size());
  std::string_view line = data.substr(0, line_end);
  response.body = data.substr(std::min(line_end + 1, data.size()));
  while (!line.empty() && line.front() >= '0' && line.front() <= '9' && response.status < 100) {
    response.status = response.status * 10 + (line.front() - '0');
    line.remove_prefix(1);
  }
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(';'), line.size());
    const std::string_view field = line.substr(0, end);
    const std::size_t colon = field.find(':');
    if (colon != std::string_view::npos) {
      http::Header header{std::string(field.substr(0, colon)), std::string(field.substr(colon + 1))};
      std::erase(header.name, ' ');
      if (header.value.starts_with(' ')) header.value.erase(0, 1);
      response.headers.push_back(std::move(header));
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return response;
}

bool OneBoundedLine(std::string_view text) {
  return text.size() <= 400 &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

void RunOne(std::string_view data) {
  constexpr std::int64_t kNow = 1'000'000'000;
  http::Response response = Parse(data);
  static run::AnswerReader reader;  // one reader reads many answers: nothing of the last may be left
  const run::Answer answer = reader.Read(response, kNow);
  const bool good = response.status >= 200 && response.status < 300;
  Check(good || answer.kind != run::AnswerKind::kText, "only a 2xx is graded");
  Check(answer.kind != run::AnswerKind::kText || answer.has_output, "what is graded has an output");
  Check((answer.kind == run::AnswerKind::kText) == answer.error.empty(), "what is not graded says why");
  Check(OneBoundedLine(answer.error), "an error is one bounded line");
  Check((answer.kind == run::AnswerKind::kEndRun) == (answer.end_reason != run::EndReason::kNone),
        "what ends a run has a reason");
  Check(!answer.pushed_back || answer.kind == run::AnswerKind::kRetry, "a push-back is asked again");
  Check(!answer.cost_usd || *answer.cost_usd >= 0, "a cost is not negative");
  Check(!answer.retry_after_s || *answer.retry_after_s >= 0, "a wait is not negative");
  if (answer.via != nullptr) {
    for (const auto* text : {&answer.via->provider, &answer.via->model, &answer.via->deployment,
                             &answer.via->request_id, &answer.via->cache}) {
      Check(!*text || OneBoundedLine(**text), "what a gateway says of itself is one bounded line");
    }
    const bool elsewhere = answer.via->fallbacks.value_or(0) > 0 || answer.via->retries.value_or(0) > 0;
    Check(!elsewhere || answer.kind != run::AnswerKind::kText, "an answer from elsewhere is not graded");
  }
  const std::optional<double> duration = run::ParseDuration(data);
  Check(!duration || *duration >= 0, "a duration is not negative");
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
