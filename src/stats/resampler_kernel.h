// The inner loop of Resampler: random numbers, Poisson weights, weights times integers.
#ifndef MINSLICE_STATS_RESAMPLER_KERNEL_H_
#define MINSLICE_STATS_RESAMPLER_KERNEL_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace minslice::stats::resampling {

constexpr std::size_t kBlock = 32;  // values a step: eight lanes of 64 random bits, sixteen bits a value
constexpr int kColumns = 16;
constexpr int kMostLimbs = 6;

// Walker's alias table of a Poisson distribution, outcomes 0 ... 15. A 16-bit number's low four bits choose
// the column; the column's own outcome holds below cut[column], its other outcome above, and at the cut
// itself (one number in 4,096) 32 further bits decide against fraction[column].
struct alignas(64) Alias {
  std::array<std::uint16_t, kColumns> cut;
  std::array<std::uint16_t, kColumns> other;
  std::array<std::uint32_t, kColumns> fraction;
};

struct alignas(64) State {
  std::array<std::array<std::uint64_t, 8>, 2> word;  // xoroshiro128++, eight lanes
};

// The plain random numbers of a replicate: its window of 2^24 numbers of SplitMix64's sequence that starts at
// base, each xor offset. The first 16 are the words of its State, those after it decide at the cuts and
// choose single values.
struct Start {
  static constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15U;
  std::uint64_t base, offset;
  std::uint64_t drawn = 16;

  Start(std::uint64_t seed, std::uint64_t replicate, std::uint32_t purpose) {
    const std::uint64_t sequence = Mix(Mix(seed) + kGamma * (std::uint64_t{purpose} + 1));
    base = sequence + kGamma * (replicate << 24);
    offset = Mix(~sequence);
  }
  static std::uint64_t Mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  std::uint64_t Number(std::uint64_t i) const { return Mix(base + kGamma * i) ^ offset; }
  std::uint64_t Next() { return Number(++drawn); }
};

// What a kernel adds up: per limb the sum of weight times value, and the sum of the weights.
struct Totals {
  std::array<std::int64_t, kMostLimbs> limb{};
  std::int64_t weights = 0;
};

// Poisson weights for `blocks` blocks of 32 values; those of the last block that last_mask (32 times 0 or
// 0xFFFF) switches off are 0. `limbs` holds per block 32 numbers of each limb; with no limb the weights
// themselves are written to `weights`, 32 a block.
using WeightKernel = Totals (*)(const std::int16_t* limbs, std::uint8_t* weights, std::size_t blocks,
                                const std::uint16_t* last_mask, const Alias& alias, State& state,
                                Start& start);

enum class Machine { kAvx512, kAvx2, kPortable };
Machine BestMachine();

constexpr std::size_t kBatch = 64;  // single values

struct Kernels {
  void (*state)(const Start& start, State& state);
  WeightKernel weights;
  // The next kBatch single values, uniform on {0, ..., n - 1} without bias from 32 bits each (Lemire 2019):
  // the high half of the product with n, unless its low half is below 2^32 mod n, `refused`. Returns how many
  // there are: less than kBatch where some were refused.
  std::size_t (*singles)(Start& start, std::uint32_t n, std::uint32_t refused, std::uint32_t* out);
};
Kernels KernelsFor(Machine machine, int limbs);  // limbs in 0 ... kMostLimbs; the same bits on each machine

}  // namespace minslice::stats::resampling

#endif  // MINSLICE_STATS_RESAMPLER_KERNEL_H_
