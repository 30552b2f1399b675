// In-place fast Fourier transform of 2^k complex numbers.
#ifndef MINSLICE_STATS_FOURIER_H_
#define MINSLICE_STATS_FOURIER_H_

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace minslice::stats {

// Twiddle factors are computed directly, not by recurrence: the error of a transform stays near 1e-16
// sqrt(log2 size).
class Fourier {
 public:
  explicit Fourier(std::size_t size);  // a power of two

  // out[j] = sum_k in[k] exp(sign 2 pi i j k / size); not normalised.
  void Transform(std::span<std::complex<double>> values, int sign) const;

 private:
  std::size_t size_;
  std::vector<std::complex<double>> twiddle_;  // exp(2 pi i k / size), k < size / 2
};

// The smallest power of two >= n.
std::size_t PowerOfTwoAtLeast(std::size_t n);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_FOURIER_H_
