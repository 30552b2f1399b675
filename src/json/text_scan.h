// Through JSON text without a tree, sixteen bytes at a time.
#ifndef MINSLICE_JSON_TEXT_SCAN_H_
#define MINSLICE_JSON_TEXT_SCAN_H_

#include <cstddef>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace minslice::json {

// To the next quote, backslash or control character. Reads up to 15 bytes beyond it: the text has a newline
// or a zero behind its end, and slack behind that. `high` is set where a byte is not ASCII.
inline const char* SkipTextBytes(const char* at, bool& high) {
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
  for (;; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i found =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    const auto stop = static_cast<unsigned>(_mm_movemask_epi8(found));
    const auto not_ascii = static_cast<unsigned>(_mm_movemask_epi8(bytes));
    if (stop == 0) {
      high = high || not_ascii != 0;
      continue;
    }
    const auto n = static_cast<unsigned>(__builtin_ctz(stop));
    high = high || (not_ascii & ((1U << n) - 1U)) != 0;
    return at + n;
  }
#else
  for (;; ++at) {
    const auto c = static_cast<unsigned char>(*at);
    if (c == '"' || c == '\\' || c < 0x20) return at;
    high = high || c >= 0x80;
  }
#endif
}

// Whether the bytes at both places are the same. There are 15 bytes to be read behind both.
inline bool SameBytes(const char* a, const char* b, std::size_t n) {
#ifdef __SSE2__
  for (;; a += 16, b += 16, n -= 16) {
    const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a)),
                                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(b)));
    const auto differ = static_cast<unsigned>(_mm_movemask_epi8(equal)) ^ 0xffffU;
    if (n <= 16) return (differ & ((1U << n) - 1U)) == 0;
    if (differ != 0) return false;
  }
#else
  return std::memcmp(a, b, n) == 0;
#endif
}

}  // namespace minslice::json

#endif  // MINSLICE_JSON_TEXT_SCAN_H_
