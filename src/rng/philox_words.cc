#include "rng/philox_words.h"

#include <cstddef>

#include "rng/philox.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define MINSLICE_X86 1
#endif

namespace minslice::rng {
namespace {

struct Place {
  std::array<std::uint32_t, 2> key;
  PhiloxBlock counter;  // but for its first word, the number of the block
};

void Portable(const Place& place, std::span<const std::uint32_t> blocks, std::uint64_t* words) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    PhiloxBlock counter = place.counter;
    counter[0] = blocks[i];
    const PhiloxBlock block = Philox4x32(counter, place.key);
    words[2 * i] = block[0] | std::uint64_t{block[1]} << 32U;
    words[2 * i + 1] = block[2] | std::uint64_t{block[3]} << 32U;
  }
}

#if defined(MINSLICE_X86)

constexpr std::size_t kStep = 4;  // blocks

__attribute__((target("avx2"))) inline __m256i All(std::uint32_t value) {
  return _mm256_set1_epi64x(static_cast<long long>(value));
}

// A number of 32 bits in each lane of 64; what is above is of no consequence: the product reads the low half.
__attribute__((target("avx2"))) void Avx2(const Place& place, std::span<const std::uint32_t> blocks,
                                          std::uint64_t* words) {
  const __m256i multiplier0 = All(0xD2511F53U), multiplier1 = All(0xCD9E8D57U), low = All(0xFFFFFFFFU);
  const __m256i second = All(place.counter[1]), third = All(place.counter[2]), fourth = All(place.counter[3]);
  for (std::size_t i = 0; i < blocks.size(); i += kStep) {
    __m256i c0 = _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks.data() + i)));
    __m256i c1 = second, c2 = third, c3 = fourth;
    std::uint32_t key0 = place.key[0], key1 = place.key[1];
    for (int round = 0; round < 10; ++round) {
      const __m256i product0 = _mm256_mul_epu32(c0, multiplier0);
      const __m256i product1 = _mm256_mul_epu32(c2, multiplier1);
      c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product1, 32), c1), All(key0));
      c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product0, 32), c3), All(key1));
      c1 = product1;
      c3 = product0;
      key0 += 0x9E3779B9U;
      key1 += 0xBB67AE85U;
    }
    const __m256i even = _mm256_or_si256(_mm256_and_si256(c0, low), _mm256_slli_epi64(c1, 32));
    const __m256i odd = _mm256_or_si256(_mm256_and_si256(c2, low), _mm256_slli_epi64(c3, 32));
    const __m256i first = _mm256_unpacklo_epi64(even, odd), last = _mm256_unpackhi_epi64(even, odd);
    auto* out = reinterpret_cast<__m256i*>(words + 2 * i);
    _mm256_storeu_si256(out, _mm256_permute2x128_si256(first, last, 0x20));
    _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(first, last, 0x31));
  }
}

#endif

}  // namespace

void PhiloxWords(std::uint64_t seed, std::uint64_t stream, std::uint32_t purpose,
                 std::span<const std::uint32_t> blocks, std::uint64_t* words) {
  const Place place{
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)},
      {0, purpose, static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32U)}};
#if defined(MINSLICE_X86)
  static const bool wide = [] {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
  }();
  if (wide) {
    const std::size_t whole = blocks.size() - blocks.size() % kStep;
    Avx2(place, blocks.first(whole), words);
    blocks = blocks.subspan(whole);
    words += 2 * whole;
  }
#endif
  Portable(place, blocks, words);
}

}  // namespace minslice::rng
