#include "report/escape.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace minslice::report {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Decodes one character at text[i], i < size, and moves i behind it; a maximal invalid part gives U+FFFD
// (Unicode 15, 3.9).
char32_t Decode(std::string_view text, std::size_t& i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char lead = byte(i);
  if (lead < 0x80) {
    ++i;
    return lead;
  }
  int more = 0;
  char32_t c = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1;
    c = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2;
    c = lead & 0x0FU;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3;
    c = lead & 0x07U;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    ++i;
    return kReplacement;
  }
  ++i;
  for (int k = 0; k < more; ++k) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return kReplacement;
    c = (c << 6U) | (byte(i) & 0x3FU);
    low = 0x80;
    high = 0xBF;
    ++i;
  }
  return c;
}

void Append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6U));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | (c >> 12U));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (c >> 18U));
    out += static_cast<char>(0x80U | ((c >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool In(const std::array<Range, N>& ranges, char32_t c) {
  for (const Range& range : ranges) {
    if (c < range.first) return false;
    if (c <= range.last) return true;
  }
  return false;
}

// What steers a terminal or the order of text, or hides: C0, DEL, C1, soft hyphen, Arabic letter mark,
// Mongolian vowel separator, zero width and direction marks, separators, embeddings, invisible operators,
// isolates, BOM, interlinear annotation, shorthand and musical formats, tags. The zero width joiner U+200D
// stays in: emoji need it and it moves nothing.
constexpr std::array<Range, 14> kHidden = {{{0x00, 0x1F},
                                            {0x7F, 0x9F},
                                            {0xAD, 0xAD},
                                            {0x61C, 0x61C},
                                            {0x180E, 0x180E},
                                            {0x200B, 0x200C},
                                            {0x200E, 0x200F},
                                            {0x2028, 0x202E},
                                            {0x2060, 0x206F},
                                            {0xFEFF, 0xFEFF},
                                            {0xFFF9, 0xFFFB},
                                            {0x1BCA0, 0x1BCA3},
                                            {0x1D173, 0x1D17A},
                                            {0xE0000, 0xE0FFF}}};

// Unicode 15 East_Asian_Width W and F, in ranges that join unassigned gaps.
constexpr std::array<Range, 35> kWide = {
    {{0x1100, 0x115F}, {0x231A, 0x231B}, {0x2329, 0x232A}, {0x23E9, 0x23EC}, {0x23F0, 0x23F0},
     {0x23F3, 0x23F3}, {0x25FD, 0x25FE}, {0x2614, 0x2615}, {0x2648, 0x2653}, {0x267F, 0x267F},
     {0x2693, 0x2693}, {0x26A1, 0x26A1}, {0x26AA, 0x26AB}, {0x26BD, 0x26BE}, {0x26C4, 0x26C5},
     {0x26CE, 0x26CE}, {0x26D4, 0x26D4}, {0x26EA, 0x26EA}, {0x26F2, 0x26F3}, {0x26F5, 0x26F5},
     {0x26FA, 0x26FA}, {0x26FD, 0x26FD}, {0x2705, 0x2705}, {0x270A, 0x270B}, {0x2728, 0x2728},
     {0x274C, 0x274C}, {0x2753, 0x2757}, {0x2795, 0x2797}, {0x2E80, 0x303E}, {0x3041, 0xA4CF},
     {0xA960, 0xA97C}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}}};
constexpr std::array<Range, 6> kWideHigh = {{{0xFFE0, 0xFFE6},
                                             {0x16FE0, 0x1B2FB},
                                             {0x1F004, 0x1F0CF},
                                             {0x1F18E, 0x1F320},
                                             {0x1F32D, 0x1FAFF},
                                             {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 12> kCombining = {{{0x300, 0x36F},
                                               {0x483, 0x489},
                                               {0x591, 0x5BD},
                                               {0x610, 0x61A},
                                               {0x64B, 0x65F},
                                               {0x6D6, 0x6DC},
                                               {0x1AB0, 0x1AFF},
                                               {0x1DC0, 0x1DFF},
                                               {0x200D, 0x200D},
                                               {0x20D0, 0x20FF},
                                               {0xFE00, 0xFE0F},
                                               {0xFE20, 0xFE2F}}};

std::size_t Columns(char32_t c) {
  if (c < 0x300) return 1;
  if (In(kCombining, c)) return 0;
  return In(kWide, c) || In(kWideHigh, c) ? 2 : 1;
}

void AppendShown(std::string& out, char32_t c) {
  char buffer[16];
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  std::snprintf(buffer, sizeof buffer,
                c < 0x80      ? "\\x%02x"
                : c < 0x10000 ? "\\u%04x"
                              : "\\U%08x",
                static_cast<unsigned>(c));
  out += buffer;
}

bool IsPlain(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void AppendEntity(std::string& out, char32_t c) {
  out += "&#";
  out += std::to_string(static_cast<unsigned>(c));
  out += ';';
}

}  // namespace

std::string ValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) Append(out, Decode(text, i));
  return out;
}

std::string EscapeTerminal(std::string_view text, bool ascii_only) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = Decode(text, i);
    if (In(kHidden, c) || (ascii_only && c >= 0x80)) {
      AppendShown(out, c);
    } else {
      Append(out, c);
    }
  }
  return out;
}

std::string MarkdownCode(std::string_view text) {
  std::string out = "<code>";
  const std::string shown = EscapeTerminal(text);
  for (std::size_t i = 0; i < shown.size();) {
    const char32_t c = Decode(shown, i);
    if (c >= 0x80 || IsPlain(c) || c == ' ' || c == '-') {
      Append(out, c);
    } else {
      AppendEntity(out, c);
    }
  }
  return out + "</code>";
}

std::string MarkdownText(std::string_view text) {
  std::string out;
  const std::string shown = EscapeTerminal(text);
  for (std::size_t i = 0; i < shown.size();) {
    const std::size_t start = i;
    const char32_t c = Decode(shown, i);
    const bool readable =
        c >= 0x80 || IsPlain(c) ||
        std::string_view(" ,;()%+-=/'\"?").find(static_cast<char>(c)) != std::string_view::npos;
    // A full stop is an entity only where an address could be: GitHub links "www." and "name.tld" by
    // themselves.
    const bool number_or_end =
        c == '.' && (i >= shown.size() || shown[i] == ' ' || (shown[i] >= '0' && shown[i] <= '9') ||
                     start == 0 || shown[start - 1] == ' ');
    if (readable || number_or_end) {
      Append(out, c);
    } else {
      AppendEntity(out, c);
    }
  }
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : EscapeTerminal(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string ShellArgument(std::string_view text) {
  bool plain = !text.empty();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t start = i;
    const char32_t c = Decode(text, i);
    if (In(kHidden, c) || (c == kReplacement && text.substr(start, i - start) != "\xEF\xBF\xBD")) return "";
    plain = plain && (IsPlain(c) || (c < 0x80 && std::string_view("_./:@%+=,-").find(static_cast<char>(c)) !=
                                                     std::string_view::npos));
  }
  if (plain && text.front() != '-') return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) width += Columns(Decode(text, i));
  return width;
}

std::string CutToWidth(std::string_view text, std::size_t width, bool ascii_only) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const std::string_view mark = ascii_only ? ".." : "…";
  const std::size_t mark_width = ascii_only ? 2 : 1;
  if (width < mark_width) return std::string(width, '.');
  std::size_t used = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    used += Columns(Decode(text, i));
    if (used > width - mark_width) break;
    end = i;
  }
  return std::string(text.substr(0, end)) + std::string(mark);
}

std::vector<std::string> WrapToWidth(std::string_view text, std::size_t width) {
  if (width == 0) width = 1;
  std::vector<std::string> lines;
  std::size_t line_start = 0;
  while (line_start < text.size()) {
    std::size_t used = 0;
    std::size_t end = line_start;           // as far as characters fit
    std::size_t space = std::string::npos;  // the last space that a line may end at
    std::size_t i = line_start;
    while (i < text.size()) {
      const std::size_t before = i;
      const char32_t c = Decode(text, i);
      if (c == ' ') space = before;
      used += Columns(c);
      if (used > width) break;
      end = i;
    }
    if (used <= width) {
      lines.emplace_back(text.substr(line_start));
      break;
    }
    // A word that is longer than most of a line is broken where the line ends, rather than leave a short line
    // before it.
    const bool at_space = space != std::string::npos && space > line_start &&
                          DisplayWidth(text.substr(line_start, space - line_start)) * 3 >= width;
    if (at_space) {
      lines.emplace_back(text.substr(line_start, space - line_start));
      line_start = space + 1;
    } else {
      if (end == line_start) {  // one character is wider than the line
        end = line_start;
        Decode(text, end);
      }
      lines.emplace_back(text.substr(line_start, end - line_start));
      line_start = end;
    }
  }
  if (lines.empty()) lines.emplace_back();
  return lines;
}

}  // namespace minslice::report
