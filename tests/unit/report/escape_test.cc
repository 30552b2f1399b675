#include "report/escape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace minslice::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(EscapeTest, InvalidUtf8BecomesReplacementCharacters) {
  // Unicode 15, table 3-8: each maximal subpart is one U+FFFD.
  EXPECT_EQ(ValidUtf8("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(ValidUtf8("\xC0\xAF"), "\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "surrogate";
  EXPECT_EQ(ValidUtf8("\xE2\x82"), "\uFFFD") << "cut";
  EXPECT_EQ(ValidUtf8("\xF4\x91\x92\x93\xFF\x41"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(ValidUtf8("grün 東京 😀"), "grün 東京 😀");
}

TEST(EscapeTest, NothingSteersATerminal) {
  EXPECT_EQ(EscapeTerminal("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
  EXPECT_EQ(EscapeTerminal("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(EscapeTerminal("\xC2\x9B"
                           "31m"),
            "\\u009b31m")
      << "C1 as UTF-8";
  EXPECT_EQ(EscapeTerminal("\x9B"
                           "31m"),
            "\uFFFD31m")
      << "C1 as a byte";
  EXPECT_EQ(EscapeTerminal("a\r\nb\tc\x7f"), "a\\r\\nb\\tc\\x7f");
  EXPECT_EQ(EscapeTerminal("user\u202Etxt.exe"), "user\\u202etxt.exe");
  EXPECT_EQ(EscapeTerminal("\u2066\u2069\u200F\u061C\uFEFF\u200B"),
            "\\u2066\\u2069\\u200f\\u061c\\ufeff\\u200b");
  EXPECT_EQ(EscapeTerminal("\u2028\u2029"), "\\u2028\\u2029");
  EXPECT_EQ(EscapeTerminal(std::string("\xF3\xA0\x81\x81")), "\\U000e0041") << "tag character";
  EXPECT_EQ(EscapeTerminal("größe 東京"), "größe 東京");
  EXPECT_EQ(EscapeTerminal("größe", true), "gr\\u00f6\\u00dfe");
  EXPECT_EQ(EscapeTerminal(std::string("a\0b", 3)), "a\\x00b");
}

TEST(EscapeTest, EveryByteSequenceGivesPrintableText) {
  std::string all;
  for (int c = 0; c < 256; ++c) {
    for (int d = 0; d < 256; d += 3) {
      all += static_cast<char>(c);
      all += static_cast<char>(d);
    }
  }
  for (const char c : EscapeTerminal(all)) {
    const auto byte = static_cast<unsigned char>(c);
    EXPECT_TRUE(byte >= 0x20 && byte != 0x7F);
  }
  EXPECT_EQ(EscapeTerminal(EscapeTerminal(all)), EscapeTerminal(all)) << "escaped text needs no escaping";
}

TEST(EscapeTest, MarkdownCodeStartsNoMarkup) {
  const std::string code = MarkdownCode(
      "</code><img src=x onerror=alert(1)> | `a` *b* @team #1 $x$ [l](javascript:1) www.evil.com");
  EXPECT_TRUE(code.starts_with("<code>"));
  EXPECT_TRUE(code.ends_with("</code>"));
  const std::string inner = code.substr(6, code.size() - 13);
  // Only entities bring in anything but letters, digits, space and '-'.
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '&') {
      ASSERT_EQ(inner[i + 1], '#');
      i = inner.find(';', i);
      ASSERT_NE(i, std::string::npos);
      continue;
    }
    const char c = inner[i];
    EXPECT_TRUE((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
                c == '-')
        << c;
  }
  EXPECT_THAT(MarkdownCode("a\nb\u202E"), HasSubstr("a&#92;nb&#92;u202e")) << "no line can end a table row";
}

TEST(EscapeTest, MarkdownTextKeepsSentencesReadable) {
  EXPECT_EQ(MarkdownText("segment acme -14.9 pt (8 broke, 1 fixed of 47), p .0497."),
            "segment acme -14.9 pt (8 broke, 1 fixed of 47), p .0497.");
  for (const char* hostile : {"<script>", "![x](y)", "@team", "#12", "`code`", "**b**", "_i_", "a|b", "~~s~~",
                              "$x$", "https://e.com", "www.e.com", "\\[x\\]", "&lt;"}) {
    const std::string text = MarkdownText(hostile);
    for (const char* mark : {"<", ">", "[", "]", "@", "`", "*", "_", "|", "~", "$", "://", "www.", "\\"}) {
      EXPECT_THAT(text, Not(HasSubstr(mark))) << hostile;
    }
  }
  EXPECT_THAT(MarkdownText("a\n# b"), Not(HasSubstr("\n")));
}

TEST(EscapeTest, ShellArgumentsAreQuotedOrRefused) {
  EXPECT_EQ(ShellArgument("refund_flow"), "refund_flow");
  EXPECT_EQ(ShellArgument("flow:refund"), "flow:refund");
  EXPECT_EQ(ShellArgument("a b"), "'a b'");
  EXPECT_EQ(ShellArgument("$(rm -rf ~)"), "'$(rm -rf ~)'");
  EXPECT_EQ(ShellArgument("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellArgument("-rf"), "'-rf'");
  EXPECT_EQ(ShellArgument(""), "''");
  EXPECT_EQ(ShellArgument("a\nb"), "") << "what is read would not be what runs";
  EXPECT_EQ(ShellArgument("a\u202Eb"), "");
  EXPECT_EQ(ShellArgument("a\xFF"), "");
}

TEST(WidthTest, WideAndCombiningCharacters) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("東京"), 4U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U);
  EXPECT_EQ(DisplayWidth("😀"), 2U);
  EXPECT_EQ(CutToWidth("refund_flow", 20), "refund_flow");
  EXPECT_EQ(CutToWidth("refund_flow", 7), "refund…");
  EXPECT_EQ(CutToWidth("refund_flow", 7, true), "refun..");
  EXPECT_EQ(CutToWidth("東京都庁", 6), "東京…");
}

TEST(WidthTest, WrapsAtSpacesAndInsideLongWords) {
  EXPECT_THAT(WrapToWidth("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(WrapToWidth("abcdefghij", 4), ElementsAre("abcd", "efgh", "ij"));
  EXPECT_THAT(WrapToWidth("", 4), ElementsAre(""));
  EXPECT_THAT(WrapToWidth("東京都庁", 5), ElementsAre("東京", "都庁"));
  EXPECT_THAT(WrapToWidth("東", 1), ElementsAre("東")) << "wider than the line, still shown";
  for (const std::string& line : WrapToWidth("a bb ccc dddd eeeee ffffff ggggggg", 6))
    EXPECT_LE(DisplayWidth(line), 6U);
}

}  // namespace
}  // namespace minslice::report
