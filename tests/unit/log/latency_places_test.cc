// The array of latency classes counts what LatencyClass says.
#include "log/latency_places.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "minslice/case_counts.h"

namespace minslice::log {
namespace {

void Check(double latency_ms) {
  const std::size_t place = LatencyPlace(latency_ms);
  const std::int64_t expected = LatencyClass(latency_ms);
  if (expected < 0) {
    EXPECT_EQ(place, kLatencyPlaces) << latency_ms;
  } else {
    ASSERT_LT(place, kLatencyPlaces) << latency_ms;
    EXPECT_EQ(LatencyClassAt(place), expected) << latency_ms;
  }
}

TEST(LatencyPlacesTest, EveryPlaceIsAClassOfItsOwn) {
  std::int64_t last = -1;
  for (std::size_t place = 0; place < kLatencyPlaces; ++place) {
    const std::int64_t at = LatencyClassAt(place);
    EXPECT_GT(at, last);
    last = at;
    if (place == kLatencyPlaces - 2) continue;  // only what is rounded up would be counted there
    EXPECT_EQ(LatencyClass(static_cast<double>(at) / 1000 * (1 + 1e-12)), at) << place;
  }
}

TEST(LatencyPlacesTest, AgreesWithLatencyClass) {
  const double kInfinity = std::numeric_limits<double>::infinity();
  for (const double odd : {0.0, -0.0, -1.0, -kInfinity, kInfinity, std::nan(""), 5e-324, 1e308}) Check(odd);
  for (std::size_t place = 0; place < kLatencyPlaces; ++place) {
    double at = static_cast<double>(LatencyClassAt(place)) / 1000;
    for (int step = 0; step < 3; ++step) at = std::nextafter(at, 0.0);
    for (int step = 0; step < 7; ++step, at = std::nextafter(at, kInfinity)) Check(at);
  }
  std::mt19937_64 draw(1);
  std::uniform_real_distribution<double> exponent(-5, 11);
  for (int i = 0; i < 200000; ++i) Check(std::pow(10.0, exponent(draw)));
}

}  // namespace
}  // namespace minslice::log
