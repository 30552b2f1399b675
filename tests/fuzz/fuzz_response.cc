// Input: any bytes as what a connection of the socket client carries.
#include <cstdint>
#include <string_view>

#include "fuzz/check.h"
#include "http/response_parser.h"

namespace minslice {
namespace {

using fuzz::Check;
using State = http::ResponseParser::State;

constexpr std::size_t kMostBytes = 1000;

struct Read {
  http::Response response;
  State state = State::kHead;
  bool keep = false;
  std::size_t taken = 0;
};

Read ReadIn(std::string_view data, std::size_t piece) {
  Read read;
  http::ResponseParser parser;
  parser.Start(kMostBytes);
  while (!data.empty() && !parser.ended()) {
    const std::string_view part = data.substr(0, piece);
    const std::size_t n = parser.Feed(part, read.response);
    Check(n <= part.size(), "no more is taken than was given");
    Check(n == part.size() || parser.ended(), "what goes on takes everything");
    data.remove_prefix(n);
    read.taken += n;
  }
  read.state = parser.state();
  read.keep = parser.keep();
  Check(read.response.body.size() <= kMostBytes, "a body is bounded");
  const bool done = parser.Close();
  Check(!done || !parser.keep(), "what was closed is not kept");
  return read;
}

void RunOne(std::string_view data) {
  const Read whole = ReadIn(data, data.size() + 1);
  const Read bit = ReadIn(data, 1);
  Check(whole.state == bit.state, "the end does not depend on where the bytes were cut");
  if (whole.state != State::kDone) return;
  Check(whole.taken == bit.taken && whole.keep == bit.keep, "nor does where the response ends");
  Check(whole.response.status == bit.response.status && whole.response.body == bit.response.body &&
            whole.response.headers.size() == bit.response.headers.size(),
        "nor what it says");
  Check(whole.response.status >= 200, "an announcement is no response");
  const Read again = ReadIn(data.substr(0, whole.taken), data.size() + 1);
  Check(again.state == State::kDone && again.response.body == whole.response.body,
        "a response needs nothing behind it");
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
