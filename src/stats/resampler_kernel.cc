#include "stats/resampler_kernel.h"

#include <algorithm>
#include <utility>

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes the undefined lanes inside its own AVX-512 header for a mistake (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#define MINSLICE_X86 1
#endif

namespace minslice::stats::resampling {
namespace {

// Blocks until the 32-bit lanes are emptied: two weights of at most 15 times 2^15 a block.
constexpr std::size_t kRun = 2048;

[[gnu::always_inline]] inline std::uint64_t RotateLeft(std::uint64_t value, int count) {
  return (value << count) | (value >> (64 - count));
}

[[gnu::always_inline]] inline std::uint64_t StepLane(State& state, std::size_t lane) {
  std::uint64_t& s0 = state.word[0][lane];
  std::uint64_t& s1 = state.word[1][lane];
  const std::uint64_t r = RotateLeft(s0 + s1, 17) + s0;
  s1 ^= s0;
  s0 = RotateLeft(s0, 49) ^ s1 ^ (s1 << 21);
  s1 = RotateLeft(s1, 28);
  return r;
}

// The compiler makes vectors of it, for each machine anew.
[[gnu::always_inline]] inline void StateBody(const Start& start, State& state) {
  for (std::size_t j = 0; j < 2; ++j) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      state.word[j][lane] = start.Number(8 * j + lane + 1);
    }
  }
}

[[gnu::always_inline]] inline std::size_t SinglesBody(Start& start, std::uint32_t n, std::uint32_t refused,
                                                      std::uint32_t* out) {
  std::uint64_t product[kBatch];
  for (std::size_t i = 0; i < kBatch / 2; ++i) {
    const std::uint64_t bits = start.Number(start.drawn + 1 + i);
    product[i] = (bits & 0xFFFFFFFFU) * n;
    product[i + kBatch / 2] = (bits >> 32) * n;
  }
  start.drawn += kBatch / 2;
  std::uint32_t any = 0;
  for (std::size_t i = 0; i < kBatch; ++i) {
    any |= static_cast<std::uint32_t>(product[i]) < refused ? 1U : 0U;
    out[i] = static_cast<std::uint32_t>(product[i] >> 32);
  }
  if (any == 0) return kBatch;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < kBatch; ++i) {
    if (static_cast<std::uint32_t>(product[i]) >= refused)
      out[kept++] = static_cast<std::uint32_t>(product[i] >> 32);
  }
  return kept;
}

#define MINSLICE_BODIES(MACHINE, ATTRIBUTE)                                                    \
  ATTRIBUTE void MACHINE##State(const Start& start, State& state) { StateBody(start, state); } \
  ATTRIBUTE std::size_t MACHINE##Singles(Start& start, std::uint32_t n, std::uint32_t refused, \
                                         std::uint32_t* out) {                                 \
    return SinglesBody(start, n, refused, out);                                                \
  }

MINSLICE_BODIES(Portable, )

std::uint16_t AtTheCut(std::uint16_t column, const Alias& alias, Start& start) {
  const auto bits = static_cast<std::uint32_t>(start.Next() >> 32);
  return bits < alias.fraction[column] ? column : alias.other[column];
}

// The weights of `count` numbers whose bit in `at_cut` is set, in their order.
[[gnu::noinline]] void DecideAtCuts(std::uint32_t at_cut, const std::uint16_t* r, std::uint16_t* weights,
                                    const Alias& alias, Start& start) {
  for (std::size_t i = 0; at_cut != 0; ++i, at_cut >>= 1) {
    if ((at_cut & 1U) != 0) weights[i] = AtTheCut(r[i] & 15U, alias, start);
  }
}

template <int kLimbs>
Totals PortableWeights(const std::int16_t* limbs, std::uint8_t* weights, std::size_t blocks,
                       const std::uint16_t* last_mask, const Alias& alias, State& state, Start& start) {
  Totals totals;
  std::uint16_t weight[kBlock];
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const std::uint64_t number = StepLane(state, lane);
      for (std::size_t part = 0; part < 4; ++part) {
        const auto r = static_cast<std::uint16_t>(number >> (16 * part));
        const std::uint16_t column = r & 15U;
        weight[4 * lane + part] = r < alias.cut[column]   ? column
                                  : r > alias.cut[column] ? alias.other[column]
                                                          : AtTheCut(column, alias, start);
      }
    }
    if (b + 1 == blocks) {
      for (std::size_t i = 0; i < kBlock; ++i) weight[i] &= last_mask[i];
    }
    std::int32_t count = 0;
    for (const std::uint16_t w : weight) count += w;
    totals.weights += count;
    for (std::size_t limb = 0; limb < kLimbs; ++limb) {
      std::int32_t sum = 0;
      for (std::size_t i = 0; i < kBlock; ++i) sum += std::int32_t{weight[i]} * limbs[i];
      totals.limb[limb] += sum;
      limbs += kBlock;
    }
    if constexpr (kLimbs == 0) {
      for (const std::uint16_t w : weight) *weights++ = static_cast<std::uint8_t>(w);
    }
  }
  return totals;
}

#if defined(MINSLICE_X86)

#define MINSLICE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vnni")))

MINSLICE_BODIES(Avx512, MINSLICE_AVX512)

MINSLICE_AVX512 inline std::int64_t SumOfLanes(__m512i lanes) {
  const __m512i low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(lanes));
  const __m512i high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(lanes, 1));
  return _mm512_reduce_add_epi64(_mm512_add_epi64(low, high));
}

template <int kLimbs>
MINSLICE_AVX512 Totals Avx512Weights(const std::int16_t* limbs, std::uint8_t* weights, std::size_t blocks,
                                     const std::uint16_t* last_mask, const Alias& alias, State& state,
                                     Start& start) {
  __m512i s0 = _mm512_load_si512(state.word[0].data());
  __m512i s1 = _mm512_load_si512(state.word[1].data());
  // Twice over: the permutation reads five bits of each number as its index.
  const __m512i cut =
      _mm512_broadcast_i64x4(_mm256_load_si256(reinterpret_cast<const __m256i*>(alias.cut.data())));
  const __m512i other =
      _mm512_broadcast_i64x4(_mm256_load_si256(reinterpret_cast<const __m256i*>(alias.other.data())));
  const __m512i low_bits = _mm512_set1_epi16(15);
  const __m512i column_to_other =
      _mm512_xor_si512(other, _mm512_set_epi16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14,
                                               13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  const __m512i ones = _mm512_set1_epi16(1);
  Totals totals;
  while (blocks > 0) {
    const std::size_t run = std::min(blocks, kRun);
    __m512i count = _mm512_setzero_si512();
    __m512i sum[kLimbs == 0 ? 1 : kLimbs];
    for (__m512i& lanes : sum) lanes = _mm512_setzero_si512();
    blocks -= run;
    const std::size_t last_mask_next = blocks == 0 ? run - 1 : run;
    for (std::size_t b = 0; b < run; ++b) {
      const __m512i r = _mm512_add_epi64(_mm512_rol_epi64(_mm512_add_epi64(s0, s1), 17), s0);
      s1 = _mm512_xor_si512(s1, s0);
      // The xor of three is one instruction (truth table 0x96).
      s0 = _mm512_ternarylogic_epi64(_mm512_rol_epi64(s0, 49), s1, _mm512_slli_epi64(s1, 21), 0x96);
      s1 = _mm512_rol_epi64(s1, 28);
      const __m512i own_cut = _mm512_permutexvar_epi16(r, cut);
      const __mmask32 at_cut = _mm512_cmpeq_epi16_mask(r, own_cut);
      // The column, with what turns it into its other outcome where the number is above the cut: (r and 15)
      // xor turn is one instruction (truth table 0x6A).
      const __m512i turn =
          _mm512_maskz_permutexvar_epi16(_mm512_cmpgt_epu16_mask(r, own_cut), r, column_to_other);
      __m512i weight = _mm512_ternarylogic_epi64(r, low_bits, turn, 0x6A);
      if (at_cut != 0) [[unlikely]] {
        alignas(64) std::uint16_t numbers[kBlock], decided[kBlock];
        _mm512_store_si512(numbers, r);
        _mm512_store_si512(decided, weight);
        DecideAtCuts(at_cut, numbers, decided, alias, start);
        weight = _mm512_load_si512(decided);
      }
      if (last_mask_next == b) [[unlikely]]
        weight = _mm512_and_si512(weight, _mm512_loadu_si512(last_mask));
      count = _mm512_dpwssd_epi32(count, weight, ones);
      for (int limb = 0; limb < kLimbs; ++limb) {
        sum[limb] = _mm512_dpwssd_epi32(sum[limb], weight, _mm512_loadu_si512(limbs));
        limbs += kBlock;
      }
      if constexpr (kLimbs == 0) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights), _mm512_cvtepi16_epi8(weight));
        weights += kBlock;
      }
    }
    totals.weights += SumOfLanes(count);
    for (std::size_t limb = 0; limb < kLimbs; ++limb) totals.limb[limb] += SumOfLanes(sum[limb]);
  }
  _mm512_store_si512(state.word[0].data(), s0);
  _mm512_store_si512(state.word[1].data(), s1);
  return totals;
}

#define MINSLICE_AVX2 __attribute__((target("avx2")))

MINSLICE_BODIES(Avx2, MINSLICE_AVX2)

MINSLICE_AVX2 inline __m256i Rotate256(__m256i value, int count) {
  return _mm256_or_si256(_mm256_slli_epi64(value, count), _mm256_srli_epi64(value, 64 - count));
}

MINSLICE_AVX2 inline __m256i Load256(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}

MINSLICE_AVX2 inline std::int64_t SumOfLanes(__m256i lanes) {
  const __m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes));
  const __m256i high = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1));
  const __m256i four = _mm256_add_epi64(low, high);
  const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
  return _mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1);
}

// The tables of sixteen 16-bit entries as two of bytes, for the byte shuffle.
struct alignas(32) ByteTables {
  std::uint8_t cut_low[32], cut_high[32], other[32];

  explicit ByteTables(const Alias& alias) {
    for (std::size_t i = 0; i < 32; ++i) {
      const std::size_t column = i % kColumns;
      cut_low[i] = static_cast<std::uint8_t>(alias.cut[column]);
      // The top bit turned round: AVX2 compares signed numbers only.
      cut_high[i] = static_cast<std::uint8_t>((alias.cut[column] >> 8) ^ 0x80U);
      other[i] = static_cast<std::uint8_t>(alias.other[column]);
    }
  }
};

template <int kLimbs>
MINSLICE_AVX2 Totals Avx2Weights(const std::int16_t* limbs, std::uint8_t* weights, std::size_t blocks,
                                 const std::uint16_t* last_mask, const Alias& alias, State& state,
                                 Start& start) {
  const ByteTables tables(alias);
  const __m256i cut_low = Load256(tables.cut_low), cut_high = Load256(tables.cut_high),
                other = Load256(tables.other);
  const __m256i low_bits = _mm256_set1_epi16(15);
  const __m256i not_low = _mm256_set1_epi16(static_cast<short>(0xFF00)), not_high = _mm256_set1_epi16(0x00FF);
  const __m256i top = _mm256_set1_epi16(static_cast<short>(0x8000));
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i all = _mm256_set1_epi16(-1);
  __m256i s[2][2];
  for (std::size_t j = 0; j < 2; ++j) {
    for (std::size_t h = 0; h < 2; ++h) s[j][h] = Load256(state.word[j].data() + 4 * h);
  }
  Totals totals;
  while (blocks > 0) {
    const std::size_t run = std::min(blocks, kRun);
    __m256i count = _mm256_setzero_si256();
    __m256i sum[kLimbs == 0 ? 1 : kLimbs];
    for (__m256i& lanes : sum) lanes = _mm256_setzero_si256();
    blocks -= run;
    for (std::size_t b = 0; b < run; ++b) {
      const bool last = blocks == 0 && b + 1 == run;
      for (std::size_t h = 0; h < 2; ++h) {
        const __m256i s0 = s[0][h];
        const __m256i r = _mm256_add_epi64(Rotate256(_mm256_add_epi64(s0, s[1][h]), 17), s0);
        const __m256i s1 = _mm256_xor_si256(s[1][h], s0);
        s[0][h] = _mm256_xor_si256(_mm256_xor_si256(Rotate256(s0, 49), s1), _mm256_slli_epi64(s1, 21));
        s[1][h] = Rotate256(s1, 28);
        // A byte shuffle gives 0 where its index has the top bit.
        const __m256i column = _mm256_and_si256(r, low_bits);
        const __m256i in_low = _mm256_or_si256(column, not_low);
        const __m256i in_high = _mm256_or_si256(_mm256_slli_epi16(column, 8), not_high);
        const __m256i own_cut =
            _mm256_or_si256(_mm256_shuffle_epi8(cut_low, in_low), _mm256_shuffle_epi8(cut_high, in_high));
        const __m256i turned = _mm256_xor_si256(r, top);
        const __m256i own = _mm256_cmpgt_epi16(own_cut, turned);
        __m256i weight = _mm256_blendv_epi8(_mm256_shuffle_epi8(other, in_low), column, own);
        const int at_cut = _mm256_movemask_epi8(_mm256_cmpeq_epi16(own_cut, turned));
        if (at_cut != 0) [[unlikely]] {
          alignas(32) std::uint16_t numbers[16], decided[16];
          _mm256_store_si256(reinterpret_cast<__m256i*>(numbers), r);
          _mm256_store_si256(reinterpret_cast<__m256i*>(decided), weight);
          std::uint32_t bits = 0;
          for (int i = 0; i < 16; ++i) bits |= ((static_cast<unsigned>(at_cut) >> (2 * i)) & 1U) << i;
          DecideAtCuts(bits, numbers, decided, alias, start);
          weight = Load256(decided);
        }
        weight = _mm256_and_si256(weight, last ? Load256(last_mask + 16 * h) : all);
        count = _mm256_add_epi32(count, _mm256_madd_epi16(weight, ones));
        for (std::size_t limb = 0; limb < kLimbs; ++limb) {
          sum[limb] =
              _mm256_add_epi32(sum[limb], _mm256_madd_epi16(weight, Load256(limbs + kBlock * limb + 16 * h)));
        }
        if constexpr (kLimbs == 0) {
          const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(weight, weight), 0x08);
          _mm_storeu_si128(reinterpret_cast<__m128i*>(weights), _mm256_castsi256_si128(bytes));
          weights += 16;
        }
      }
      limbs += kBlock * kLimbs;
    }
    totals.weights += SumOfLanes(count);
    for (std::size_t limb = 0; limb < kLimbs; ++limb) totals.limb[limb] += SumOfLanes(sum[limb]);
  }
  for (std::size_t j = 0; j < 2; ++j) {
    for (std::size_t h = 0; h < 2; ++h)
      _mm256_store_si256(reinterpret_cast<__m256i*>(state.word[j].data() + 4 * h), s[j][h]);
  }
  return totals;
}

#endif

template <std::size_t... kLimbs>
Kernels Choose(Machine machine, int limbs, std::index_sequence<kLimbs...>) {
#if defined(MINSLICE_X86)
  static constexpr WeightKernel kWide[] = {Avx512Weights<static_cast<int>(kLimbs)>...};
  static constexpr WeightKernel kHalf[] = {Avx2Weights<static_cast<int>(kLimbs)>...};
  if (machine == Machine::kAvx512) return {Avx512State, kWide[limbs], Avx512Singles};
  if (machine == Machine::kAvx2) return {Avx2State, kHalf[limbs], Avx2Singles};
#endif
  static constexpr WeightKernel kPlain[] = {PortableWeights<static_cast<int>(kLimbs)>...};
  (void)machine;
  return {PortableState, kPlain[limbs], PortableSingles};
}

}  // namespace

Machine BestMachine() {
#if defined(MINSLICE_X86)
  static const Machine best = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni"))
      return Machine::kAvx512;
    if (__builtin_cpu_supports("avx2")) return Machine::kAvx2;
    return Machine::kPortable;
  }();
  return best;
#else
  return Machine::kPortable;
#endif
}

Kernels KernelsFor(Machine machine, int limbs) {
  return Choose(machine, limbs, std::make_index_sequence<kMostLimbs + 1>());
}

}  // namespace minslice::stats::resampling
