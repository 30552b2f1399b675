// A hash of a text for tables in memory: eight bytes at a time, not for files and not against an adversary
// (whoever asks it compares the bytes as well, or bears that two texts of 2^64 are taken for one).
#ifndef MINSLICE_LOG_TEXT_HASH_H_
#define MINSLICE_LOG_TEXT_HASH_H_

#include <cstdint>
#include <cstring>
#include <string_view>

namespace minslice::log {

inline std::uint64_t TextHash(std::string_view text, std::uint64_t seed = 0) {
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  };
  const auto word = [](const char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = text.size() ^ 0x9e3779b97f4a7c15U ^ seed;
  for (; left > 16; at += 16, left -= 16) hash = mix(word(at) ^ 0xa0761d6478bd642fU, word(at + 8) ^ hash);
  std::uint64_t low = 0, high = 0;
  if (text.size() >= 8) {
    // What is left, with bytes before it where that is less than eight: no loop over single bytes.
    high = word(at + left - 8);
    low = left >= 8 ? word(at) : 0;
  } else if (left >= 4) {
    std::uint32_t first = 0, last = 0;
    std::memcpy(&first, at, sizeof first);
    std::memcpy(&last, at + left - 4, sizeof last);
    low = std::uint64_t{first} << 32U | last;
  } else if (left > 0) {
    const auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])}; };
    low = byte(0) << 16U | byte(left / 2) << 8U | byte(left - 1);
  }
  return mix(low ^ 0xe7037ed1a0b428dbU, high ^ hash);
}

}  // namespace minslice::log

#endif  // MINSLICE_LOG_TEXT_HASH_H_
