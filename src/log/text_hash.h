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
  const auto word = [](const char* at, std::size_t n) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, n);
    return bytes;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = text.size() ^ 0x9e3779b97f4a7c15U ^ seed;
  for (; left > 16; at += 16, left -= 16)
    hash = mix(word(at, 8) ^ 0xa0761d6478bd642fU, word(at + 8, 8) ^ hash);
  std::uint64_t low = 0, high = 0;
  if (left >= 8) {
    low = word(at, 8);
    high = word(at + left - 8, 8);
  } else if (left > 0) {
    low = word(at, left);
  }
  return mix(low ^ 0xe7037ed1a0b428dbU, high ^ hash);
}

}  // namespace minslice::log

#endif  // MINSLICE_LOG_TEXT_HASH_H_
