#include "run/request_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace minslice::run {
namespace {

nlohmann::json Body(const std::string& settings, const Case& c) {
  const Result<RequestBody> body = RequestBody::Make("m \"1\"", settings);
  EXPECT_TRUE(body.has_value());
  return nlohmann::json::parse(body->For(c));
}

TEST(RequestBody, PutsTheSettingsBesideTheMessages) {
  Case c;
  c.messages_json = R"([{"role":"user","content":"hi"}])";
  EXPECT_EQ(Body(R"({"temperature":0,"max_tokens":512,"stop":["a"],"tool_choice":"auto"})", c),
            nlohmann::json::parse(R"({"model":"m \"1\"","temperature":0,"max_tokens":512,"stop":["a"],
                                      "messages":[{"role":"user","content":"hi"}]})"));
}

TEST(RequestBody, PutsTheSystemMessageFirst) {
  Case c;
  c.messages_json = R"([{"role":"user","content":"hi"}])";
  EXPECT_EQ(Body(R"({"system":"be \"brief\""})", c)["messages"],
            nlohmann::json::parse(
                R"([{"role":"system","content":"be \"brief\""},{"role":"user","content":"hi"}])"));
  EXPECT_EQ(Body(R"({"system":""})", c)["messages"].size(), 1U);
}

TEST(RequestBody, SendsToolSettingsOnlyWithTools) {
  Case c;
  c.messages_json = R"([{"role":"user","content":"hi"}])";
  c.tools_json = R"([{"type":"function","function":{"name":"f"}}])";
  const nlohmann::json body = Body(R"({"tool_choice":"required","parallel_tool_calls":false})", c);
  EXPECT_EQ(body["tools"], nlohmann::json::parse(c.tools_json));
  EXPECT_EQ(body["tool_choice"], "required");
  EXPECT_EQ(body["parallel_tool_calls"], false);
}

TEST(RequestBody, TheSuitesToolsStandInForACasesOwn) {
  Case c;
  c.messages_json = R"([{"role":"user","content":"hi"}])";
  const std::string settings =
      R"({"tools":[{"type":"function","function":{"name":"g"}}],"tool_choice":"auto"})";
  nlohmann::json body = Body(settings, c);
  EXPECT_EQ(body["tools"][0]["function"]["name"], "g");
  EXPECT_EQ(body["tool_choice"], "auto");
  c.tools_json = R"([{"type":"function","function":{"name":"f"}}])";
  body = Body(settings, c);
  ASSERT_EQ(body["tools"].size(), 1U);
  EXPECT_EQ(body["tools"][0]["function"]["name"], "f");
}

TEST(RequestBody, AStreamedAnswerIsAskedForItsTokens) {
  Case c;
  c.messages_json = R"([{"role":"user","content":"hi"}])";
  EXPECT_EQ(Body(R"({"stream":true})", c)["stream_options"],
            nlohmann::json::parse(R"({"include_usage":true})"));
  EXPECT_TRUE(RequestBody::Make("m", R"({"stream":true})")->streams());
  EXPECT_EQ(Body(R"({"stream":false})", c).count("stream"), 0U);
  EXPECT_FALSE(RequestBody::Make("m", R"({"stream":false})")->streams());
}

TEST(RequestBody, RefusesWhatItDoesNotDo) {
  EXPECT_FALSE(RequestBody::Make("m", R"({"model":"other"})").has_value());
  EXPECT_FALSE(RequestBody::Make("m", R"({"messages":[]})").has_value());
  EXPECT_FALSE(RequestBody::Make("m", "[]").has_value());
  EXPECT_FALSE(RequestBody::Make("m", "{").has_value());
}

}  // namespace
}  // namespace minslice::run
