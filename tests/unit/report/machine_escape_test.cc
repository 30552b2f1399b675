// The encoders of reports that programs read, with bytes that a model could have written.
#include "report/machine_escape.h"

#include <gtest/gtest.h>

#include <string>

namespace minslice::report {
namespace {

TEST(CsvTextTest, QuotesAsRfc4180Does) {
  EXPECT_EQ(CsvText("plain"), "plain");
  EXPECT_EQ(CsvText(""), "");
  EXPECT_EQ(CsvText("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvText("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(CsvText("two\nlines\ttab"), "\"two\nlines\ttab\"");
}

TEST(CsvTextTest, NoFormulaBegins) {
  for (const std::string formula :
       {"=1+1", "+1", "-1", "@SUM(A1)", "\uFF1D1", "\uFF0B1", "\uFF0D1", "\uFF201"})
    EXPECT_EQ(CsvText(formula), "'" + formula);
  EXPECT_EQ(CsvText("\t=1"), "'\t=1");
  EXPECT_EQ(CsvText("\r=1"), "\"'\r=1\"");
  EXPECT_EQ(CsvText("=cmd|' /C calc'!A0,x"), "\"'=cmd|' /C calc'!A0,x\"");
}

TEST(XmlTextTest, NothingEndsASectionAndNoCharacterIsForbidden) {
  EXPECT_EQ(XmlText("]]></a><b x='1' y=\"2\">&"),
            "]]&gt;&lt;/a&gt;&lt;b x=&#39;1&#39; y=&quot;2&quot;&gt;&amp;");
  EXPECT_EQ(XmlText(std::string("\0\x01\x0b\x1b[2J", 7)), "\\x00\\x01\\x0b\\x1b[2J");
  EXPECT_EQ(XmlText("\uFFFE\uFFFF\uFFFD\uFB01"), "\\ufffe\\uffff\uFFFD\uFB01");
}

TEST(WorkflowTest, NoCommandBeginsAndNoPropertyEnds) {
  EXPECT_EQ(WorkflowData("50%\n::error::x"), "50%25\\n::error::x");
  EXPECT_EQ(WorkflowData("a ##[error]b"), "a ## [error]b");
  EXPECT_EQ(WorkflowProperty("a,b:c%"), "a%2Cb%3Ac%25");
}

TEST(MetricLabelTest, EscapesWhatTheFormatEscapes) {
  EXPECT_EQ(MetricLabel("a\\b\"c\nd"), "a\\\\b\\\"c\\\\nd");
}

TEST(MachineEscapeTest, InvalidUtf8AndDirectionMarksInEveryEncoder) {
  for (const auto encode : {CsvText, XmlText, WorkflowData, WorkflowProperty}) {
    EXPECT_EQ(encode("a\xFF\xC3z"), "a\uFFFD\uFFFDz");
    EXPECT_EQ(encode("a\u202Eb"), "a\\u202eb");
    const std::string megabyte(1 << 20U, 'x');
    EXPECT_EQ(encode(megabyte), megabyte);
  }
  EXPECT_EQ(MetricLabel("a\xFF\u202E"), "a\uFFFD\\\\u202e");
}

}  // namespace
}  // namespace minslice::report
