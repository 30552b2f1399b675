#include "reduce/counts_line.h"

#include <algorithm>
#include <cstddef>

namespace minslice::reduce {
namespace {

class LineWalk {
 public:
  explicit LineWalk(std::string_view line) : rest_(line) {}

  bool Take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  // The text up to the next quote, which is taken too. Only where no character of it is escaped or beyond
  // ASCII.
  bool TakeText(std::string_view& text) {
    std::size_t n = 0;
    while (n < rest_.size() && rest_[n] != '"') {
      const auto c = static_cast<unsigned char>(rest_[n]);
      if (c < 0x20 || c >= 0x7F || c == '\\') return false;
      ++n;
    }
    text = rest_.substr(0, n);
    rest_.remove_prefix(std::min(n + 1, rest_.size()));
    return true;
  }
  bool TakeCount(std::int64_t& count) {
    constexpr std::size_t kMostDigits = 18;
    std::size_t n = 0;
    for (count = 0; n < rest_.size() && n < kMostDigits && rest_[n] >= '0' && rest_[n] <= '9'; ++n)
      count = count * 10 + (rest_[n] - '0');
    if (n == 0 || rest_[0] == '0') return false;
    rest_.remove_prefix(n);
    return true;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace

bool ReadPlainLine(std::string_view line, PlainLine& out) {
  LineWalk walk(line);
  out.clustered = walk.Take("{\"cluster\":\"");
  if (out.clustered ? !walk.TakeText(out.cluster) || !walk.Take(",\"n\":{") : !walk.Take("{\"n\":{"))
    return false;
  out.cases.clear();
  do {
    auto& [pattern, cases] = out.cases.emplace_back();
    if (!walk.Take("\"") || !walk.TakeText(pattern) || !walk.Take(":") || !walk.TakeCount(cases))
      return false;
  } while (walk.Take(","));
  if (!walk.Take("},") || !walk.rest().starts_with(kSetBegin)) return false;
  out.set = walk.rest();
  return true;
}

}  // namespace minslice::reduce
