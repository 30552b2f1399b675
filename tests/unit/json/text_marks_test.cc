#include "json/text_marks.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace minslice::json {
namespace {

// The same by one byte at a time.
struct ByBytes {
  bool good = true, ascii = true;
  std::vector<std::size_t> quotes;
  std::string outside;  // the text with a space for every byte of a string

  explicit ByBytes(const std::string& text) : outside(text) {
    bool inside = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c < 0x20) good = false;
      if (c >= 0x80) ascii = false;
      if (c == '\\' && !inside) good = false;
      if (inside) outside[i] = ' ';
      if (c == '\\' && inside && i + 1 < text.size()) {
        const auto escaped = static_cast<unsigned char>(text[++i]);
        outside[i] = ' ';
        if (escaped < 0x20) good = false;
        if (escaped >= 0x80) ascii = false;
      } else if (c == '"') {
        inside = !inside;
        quotes.push_back(i);
      }
    }
    if (inside) good = false;
  }
  std::size_t Closing(std::size_t at, int deepest) const {
    int depth = 0;
    for (std::size_t i = at; i < outside.size(); ++i) {
      const char c = outside[i];
      if ((c == '{' || c == '[') && ++depth > deepest) return TextMarks::kNone;
      if ((c == '}' || c == ']') && --depth == 0) return i;
    }
    return TextMarks::kNone;
  }
};

TEST(TextMarks, AreThoseOfOneByteAtATime) {
  std::mt19937_64 random(20261121);
  TextMarks marks;
  int good = 0;
  for (int round = 0; round < 200000; ++round) {
    // Few kinds of bytes, so that escapes, quotes and brackets meet at the ends of words.
    const std::string_view alphabet = round % 3 == 0   ? R"("\{}[],a)"
                                      : round % 3 == 1 ? "\"\\\\\\aaaaaaa[{"
                                                       : "\"aa[]{}";
    std::string text;
    for (std::size_t n = random() % 150; text.size() < n;) text += alphabet[random() % alphabet.size()];
    if (random() % 50 == 0 && !text.empty()) text[random() % text.size()] = random() % 2 == 0 ? '\t' : '\xc3';
    const ByBytes expected(text);
    const std::string padded = text + std::string(TextMarks::kSlack, '"');
    ASSERT_EQ(marks.Mark(std::string_view(padded).substr(0, text.size())), expected.good) << text;
    if (!expected.good) continue;
    ++good;
    EXPECT_EQ(marks.ascii(), expected.ascii);
    EXPECT_EQ(marks.quoted_brackets(),
              text.find("\"[[") != std::string::npos || text.find("\"[{") != std::string::npos ||
                  text.find("\"{{") != std::string::npos || text.find("\"{[") != std::string::npos)
        << text;
    std::size_t at = 0;
    for (const std::size_t quote : expected.quotes) {
      ASSERT_EQ(marks.NextQuote(at), quote) << text;
      at = quote + 1;
    }
    EXPECT_EQ(marks.NextQuote(at), TextMarks::kNone);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (expected.outside[i] != '{' && expected.outside[i] != '[') continue;
      ASSERT_EQ(marks.Closing(i, 3), expected.Closing(i, 3)) << text << " at " << i;
    }
    const std::size_t begin = random() % (text.size() + 1),
                      end = begin + random() % (text.size() - begin + 1);
    EXPECT_EQ(marks.HasBackslash(begin, end),
              text.substr(begin, end - begin).find('\\') != std::string::npos);
  }
  EXPECT_GT(good, 10000);
}

}  // namespace
}  // namespace minslice::json
