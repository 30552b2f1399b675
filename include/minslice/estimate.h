// What a computation gives back: the value with its interval, level, n and method together, or a reason why
// not.
#ifndef MINSLICE_ESTIMATE_H_
#define MINSLICE_ESTIMATE_H_

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace minslice {

// Why something does not exist ("n = 0"), and what would be needed, in one sentence for people and a code for
// programs.
struct Reason {
  std::string code;  // snake_case, e.g. "no_pairs"
  std::string text;
};

template <class T>
using Computed = tl::expected<T, Reason>;

inline tl::unexpected<Reason> Undefined(std::string code, std::string text) {
  return tl::unexpected<Reason>(Reason{std::move(code), std::move(text)});
}

struct Interval {
  double lower = 0;
  double upper = 0;
};

// An estimate with its two-sided interval. Rates and differences are fractions, never points.
struct Estimate {
  double value = 0;
  double lower = 0;
  double upper = 0;
  double level = 0.95;  // two-sided confidence level, in (0, 1)
  std::int64_t n = 0;   // independent units
  std::string method;   // "tango", "wilson", ...
  std::vector<std::string> warnings;
};

struct Test {
  double statistic = 0;  // NaN where the test has none (exact tests)
  double p = 1;          // in [0, 1]; may underflow to 0, then log10_p tells
  double log10_p = 0;
  std::string method;
};

}  // namespace minslice

#endif  // MINSLICE_ESTIMATE_H_
