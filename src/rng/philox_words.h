// Numbers of one stream from many places at a time: four counters a step where the machine has AVX2.
#ifndef MINSLICE_RNG_PHILOX_WORDS_H_
#define MINSLICE_RNG_PHILOX_WORDS_H_

#include <cstdint>
#include <span>

namespace minslice::rng {

// The numbers 2 b and 2 b + 1 of Next64() of Stream(seed, stream, purpose) for every b of `blocks`: one block
// of Philox makes both. `words`: two a block.
void PhiloxWords(std::uint64_t seed, std::uint64_t stream, std::uint32_t purpose,
                 std::span<const std::uint32_t> blocks, std::uint64_t* words);

}  // namespace minslice::rng

#endif  // MINSLICE_RNG_PHILOX_WORDS_H_
