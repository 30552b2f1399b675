#include "minslice/text_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace minslice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TextList, HoldsWhatAVectorOfStringsHolds) {
  std::mt19937 random(7);
  TextList list;
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) {
    texts.emplace_back(random() % 50, static_cast<char>(random() % 256));  // empty ones and zero bytes too
    list.push_back(texts.back());
  }
  ASSERT_EQ(list.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(list[i], texts[i]);
  EXPECT_TRUE(std::equal(list.begin(), list.end(), texts.begin(), texts.end()));
}

TEST(TextList, IsSearchedWhereItIsAscending) {
  TextList list;
  EXPECT_THAT(list, IsEmpty());
  for (const char* text : {"a", "ab", "b"}) list.push_back(text);
  const auto at = [&](std::string_view text) {
    return std::lower_bound(list.begin(), list.end(), text) - list.begin();
  };
  EXPECT_EQ(at(""), 0);
  EXPECT_EQ(at("aa"), 1);
  EXPECT_EQ(at("ab"), 1);
  EXPECT_EQ(at("c"), 3);
}

TEST(TextList, GrowsByEmptyTextsAndShrinks) {
  TextList list;
  list.push_back("a");
  list.push_back("bc");
  list.resize(4);
  list.push_back("d");
  EXPECT_THAT(list, ElementsAre("a", "bc", "", "", "d"));
  list.resize(1);
  list.push_back("e");
  EXPECT_THAT(list, ElementsAre("a", "e"));
  list.resize(0);
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace minslice
