#include "score/grader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace minslice::score {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

suite::GraderSpec Spec(const std::string& type, bool ignore_case = false, bool trim = true,
                       const std::string& pattern = "", const SourcePosition& where = {}) {
  suite::GraderSpec spec;
  spec.type = type;
  spec.ignore_case = ignore_case;
  spec.trim = trim;
  spec.pattern = pattern;
  spec.where = where;
  return spec;
}

Case CaseWith(const std::string& expected_json, const std::string& id = "c1", int line = 1) {
  Case c;
  c.id = id;
  c.expected_json = expected_json;
  c.where = {"cases.jsonl", line, 1};
  return c;
}

suite::Suite SuiteOf(const suite::GraderSpec& spec, std::vector<Case> cases) {
  suite::Suite suite;
  suite.grader = spec;
  suite.cases = std::move(cases);
  return suite;
}

Grade GradeOf(const suite::GraderSpec& spec, const std::string& expected_json, std::string_view output) {
  const suite::Suite suite = SuiteOf(spec, {CaseWith(expected_json)});
  const auto grader = MakeGrader(suite);
  if (!grader) {
    ADD_FAILURE() << grader.error().diagnostics.front().ToString();
    return {};
  }
  return (*grader)->GradeOutput(suite.cases[0], output);
}

bool Passes(const suite::GraderSpec& spec, const std::string& expected_json, std::string_view output) {
  const Grade grade = GradeOf(spec, expected_json, output);
  EXPECT_FALSE(grade.model_error);
  EXPECT_EQ(grade.note, "");
  return grade.pass;
}

std::vector<std::string> Problems(const suite::GraderSpec& spec, std::vector<Case> cases) {
  const auto grader = MakeGrader(SuiteOf(spec, std::move(cases)));
  std::vector<std::string> texts;
  if (grader) return texts;
  EXPECT_EQ(grader.error().kind, Failure::Kind::kInput);
  for (const Diagnostic& diagnostic : grader.error().diagnostics) texts.push_back(diagnostic.ToString());
  return texts;
}

TEST(ExactMatch, TakesStringsAsTheirTextAndOtherScalarsAsTheirJson) {
  const suite::GraderSpec spec = Spec("exact_match");
  EXPECT_TRUE(Passes(spec, R"("Paris")", "Paris"));
  EXPECT_TRUE(Passes(spec, R"("Paris")", " \n\tParis\r\n"));
  EXPECT_TRUE(Passes(spec, R"(" Paris ")", "Paris"));
  EXPECT_FALSE(Passes(spec, R"("Paris")", "paris"));
  EXPECT_FALSE(Passes(spec, R"("Paris")", "Paris."));
  EXPECT_FALSE(Passes(spec, R"("Paris")", ""));
  EXPECT_TRUE(Passes(spec, R"("")", " "));
  EXPECT_TRUE(Passes(spec, R"("a\"b\u00e9")", "a\"b\xC3\xA9"));
  EXPECT_TRUE(Passes(spec, "42", "42"));
  EXPECT_FALSE(Passes(spec, "42", "42.0"));
  EXPECT_TRUE(Passes(spec, "1.50", "1.50"));
  EXPECT_TRUE(Passes(spec, "true", "true"));
  EXPECT_TRUE(Passes(spec, "null", "null"));
}

TEST(ExactMatch, Options) {
  EXPECT_FALSE(Passes(Spec("exact_match", false, false), R"("a")", "a "));
  EXPECT_TRUE(Passes(Spec("exact_match", false, false), R"("a ")", "a "));
  const suite::GraderSpec caseless = Spec("exact_match", true);
  EXPECT_TRUE(Passes(caseless, R"("Paris")", "pARIS\n"));
  EXPECT_TRUE(Passes(caseless, R"("Größe")", "GRÖßE"));
  EXPECT_FALSE(Passes(caseless, R"("Größe")", "GRÖSSE"));
  EXPECT_TRUE(Passes(caseless, R"j("ΑΘΗΝΑ (x)")j", "αθηνα (X)"));
  EXPECT_FALSE(Passes(caseless, R"("Größe")", "Größen"));
  EXPECT_FALSE(Passes(caseless, R"("Größe")", "eine Größe"));
}

TEST(Contains, TextListAndCase) {
  const suite::GraderSpec spec = Spec("contains");
  EXPECT_TRUE(Passes(spec, R"("refund")", "Your refund is on its way"));
  EXPECT_FALSE(Passes(spec, R"("refund")", "Your Refund is on its way"));
  EXPECT_TRUE(Passes(spec, "42", "It is 42."));
  EXPECT_TRUE(Passes(spec, R"(["a","b"])", "b then a"));
  EXPECT_FALSE(Passes(spec, R"(["a","b"])", "only a"));
  EXPECT_FALSE(Passes(spec, R"("long part")", "long"));
  const suite::GraderSpec caseless = Spec("contains", true);
  EXPECT_TRUE(Passes(caseless, R"("refund")", "YOUR REFUND"));
  EXPECT_TRUE(Passes(caseless, R"(["größe","a.c"])", "DIE GRÖßE IST A.C"));
  EXPECT_FALSE(Passes(caseless, R"(["größe","a.c"])", "DIE GRÖßE IST ABC"));
}

TEST(Regex, PatternOfTheGraderOrOfTheCase) {
  EXPECT_TRUE(Passes(Spec("regex", false, true, R"(\b\d\d\d\d\b)"), "", "in 1998, or so"));
  EXPECT_FALSE(Passes(Spec("regex", false, true, R"(^\d\d\d\d$)"), "", "in 1998"));
  EXPECT_TRUE(Passes(Spec("regex", true, true, "paris"), "", "PARIS"));
  const suite::GraderSpec by_case = Spec("regex");
  EXPECT_TRUE(Passes(by_case, R"("^(yes|no)$")", "yes"));
  EXPECT_FALSE(Passes(by_case, R"("^(yes|no)$")", "yes, but"));
  EXPECT_FALSE(Passes(by_case, R"("a.b")", "a\nb"));
  EXPECT_TRUE(Passes(by_case, R"("(?s)a.b")", "a\nb"));
  EXPECT_TRUE(Passes(Spec("regex", true), R"("größe")", "GRÖßE"));
}

TEST(JsonMatch, KeysInAnyOrderArraysInOrder) {
  const suite::GraderSpec spec = Spec("json_match");
  EXPECT_TRUE(Passes(spec, R"({"a":1,"b":[1,2]})", R"({ "b": [1, 2], "a": 1 })"));
  EXPECT_FALSE(Passes(spec, R"({"a":1,"b":[1,2]})", R"({"a":1,"b":[2,1]})"));
  EXPECT_FALSE(Passes(spec, R"({"a":1})", R"({"a":1,"b":null})"));
  EXPECT_FALSE(Passes(spec, R"({"a":1,"b":null})", R"({"a":1})"));
  EXPECT_FALSE(Passes(spec, R"({"a":1})", R"({"A":1})"));
  EXPECT_TRUE(Passes(spec, R"({"":{"x":[]}})", R"({"":{"x":[]}})"));
  EXPECT_FALSE(Passes(spec, "[]", "{}"));
  EXPECT_FALSE(Passes(spec, "1", R"("1")"));
  EXPECT_FALSE(Passes(spec, "0", "false"));
  EXPECT_FALSE(Passes(spec, "null", "false"));
}

TEST(JsonMatch, NumbersByTheirExactValue) {
  const suite::GraderSpec spec = Spec("json_match");
  const char* same[][2] = {{"1", "1.0"},
                           {"1", "1e0"},
                           {"1", "10E-1"},
                           {"0.1", "0.10"},
                           {"0", "-0"},
                           {"0", "0.000e99999999999999999999999"},
                           {"1200", "1.2e+3"},
                           {"0.00012", "1.2E-4"},
                           {"123456789012345678901234567890", "1.2345678901234567890123456789e29"},
                           {"1e400", "10e399"}};
  for (const auto& [a, b] : same) {
    EXPECT_TRUE(Passes(spec, a, b)) << a << " " << b;
    EXPECT_TRUE(Passes(spec, b, a)) << a << " " << b;
  }
  // Each pair is one double, and not one number.
  const char* different[][2] = {{"9007199254740993", "9007199254740992"},
                                {"123456789012345678901234567890", "123456789012345678901234567891"},
                                {"0.1", "0.1000000000000000055511151231257827021181583404541015625"},
                                {"1e400", "1e401"},
                                {"1e-400", "0"},
                                {"1", "-1"},
                                {"12", "1.2"}};
  for (const auto& [a, b] : different) {
    EXPECT_FALSE(Passes(spec, a, b)) << a << " " << b;
    EXPECT_FALSE(Passes(spec, b, a)) << a << " " << b;
  }
}

TEST(JsonMatch, StringsExactlyWhateverTheirEscapes) {
  const suite::GraderSpec spec = Spec("json_match");
  EXPECT_TRUE(Passes(spec, R"("é\u00e9\ud83d\ude00\/")", "\"\\u00E9\xC3\xA9\xF0\x9F\x98\x80/\""));
  EXPECT_FALSE(Passes(spec, R"("a ")", R"("a")"));
  EXPECT_FALSE(Passes(spec, R"("é")", "\"e\xCC\x81\""));  // no Unicode normalisation: another text
}

TEST(JsonMatch, TakesOffAFenceAroundTheWholeAnswer) {
  const suite::GraderSpec spec = Spec("json_match");
  for (const char* answer : {"```json\n{\"a\":1}\n```", "```\n{\"a\":1}```\n", "  ```JSON {\"a\":1}\n```  ",
                             "\r\n{\"a\":1}\r\n"}) {
    EXPECT_TRUE(Passes(spec, R"({"a":1})", answer)) << answer;
  }
  EXPECT_TRUE(Passes(spec, "true", "```true```"));
  for (const char* answer : {"Here it is: {\"a\":1}", "```json\n{\"a\":1}", "```", "`````", "``````",
                             "```json```", "", "   ", "```python\n{\"a\":1}\n```"}) {
    const Grade grade = GradeOf(spec, R"({"a":1})", answer);
    EXPECT_FALSE(grade.pass) << answer;
    EXPECT_TRUE(grade.model_error) << answer;
    EXPECT_NE(grade.note, "") << answer;
  }
}

TEST(JsonMatch, WhatIsNoJsonIsAModelErrorWithItsPlace) {
  const suite::GraderSpec spec = Spec("json_match");
  const auto note = [&](std::string_view answer) {
    const Grade grade = GradeOf(spec, "{}", answer);
    EXPECT_TRUE(grade.model_error && !grade.pass) << answer;
    return grade.note;
  };
  EXPECT_THAT(note("{\"a\": 1,}"), HasSubstr("answer:1:9"));
  EXPECT_THAT(note("{\"a\":\n  NaN}"), HasSubstr("answer:2:3"));
  EXPECT_THAT(note("{\"a\":1,\"a\":1}"), HasSubstr("twice"));
  EXPECT_THAT(note("{\"a\":\"\xFF\"}"), HasSubstr("UTF-8"));
  EXPECT_THAT(note("{} {}"), HasSubstr("answer:1:4"));
  EXPECT_THAT(note(std::string("{\"k\":\"").append(5000, 'x')), testing::SizeIs(testing::Le(200U)));
  EXPECT_THAT(note(std::string("{\"").append(5000, 'x') + std::string("\":1,\"").append(5000, 'x') + "\":1}"),
              testing::SizeIs(testing::Le(200U)));
}

// Model output is hostile. What took quadratic time, or a stack frame a byte, would not come back from these.
TEST(Graders, HostileOutputsEndWithAGrade) {
  const std::string brackets(100000, '['), half = brackets + std::string(100000, ']');
  const std::string a400k(400000, 'a');
  std::string keys = "{";
  for (int i = 0; i < 40000; ++i) keys += fmt::format("{}\"k{}\":1", i > 0 ? "," : "", i * 7919 % 40000);
  std::string ordered = "{";
  for (int i = 0; i < 40000; ++i) ordered += fmt::format("{}\"k{}\":1", i > 0 ? "," : "", i);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  const std::string junk = [] {
    std::string bytes;
    for (int i = 0; i < 400000; ++i) bytes += static_cast<char>((i * 2654435761U) >> 13);
    return bytes;
  }();

  const suite::GraderSpec json = Spec("json_match");
  for (const std::string& output :
       {brackets, half, objects, a400k, junk, "\"" + a400k, std::string("{").append(400000, ' '),
        std::string(400000, '"'), std::string("\"").append(399999, '\\'),
        std::string("1").append(400000, 'e'), std::string("```json").append(400000, '`')}) {
    EXPECT_TRUE(GradeOf(json, "{}", output).model_error) << output.substr(0, 20);
  }
  EXPECT_TRUE(GradeOf(json, ordered + "}", keys + "}").pass);
  EXPECT_TRUE(GradeOf(json, "{}", keys + ",\"k7\":2}").model_error);
  EXPECT_FALSE(GradeOf(json, "1e399999", std::string("1").append(400000, '0')).pass);
  EXPECT_TRUE(GradeOf(json, "1e400000", std::string("1").append(400000, '0')).pass);

  // The naive search takes 400,000 * 20,000 steps here.
  const std::string needle = std::string("\"").append(20000, 'a') + "b\"";
  EXPECT_FALSE(Passes(Spec("contains"), needle, a400k));
  EXPECT_FALSE(Passes(Spec("contains", true), needle, a400k));
  EXPECT_FALSE(Passes(Spec("exact_match"), "\"x\"", junk));
  EXPECT_FALSE(Passes(Spec("contains"), "\"\xC3\xA9\xC3\xA9\xC3\xA9\"", junk));
  EXPECT_FALSE(Passes(Spec("contains", true), "\"\xC3\xA9\xC3\xA9\xC3\xA9\"", junk));
  // Backtracking engines need 2^400,000 steps.
  EXPECT_FALSE(Passes(Spec("regex", false, true, "^(a+)+$"), "", a400k + "b"));
  EXPECT_TRUE(Passes(Spec("regex", false, true, "(a|aa)+$"), "", a400k));
  EXPECT_FALSE(Passes(Spec("regex", false, true, "\\d"), "", brackets));
  EXPECT_FALSE(Passes(Spec("regex", false, true, "no such text"), "", junk));
}

TEST(MakeGrader, NamesEveryBadCaseAtOnce) {
  EXPECT_THAT(
      Problems(Spec("exact_match"), {CaseWith("", "a", 1), CaseWith("1", "b", 2), CaseWith("[1]", "c", 3)}),
      ElementsAre("cases.jsonl:1:1: case \"a\": expected \"expected\", found none",
                  AllOf(HasSubstr("cases.jsonl:3:1: case \"c\""), HasSubstr("found a list"),
                        HasSubstr("json_match"))));
  EXPECT_THAT(Problems(Spec("contains"),
                       {CaseWith("\"\"", "a", 1), CaseWith("[]", "b", 2), CaseWith("[\"x\",1]", "c", 3),
                        CaseWith("{}", "d", 4), CaseWith("[\"\"]", "e", 5)}),
              ElementsAre(HasSubstr("empty text"), HasSubstr("empty list"), HasSubstr("the number 1"),
                          HasSubstr("an object"), HasSubstr("empty text")));
  EXPECT_THAT(
      Problems(Spec("regex"), {CaseWith("\"(a\"", "a", 1), CaseWith("1", "b", 2), CaseWith("", "c", 3),
                               CaseWith("\"(?=a)\"", "d", 4), CaseWith("\"\"", "e", 5)}),
      ElementsAre(HasSubstr("cases.jsonl:1:1: case \"a\": \"expected\": no RE2 pattern: missing )"),
                  HasSubstr("the number 1"), HasSubstr("grader.pattern"), HasSubstr("no RE2 pattern"),
                  HasSubstr("empty pattern")));
  EXPECT_THAT(Problems(Spec("json_match"), {CaseWith("", "a", 1), CaseWith("{}", "b", 2)}),
              testing::SizeIs(1));
}

TEST(MakeGrader, CapsTheListAndCountsTheRest) {
  std::vector<Case> cases;
  for (int i = 1; i <= 60; ++i) cases.push_back(CaseWith("", fmt::format("c{}", i), i));
  const auto problems = Problems(Spec("json_match"), cases);
  ASSERT_EQ(problems.size(), 51U);
  EXPECT_EQ(problems.back(), "... and 10 more errors");
}

TEST(MakeGrader, ChecksTheSpec) {
  const SourcePosition where{"suite.yaml", 4, 10};
  EXPECT_THAT(Problems(Spec("regex", false, true, "a(", where), {}),
              ElementsAre("suite.yaml:4:10: grader.pattern: no RE2 pattern: missing ): a("));
  EXPECT_THAT(Problems(Spec("fuzzy", false, true, "", where), {}),
              ElementsAre("suite.yaml:4:10: grader.type: expected exact_match, json_match, contains or "
                          "regex, found \"fuzzy\""));
  EXPECT_THAT(Problems(Spec("contains", false, true, "a", where), {}), ElementsAre(HasSubstr("only regex")));
  EXPECT_TRUE(Problems(Spec("regex", false, true, "a", where), {CaseWith("")}).empty());
}

}  // namespace
}  // namespace minslice::score
