#include "json/text_marks.h"

#include <algorithm>
#include <bit>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace minslice::json {
namespace {

// Of the word's first `n` bytes.
std::uint64_t FirstBits(std::size_t n) { return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1; }

// Each bit: whether the number of bits up to it is odd.
std::uint64_t Parity(std::uint64_t bits) {
  for (const unsigned by : {1U, 2U, 4U, 8U, 16U, 32U}) bits ^= bits << by;
  return bits;
}

// The bits that a backslash before them escapes. `carried`: whether the word before ends with such a
// backslash.
std::uint64_t Escaped(std::uint64_t backslashes, bool& carried) {
  std::uint64_t escaped = carried ? 1 : 0;
  backslashes &= ~escaped;
  carried = false;
  while (backslashes != 0) {
    const int at = std::countr_zero(backslashes);
    if (at == 63) {
      carried = true;
      break;
    }
    escaped |= std::uint64_t{2} << at;
    backslashes &= ~(std::uint64_t{3} << at);
  }
  return escaped;
}

}  // namespace

struct TextMarks::Kernels {
  // One word of 64 bytes; `kept`: the bits of its bytes that belong to the text.
  static void Put(std::uint64_t quotes, std::uint64_t backslashes, std::uint64_t opening,
                  std::uint64_t closing, std::uint64_t control, std::uint64_t high, std::uint64_t kept,
                  Word& word, Found& found) {
    word = {quotes & kept, backslashes & kept, opening & kept, closing & kept};
    found.control = found.control || (control & kept) != 0;
    found.high = found.high || (high & kept) != 0;
  }

#ifdef __x86_64__
  // '[' | 0x20 is '{', ']' | 0x20 is '}', and no other two bytes give these.
  __attribute__((target("avx512f,avx512bw"))) static Found With512(const char* text, std::size_t size,
                                                                   Word* words) {
    Found found;
    const __m512i quote = _mm512_set1_epi8('"'), backslash = _mm512_set1_epi8('\\'),
                  open = _mm512_set1_epi8('{'), close = _mm512_set1_epi8('}'), bit = _mm512_set1_epi8(0x20);
    for (std::size_t at = 0; at < size; at += 64) {
      const __m512i bytes = _mm512_loadu_si512(text + at);
      const __m512i folded = _mm512_or_si512(bytes, bit);
      Put(_mm512_cmpeq_epi8_mask(bytes, quote), _mm512_cmpeq_epi8_mask(bytes, backslash),
          _mm512_cmpeq_epi8_mask(folded, open), _mm512_cmpeq_epi8_mask(folded, close),
          _mm512_cmplt_epu8_mask(bytes, bit), _mm512_movepi8_mask(bytes), FirstBits(size - at), *words++,
          found);
    }
    return found;
  }

  __attribute__((target("avx2"))) static Found With256(const char* text, std::size_t size, Word* words) {
    Found found;
    const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\'),
                  open = _mm256_set1_epi8('{'), close = _mm256_set1_epi8('}'), bit = _mm256_set1_epi8(0x20),
                  most = _mm256_set1_epi8(0x1f);
    for (std::size_t at = 0; at < size; at += 64) {
      std::uint64_t bits[6] = {};
      for (unsigned half = 0; half < 2; ++half) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at + 32 * half));
        const __m256i folded = _mm256_or_si256(bytes, bit);
        const __m256i equal[6] = {_mm256_cmpeq_epi8(bytes, quote),
                                  _mm256_cmpeq_epi8(bytes, backslash),
                                  _mm256_cmpeq_epi8(folded, open),
                                  _mm256_cmpeq_epi8(folded, close),
                                  _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, most), bytes),
                                  bytes};
        for (int i = 0; i < 6; ++i) {
          bits[i] |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(equal[i])))
                     << (32U * half);
        }
      }
      Put(bits[0], bits[1], bits[2], bits[3], bits[4], bits[5], FirstBits(size - at), *words++, found);
    }
    return found;
  }
#endif

  static Found Plain(const char* text, std::size_t size, Word* words) {
    Found found;
    for (std::size_t at = 0; at < size; at += 64) {
      std::uint64_t bits[6] = {};
      const std::size_t n = std::min<std::size_t>(64, size - at);
      for (std::size_t i = 0; i < n; ++i) {
        const auto c = static_cast<unsigned char>(text[at + i]);
        const bool is[6] = {c == '"', c == '\\', (c | 0x20U) == '{', (c | 0x20U) == '}', c < 0x20, c >= 0x80};
        for (int kind = 0; kind < 6; ++kind) bits[kind] |= static_cast<std::uint64_t>(is[kind]) << i;
      }
      Put(bits[0], bits[1], bits[2], bits[3], bits[4], bits[5], FirstBits(n), *words++, found);
    }
    return found;
  }

  static Classify Choose() {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512bw") != 0) return With512;
    if (__builtin_cpu_supports("avx2") != 0) return With256;
#endif
    return Plain;
  }
};

bool TextMarks::Mark(std::string_view text) {
  static const Classify kClassify = Kernels::Choose();
  size_ = text.size();
  const std::size_t n = (size_ + 63) / 64;
  if (words_.size() < n) words_.resize(n);
  const Found found = kClassify(text.data(), size_, words_.data());
  ascii_ = !found.high;
  if (found.control) return false;
  bool escapes = false;
  std::uint64_t inside = 0;  // all bits where the word before ends in a string
  quoted_brackets_ = false;
  for (std::size_t i = 0; i < n; ++i) {
    Word& word = words_[i];
    const std::uint64_t after = i + 1 < n ? words_[i + 1].opening : 0;
    const auto shifted = [&](unsigned by) { return word.opening >> by | after << (64 - by); };
    quoted_brackets_ = quoted_brackets_ || (word.quotes & shifted(1) & shifted(2)) != 0;
    if (word.backslashes != 0 || escapes) word.quotes &= ~Escaped(word.backslashes, escapes);
    const std::uint64_t in_string = Parity(word.quotes) ^ inside;
    if ((word.backslashes & ~in_string) != 0) return false;
    word.opening &= ~in_string;
    word.closing &= ~in_string;
    inside = (in_string >> 63U) != 0 ? ~std::uint64_t{0} : 0;
  }
  return inside == 0;
}

std::size_t TextMarks::NextQuote(std::size_t at) const {
  if (at >= size_) return kNone;
  std::size_t word = at / 64;
  std::uint64_t bits = words_[word].quotes & (~std::uint64_t{0} << (at % 64));
  for (const std::size_t n = (size_ + 63) / 64; bits == 0;) {
    if (++word == n) return kNone;
    bits = words_[word].quotes;
  }
  return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
}

std::size_t TextMarks::Closing(std::size_t at, int deepest) const {
  std::size_t word = at / 64;
  std::uint64_t from = ~std::uint64_t{0} << (at % 64);
  int depth = 0;
  for (const std::size_t n = (size_ + 63) / 64; word < n; ++word, from = ~std::uint64_t{0}) {
    const std::uint64_t opening = words_[word].opening & from;
    for (std::uint64_t bits = opening | (words_[word].closing & from); bits != 0; bits &= bits - 1) {
      if ((opening & bits & (~bits + 1)) != 0) {
        if (++depth > deepest) return kNone;
      } else if (--depth == 0) {
        return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      }
    }
  }
  return kNone;
}

bool TextMarks::HasBackslash(std::size_t begin, std::size_t end) const {
  for (std::size_t at = begin; at < end; at = (at / 64 + 1) * 64) {
    std::uint64_t bits = words_[at / 64].backslashes >> (at % 64);
    const std::size_t n = std::min(end - at, 64 - at % 64);
    if ((bits & FirstBits(n)) != 0) return true;
  }
  return false;
}

}  // namespace minslice::json
