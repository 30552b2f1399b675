#include "io/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace minslice::io {

std::size_t Utf8SequenceLength(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned char a = byte(at);
  if (at >= text.size()) return 0;
  if (a < 0x80) return 1;
  const unsigned char b = byte(at + 1);
  if (a >= 0xC2 && a <= 0xDF) return tail(at + 1) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF) {
    if (!tail(at + 1) || !tail(at + 2)) return 0;
    if (a == 0xE0 && b < 0xA0) return 0;
    if (a == 0xED && b > 0x9F) return 0;
    return 3;
  }
  if (a >= 0xF0 && a <= 0xF4) {
    if (!tail(at + 1) || !tail(at + 2) || !tail(at + 3)) return 0;
    if (a == 0xF0 && b < 0x90) return 0;
    if (a == 0xF4 && b > 0x8F) return 0;
    return 4;
  }
  return 0;
}

std::size_t FirstInvalidUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    // Eight ASCII bytes at a time: most text is.
    std::uint64_t word = 0;
    if (i + 8 <= text.size()) {
      std::memcpy(&word, text.data() + i, 8);
      if ((word & 0x8080808080808080ULL) == 0) {
        i += 8;
        continue;
      }
    }
    const std::size_t length = Utf8SequenceLength(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::size_t bad = FirstInvalidUtf8(text);
  if (bad == std::string_view::npos) return std::string(text);
  std::string clean;
  clean.reserve(text.size() + 8);
  while (bad != std::string_view::npos) {
    clean.append(text.substr(0, bad));
    clean += "\xEF\xBF\xBD";
    // A cut sequence is replaced as a whole: its lead byte with the continuation bytes that fitted.
    const auto lead = static_cast<unsigned char>(text[bad]);
    std::size_t skip = 1;
    const std::size_t wanted = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 && lead < 0xF0 ? 3 : 1;
    for (; skip < wanted && bad + skip < text.size(); ++skip) {
      const auto c = static_cast<unsigned char>(text[bad + skip]);
      unsigned char low = 0x80, high = 0xBF;
      if (skip == 1) {
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
      }
      if (c < low || c > high) break;
    }
    text.remove_prefix(bad + skip);
    bad = FirstInvalidUtf8(text);
  }
  clean.append(text);
  return clean;
}

void AppendUtf8(char32_t code_point, std::string& text) {
  const auto c = static_cast<std::uint32_t>(code_point);
  if (c < 0x80) {
    text.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    text.push_back(static_cast<char>(0xC0 | (c >> 6)));
    text.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | (c >> 12)));
    text.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    text.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    text.push_back(static_cast<char>(0xF0 | (c >> 18)));
    text.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
    text.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    text.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

SourcePosition PositionOfOffset(std::string_view text, std::size_t offset, const std::string& file) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? offset : offset - start - 1;
  return {file, static_cast<int>(lines) + 1, static_cast<int>(column) + 1};
}

std::string_view SkipByteOrderMark(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  return text;
}

}  // namespace minslice::io
