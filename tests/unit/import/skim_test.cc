#include "import/skim.h"

#include <gtest/gtest.h>

#include <string>

namespace minslice::import {
namespace {

// What is left of a line, or "no" where it is left to the parser. Everything but "doc" is kept.
std::string Left(const std::string& line) {
  const std::string padded = line + std::string(64, '\0');
  std::string out;
  const bool good = Skim(
      std::string_view(padded).substr(0, line.size()),
      [](std::string_view key, std::string_view) { return key == "doc" ? Keep::kName : Keep::kWhole; }, out);
  return good ? out : "no";
}

TEST(Skim, LeavesOutByName) {
  EXPECT_EQ(Left(R"({"doc_id": 1, "doc": {"q": "a \"}\" \\", "l": [1, {"x": "]"}]}, "resps": [["a"]]})"),
            R"({"doc_id":1,"doc":{},"resps":[["a"]]})");
  EXPECT_EQ(Left(R"( {"doc":"text, with: {all}" , "t":null}  )"), R"({"doc":{},"t":null})");
  EXPECT_EQ(Left("{\"doc\":1,\"e\":\"\xc3\xa9\\u00e9\"}"), "{\"doc\":{},\"e\":\"\xc3\xa9\\u00e9\"}");
}

TEST(Skim, LeavesWhatIsNoWholeObjectToTheParser) {
  const std::string good = R"({"a": {"b": ["c", 1]}, "doc": {"q": "text"}, "d": "e"})";
  for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_EQ(Left(good.substr(0, cut)), "no") << cut;
  EXPECT_NE(Left(good), "no");
  EXPECT_EQ(Left(good + "x"), "no");
  EXPECT_EQ(Left("[1]"), "no");
  EXPECT_EQ(Left("{}"), "no");
  EXPECT_EQ(Left("{\"a\":}"), "no");
  EXPECT_EQ(Left("{\"a\":1,}"), "no");
}

}  // namespace
}  // namespace minslice::import
