#include "http/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace minslice::http {
namespace {

using testing::ElementsAre;

std::vector<std::string> Data(std::string_view body) {
  std::vector<std::string> data;
  for (const SseEvent& event : ParseSse(body)) data.push_back(event.data);
  return data;
}

// The examples of the HTML standard, 9.2.6, and its line endings.
TEST(ParseSse, TheStandardsExamples) {
  EXPECT_THAT(Data("data: YHOO\ndata: +2\ndata: 10\n\n"), ElementsAre("YHOO\n+2\n10"));
  EXPECT_THAT(
      Data(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n"),
      ElementsAre("first event", "second event"));
  EXPECT_THAT(Data("data\n\ndata\ndata\n\ndata:"), ElementsAre("", "\n"));
  EXPECT_THAT(Data("data:test\n\ndata: test\n\n"), ElementsAre("test", "test"));
}

TEST(ParseSse, EveryLineEnding) {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    EXPECT_THAT(Data("data: a" + end + end + "data: b" + end + "data: c" + end + end),
                ElementsAre("a", "b\nc"));
  }
}

TEST(ParseSse, TypesMarksAndWhatIsCut) {
  const auto events = ParseSse(
      "\xEF\xBB\xBF"
      "event: error\ndata: x\n\ndata: y\n\ndata: cut");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, "error");
  EXPECT_EQ(events[1].type, "");
  EXPECT_EQ(events[0].end, 25U);
  EXPECT_TRUE(ParseSse("").empty());
  EXPECT_TRUE(ParseSse("event: alone\n\n: comment\n\n").empty());
}

}  // namespace
}  // namespace minslice::http
