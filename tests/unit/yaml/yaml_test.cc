#include "yaml/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace minslice::yaml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Texts(const Diagnostics& diagnostics) {
  std::vector<std::string> texts;
  if (diagnostics.empty()) return texts;
  for (const Diagnostic& d : diagnostics.ToFailure().diagnostics) texts.push_back(d.ToString());
  return texts;
}

TEST(Yaml, ReadsTypedValues) {
  Diagnostics diagnostics;
  const Map root = ParseMap(
      "name: 010\nflag: no\ncount: 010\nrate: .5\nbig: 1e3\nnegative: -4\nyes_flag: true\n"
      "list: [a, 2, \"x y\"]\nnested: {deep: {value: 7}}\nnothing:\nquoted: \"5\"\nblock: |\n  two\n  "
      "lines\n",
      "f.yaml", diagnostics);
  EXPECT_EQ(root.GetString("name", ""), "010");  // as written
  EXPECT_EQ(root.GetString("flag", ""), "no");   // never a boolean
  EXPECT_EQ(root.GetInt("count", 0), 10);        // never octal
  EXPECT_EQ(root.GetDouble("rate", 0), 0.5);
  EXPECT_EQ(root.GetDouble("big", 0), 1000);
  EXPECT_EQ(root.GetInt("negative", 0), -4);
  EXPECT_TRUE(root.GetBool("yes_flag", false));
  EXPECT_THAT(root.GetStrings("list"), ElementsAre("a", "2", "x y"));
  EXPECT_EQ(root.GetMap("nested").GetMap("deep").GetInt("value", 0), 7);
  EXPECT_EQ(root.FindString("nothing"), std::nullopt);
  EXPECT_EQ(root.Get("quoted").kind(), Kind::kText);
  EXPECT_EQ(root.GetString("block", ""), "two\nlines\n");
  EXPECT_EQ(root.GetInt("absent", 5), 5);
  EXPECT_FALSE(root.GetMap("absent_map").present());
  EXPECT_EQ(root.GetMap("absent_map").GetInt("x", 3), 3);
  root.Finish();
  EXPECT_THAT(Texts(diagnostics), ElementsAre());
}

TEST(Yaml, NumbersBeyondADoubleAreNoNumbers) {
  Diagnostics diagnostics;
  const Map root =
      ParseMap("a: 1e999\nb: " + std::string(400, '9') + "\nc: 99999999999999999999\n", "f", diagnostics);
  EXPECT_EQ(root.Get("a").kind(), Kind::kText);
  EXPECT_EQ(root.Get("b").kind(), Kind::kText);
  EXPECT_EQ(root.Get("c").kind(), Kind::kDouble);
  EXPECT_EQ(root.GetDouble("b", 7), 7);
  EXPECT_EQ(diagnostics.size(), 1U);
}

TEST(Yaml, EveryErrorAtOnceWithItsPlace) {
  Diagnostics diagnostics;
  const Map root = ParseMap(
      "version: one\nsegmnets: [a]\ncount: 2.5\nrate: 1.5\nflag: yes\nlist: a\nnested: [1]\nrole: gat\n",
      "f.yaml", diagnostics);
  root.GetInt("version", 1);
  root.GetStrings("segments");
  root.GetInt("count", 1);
  root.GetDouble("rate", 0, {.min = 0, .max = 1});
  root.GetBool("flag", false);
  root.GetStrings("list");
  root.GetMap("nested");
  root.RequireString("name");
  root.GetChoice("role", "gate", {"gate", "report"});
  root.Finish();
  EXPECT_THAT(
      Texts(diagnostics),
      ElementsAre(
          "f.yaml:1:1: required key \"name\" is missing",
          "f.yaml:1:10: version: expected a whole number, found the text \"one\"",
          "f.yaml:2:1: unknown key \"segmnets\"; did you mean \"segments\"?",
          "f.yaml:3:8: count: expected a whole number, found the number 2.5",
          "f.yaml:4:7: rate: expected a number of at least 0 and at most 1, found the number 1.5",
          "f.yaml:5:7: flag: expected true or false, found the text \"yes\"",
          "f.yaml:6:7: list: expected a list, found the text \"a\"",
          "f.yaml:7:9: nested: expected a map of keys and values, found a list",
          "f.yaml:8:7: role: expected gate or report, found the text \"gat\"; did you mean \"gate\"?"));
}

TEST(Yaml, RefusesDuplicateKeysAtEveryDepth) {
  Diagnostics diagnostics;
  ParseMap("a: 1\nb: {c: 1, c: 2}\na: 3\n", "f", diagnostics);
  EXPECT_THAT(Texts(diagnostics), ElementsAre("f:2:11: key \"c\" stands twice in this map, first at line 2",
                                              "f:3:1: key \"a\" stands twice in this map, first at line 1"));
}

TEST(Yaml, AliasesWorkAndCyclesAreRefused) {
  Diagnostics diagnostics;
  const Map root = ParseMap("a: &x {v: 4}\nb: *x\n", "f", diagnostics);
  EXPECT_EQ(root.GetMap("b").GetInt("v", 0), 4);
  EXPECT_TRUE(diagnostics.empty());
  ParseMap("a: &x [1, *x]\n", "f", diagnostics);
  EXPECT_THAT(Texts(diagnostics), ElementsAre(HasSubstr("f:1:11: this alias stands inside the value")));
}

TEST(Yaml, NestedUnknownKeysAreNamedByPath) {
  Diagnostics diagnostics;
  const Map root = ParseMap("request: {temprature: 0}\n", "f", diagnostics);
  const Map request = root.GetMap("request");
  request.GetDouble("temperature", 0);
  request.Finish();
  EXPECT_THAT(Texts(diagnostics),
              ElementsAre("f:1:11: unknown key \"request.temprature\"; did you mean \"temperature\"?"));
}

TEST(Yaml, SyntaxErrorsHaveAPlaceAndNoFollowers) {
  for (const char* text : {"a: [1, 2\n", "a: b: c\n", "\tx: 1\n", "a: *nope\n", "a: {b\n", "x: \"open\n",
                           "x: 'it''s\n", "a: 1\nx: &n \"open \\\"\n"}) {
    Diagnostics diagnostics;
    const Map root = ParseMap(text, "f", diagnostics);
    root.RequireString("name");
    root.Finish();
    const auto texts = Texts(diagnostics);
    ASSERT_EQ(texts.size(), 1U) << text << testing::PrintToString(texts);
    EXPECT_THAT(texts[0], testing::MatchesRegex("f:[0-9]+:[0-9]+: not valid YAML: .+")) << text;
  }
}

TEST(Yaml, RefusesWhatIsNoSingleMap) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "found an empty file"},
           {"# only a comment\n", "found an empty file"},
           {"- a\n", "found a list"},
           {"a: 1\n---\nb: 2\n", "found a second"},
           {"a: \xFF\n", "f:1:4: expected UTF-8"},
           {std::string("a: 1\n\0b", 7), "NUL byte"},
           {"? [a, b]\n: 1\n", "a key must be a plain word"},
           {"a: !secret x\n", "tags are not used here"},
       }) {
    Diagnostics diagnostics;
    ParseMap(text, "f", diagnostics);
    EXPECT_THAT(Texts(diagnostics), testing::Contains(HasSubstr(message))) << text;
  }
}

TEST(Yaml, ClosedQuotesAtTheEndAreFine) {
  for (const char* text :
       {"x: 'it''s'", "x: \"a\\\"\"", "x: &n \"a\"", "x: |\n  \"not a quote\n", "x: ''", "'x'"}) {
    Diagnostics diagnostics;
    ParseNode(text, "f", diagnostics);
    EXPECT_THAT(Texts(diagnostics), ElementsAre()) << text;
  }
}

TEST(Yaml, ColumnsCountBytes) {
  Diagnostics diagnostics;
  ParseMap("\"\xC3\xA9\": {a: 1, a: 2}\n", "f", diagnostics);
  EXPECT_THAT(Texts(diagnostics), ElementsAre(HasSubstr("f:1:14: key \"a\" stands twice")));
}

TEST(Yaml, DeepNestingIsAnErrorNotACrash) {
  Diagnostics diagnostics;
  ParseMap(std::string(100000, '['), "f", diagnostics);
  EXPECT_FALSE(diagnostics.empty());
}

TEST(Yaml, ByteOrderMarkAndCarriageReturns) {
  Diagnostics diagnostics;
  const Map root = ParseMap(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: x\r\n",
      "f", diagnostics);
  EXPECT_EQ(root.GetInt("a", 0), 1);
  EXPECT_EQ(root.GetString("b", ""), "x");
  EXPECT_TRUE(diagnostics.empty());
}

}  // namespace
}  // namespace minslice::yaml
