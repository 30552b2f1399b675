#include "io/sha256_lanes.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace minslice::io {
namespace {

#if defined(__x86_64__)

// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::uint32_t kRounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

struct Stream {
  std::uint32_t* state;
  const char* blocks;
};

// `n` blocks of each stream, step by step in turn.
template <std::size_t kStreams>
__attribute__((target("sha,sse4.1"))) void Compress(std::array<Stream, kStreams> streams, std::size_t n) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  // The instructions want the words a b e f and c d g h.
  __m128i abef[kStreams], cdgh[kStreams];
  for (std::size_t s = 0; s < kStreams; ++s) {
    const auto* words = reinterpret_cast<const __m128i*>(streams[s].state);
    const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xB1);
    const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1B);
    abef[s] = _mm_alignr_epi8(badc, hgfe, 8);
    cdgh[s] = _mm_blend_epi16(hgfe, badc, 0xF0);
  }
  for (; n > 0; --n) {
    __m128i abef_before[kStreams], cdgh_before[kStreams], words[kStreams][4];
    for (std::size_t s = 0; s < kStreams; ++s) {
      abef_before[s] = abef[s];
      cdgh_before[s] = cdgh[s];
    }
#pragma GCC unroll 16
    for (std::size_t group = 0; group < 16; ++group) {
      const __m128i rounds = _mm_load_si128(reinterpret_cast<const __m128i*>(kRounds) + group);
#pragma GCC unroll 2
      for (std::size_t s = 0; s < kStreams; ++s) {
        __m128i(&w)[4] = words[s];
        __m128i& now = w[group % 4];
        if (group < 4) {
          now = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(streams[s].blocks) + group),
                                 big_endian);
        } else {
          const __m128i &next = w[(group + 1) % 4], &last_but_one = w[(group + 2) % 4],
                        &last = w[(group + 3) % 4];
          const __m128i sum =
              _mm_add_epi32(_mm_sha256msg1_epu32(now, next), _mm_alignr_epi8(last, last_but_one, 4));
          now = _mm_sha256msg2_epu32(sum, last);
        }
        const __m128i added = _mm_add_epi32(now, rounds);
        cdgh[s] = _mm_sha256rnds2_epu32(cdgh[s], abef[s], added);
        abef[s] = _mm_sha256rnds2_epu32(abef[s], cdgh[s], _mm_shuffle_epi32(added, 0x0E));
      }
    }
    for (std::size_t s = 0; s < kStreams; ++s) {
      abef[s] = _mm_add_epi32(abef[s], abef_before[s]);
      cdgh[s] = _mm_add_epi32(cdgh[s], cdgh_before[s]);
      streams[s].blocks += 64;
    }
  }
  for (std::size_t s = 0; s < kStreams; ++s) {
    const __m128i feba = _mm_shuffle_epi32(abef[s], 0x1B), dchg = _mm_shuffle_epi32(cdgh[s], 0xB1);
    auto* words = reinterpret_cast<__m128i*>(streams[s].state);
    _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
  }
}

bool HasInstructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1U << 29U)) != 0;
}

void CompressOne(std::uint32_t* state, const char* blocks, std::size_t n) {
  Compress<1>({Stream{state, blocks}}, n);
}
void CompressTwo(std::uint32_t* a, const char* blocks_of_a, std::uint32_t* b, const char* blocks_of_b,
                 std::size_t n) {
  Compress<2>({Stream{a, blocks_of_a}, Stream{b, blocks_of_b}}, n);
}

#else

bool HasInstructions() { return false; }
void CompressOne(std::uint32_t*, const char*, std::size_t) {}
void CompressTwo(std::uint32_t*, const char*, std::uint32_t*, const char*, std::size_t) {}

#endif

}  // namespace

bool Sha256Lane::Available() {
  static const bool available = HasInstructions();
  return available;
}

void Sha256Lane::FillBlock(std::string_view& bytes) {
  size_ += bytes.size();
  if (n_begun_ == 0) return;
  const std::size_t n = std::min(bytes.size(), kBlock - n_begun_);
  std::memcpy(begun_.data() + n_begun_, bytes.data(), n);
  n_begun_ += n;
  bytes.remove_prefix(n);
  if (n_begun_ < kBlock) return;
  CompressOne(state_.data(), begun_.data(), 1);
  n_begun_ = 0;
}

void Sha256Lane::Keep(std::string_view rest) {
  const std::size_t blocks = rest.size() / kBlock;
  CompressOne(state_.data(), rest.data(), blocks);
  rest.remove_prefix(blocks * kBlock);
  if (rest.empty()) return;  // what was begun may still be there
  std::memcpy(begun_.data(), rest.data(), rest.size());
  n_begun_ = rest.size();
}

void Sha256Lane::Update(std::string_view bytes) {
  FillBlock(bytes);
  Keep(bytes);
}

void Sha256Lane::UpdateBoth(Sha256Lane& a, std::string_view bytes_of_a, Sha256Lane& b,
                            std::string_view bytes_of_b) {
  a.FillBlock(bytes_of_a);
  b.FillBlock(bytes_of_b);
  const std::size_t both = std::min(bytes_of_a.size(), bytes_of_b.size()) / kBlock;
  CompressTwo(a.state_.data(), bytes_of_a.data(), b.state_.data(), bytes_of_b.data(), both);
  a.Keep(bytes_of_a.substr(both * kBlock));
  b.Keep(bytes_of_b.substr(both * kBlock));
}

std::array<unsigned char, 32> Sha256Lane::Digest() {
  const std::uint64_t bits = size_ * 8;
  const char one = '\x80';
  Update({&one, 1});
  const std::array<char, kBlock> zeros{};
  const std::size_t gap = n_begun_ <= kBlock - 8 ? kBlock - 8 - n_begun_ : 2 * kBlock - 8 - n_begun_;
  Update({zeros.data(), gap});
  std::array<char, 8> length{};
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(bits >> (56 - 8 * i));
  Update({length.data(), length.size()});
  std::array<unsigned char, 32> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<unsigned char>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

}  // namespace minslice::io
