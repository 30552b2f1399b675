#include "suite/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace minslice::suite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kYaml[] =
    "version: 1\n"
    "name: support\n"
    "cases: [cases.jsonl]\n"
    "segments: [length, flow]\n";

constexpr char kCaseA[] =
    R"({"id":"a","prompt":"hi","expected":"yes","segments":{"flow":"other","length":"long"}})";
constexpr char kCaseB[] =
    R"({"id":"b","prompt":"Was kostet das? €","expected":{"tool":"refund","args":{"n":2,"x":0.5}},)"
    R"("segments":{"flow":"refund","length":"short"},"cluster":"doc-7","weight":2,)"
    R"("tools":[{"type":"function","function":{"name":"refund"}}],"metadata":{"k":[1,null,true]}})";
// The same case in other words: keys, white space, number forms, escapes, messages for prompt.
constexpr char kCaseBOtherwise[] =
    R"( {"weight": 2.0, "metadata": {"k": [1e0, null, true]}, "messages": [{"content": "Was kostet das? \u20ac", "role": "user"}],)"
    R"( "tools": [{"function": {"name": "refund"}, "type": "function"}], "cluster": "doc-7", "id": "b",)"
    R"( "segments": {"length": "short", "flow": "refund"}, "expected": {"args": {"x": 5e-1, "n": 2}, "tool": "refund"}})";

class SuiteTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/minslice-suite-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
  }
  Result<Suite> Load(const std::string& yaml, const std::string& cases) const {
    Write("suite.yaml", yaml);
    Write("cases.jsonl", cases);
    return LoadSuite(folder_ + "/suite.yaml");
  }
  // Every diagnostic without the folder.
  std::vector<std::string> Errors(const std::string& yaml, const std::string& cases) const {
    const auto suite = Load(yaml, cases);
    std::vector<std::string> texts;
    if (suite) return texts;
    EXPECT_EQ(suite.error().kind, Failure::Kind::kInput);
    for (const Diagnostic& d : suite.error().diagnostics) {
      std::string text = d.ToString();
      for (std::size_t at; (at = text.find(folder_ + "/")) != std::string::npos;)
        text.erase(at, folder_.size() + 1);
      texts.push_back(text);
    }
    return texts;
  }
  std::string folder_;
};

TEST_F(SuiteTest, ReadsTheDocumentedForm) {
  Write("tail.jsonl", std::string(kCaseB) + "\n");
  const auto suite = Load(
      "version: 1\n"
      "name: support-agent\n"
      "cases: [cases.jsonl, tail.jsonl]\n"
      "segments: [flow, length]\n"
      "grader: {type: contains, ignore_case: true}\n"
      "request: {temperature: 0.5, max_tokens: 512, system: \"Be brief: no\", stop: [\"\\n\"], seed: 7,\n"
      "          response_format: {type: json_schema, json_schema: {strict: true, n: 1}}, logprobs: true}\n"
      "gateway: {base_url: \"http://127.0.0.1:4000/v1\", headers: {x-bf-vk: \"${EVAL_VK}\"}}\n"
      "targets: [{name: incumbent, model: openai/gpt-4o-mini-2024-07-18}, {name: candidate, model: "
      "local/ft-17-2026-11-20}]\n"
      "repeats: 3\n"
      "concurrency: 200\n"
      "budget_usd: 200\n",
      std::string("\xEF\xBB\xBF") + kCaseA + "\r\n\r\n");
  ASSERT_TRUE(suite) << suite.error().diagnostics[0].ToString();
  EXPECT_EQ(suite->name, "support-agent");
  EXPECT_THAT(suite->segments, ElementsAre("flow", "length"));
  EXPECT_EQ(suite->grader.type, "contains");
  EXPECT_TRUE(suite->grader.ignore_case);
  EXPECT_EQ(
      suite->request_json,
      R"({"logprobs":true,"max_tokens":512,"response_format":{"json_schema":{"n":1,"strict":true},"type":"json_schema"},)"
      R"("seed":7,"stop":["\n"],"system":"Be brief: no","temperature":0.5})");
  EXPECT_EQ(suite->gateway.base_url, "http://127.0.0.1:4000/v1");
  ASSERT_EQ(suite->gateway.headers.size(), 1U);
  EXPECT_EQ(suite->gateway.headers[0].second, "${EVAL_VK}");  // as written
  EXPECT_EQ(suite->gateway.header_positions[0].line, 8);
  ASSERT_EQ(suite->targets.size(), 2U);
  EXPECT_EQ(suite->targets[1].model, "local/ft-17-2026-11-20");
  EXPECT_EQ(suite->repeats, 3);
  EXPECT_EQ(suite->concurrency, 200);
  EXPECT_EQ(suite->budget.usd, 200);
  ASSERT_EQ(suite->cases.size(), 2U);
  const Case& b = suite->cases[1];
  EXPECT_EQ(b.id, "b");
  EXPECT_EQ(b.expected_json, R"({"tool":"refund","args":{"n":2,"x":0.5}})");
  EXPECT_THAT(b.segments, ElementsAre(Segment{"flow", "refund"}, Segment{"length", "short"}));
  EXPECT_EQ(b.cluster, "doc-7");
  EXPECT_EQ(b.weight, 2);
  EXPECT_EQ(suite->cases[0].messages_json, R"([{"role":"user","content":"hi"}])");
  EXPECT_EQ(suite->cases[0].where.line, 1);
}

TEST_F(SuiteTest, SmallSuitesHaveDefaults) {
  const auto suite =
      Load("version: 1\nname: s\ncases: cases.jsonl\n", "{\"id\":\"a\",\"prompt\":\"p\",\"expected\":1}\n");
  ASSERT_TRUE(suite) << suite.error().diagnostics[0].ToString();
  EXPECT_EQ(suite->request_json, R"({"temperature":0})");
  EXPECT_EQ(suite->grader.type, "exact_match");
  EXPECT_EQ(suite->repeats, 1);
  EXPECT_TRUE(suite->targets.empty());
}

TEST_F(SuiteTest, AnExplicitNullSendsNoTemperature) {
  const auto suite = Load(std::string(kYaml) + "request: {temperature: null}\n", kCaseA);
  ASSERT_TRUE(suite);
  EXPECT_EQ(suite->request_json, "{}");
}

// Expected values by Python: sha256 over json.dumps(case, sort_keys=True, separators=(",", ":"),
// ensure_ascii=False) + "\n" of the cases {id, messages, expected, segments, weight, cluster, tools,
// metadata} ascending by id; the prompt's over
// {"messages", "tools"} in the same form.
TEST_F(SuiteTest, DigestIsThatOfTheCanonicalCases) {
  constexpr char kDigest[] = "90d01b7ee4d6c4d420540e0053ed06e75f1e497e1a6eda651472c09b2d48af9c";
  const auto suite = Load(kYaml, std::string(kCaseA) + "\n" + kCaseB + "\n");
  ASSERT_TRUE(suite) << suite.error().diagnostics[0].ToString();
  EXPECT_EQ(suite->sha256, kDigest);
  EXPECT_EQ(suite->cases[0].prompt_sha256,
            "19e21ad5462e808b27165af1d6f50bd3a1eff3a04bb4a4cd080a9871cbfa0929");
  EXPECT_EQ(suite->cases[1].prompt_sha256,
            "c5bf09643cf3d3540c80f1aefd539ca8aeaf628d5ff0ca8f16a04317f5809698");
  EXPECT_EQ(PromptSha256(suite->cases[0].messages_json, suite->cases[0].tools_json),
            suite->cases[0].prompt_sha256);
  EXPECT_EQ(PromptSha256(suite->cases[1].messages_json, suite->cases[1].tools_json),
            suite->cases[1].prompt_sha256);
  // Order of lines, order of keys, white space and the form of numbers change nothing; nor does the rest of
  // suite.yaml.
  EXPECT_EQ(Load(kYaml, std::string(kCaseBOtherwise) + "\n" + kCaseA)->sha256, kDigest);
  EXPECT_EQ(
      Load("version: 1\nname: other\ncases: cases.jsonl\n", std::string(kCaseA) + "\n" + kCaseB)->sha256,
      kDigest);
  // Anything of a case does.
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"hi\"", "\"hi \""},
                                                        {"\"yes\"", "\"no\""},
                                                        {"\"id\":\"a\"", "\"id\":\"c\""},
                                                        {"\"long\"", "\"short\""}}) {
    std::string changed = kCaseA;
    changed.replace(changed.find(from), from.size(), to);
    EXPECT_NE(Load(kYaml, changed + "\n" + kCaseB)->sha256, kDigest) << to;
  }
}

TEST_F(SuiteTest, EveryErrorOfTheYamlAtOnce) {
  EXPECT_THAT(
      Errors("version: 1\n"
             "cases: [cases.jsonl, none.jsonl]\n"
             "segmnets: [flow]\n"
             "grader: {type: exact}\n"
             "request: {temprature: 0, max_tokens: many}\n"
             "gateway: {base_url: \"ftp://x\", headers: {\"bad name\": x}}\n"
             "targets: [{name: a, model: m}, {name: a, model: \"${M}\", extra: 1}]\n"
             "repeats: 0\n",
             kCaseA),
      ElementsAre(
          "suite.yaml:1:1: required key \"name\" is missing",
          HasSubstr("suite.yaml:2:22: cases: none.jsonl: cannot be read: no such file"),
          "suite.yaml:3:1: unknown key \"segmnets\"; did you mean \"segments\"?",
          HasSubstr("suite.yaml:4:16: grader.type: expected exact_match, json_match, contains or regex"),
          "suite.yaml:5:11: unknown key \"request.temprature\"; did you mean \"temperature\"?",
          HasSubstr("suite.yaml:5:38: request.max_tokens: expected a whole number of at least 1"),
          HasSubstr("suite.yaml:6:21: gateway.base_url: expected an http:// or https:// address"),
          HasSubstr("suite.yaml:6:42: \"bad name\" is no name of an HTTP header"),
          HasSubstr("suite.yaml:7:39: target \"a\" stands twice, first at line 7"),
          HasSubstr("suite.yaml:7:49: targets: ${...} is read in"),
          HasSubstr("suite.yaml:7:57: unknown key \"targets[1].extra\""),
          HasSubstr("suite.yaml:8:10: repeats: expected a whole number of at least 1")));
}

TEST_F(SuiteTest, EveryErrorOfTheCasesAtOnce) {
  const std::string cases =
      std::string(kCaseA) + "\n" +  // 1
      R"({"id":"a","prompt":"p","expected":1,"segments":{"flow":"x","length":"y"}})"
      "\n"  // 2
      R"({"id":"c","prompt":"p","messages":[],"expected":1,"segments":{"flow":"x","length":"y"}})"
      "\n"  // 3
      R"({"id":"d","prompt":"p","segments":{"flow":"x","lenght":"y"}})"
      "\n"  // 4
      R"({"id":"e","prompt":"p","expected":1})"
      "\n"  // 5
      R"({"id":7,"promt":"p","expected":1,"segments":{"flow":"x","length":3}})"
      "\n"  // 6
      R"({"id":"g","messages":[{"role":"usr","content":"x"},{"role":"user"}],"expected":1,)"
      R"("segments":{"flow":"x","length":"y"},"weight":0,"tools":{},"metadata":[],"cluster":""})"
      "\n"  // 7
      R"({"id":"h","prompt":"p",})"
      "\n"                                     // 8
      "{\"id\":\"i\",\"prompt\":\"\xFF\"}\n";  // 9
  EXPECT_THAT(
      Errors(kYaml, cases),
      ElementsAre(
          "cases.jsonl:2:7: id \"a\" is taken already, by cases.jsonl:1",
          "cases.jsonl:3:35: expected \"prompt\" or \"messages\", found both",
          HasSubstr("cases.jsonl:4:1: expected the key \"expected\""),
          "cases.jsonl:4:35: \"segments\": the suite requires \"length\", found none; is \"lenght\" the same "
          "dimension?",
          "cases.jsonl:5:1: expected \"segments\" with flow, length, found none",
          "cases.jsonl:6:1: expected \"prompt\" or \"messages\", found neither",
          "cases.jsonl:6:7: \"id\": expected a text that is not empty, found the number 7",
          "cases.jsonl:6:9: unknown key \"promt\"; did you mean \"prompt\"?",
          "cases.jsonl:6:66: \"segments.length\": expected a text (in double quotes), found the number 3",
          HasSubstr("cases.jsonl:7:31: \"messages[0].role\": expected system, developer, user"),
          "cases.jsonl:7:52: \"messages[1]\": expected \"content\", found none",
          "cases.jsonl:7:128: \"weight\": expected a number above 0, found the number 0",
          "cases.jsonl:7:138: \"tools\": expected a list of tools, found an object",
          "cases.jsonl:7:152: \"metadata\": expected an object, found a list",
          "cases.jsonl:7:165: \"cluster\": expected a text that is not empty, found the text \"\"",
          "cases.jsonl:8:24: expected a key in double quotes, found \"}\"",
          "cases.jsonl:9:21: expected UTF-8, found a byte that is none"));
}

TEST_F(SuiteTest, DuplicateIdsAcrossFilesNameBothLines) {
  Write("tail.jsonl", "\n\n" + std::string(kCaseA) + "\n");
  EXPECT_THAT(Errors("version: 1\nname: s\ncases: [cases.jsonl, tail.jsonl]\n", kCaseA),
              ElementsAre("tail.jsonl:3:7: id \"a\" is taken already, by cases.jsonl:1"));
}

TEST_F(SuiteTest, RefusesOtherVersionsEmptySuitesAndForeignFiles) {
  EXPECT_THAT(Errors("version: 2\nnew_key: 1\n", kCaseA),
              ElementsAre(HasSubstr("suite.yaml:1:10: expected version 1, found 2")));
  EXPECT_THAT(Errors("name: s\ncases: cases.jsonl\n", kCaseA),
              ElementsAre(HasSubstr("required key \"version\" is missing")));
  EXPECT_THAT(Errors(kYaml, "\n \n"), ElementsAre("cases.jsonl: expected at least one case, found none"));
  EXPECT_THAT(Errors("version: 1\nname: s\ncases: []\n", ""),
              ElementsAre(HasSubstr("cases: expected at least one file")));
  EXPECT_THAT(Errors(kYaml, "[\n {\"id\": \"a\"},\n {\"id\": \"b\"}\n]\n"),
              ElementsAre("cases.jsonl:1:1: expected JSON Lines (one case object a line), found a list"));
  EXPECT_THAT(Errors("not: [yaml", kCaseA), ElementsAre(HasSubstr("not valid YAML")));
  EXPECT_FALSE(LoadSuite(folder_ + "/none.yaml"));
  EXPECT_FALSE(LoadSuite(folder_));
}

TEST_F(SuiteTest, ManyErrorsAreCappedWithTheirCount) {
  std::string cases;
  for (int i = 0; i < 20000; ++i) cases += "id,prompt\n";
  const auto errors = Errors(kYaml, cases);
  ASSERT_EQ(errors.size(), 51U);
  EXPECT_EQ(errors.back(), "... and 19950 more errors");
}

TEST_F(SuiteTest, GraderOptionsBelongToTheirGrader) {
  EXPECT_THAT(
      Errors(std::string(kYaml) + "grader: {type: json_match, ignore_case: true, pattern: x}\n", kCaseA),
      ElementsAre(HasSubstr("grader.ignore_case: only exact_match, contains or regex has it"),
                  HasSubstr("grader.pattern: only regex has it")));
  // A pattern for all cases: they need no expected of their own.
  EXPECT_TRUE(Load("version: 1\nname: s\ncases: cases.jsonl\ngrader: {type: regex, pattern: \"^ok\"}\n",
                   R"({"id":"a","prompt":"p"})"));
}

TEST_F(SuiteTest, CredentialsInTheAddressAreRefusedAndNotRepeated) {
  const auto errors =
      Errors(std::string(kYaml) + "gateway: {base_url: \"https://me:hunter2@host/v1\"}\n", kCaseA);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0], HasSubstr("credentials in an address"));
  EXPECT_THAT(errors[0], testing::Not(HasSubstr("hunter2")));
}

TEST_F(SuiteTest, AnAliasBombIsRefused) {
  std::string yaml = "version: 1\nname: s\ncases: cases.jsonl\nrequest:\n  tools:\n    - &a0 {x: 1}\n";
  for (int i = 1; i < 12; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    yaml += "    - &a" + std::to_string(i) + " [" + from;
    for (int j = 0; j < 9; ++j) yaml += ", " + from;
    yaml += "]\n";
  }
  EXPECT_THAT(Errors(yaml, kCaseA), testing::Contains(HasSubstr("too large")));
}

TEST(ExpandEnvironment, ReplacesAndDefaults) {
  setenv("MINSLICE_TEST_SET", "v1", 1);
  setenv("MINSLICE_TEST_EMPTY", "", 1);
  unsetenv("MINSLICE_TEST_UNSET");
  const SourcePosition where{"s.yaml", 8, 20};
  const auto expand = [&](const std::string& text) {
    return ExpandEnvironment(text, where, "gateway.headers.x");
  };
  EXPECT_EQ(expand("Bearer ${MINSLICE_TEST_SET}!").value(), "Bearer v1!");
  EXPECT_EQ(expand("${MINSLICE_TEST_UNSET:-a b}${MINSLICE_TEST_SET}").value(), "a bv1");
  EXPECT_EQ(expand("${MINSLICE_TEST_EMPTY:-d}").value(), "d");
  EXPECT_EQ(expand("${MINSLICE_TEST_EMPTY}").value(), "");
  EXPECT_EQ(expand("$HOME $ {x} }").value(), "$HOME $ {x} }");  // only ${ is special
  EXPECT_EQ(expand("${MINSLICE_TEST_UNSET}").error().diagnostics[0].ToString(),
            "s.yaml:8:20: gateway.headers.x: the environment variable MINSLICE_TEST_UNSET is not set");
  EXPECT_EQ(expand("${MINSLICE_TEST_UNSET:?ask the team}").error().diagnostics[0].ToString(),
            "s.yaml:8:20: gateway.headers.x: the environment variable MINSLICE_TEST_UNSET is not set: ask "
            "the team");
  for (const char* bad : {"${", "${}", "${1A}", "${A-B}", "${A:+x}", "${A", "${A:}"})
    EXPECT_FALSE(expand(bad)) << bad;
  EXPECT_TRUE(CheckExpansion("${MINSLICE_TEST_UNSET}", where, "x"));
  EXPECT_FALSE(CheckExpansion("${A", where, "x"));
  // A value is never expanded again.
  setenv("MINSLICE_TEST_SET", "${HOME}", 1);
  EXPECT_EQ(expand("${MINSLICE_TEST_SET}").value(), "${HOME}");
}

}  // namespace
}  // namespace minslice::suite
