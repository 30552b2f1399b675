#include "stats/resampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "rng/philox.h"

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

constexpr std::size_t kBlock = 16;  // values a step: eight lanes of 64 random bits
constexpr std::int64_t kFewValues = 32;

using State = Resampler::State;
using Alias = Resampler::Alias;

std::uint64_t SplitMix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

// The 32 words of a state are numbers 1 ... 32 of SplitMix64's sequence that starts at base, each xor offset.
struct Start {
  std::uint64_t base, offset;
};
constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15U;

Start StartOf(std::uint64_t seed, std::uint64_t replicate, std::uint32_t purpose) {
  const rng::PhiloxBlock block = rng::Philox4x32(
      {static_cast<std::uint32_t>(replicate), static_cast<std::uint32_t>(replicate >> 32), purpose, 0x5EEDU},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return {block[0] | (std::uint64_t{block[1]} << 32), block[2] | (std::uint64_t{block[3]} << 32)};
}

State PortableState(const Start& start) {
  State state;
  std::uint64_t counter = start.base;
  for (auto& word : state.word) {
    for (std::uint64_t& lane : word) {
      counter += kGamma;
      lane = SplitMix(counter) ^ start.offset;
    }
  }
  return state;
}

std::uint64_t RotateLeft(std::uint64_t value, int count) {
  return (value << count) | (value >> (64 - count));
}

// Sixteen 32-bit numbers, lane by lane, low half first.
void Step(State& state, std::uint32_t* out) {
  auto& [s0, s1, s2, s3] = state.word;
  for (std::size_t lane = 0; lane < 8; ++lane) {
    const std::uint64_t r = RotateLeft(s0[lane] + s3[lane], 23) + s0[lane];
    const std::uint64_t t = s1[lane] << 17;
    s2[lane] ^= s0[lane];
    s3[lane] ^= s1[lane];
    s1[lane] ^= s2[lane];
    s0[lane] ^= s3[lane];
    s2[lane] ^= t;
    s3[lane] = RotateLeft(s3[lane], 45);
    out[2 * lane] = static_cast<std::uint32_t>(r);
    out[2 * lane + 1] = static_cast<std::uint32_t>(r >> 32);
  }
}

// The low four bits choose the column, the whole number decides between the column and its alias.
std::int32_t Weight(std::uint32_t r, const Alias& alias) {
  const std::uint32_t column = r & 15U;
  return r < alias.threshold[column] ? static_cast<std::int32_t>(column) : alias.other[column];
}

// Lanes 0 ... 7 hold values 0 ... 7 of each block of 16, and values 8 ... 15 are added to the second set.
struct Lanes {
  double x[16] = {}, y[16] = {};

  static double Fold(const double* v) {
    double d[8];
    for (int i = 0; i < 8; ++i) d[i] = v[i] + v[i + 8];
    return ((d[0] + d[1]) + (d[2] + d[3])) + ((d[4] + d[5]) + (d[6] + d[7]));
  }
};

// Weights for `blocks` blocks of values, then `steps` steps of plain random numbers into `numbers`, for the
// last values and the single draws. Returns the sum of the weights.
using BlockKernel = std::int64_t (*)(const double* x, const double* y, std::size_t blocks, State& state,
                                     const Alias& alias, Lanes& lanes, std::uint32_t* numbers,
                                     std::size_t steps);

template <bool kTwo>
std::int64_t PortableBlocks(const double* x, const double* y, std::size_t blocks, State& state,
                            const Alias& alias, Lanes& lanes, std::uint32_t* numbers, std::size_t steps) {
  std::int64_t total = 0;
  std::uint32_t r[kBlock];
  for (std::size_t b = 0; b < blocks; ++b) {
    Step(state, r);
    for (std::size_t i = 0; i < kBlock; ++i) {
      const std::int32_t weight = Weight(r[i], alias);
      total += weight;
      lanes.x[i] += static_cast<double>(weight) * x[b * kBlock + i];
      if constexpr (kTwo) lanes.y[i] += static_cast<double>(weight) * y[b * kBlock + i];
    }
  }
  for (std::size_t i = 0; i < steps; ++i) Step(state, numbers + kBlock * i);
  return total;
}

#if defined(MINSLICE_X86)

__attribute__((target("avx512f,avx512dq"))) State Avx512State(const Start& start) {
  State state;
  const __m512i lane = _mm512_set_epi64(8, 7, 6, 5, 4, 3, 2, 1);
  __m512i counter =
      _mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>(start.base)),
                       _mm512_mullo_epi64(lane, _mm512_set1_epi64(static_cast<long long>(kGamma))));
  for (auto& word : state.word) {
    __m512i z = counter;
    z = _mm512_mullo_epi64(_mm512_xor_si512(z, _mm512_srli_epi64(z, 30)),
                           _mm512_set1_epi64(static_cast<long long>(0xBF58476D1CE4E5B9U)));
    z = _mm512_mullo_epi64(_mm512_xor_si512(z, _mm512_srli_epi64(z, 27)),
                           _mm512_set1_epi64(static_cast<long long>(0x94D049BB133111EBU)));
    z = _mm512_xor_si512(z, _mm512_srli_epi64(z, 31));
    _mm512_store_si512(word.data(),
                       _mm512_xor_si512(z, _mm512_set1_epi64(static_cast<long long>(start.offset))));
    counter = _mm512_add_epi64(counter, _mm512_set1_epi64(static_cast<long long>(8 * kGamma)));
  }
  return state;
}

template <bool kTwo>
__attribute__((target("avx512f"))) std::int64_t Avx512Blocks(const double* x, const double* y,
                                                             std::size_t blocks, State& state,
                                                             const Alias& alias, Lanes& lanes,
                                                             std::uint32_t* numbers, std::size_t steps) {
  __m512i s0 = _mm512_load_si512(state.word[0].data());
  __m512i s1 = _mm512_load_si512(state.word[1].data());
  __m512i s2 = _mm512_load_si512(state.word[2].data());
  __m512i s3 = _mm512_load_si512(state.word[3].data());
  const __m512i threshold = _mm512_load_si512(alias.threshold.data());
  const __m512i other = _mm512_load_si512(alias.other.data());
  const __m512i mask = _mm512_set1_epi32(15);
  __m512d x0 = _mm512_loadu_pd(lanes.x), x1 = _mm512_loadu_pd(lanes.x + 8);
  __m512d y0 = _mm512_loadu_pd(lanes.y), y1 = _mm512_loadu_pd(lanes.y + 8);
  std::int64_t total = 0;
  while (blocks > 0) {
    // 15 times 2^26 steps still fit the lanes of the total.
    const std::size_t run = blocks < (std::size_t{1} << 26) ? blocks : std::size_t{1} << 26;
    __m512i count = _mm512_setzero_si512();
    for (std::size_t b = 0; b < run; ++b, x += kBlock, y += kTwo ? kBlock : 0) {
      const __m512i r = _mm512_add_epi64(_mm512_rol_epi64(_mm512_add_epi64(s0, s3), 23), s0);
      const __m512i t = _mm512_slli_epi64(s1, 17);
      // The xors of three are one instruction (truth table 0x96).
      const __m512i n0 = _mm512_ternarylogic_epi64(s0, s3, s1, 0x96);
      const __m512i n1 = _mm512_ternarylogic_epi64(s1, s2, s0, 0x96);
      s2 = _mm512_ternarylogic_epi64(s2, s0, t, 0x96);
      s3 = _mm512_rol_epi64(_mm512_xor_si512(s3, s1), 45);
      s0 = n0;
      s1 = n1;
      // The permutation reads the low four bits of each number as its index.
      const __mmask16 own = _mm512_cmplt_epu32_mask(r, _mm512_permutexvar_epi32(r, threshold));
      const __m512i weight = _mm512_mask_and_epi32(_mm512_permutexvar_epi32(r, other), own, r, mask);
      count = _mm512_add_epi32(count, weight);
      const __m512d low = _mm512_cvtepi32_pd(_mm512_castsi512_si256(weight));
      const __m512d high = _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(weight, 1));
      x0 = _mm512_add_pd(x0, _mm512_mul_pd(low, _mm512_loadu_pd(x)));
      x1 = _mm512_add_pd(x1, _mm512_mul_pd(high, _mm512_loadu_pd(x + 8)));
      if constexpr (kTwo) {
        y0 = _mm512_add_pd(y0, _mm512_mul_pd(low, _mm512_loadu_pd(y)));
        y1 = _mm512_add_pd(y1, _mm512_mul_pd(high, _mm512_loadu_pd(y + 8)));
      }
    }
    alignas(64) std::int32_t counts[16];
    _mm512_store_si512(counts, count);
    for (const std::int32_t c : counts) total += c;
    blocks -= run;
  }
  for (std::size_t i = 0; i < steps; ++i) {
    const __m512i r = _mm512_add_epi64(_mm512_rol_epi64(_mm512_add_epi64(s0, s3), 23), s0);
    const __m512i t = _mm512_slli_epi64(s1, 17);
    s2 = _mm512_xor_si512(s2, s0);
    s3 = _mm512_xor_si512(s3, s1);
    s1 = _mm512_xor_si512(s1, s2);
    s0 = _mm512_xor_si512(s0, s3);
    s2 = _mm512_xor_si512(s2, t);
    s3 = _mm512_rol_epi64(s3, 45);
    _mm512_storeu_si512(numbers + kBlock * i, r);
  }
  _mm512_store_si512(state.word[0].data(), s0);
  _mm512_store_si512(state.word[1].data(), s1);
  _mm512_store_si512(state.word[2].data(), s2);
  _mm512_store_si512(state.word[3].data(), s3);
  _mm512_storeu_pd(lanes.x, x0);
  _mm512_storeu_pd(lanes.x + 8, x1);
  _mm512_storeu_pd(lanes.y, y0);
  _mm512_storeu_pd(lanes.y + 8, y1);
  return total;
}

__attribute__((target("avx2"))) inline __m256i Rotate256(__m256i value, int count) {
  return _mm256_or_si256(_mm256_slli_epi64(value, count), _mm256_srli_epi64(value, 64 - count));
}

__attribute__((target("avx2"))) inline __m256i Permute16(__m256i low, __m256i high, __m256i index) {
  const __m256 from_high = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28));  // bit 3 as the sign
  return _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(_mm256_permutevar8x32_epi32(low, index)),
                                              _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(high, index)),
                                              from_high));
}

template <bool kTwo>
__attribute__((target("avx2"))) std::int64_t Avx2Blocks(const double* x, const double* y, std::size_t blocks,
                                                        State& state, const Alias& alias, Lanes& lanes,
                                                        std::uint32_t* numbers, std::size_t steps) {
  const __m256i sign = _mm256_set1_epi32(static_cast<int>(0x80000000U));
  const __m256i mask = _mm256_set1_epi32(15);
  const __m256i low_threshold =
      _mm256_xor_si256(_mm256_load_si256(reinterpret_cast<const __m256i*>(alias.threshold.data())), sign);
  const __m256i high_threshold =
      _mm256_xor_si256(_mm256_load_si256(reinterpret_cast<const __m256i*>(alias.threshold.data() + 8)), sign);
  const __m256i low_other = _mm256_load_si256(reinterpret_cast<const __m256i*>(alias.other.data()));
  const __m256i high_other = _mm256_load_si256(reinterpret_cast<const __m256i*>(alias.other.data() + 8));
  __m256i s[4][2];
  for (int j = 0; j < 4; ++j) {
    for (int h = 0; h < 2; ++h)
      s[j][h] = _mm256_load_si256(reinterpret_cast<const __m256i*>(state.word[j].data() + 4 * h));
  }
  __m256d sum_x[4], sum_y[4];
  for (int q = 0; q < 4; ++q) {
    sum_x[q] = _mm256_loadu_pd(lanes.x + 4 * q);
    sum_y[q] = _mm256_loadu_pd(lanes.y + 4 * q);
  }
  std::int64_t total = 0;
  while (blocks > 0) {
    const std::size_t run = blocks < (std::size_t{1} << 25) ? blocks : std::size_t{1} << 25;
    __m256i count = _mm256_setzero_si256();
    for (std::size_t b = 0; b < run; ++b, x += kBlock, y += kTwo ? kBlock : 0) {
      for (int h = 0; h < 2; ++h) {
        __m256i s0 = s[0][h], s1 = s[1][h], s2 = s[2][h], s3 = s[3][h];
        const __m256i r = _mm256_add_epi64(Rotate256(_mm256_add_epi64(s0, s3), 23), s0);
        const __m256i t = _mm256_slli_epi64(s1, 17);
        s2 = _mm256_xor_si256(s2, s0);
        s3 = _mm256_xor_si256(s3, s1);
        s1 = _mm256_xor_si256(s1, s2);
        s0 = _mm256_xor_si256(s0, s3);
        s2 = _mm256_xor_si256(s2, t);
        s3 = Rotate256(s3, 45);
        s[0][h] = s0;
        s[1][h] = s1;
        s[2][h] = s2;
        s[3][h] = s3;
        // Unsigned comparison by way of the sign bit.
        const __m256i own =
            _mm256_cmpgt_epi32(Permute16(low_threshold, high_threshold, r), _mm256_xor_si256(r, sign));
        const __m256i weight =
            _mm256_blendv_epi8(Permute16(low_other, high_other, r), _mm256_and_si256(r, mask), own);
        count = _mm256_add_epi32(count, weight);
        const __m256d low = _mm256_cvtepi32_pd(_mm256_castsi256_si128(weight));
        const __m256d high = _mm256_cvtepi32_pd(_mm256_extracti128_si256(weight, 1));
        sum_x[2 * h] = _mm256_add_pd(sum_x[2 * h], _mm256_mul_pd(low, _mm256_loadu_pd(x + 8 * h)));
        sum_x[2 * h + 1] =
            _mm256_add_pd(sum_x[2 * h + 1], _mm256_mul_pd(high, _mm256_loadu_pd(x + 8 * h + 4)));
        if constexpr (kTwo) {
          sum_y[2 * h] = _mm256_add_pd(sum_y[2 * h], _mm256_mul_pd(low, _mm256_loadu_pd(y + 8 * h)));
          sum_y[2 * h + 1] =
              _mm256_add_pd(sum_y[2 * h + 1], _mm256_mul_pd(high, _mm256_loadu_pd(y + 8 * h + 4)));
        }
      }
    }
    alignas(32) std::int32_t counts[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(counts), count);
    for (const std::int32_t c : counts) total += c;
    blocks -= run;
  }
  for (std::size_t i = 0; i < steps; ++i) {
    for (int h = 0; h < 2; ++h) {
      __m256i s0 = s[0][h], s1 = s[1][h], s2 = s[2][h], s3 = s[3][h];
      const __m256i r = _mm256_add_epi64(Rotate256(_mm256_add_epi64(s0, s3), 23), s0);
      const __m256i t = _mm256_slli_epi64(s1, 17);
      s2 = _mm256_xor_si256(s2, s0);
      s3 = _mm256_xor_si256(s3, s1);
      s1 = _mm256_xor_si256(s1, s2);
      s[0][h] = _mm256_xor_si256(s0, s3);
      s[1][h] = s1;
      s[2][h] = _mm256_xor_si256(s2, t);
      s[3][h] = Rotate256(s3, 45);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(numbers + kBlock * i + 8 * static_cast<std::size_t>(h)),
                          r);
    }
  }
  for (int j = 0; j < 4; ++j) {
    for (int h = 0; h < 2; ++h)
      _mm256_store_si256(reinterpret_cast<__m256i*>(state.word[j].data() + 4 * h), s[j][h]);
  }
  for (int q = 0; q < 4; ++q) {
    _mm256_storeu_pd(lanes.x + 4 * q, sum_x[q]);
    _mm256_storeu_pd(lanes.y + 4 * q, sum_y[q]);
  }
  return total;
}

#endif

template <bool kTwo>
BlockKernel Blocks(Resampler::Kernel kernel) {
#if defined(MINSLICE_X86)
  if (kernel == Resampler::Kernel::kAvx512) return Avx512Blocks<kTwo>;
  if (kernel == Resampler::Kernel::kAvx2) return Avx2Blocks<kTwo>;
#endif
  (void)kernel;
  return PortableBlocks<kTwo>;
}

State StateOf(const Start& start, Resampler::Kernel kernel) {
#if defined(MINSLICE_X86)
  if (kernel == Resampler::Kernel::kAvx512) return Avx512State(start);
#endif
  (void)kernel;
  return PortableState(start);
}

constexpr std::size_t kMostSteps = 32;

// Plain random numbers: those that the kernel left, then more.
class Numbers {
 public:
  Numbers(State& state, std::uint32_t* numbers, std::size_t count, std::size_t used)
      : state_(state), numbers_(numbers), count_(count), used_(used) {}

  // Uniform on {0, ..., n - 1} without bias (Lemire 2019); refused = 2^32 mod n.
  std::uint32_t Below(std::uint32_t n, std::uint32_t refused) {
    while (true) {
      if (used_ == count_) {
        Step(state_, numbers_);
        used_ = 0;
        count_ = kBlock;
      }
      const std::uint64_t product = std::uint64_t{numbers_[used_++]} * n;
      if (static_cast<std::uint32_t>(product) >= refused) return static_cast<std::uint32_t>(product >> 32);
    }
  }

 private:
  State& state_;
  std::uint32_t* numbers_;
  std::size_t count_, used_;
};

}  // namespace

Resampler::Kernel Resampler::Best() {
#if defined(MINSLICE_X86)
  static const Kernel best = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return Kernel::kAvx512;
    if (__builtin_cpu_supports("avx2")) return Kernel::kAvx2;
    return Kernel::kPortable;
  }();
  return best;
#else
  return Kernel::kPortable;
#endif
}

Resampler::Resampler(std::int64_t n) : n_(n), poisson_(n >= kFewValues), kernel_(Best()) {
  // The last values and nearly all single draws: 1.75 sqrt(n) on average, up to 3 sqrt(n).
  const double singles = poisson_ ? 16 + 2.75 * std::sqrt(static_cast<double>(n)) : static_cast<double>(n);
  steps_ = std::min(kMostSteps, static_cast<std::size_t>(singles) / kBlock + 1);
  const double mean = poisson_ ? 1 - 1.75 / std::sqrt(static_cast<double>(n)) : 0;
  double probability[kColumns];
  double term = std::exp(-mean);
  for (int w = 0; w < kColumns - 1; ++w) {
    probability[w] = term;
    term *= mean / (w + 1);
  }
  probability[kColumns - 1] = term;  // 15 and above: below 1e-13
  // Walker's table: each column holds 1/16, its own outcome below the threshold and another above.
  int small[kColumns], large[kColumns], n_small = 0, n_large = 0;
  double height[kColumns];
  for (int w = 0; w < kColumns; ++w) {
    height[w] = probability[w] * kColumns;
    alias_.other[w] = w;
    if (height[w] < 1) {
      small[n_small++] = w;
    } else {
      large[n_large++] = w;
    }
  }
  while (n_small > 0 && n_large > 0) {
    const int low = small[--n_small];
    const int high = large[n_large - 1];
    alias_.other[low] = high;
    height[high] -= 1 - height[low];
    if (height[high] < 1) {
      --n_large;
      small[n_small++] = high;
    }
  }
  for (int w = 0; w < kColumns; ++w) {
    const double cut = std::floor(height[w] * 4294967296.0 + 0.5);
    alias_.threshold[w] = cut >= 4294967295.0 ? 4294967295U : static_cast<std::uint32_t>(cut);
  }
}

Resampler::Sums Resampler::Draw(std::span<const double> x, std::span<const double> y, std::uint64_t seed,
                                std::uint64_t replicate, std::uint32_t purpose) const {
  State state = StateOf(StartOf(seed, replicate, purpose), kernel_);
  const bool two = !y.empty();
  const auto n = static_cast<std::size_t>(n_);
  const auto bound = static_cast<std::uint32_t>(n_);
  const std::uint32_t refused = (0U - bound) % bound;
  const std::size_t blocks = poisson_ ? n / kBlock : 0;
  const std::size_t done = blocks * kBlock;
  const BlockKernel kernel = two ? Blocks<true>(kernel_) : Blocks<false>(kernel_);
  alignas(64) std::uint32_t numbers[kMostSteps * kBlock];
  while (true) {
    Lanes lanes;
    std::int64_t total =
        kernel(x.data(), two ? y.data() : x.data(), blocks, state, alias_, lanes, numbers, steps_);
    std::size_t used = 0;
    if (poisson_) {
      for (std::size_t i = done; i < n; ++i) {
        const std::int32_t weight = Weight(numbers[used++], alias_);
        total += weight;
        lanes.x[i - done] += static_cast<double>(weight) * x[i];
        if (two) lanes.y[i - done] += static_cast<double>(weight) * y[i];
      }
      if (total > n_) continue;
    }
    Numbers more(state, numbers, steps_ * kBlock, used);
    // Four partial sums, so that an addition need not wait for the one before.
    double extra_x[4] = {}, extra_y[4] = {};
    for (std::size_t k = 0; total < n_; ++total, ++k) {
      const std::uint32_t i = more.Below(bound, refused);
      extra_x[k % 4] += x[i];
      if (two) extra_y[k % 4] += y[i];
    }
    return {Lanes::Fold(lanes.x) + ((extra_x[0] + extra_x[1]) + (extra_x[2] + extra_x[3])),
            Lanes::Fold(lanes.y) + ((extra_y[0] + extra_y[1]) + (extra_y[2] + extra_y[3]))};
  }
}

void Resampler::Weights(std::span<std::uint8_t> weights, std::uint64_t seed, std::uint64_t replicate,
                        std::uint32_t purpose) const {
  State state = StateOf(StartOf(seed, replicate, purpose), kernel_);
  const auto n = static_cast<std::size_t>(n_);
  const auto bound = static_cast<std::uint32_t>(n_);
  const std::uint32_t refused = (0U - bound) % bound;
  const std::size_t done = poisson_ ? n / kBlock * kBlock : 0;
  std::uint32_t numbers[kMostSteps * kBlock];
  while (true) {
    std::int64_t total = 0;
    std::size_t used = 0;
    std::memset(weights.data(), 0, n);
    const auto take = [&](std::size_t i, std::uint32_t number) {
      const std::int32_t weight = Weight(number, alias_);
      total += weight;
      weights[i] = static_cast<std::uint8_t>(weight);
    };
    for (std::size_t i = 0; i < done; ++i) {
      if (i % kBlock == 0) Step(state, numbers);
      take(i, numbers[i % kBlock]);
    }
    for (std::size_t step = 0; step < steps_; ++step) Step(state, numbers + kBlock * step);
    if (poisson_) {
      for (std::size_t i = done; i < n; ++i) take(i, numbers[used++]);
      if (total > n_) continue;
    }
    Numbers more(state, numbers, steps_ * kBlock, used);
    for (; total < n_; ++total) ++weights[more.Below(bound, refused)];
    return;
  }
}

}  // namespace minslice::stats
