#include "run/backoff.h"

#include <algorithm>
#include <cmath>

namespace minslice::run {

double WaitSeconds(const BackoffOptions& options, int failures, bool heard,
                   std::optional<double> retry_after_s, double uniform) {
  if (retry_after_s) {
    const double asked = std::clamp(*retry_after_s, 0.0, options.retry_after_cap_s);
    return asked + uniform * std::max(0.25, asked / 10);
  }
  const double base = heard ? options.base_s : options.unheard_base_s;
  const double cap = heard ? options.cap_s : options.unheard_cap_s;
  return uniform * std::min(cap, std::ldexp(base, std::clamp(failures, 1, 60) - 1));
}

double Jitter(std::uint64_t seed, std::uint64_t item, int failures) {
  std::uint64_t x = seed;
  for (const std::uint64_t part : {item, static_cast<std::uint64_t>(failures)}) {
    x += 0x9e3779b97f4a7c15ULL * (part + 1);  // splitmix64
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    x ^= x >> 31;
  }
  return static_cast<double>(x >> 11) * 0x1.0p-53;
}

}  // namespace minslice::run
