// Seeded bootstrap resamples by weights: each replicate draws how often every value is taken, exactly
// multinomial, and sums weight times value in one pass, without an index and without an allocation.
#ifndef MINSLICE_STATS_RESAMPLER_H_
#define MINSLICE_STATS_RESAMPLER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace minslice::stats {

// Poisson weights with a mean a little below 1 are drawn for all values; given their total N they are
// multinomial, so n - N further draws of single values make them multinomial of n, exactly. Where N > n the
// replicate starts over, which depends on N alone and so changes nothing; the mean 1 - 1.75/sqrt(n) balances
// the two costs. Poisson probabilities are held to 2^-32.
//
// Random numbers: xoshiro256++ (Blackman, Vigna 2021) on eight lanes, its state derived from Philox(seed,
// replicate, purpose); so a replicate's draws depend on nothing else. Kernels for AVX-512, AVX2 and plain C++
// add in the same order without fused multiply-add: the same bits everywhere.
class Resampler {
 public:
  // n in [1, 2^31).
  explicit Resampler(std::int64_t n);

  struct Sums {
    double x = 0, y = 0;
  };

  // Sum of weight times x, and of weight times y where y is not empty. Both of length n.
  Sums Draw(std::span<const double> x, std::span<const double> y, std::uint64_t seed, std::uint64_t replicate,
            std::uint32_t purpose) const;

  // The weights themselves; their sum is n. No weight of a replicate is above 255 (probability below 1e-300 a
  // value).
  void Weights(std::span<std::uint8_t> weights, std::uint64_t seed, std::uint64_t replicate,
               std::uint32_t purpose) const;

  enum class Kernel { kAvx512, kAvx2, kPortable };
  static Kernel Best();                                // of this machine
  void UseKernel(Kernel kernel) { kernel_ = kernel; }  // for tests and benchmarks; Best() at first

  static constexpr int kColumns = 16;
  struct alignas(64) Alias {  // Walker's alias table of the Poisson distribution, outcomes 0 ... 15
    std::array<std::uint32_t, kColumns> threshold;
    std::array<std::int32_t, kColumns> other;
  };
  struct alignas(64) State {
    std::array<std::array<std::uint64_t, 8>, 4> word;
  };

 private:
  std::int64_t n_;
  std::size_t steps_ = 1;  // of plain random numbers after the weights
  bool poisson_ = false;   // false: n single draws (few values)
  Alias alias_;
  Kernel kernel_;
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_RESAMPLER_H_
