// Seeded bootstrap resamples by weights: each replicate draws how often every value is taken, exactly
// multinomial, and sums weight times value in one pass, without an index and without an allocation.
#ifndef MINSLICE_STATS_RESAMPLER_H_
#define MINSLICE_STATS_RESAMPLER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "stats/resampler_kernel.h"

namespace minslice::stats {

// Poisson weights with a mean a little below 1 are drawn for all values; given their total N they are
// multinomial, so n - N further draws of single values make them multinomial of n, exactly. Where N > n the
// replicate starts over, which depends on N alone and so changes nothing; the mean 1 - k/sqrt(n) balances
// the two costs. Poisson probabilities are held to 2^-48.
//
// Values are held as integers: as they are where all are whole and small enough, else as multiples of 2^-45
// of the largest, so sums are exact, equal resamples have equal sums, and the order of addition is of no
// consequence.
//
// Random numbers: xoroshiro128++ (Blackman, Vigna 2021) on eight lanes, sixteen bits a weight, its state from
// SplitMix64 at a place that (seed, replicate, purpose) gives; so a replicate's draws depend on nothing else.
// Kernels for AVX-512, AVX2 and plain C++ give the same bits.
class Resampler {
 public:
  // 1 to 2^31 - 1 values, finite; y empty or as long as x.
  explicit Resampler(std::span<const double> x, std::span<const double> y = {});
  // For Weights alone. n in [1, 2^31).
  explicit Resampler(std::int64_t n);

  struct Sums {
    double x = 0, y = 0;
  };

  // Sum of weight times x, and of weight times y. For the observed sample itself: Observed().
  Sums Draw(std::uint64_t seed, std::uint64_t replicate, std::uint32_t purpose) const;
  Sums Observed() const;

  // The weights themselves, the first n of the span, which must be n rounded up to a multiple of 32 long;
  // their sum is n. No weight of a replicate is above 255 (probability below 1e-300 a value).
  void Weights(std::span<std::uint8_t> weights, std::uint64_t seed, std::uint64_t replicate,
               std::uint32_t purpose) const;

  void UseMachine(resampling::Machine machine);  // for tests and benchmarks; the best one at first

 private:
  // Values as integer times unit, the integers in balanced 16-bit limbs.
  struct Column {
    double unit = 1;
    int limbs = 0;
    std::vector<std::int64_t> integer;
  };
  static Column MakeColumn(std::span<const double> values);
  static double Value(const Column& column, const std::int64_t* limb_sums, std::int64_t singles);
  // Calls single(i) for each single draw of value i; the sums of the weights before them are returned.
  template <class Single>
  resampling::Totals DrawWeights(std::uint64_t seed, std::uint64_t replicate, std::uint32_t purpose,
                                 std::uint8_t* weights, Single single) const;

  std::int64_t n_;
  bool poisson_;  // false: n single draws (few values)
  std::size_t blocks_ = 0;
  resampling::Alias alias_{};
  std::array<std::uint16_t, resampling::kBlock> last_mask_{};
  Column x_, y_;
  std::vector<std::int16_t> limbs_;  // by block, 32 of each limb of x, then of y
  resampling::Kernels with_values_{}, without_{};
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_RESAMPLER_H_
