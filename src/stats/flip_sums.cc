#include "stats/flip_sums.h"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes the undefined lanes inside its own AVX-512 header for a mistake (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#define MINSLICE_X86 1
#endif

namespace minslice::stats {
namespace {

using Kernel = void (*)(const std::size_t*, std::size_t, const std::uint32_t*, const double*,
                        const std::uint64_t*, FlipSums*);

void Portable(const std::size_t* start, std::size_t groups, const std::uint32_t* slice, const double* value,
              const std::uint64_t* words, FlipSums* sums) {
  for (std::size_t k = 0; k < groups; ++k) {
    for (std::size_t e = start[k]; e < start[k + 1]; ++e) {
      double* const row = sums[slice[e]].by_flip.data();
      for (std::size_t f = 0; f < kFlips; ++f) row[f] += (words[k] >> f & 1U) != 0 ? value[e] : 0.0;
    }
  }
}

#if defined(MINSLICE_X86)

__attribute__((target("avx512f"))) void Avx512(const std::size_t* start, std::size_t groups,
                                               const std::uint32_t* slice, const double* value,
                                               const std::uint64_t* words, FlipSums* sums) {
  for (std::size_t k = 0; k < groups; ++k) {
    const std::uint64_t word = words[k];
    for (std::size_t e = start[k]; e < start[k + 1]; ++e) {
      double* const row = sums[slice[e]].by_flip.data();
      const __m512d v = _mm512_set1_pd(value[e]);
      for (std::size_t q = 0; q < 8; ++q) {
        const __m512d old = _mm512_load_pd(row + 8 * q);
        _mm512_store_pd(row + 8 * q, _mm512_mask_add_pd(old, static_cast<__mmask8>(word >> (8 * q)), old, v));
      }
    }
  }
}

__attribute__((target("avx2"))) void Avx2(const std::size_t* start, std::size_t groups,
                                          const std::uint32_t* slice, const double* value,
                                          const std::uint64_t* words, FlipSums* sums) {
  const __m256i bit = _mm256_set_epi64x(8, 4, 2, 1);
  for (std::size_t k = 0; k < groups; ++k) {
    for (std::size_t e = start[k]; e < start[k + 1]; ++e) {
      double* const row = sums[slice[e]].by_flip.data();
      const __m256d v = _mm256_set1_pd(value[e]);
      for (std::size_t q = 0; q < 16; ++q) {
        const __m256i four = _mm256_set1_epi64x(static_cast<long long>(words[k] >> (4 * q)));
        const __m256d on = _mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_and_si256(four, bit), bit));
        _mm256_store_pd(row + 4 * q, _mm256_add_pd(_mm256_load_pd(row + 4 * q), _mm256_and_pd(on, v)));
      }
    }
  }
}

#endif

Kernel Best() {
#if defined(MINSLICE_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return Avx512;
  if (__builtin_cpu_supports("avx2")) return Avx2;
#endif
  return Portable;
}

}  // namespace

void AddPlusSigns(const std::size_t* start, std::size_t groups, const std::uint32_t* slice,
                  const double* value, const std::uint64_t* words, FlipSums* sums) {
  static const Kernel kernel = Best();
  kernel(start, groups, slice, value, words, sums);
}

}  // namespace minslice::stats
