#include "run/plain_text.h"

#include <algorithm>
#include <cctype>

namespace minslice::run {

std::string OneLine(std::string_view text, std::size_t max_bytes) {
  std::string line;
  bool space = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    // U+0080 to U+009F are control characters of terminals too.
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte <= 0x20 || byte == 0x7f || c1) {
      if (c1) ++i;
      space = !line.empty();
      continue;
    }
    if (space) line += ' ';
    space = false;
    line += c;
    if (line.size() > max_bytes) break;
  }
  if (line.size() > max_bytes) {
    std::size_t keep = max_bytes >= 3 ? max_bytes - 3 : 0;
    while (keep > 0 && (static_cast<unsigned char>(line[keep]) & 0xc0U) == 0x80U) --keep;
    line.resize(keep);
    line += "...";
  }
  return line;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string WithoutTags(std::string_view html) {
  std::string text;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<') in_tag = true;
    if (!in_tag) text += c;
    if (c == '>') {
      in_tag = false;
      text += ' ';
    }
  }
  return text;
}

}  // namespace minslice::run
