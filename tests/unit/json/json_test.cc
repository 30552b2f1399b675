#include "json/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "io/sha256.h"
#include "json/canonical.h"
#include "json/node.h"

namespace minslice::json {
namespace {

using testing::HasSubstr;

std::string CanonicalText(const std::string& text) {
  const auto node = ParseNode(text, {"f", 1, 1});
  return node ? Canonical(*node) : node.error().diagnostics[0].ToString();
}

std::string ErrorOf(const std::string& text) {
  const auto node = ParseNode(text, {"f", 7, 1});
  return node ? "" : node.error().diagnostics[0].ToString();
}

// RFC 8785 section 3.2.2 and 3.2.3: the examples of the standard.
TEST(Canonical, ExamplesOfRfc8785) {
  EXPECT_EQ(CanonicalText(
                "{\n \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n"
                " \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
                " \"literals\": [null, true, false]\n}"),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  EXPECT_EQ(
      CanonicalText(
          "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With "
          "Dagesh\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
          "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}"),
      "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\",\"\xC3\xB6\":\"Latin Small Letter "
      "O With "
      "Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\",\"\xF0\x9F\x98\x80\":\"Emoji: Grinning "
      "Face\",\"\xEF\xAC\xB3\":"
      "\"Hebrew Letter Dalet With Dagesh\"}");
}

// RFC 8785 appendix B: IEEE 754 bits and their texts.
TEST(Canonical, NumbersOfRfc8785) {
  const std::pair<std::uint64_t, const char*> kSamples[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& [bits, text] : kSamples) EXPECT_EQ(NumberText(std::bit_cast<double>(bits)), text);
}

TEST(Canonical, NumbersReadBackTheSame) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(std::strtod(NumberText(value).c_str(), nullptr), value) << NumberText(value);
  }
}

TEST(Canonical, IntegersKeepTheirDigits) {
  EXPECT_EQ(CanonicalText("[9007199254740993, -12345678901234567890123, 1.0, 1e2, -0, 10]"),
            "[9007199254740993,-12345678901234567890123,1,100,0,10]");
}

TEST(Canonical, NumbersBeyondADoubleStayNumbers) {
  EXPECT_EQ(CanonicalText("[10e998, -0.1e-999, 1e99999999999999999999]"),
            "[1e999,-1e-1000,1e99999999999999999999]");
}

TEST(Canonical, ValueAndNodeAgree) {
  const std::string text = R"({"b":[1,2.5,{"z":null,"a":true}],"a":"x\u0007y","\ud83d\ude00":1,"\ufb33":2})";
  EXPECT_EQ(Canonical(Parse(text, "f").value()), CanonicalText(text));
}

TEST(ParseNode, ErrorsHaveTheirPlace) {
  EXPECT_EQ(ErrorOf(R"({"a": 1,})"), "f:7:9: expected a key in double quotes, found \"}\"");
  EXPECT_EQ(ErrorOf("{\"a\": 1\n \"b\": 2}"), "f:8:2: expected \",\" or \"}\", found \"\"\"");
  EXPECT_EQ(ErrorOf(R"({"a": 1, "a": 2})"), "f:7:10: key \"a\" stands twice in one object");
  EXPECT_EQ(ErrorOf(R"([010])"), "f:7:2: a number must not start with 0 (write 10, not 010)");
  EXPECT_EQ(ErrorOf(R"(["abc)"), "f:7:2: this text is never closed");
  EXPECT_EQ(ErrorOf(R"(["\ud800"])"), "f:7:3: a \\u surrogate without its other half");
  EXPECT_EQ(ErrorOf("[\"a\tb\"]"), "f:7:4: a control character in a text must be escaped");
  EXPECT_EQ(ErrorOf("[\"\xC0\x80\"]"), "f:7:3: expected UTF-8, found a byte that is none");
  EXPECT_EQ(ErrorOf(""), "f:7:1: expected a JSON value, found the end");
  EXPECT_EQ(ErrorOf("1 2"), "f:7:3: expected the end of the JSON value, found \"2\"");
  EXPECT_EQ(ErrorOf("nul"), "f:7:1: expected a JSON value, found \"n\"");
  EXPECT_EQ(ErrorOf("NaN"), "f:7:1: expected a JSON value, found \"N\"");
  EXPECT_EQ(ErrorOf("1."), "f:7:3: expected a digit, found the end");
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_THAT(ErrorOf(many + "\"k7\":1}"), HasSubstr("key \"k7\" stands twice"));
}

TEST(ParseNode, DepthIsBounded) {
  EXPECT_THAT(ErrorOf(std::string(100000, '[')), HasSubstr("nested deeper than 500 levels"));
  EXPECT_EQ(ErrorOf(std::string(500, '[') + std::string(500, ']')), "");
}

TEST(ParseNode, TakesApartNumbers) {
  const auto node =
      ParseNode("[3, 3.0, 3e2, 2.5, 9223372036854775807, 9223372036854775808, 1e999, -30e-1]", {}).value();
  EXPECT_EQ(node.items[0].Integer(), 3);
  EXPECT_EQ(node.items[1].Integer(), 3);
  EXPECT_EQ(node.items[2].Integer(), 300);
  EXPECT_EQ(node.items[3].Integer(), std::nullopt);
  EXPECT_EQ(node.items[3].Double(), 2.5);
  EXPECT_EQ(node.items[4].Integer(), INT64_MAX);
  EXPECT_EQ(node.items[5].Integer(), std::nullopt);
  EXPECT_EQ(node.items[6].Double(), std::nullopt);
  EXPECT_EQ(node.items[7].Integer(), -3);
}

TEST(SameValue, NumbersByValueKeysInAnyOrder) {
  const auto same = [](const char* a, const char* b) {
    return SameValue(ParseNode(a, {}).value(), ParseNode(b, {}).value());
  };
  EXPECT_TRUE(same("1", "1.0"));
  EXPECT_TRUE(same("1", "1e0"));
  EXPECT_TRUE(same("0.1", "0.10"));
  EXPECT_TRUE(same("1200", "1.2E+3"));
  EXPECT_TRUE(same("-0", "0.0"));
  EXPECT_FALSE(same("12345678901234567890", "12345678901234567891"));  // equal as doubles
  EXPECT_FALSE(same("0.1", "0.1000000000000000055"));                  // equal as doubles
  EXPECT_FALSE(same("1", "\"1\""));
  EXPECT_FALSE(same("1", "true"));
  EXPECT_TRUE(same(R"({"a":1,"b":[2,3]})", R"({"b":[2.0,3],"a":1})"));
  EXPECT_FALSE(same("[1,2]", "[2,1]"));
  EXPECT_FALSE(same(R"({"a":1})", R"({"a":1,"b":null})"));
  EXPECT_TRUE(same("1e99999999999999999999", "1e99999999999999999999"));
}

TEST(Compact, InvalidUtf8IsReplacedNotThrown) {
  EXPECT_EQ(Compact(Value{{"k", "a\xFF"}}), "{\"k\":\"a\xEF\xBF\xBD\"}");
  EXPECT_EQ(QuotedText("a\xFF\x01"), "\"a\xEF\xBF\xBD\\u0001\"");
  EXPECT_EQ(Pretty(Value{{"k", 1}}), "{\n  \"k\": 1\n}\n");
}

TEST(Parse, KeepsTheOrderOfKeysAndSkipsAByteOrderMark) {
  EXPECT_EQ(Compact(Parse("\xEF\xBB\xBF{\"b\":1,\"a\":18446744073709551615}", "f").value()),
            R"({"b":1,"a":18446744073709551615})");
  EXPECT_FALSE(ReadFile("/no/such/file"));
}

}  // namespace
}  // namespace minslice::json
