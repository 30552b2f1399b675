// The order of short texts that are nearly alike, as ids are, without a call for each.
#ifndef MINSLICE_LOG_TEXT_ORDER_H_
#define MINSLICE_LOG_TEXT_ORDER_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace minslice::log {

// As a.compare(b).
inline int CompareTexts(std::string_view a, std::string_view b) {
  static_assert(std::endian::native == std::endian::little);
  const auto word = [](std::string_view text, std::size_t at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    return bytes;
  };
  const std::size_t n = std::min(a.size(), b.size());
  if (n < sizeof(std::uint64_t)) return a.compare(b);
  // The last word may overlap with the one before it, which was the same in both.
  for (std::size_t at = 0; at < n; at += sizeof(std::uint64_t)) {
    const std::size_t from = std::min(at, n - sizeof(std::uint64_t));
    const std::uint64_t of_a = word(a, from), of_b = word(b, from);
    if (of_a != of_b) return __builtin_bswap64(of_a) < __builtin_bswap64(of_b) ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

}  // namespace minslice::log

#endif  // MINSLICE_LOG_TEXT_ORDER_H_
