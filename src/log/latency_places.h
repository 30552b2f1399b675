// Latency classes as places of an array: rows are counted there without looking anything up.
#ifndef MINSLICE_LOG_LATENCY_PLACES_H_
#define MINSLICE_LOG_LATENCY_PLACES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace minslice::log {

// 1000 classes below a millisecond, 900 of three digits in each of eight powers of ten, what would be rounded
// up to the ninth, and one for all beyond.
inline constexpr std::size_t kLatencyPlaces = 1000 + 8 * 900 + 2;

// Of the class LatencyClass(latency_ms), by the same arithmetic; kLatencyPlaces where that is -1. What is
// rounded up to a thousandth digit is the first class of the next power of ten there and here.
inline std::size_t LatencyPlace(double latency_ms) {
  if (!(latency_ms >= 0)) return kLatencyPlaces;
  // Behind the point there is nothing to be kept, and nothing is negative: a cast is floor().
  if (latency_ms < 1) return static_cast<std::size_t>(latency_ms * 1000);
  if (latency_ms < 10) return 900 + static_cast<std::size_t>(latency_ms * 100);
  if (latency_ms < 100) return 1800 + static_cast<std::size_t>(latency_ms * 10);
  constexpr std::array<double, 6> kPerClass = {1, 1e1, 1e2, 1e3, 1e4, 1e5};
  std::size_t before = 2700;
  for (const double per_class : kPerClass) {
    if (latency_ms < 1000 * per_class) return before + static_cast<std::size_t>(latency_ms / per_class);
    before += 900;
  }
  return kLatencyPlaces - 1;
}

// The class that is counted there.
inline std::int64_t LatencyClassAt(std::size_t place) {
  if (place < 1000) return static_cast<std::int64_t>(place);
  if (place == kLatencyPlaces - 1) return 1'000'000'000'000;
  auto at = static_cast<std::int64_t>((place - 1000) % 900 + 100) * 10;
  for (std::size_t power = (place - 1000) / 900; power > 0; --power) at *= 10;
  return at;
}

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LATENCY_PLACES_H_
