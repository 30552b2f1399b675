#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/diagnostics.h"
#include "io/nearest_name.h"
#include "io/utf8.h"

namespace minslice::io {
namespace {

TEST(NearestName, FindsTypos) {
  const std::vector<std::string> keys = {"segments", "grader", "request", "max_tokens", "temperature"};
  EXPECT_EQ(NearestName("segmnets", keys), "segments");
  EXPECT_EQ(NearestName("Grader", keys), "grader");
  EXPECT_EQ(NearestName("maxtokens", keys), "max_tokens");
  EXPECT_EQ(NearestName("max", keys), "max_tokens");
  EXPECT_EQ(NearestName("zzz", keys), std::nullopt);
  EXPECT_EQ(NearestName("", keys), std::nullopt);
  EXPECT_EQ(DidYouMean("gradr", keys), "; did you mean \"grader\"?");
  EXPECT_EQ(DidYouMean("zzz", keys), "; known: grader, max_tokens, request, segments, temperature");
  EXPECT_EQ(DidYouMean("zzz", keys, 2), "");
}

TEST(Quoted, NothingOfTheFileReachesTheTerminalRaw) {
  EXPECT_EQ(Quoted("a\x1B[31mb\nc\xFF"), "\"a?[31mb\\nc\xEF\xBF\xBD\"");
  EXPECT_EQ(Quoted("\xC2\x9B"), "\"?\"");  // CSI as a C1 control
  EXPECT_EQ(Quoted(std::string(100, 'x'), 5), "\"xxxxx...\"");
  EXPECT_EQ(Quoted("\xC3\xA9\xC3\xA9", 3), "\"\xC3\xA9\xC3\xA9\"");
}

TEST(Utf8, FindsIllFormedBytes) {
  EXPECT_EQ(FirstInvalidUtf8("plain text \xE2\x82\xAC \xF0\x9F\x98\x80"), std::string_view::npos);
  EXPECT_EQ(FirstInvalidUtf8("ab\xC0\x80"), 2U);                // overlong
  EXPECT_EQ(FirstInvalidUtf8("\xED\xA0\x80"), 0U);              // surrogate
  EXPECT_EQ(FirstInvalidUtf8("12345678\xF4\x90\x80\x80"), 8U);  // beyond U+10FFFF
  EXPECT_EQ(FirstInvalidUtf8("\xE2\x82"), 0U);                  // cut
}

// python3 -c 'print(bytes.decode("utf-8", "replace"))' for each input: CPython replaces maximal subparts too.
TEST(Utf8, ReplacesAsPythonDoes) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(ReplaceInvalidUtf8("ok"), "ok");
  EXPECT_EQ(ReplaceInvalidUtf8("a\xFFz"), std::string("a") + r + "z");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE2\x82z"), r + "z");
  EXPECT_EQ(ReplaceInvalidUtf8("\xF0\x9F\x98"), r);
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80"), r + r + r);
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\x80"), r + r);
  EXPECT_EQ(ReplaceInvalidUtf8("\xF4\x90\x80\x80"), r + r + r + r);
}

TEST(Utf8, EncodesCodePoints) {
  std::string text;
  for (const char32_t c : {U'A', U'\u00E9', U'\u20AC', U'\U0001F600'}) AppendUtf8(c, text);
  EXPECT_EQ(text, "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(Utf8, PositionsAreOneBasedBytes) {
  const SourcePosition p = PositionOfOffset("ab\ncde", 5, "f");
  EXPECT_EQ(p.line, 2);
  EXPECT_EQ(p.column, 3);
  EXPECT_EQ(SkipByteOrderMark("\xEF\xBB\xBFx"), "x");
}

TEST(Diagnostics, SortsWithinFilesAndCaps) {
  Diagnostics diagnostics;
  diagnostics.Add({"b", 2, 1}, "late");
  diagnostics.Add({"a", 1, 1}, "other file");
  diagnostics.Add({"b", 1, 5}, "early");
  const Failure all = diagnostics.ToFailure();
  ASSERT_EQ(all.diagnostics.size(), 3U);
  EXPECT_EQ(all.diagnostics[0].ToString(), "b:1:5: early");
  EXPECT_EQ(all.diagnostics[2].ToString(), "a:1:1: other file");
  const Failure capped = diagnostics.ToFailure(1);
  ASSERT_EQ(capped.diagnostics.size(), 2U);
  EXPECT_EQ(capped.diagnostics[1].ToString(), "... and 2 more errors");
}

}  // namespace
}  // namespace minslice::io
