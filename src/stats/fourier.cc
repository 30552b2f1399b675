#include "stats/fourier.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace minslice::stats {

std::size_t PowerOfTwoAtLeast(std::size_t n) {
  std::size_t power = 1;
  while (power < n) power *= 2;
  return power;
}

Fourier::Fourier(std::size_t size) : size_(size), twiddle_(size / 2) {
  for (std::size_t k = 0; k < size / 2; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
    twiddle_[k] = {std::cos(angle), std::sin(angle)};
  }
}

void Fourier::Transform(std::span<std::complex<double>> values, int sign) const {
  for (std::size_t i = 1, reversed = 0; i < size_; ++i) {
    std::size_t bit = size_ >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (i < reversed) std::swap(values[i], values[reversed]);
  }
  const double direction = sign < 0 ? -1 : 1;
  for (std::size_t half = 1; half < size_; half *= 2) {
    const std::size_t stride = size_ / (2 * half);
    for (std::size_t start = 0; start < size_; start += 2 * half) {
      for (std::size_t k = 0; k < half; ++k) {
        const double c = twiddle_[k * stride].real();
        const double s = direction * twiddle_[k * stride].imag();
        const std::complex<double> high = values[start + half + k];
        const std::complex<double> turned(high.real() * c - high.imag() * s,
                                          high.real() * s + high.imag() * c);
        values[start + half + k] = values[start + k] - turned;
        values[start + k] += turned;
      }
    }
  }
}

}  // namespace minslice::stats
