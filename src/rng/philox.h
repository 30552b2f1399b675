// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011). A draw is addressed by
// (seed, stream, purpose, position), so which thread makes it, and in which order, changes no digit.
#ifndef MINSLICE_RNG_PHILOX_H_
#define MINSLICE_RNG_PHILOX_H_

#include <array>
#include <cstdint>

namespace minslice::rng {

using PhiloxBlock = std::array<std::uint32_t, 4>;

// Ten rounds of the bijection on a counter under a key.
constexpr PhiloxBlock Philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53U} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57U} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

// The stream of one replicate. Cheap to make: nothing is computed before the first draw. A stream holds 2^34
// words. `purpose` keeps apart the streams of different uses of one seed (resampling, sign flips, simulation,
// ...).
class Stream {
 public:
  Stream(std::uint64_t seed, std::uint64_t stream, std::uint32_t purpose = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{0, purpose, static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)} {}

  std::uint32_t Next32() {
    if (used_ == 4) {
      block_ = Philox4x32(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }
  std::uint64_t Next64() {
    const std::uint64_t low = Next32();
    return low | (std::uint64_t{Next32()} << 32);
  }
  // Uniform in (0, 1): 53 bits and a half, never 0, never 1, so that logarithms and inverse CDFs are finite.
  double Uniform() { return (static_cast<double>(Next64() >> 12) + 0.5) * 0x1p-52; }
  // Uniform in {0, ..., bound - 1}, without bias (Lemire 2019); bound > 0.
  std::uint64_t Below(std::uint64_t bound) {
    Wide product = Wide{Next64()} * bound;
    if (static_cast<std::uint64_t>(product) < bound) {
      const std::uint64_t threshold = (0 - bound) % bound;
      while (static_cast<std::uint64_t>(product) < threshold) product = Wide{Next64()} * bound;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  std::array<std::uint32_t, 2> key_;
  PhiloxBlock counter_;
  PhiloxBlock block_{};
  unsigned used_ = 4;
};

}  // namespace minslice::rng

#endif  // MINSLICE_RNG_PHILOX_H_
