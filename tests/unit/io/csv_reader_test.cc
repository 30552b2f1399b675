// Expected rows: RFC 4180, sections 2.1 to 2.7, and Python 3.11's csv module with strict=True on the same
// bytes.
#include "io/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace minslice::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> errors;
};

Read ReadAll(std::string_view text) {
  io::Diagnostics diagnostics;
  CsvReader reader(text, "f.csv", diagnostics);
  std::vector<CsvField> fields;
  Read read;
  while (reader.Next(fields)) {
    auto& row = read.rows.emplace_back();
    for (const CsvField& field : fields) row.emplace_back(field.text);
  }
  if (!diagnostics.empty()) {
    for (const Diagnostic& diagnostic : diagnostics.ToFailure().diagnostics) {
      read.errors.push_back(diagnostic.ToString());
    }
  }
  return read;
}

std::vector<std::vector<std::string>> RowsOf(std::string_view text) {
  const Read read = ReadAll(text);
  EXPECT_THAT(read.errors, IsEmpty()) << text;
  return read.rows;
}

TEST(CsvReader, RowsAndLineEnds) {
  const auto expected = ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2"));
  EXPECT_THAT(RowsOf("a,b\n1,2\n"), expected);
  EXPECT_THAT(RowsOf("a,b\r\n1,2\r\n"), expected);
  EXPECT_THAT(RowsOf("a,b\n1,2"), expected);
  EXPECT_THAT(RowsOf("a,b\r\n1,2\r"), expected);
  EXPECT_THAT(RowsOf("\xEF\xBB\xBF"
                     "a,b\n1,2\n"),
              expected);
  EXPECT_THAT(RowsOf("\n\na,b\n\r\n1,2\n\n"), expected);
  EXPECT_THAT(RowsOf(""), IsEmpty());
  EXPECT_THAT(RowsOf("\xEF\xBB\xBF"), IsEmpty());
  EXPECT_THAT(RowsOf("\n\r\n"), IsEmpty());
}

TEST(CsvReader, EmptyFieldsAreFields) {
  EXPECT_THAT(RowsOf(",\n"), ElementsAre(ElementsAre("", "")));
  EXPECT_THAT(RowsOf("a,,\n,,b"), ElementsAre(ElementsAre("a", "", ""), ElementsAre("", "", "b")));
  EXPECT_THAT(RowsOf("\"\",\"\""), ElementsAre(ElementsAre("", "")));
  EXPECT_THAT(RowsOf("a,"), ElementsAre(ElementsAre("a", "")));
  EXPECT_THAT(RowsOf(" a , b "), ElementsAre(ElementsAre(" a ", " b ")));
}

TEST(CsvReader, Quotes) {
  EXPECT_THAT(RowsOf("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx"),
              ElementsAre(ElementsAre("aaa", "b\r\nbb", "ccc"), ElementsAre("zzz", "yyy", "xxx")));
  EXPECT_THAT(RowsOf("\"aaa\",\"b\"\"bb\",\"ccc\""), ElementsAre(ElementsAre("aaa", "b\"bb", "ccc")));
  EXPECT_THAT(RowsOf("\"\"\"\",\"\"\"\"\"\",\"a,\"\",\"\"\""),
              ElementsAre(ElementsAre("\"", "\"\"", "a,\",\"")));
  EXPECT_THAT(RowsOf("\"a\"\"b\"\"c\",\"d\"\"e\"\n\"f\"\"\""),
              ElementsAre(ElementsAre("a\"b\"c", "d\"e"), ElementsAre("f\"")));
  EXPECT_THAT(RowsOf("\"\n\n\""), ElementsAre(ElementsAre("\n\n")));
}

TEST(CsvReader, FieldsKnowTheirPlaceBehindLineBreaksInQuotes) {
  io::Diagnostics diagnostics;
  CsvReader reader("\xEF\xBB\xBFid,\"no\nte\",x\r\n\"a\",\"two\r\nlines\",7\nb,c,d\n", "f.csv", diagnostics);
  std::vector<CsvField> fields;
  const auto place = [&](std::size_t i) { return std::pair(fields[i].line, fields[i].column); };
  ASSERT_TRUE(reader.Next(fields));
  EXPECT_EQ(place(0), std::pair(1, 1));
  EXPECT_EQ(place(1), std::pair(1, 4));
  EXPECT_EQ(place(2), std::pair(2, 5));
  ASSERT_TRUE(reader.Next(fields));
  EXPECT_EQ(place(0), std::pair(3, 1));
  EXPECT_EQ(place(1), std::pair(3, 5));
  EXPECT_EQ(place(2), std::pair(4, 8));
  ASSERT_TRUE(reader.Next(fields));
  EXPECT_EQ(place(2), std::pair(5, 5));
  EXPECT_FALSE(reader.Next(fields));
  EXPECT_FALSE(reader.Next(fields));
}

TEST(CsvReader, WhatIsNoCsvHasItsPlaceAndReadingGoesOn) {
  const Read stray = ReadAll("a,b\nx\"y,2\n\"x\"y,3\nz\rw,4\nok,5\n");
  EXPECT_THAT(stray.errors, ElementsAre(HasSubstr("f.csv:2:2: a quote inside"),
                                        HasSubstr("f.csv:3:4: expected a comma or the end of the line"),
                                        HasSubstr("f.csv:4:2: a carriage return")));
  ASSERT_EQ(stray.rows.size(), 5U);
  EXPECT_THAT(stray.rows.back(), ElementsAre("ok", "5"));

  const Read open = ReadAll("a,b\n1,\"two\nthree\n");
  EXPECT_THAT(open.errors, ElementsAre("f.csv:2:3: a quote is never closed"));
  EXPECT_EQ(open.rows.size(), 1U);
  EXPECT_THAT(ReadAll("\"").errors, ElementsAre("f.csv:1:1: a quote is never closed"));
  EXPECT_THAT(ReadAll("\"\"\"").errors, ElementsAre("f.csv:1:1: a quote is never closed"));
}

}  // namespace
}  // namespace minslice::io
