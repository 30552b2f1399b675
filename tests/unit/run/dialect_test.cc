// What a request says to a gateway, what is read from its answers; then answers that were recorded from the
// gateways themselves (tests/data/gateways, written by tests/integration/record_gateways.py).
#include "run/dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "run/answer.h"

namespace minslice::run {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

http::Response Completion(http::Headers headers, const std::string& extra = "") {
  http::Response response;
  response.status = 200;
  response.headers = std::move(headers);
  response.body =
      R"({"model":"m-2026-01-01","choices":[{"message":{"content":"ok"},"finish_reason":"stop"}])" + extra +
      "}";
  return response;
}

Answer Read(http::Response response) {
  AnswerReader reader;
  return reader.Read(response, 1'000'000'000);
}

const std::string* Find(const http::Headers& headers, std::string_view name) {
  for (const http::Header& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

TEST(Dialect, LiteLlmIsToldToLeaveTheRequestAlone) {
  const Dialect dialect(GatewayKind::kLiteLlm, 30, "run");
  ASSERT_NE(Find(dialect.headers(), "x-litellm-num-retries"), nullptr);
  EXPECT_EQ(*Find(dialect.headers(), "x-litellm-num-retries"), "0");
  EXPECT_EQ(*Find(dialect.headers(), "x-litellm-timeout"), "30");
  std::string body = R"({"model":"m","messages":[]})";
  dialect.Complete(body);
  EXPECT_EQ(nlohmann::json::parse(body), nlohmann::json::parse(R"({"model":"m","messages":[],"num_retries":0,
    "cache":{"no-cache":true,"no-store":true},"disable_fallbacks":true})"));
  EXPECT_EQ(dialect.RequestId(7, 2)[0].name, "x-litellm-call-id");
  EXPECT_EQ(dialect.RequestId(7, 2)[0].value, "run-7-2");
}

TEST(Dialect, OthersHaveHeadersOnly) {
  for (const GatewayKind kind :
       {GatewayKind::kUnknown, GatewayKind::kOpenAi, GatewayKind::kPortkey, GatewayKind::kBifrost}) {
    const Dialect dialect(kind, 1.5, "run");
    std::string body = "{}";
    dialect.Complete(body);
    EXPECT_EQ(body, "{}");
    EXPECT_EQ(dialect.RequestId(0, 1).empty(), kind == GatewayKind::kUnknown);
  }
  EXPECT_EQ(*Find(Dialect(GatewayKind::kPortkey, 1.5, "r").headers(), "x-portkey-request-timeout"), "1500");
  EXPECT_NE(Find(Dialect(GatewayKind::kBifrost, 1.5, "r").headers(), "x-bf-cache-no-store"), nullptr);
  EXPECT_EQ(Find(Dialect(GatewayKind::kBifrost, 1.5, "r").headers(), "x-bf-cache-key"), nullptr);
  EXPECT_THAT(Dialect().headers(), IsEmpty());
}

TEST(Dialect, KindsHaveNamesAndAreKnownByTheirHeaders) {
  for (const char* name : {"openai", "litellm", "portkey", "bifrost"}) {
    ASSERT_TRUE(GatewayKindFromName(name).has_value());
    EXPECT_STREQ(GatewayKindName(*GatewayKindFromName(name)), name);
  }
  EXPECT_FALSE(GatewayKindFromName("").has_value());
  EXPECT_EQ(RecogniseGateway({{"date", "x"}, {"x-litellm-call-id", "1"}}), GatewayKind::kLiteLlm);
  EXPECT_EQ(RecogniseGateway({{"x-portkey-trace-id", "1"}}), GatewayKind::kPortkey);
  EXPECT_EQ(RecogniseGateway({{"x-bifrost-provider", "openai"}}), GatewayKind::kBifrost);
  EXPECT_EQ(RecogniseGateway({{"x-request-id", "1"}}), GatewayKind::kUnknown);
}

TEST(Dialect, NamesWhatWouldDefeatIt) {
  EXPECT_THAT(Defeats(GatewayKind::kPortkey,
                      {{"X-Portkey-Config", R"({"retry":{"attempts":3},"provider":"openai"})"}}, "m"),
              ElementsAre(HasSubstr("\"retry\"")));
  EXPECT_THAT(Defeats(GatewayKind::kPortkey, {{"x-portkey-config", R"({"provider":"openai"})"}}, "m"),
              IsEmpty());
  EXPECT_THAT(Defeats(GatewayKind::kPortkey, {{"x-portkey-config", "pc-123"}}, "m"), IsEmpty());
  EXPECT_THAT(Defeats(GatewayKind::kBifrost, {{"x-bf-cache-key", "a"}}, "gpt"),
              ElementsAre(HasSubstr("x-bf-cache-key"), HasSubstr("names no provider")));
}

TEST(Served, WhatIsNoFreshAnswerIsNeverGraded) {
  const std::vector<std::pair<http::Response, std::string>> cases = {
      {Completion({{"x-litellm-cache-key", "abc"}}), "x-litellm-cache-key"},
      {Completion({{"x-litellm-attempted-retries", "2"}}), "2 retries"},
      {Completion({{"x-litellm-attempted-fallbacks", "1"}}), "fallback"},
      {Completion({{"x-portkey-cache-status", "HIT"}}), "cache hit"},
      {Completion({{"x-portkey-cache-status", "SEMANTIC HIT"}}), "cache semantic hit"},
      {Completion({{"x-portkey-retry-attempt-count", "1"}}), "1 retry"},
      {Completion({{"x-portkey-last-used-option-index", "config.targets[1]"}}), "fallback"},
      {Completion({{"x-portkey-last-used-option-index", "config.targets[0].targets[2]"}}), "fallback"},
      {Completion({{"x-bifrost-fallback-index", "1"}}), "fallback"},
      {Completion({{"x-bifrost-routing-info-is-fallback", "true"}}), "fallback"},
      {Completion({}, R"(,"extra_fields":{"cache_debug":{"cache_hit":true}})"), "cache hit"},
      {Completion({}, R"(,"extra_fields":{"routing_info":{"is_fallback":true}})"), "fallback"},
  };
  for (const auto& [response, words] : cases) {
    const Answer answer = Read(response);
    EXPECT_EQ(answer.kind, AnswerKind::kNotFresh) << words;
    EXPECT_THAT(answer.error, HasSubstr(words));
    EXPECT_FALSE(answer.has_output);
    EXPECT_NE(answer.via, nullptr);
  }
  for (const http::Headers& headers : std::vector<http::Headers>{
           {{"x-litellm-attempted-retries", "0"}, {"x-litellm-attempted-fallbacks", "0"}},
           {{"x-portkey-cache-status", "DISABLED"},
            {"x-portkey-last-used-option-index", "config.targets[0]"}},
           {{"x-portkey-cache-status", "MISS"}, {"x-portkey-retry-attempt-count", "-1"}},
           {{"x-bifrost-routing-info-is-fallback", "false"}}}) {
    EXPECT_EQ(Read(Completion(headers)).kind, AnswerKind::kText);
  }
}

TEST(Served, ReadsEveryNameOfCostModelAndProvider) {
  EXPECT_THAT(Read(Completion({{"x-litellm-response-cost", "0.25"}})).cost_usd, Optional(0.25));
  EXPECT_THAT(Read(Completion({}, R"(,"usage":{"cost":0.5})")).cost_usd, Optional(0.5));
  EXPECT_THAT(Read(Completion({}, R"(,"usage":{"cost":{"total_cost":0.125}})")).cost_usd, Optional(0.125));
  EXPECT_EQ(Read(Completion({{"x-litellm-response-cost", "-1"}})).cost_usd, std::nullopt);
  EXPECT_EQ(Read(Completion({{"x-litellm-response-cost", "None"}})).cost_usd, std::nullopt);
  for (const char* extra :
       {R"(,"extra_fields":{"provider":"azure","resolved_model_used":"dep"})",
        R"(,"extra_fields":{"provider":"azure","model_deployment":"dep"})",
        R"(,"extra_fields":{"routing_info":{"provider":"azure","model":"dep"},"provider":"x"})"}) {
    const Answer answer = Read(Completion({}, extra));
    ASSERT_NE(answer.via, nullptr);
    EXPECT_THAT(answer.via->provider, Optional(std::string("azure")));
    EXPECT_THAT(answer.via->model, Optional(std::string("dep")));
  }
  // The provider's own answer, passed on by Bifrost, names the dated model.
  EXPECT_THAT(Read(Completion({}, R"(,"extra_fields":{"raw_response":{"model":"gpt-4o-2024-08-06"}})"))
                  .response_model,
              Optional(std::string("gpt-4o-2024-08-06")));
  EXPECT_EQ(Read(Completion({})).via, nullptr);
}

// By fault of the provider: what the run makes of it. Where gateways differ it is said so.
struct Expected {
  AnswerKind kind;
  EndReason reason = EndReason::kNone;
};
const std::map<std::string, Expected>& Catalogue() {
  static const std::map<std::string, Expected> catalogue = {
      {"none", {AnswerKind::kText}},
      {"http_400", {AnswerKind::kRejected}},
      {"http_401", {AnswerKind::kEndRun, EndReason::kKey}},
      {"http_403", {AnswerKind::kEndRun, EndReason::kModel}},
      {"http_404", {AnswerKind::kEndRun, EndReason::kModel}},
      {"http_408", {AnswerKind::kRetry}},
      {"http_429", {AnswerKind::kRetry}},
      {"http_500", {AnswerKind::kRetry}},
      {"http_502", {AnswerKind::kRetry}},
      {"http_503", {AnswerKind::kRetry}},
      {"http_504", {AnswerKind::kRetry}},
      {"quota", {AnswerKind::kEndRun, EndReason::kQuota}},
      {"payment", {AnswerKind::kEndRun, EndReason::kQuota}},
      {"context_length", {AnswerKind::kModelError}},
      {"truncate", {AnswerKind::kRetry}},
      {"reset", {AnswerKind::kRetry}},
      {"bad_json", {AnswerKind::kRetry}},
      {"length", {AnswerKind::kModelError}},
      {"content_filter", {AnswerKind::kModelError}},
      {"refusal", {AnswerKind::kModelError}},
      {"cache_hit", {AnswerKind::kNotFresh}},
      {"retried", {AnswerKind::kNotFresh}},
      {"fallback", {AnswerKind::kNotFresh}},
      {"budget", {AnswerKind::kEndRun, EndReason::kQuota}},
      {"key_unknown", {AnswerKind::kEndRun, EndReason::kKey}},
      {"keys_dead", {AnswerKind::kEndRun, EndReason::kKey}},
  };
  return catalogue;
}

class Recorded : public ::testing::TestWithParam<const char*> {};

TEST_P(Recorded, AnswersMeanWhatTheProviderMeant) {
  const std::string gateway = GetParam();
  std::ifstream file(std::string(MINSLICE_TEST_DATA) + "/gateways/" + gateway + ".jsonl");
  ASSERT_TRUE(file.good());
  std::set<std::string> seen;
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json exchange = nlohmann::json::parse(line);
    const std::string upstream = exchange["upstream"];
    SCOPED_TRACE(gateway + " " + upstream);
    http::Response response;
    response.status = exchange["status"];
    for (const auto& [name, value] : exchange["headers"].items()) response.headers.push_back({name, value});
    response.body = exchange["body"];
    const GatewayKind kind = RecogniseGateway(response.headers);
    const Answer answer = Read(response);
    ASSERT_TRUE(Catalogue().contains(upstream));
    const Expected& expected = Catalogue().at(upstream);
    EXPECT_EQ(static_cast<int>(answer.kind), static_cast<int>(expected.kind)) << answer.error;
    // LiteLLM loses the code of a 403; what is left is that the key may not.
    const bool lost = gateway == "litellm" && upstream == "http_403";
    EXPECT_EQ(static_cast<int>(answer.end_reason),
              static_cast<int>(lost ? EndReason::kKey : expected.reason));
    if (upstream == "http_429" || upstream == "http_503") {
      EXPECT_THAT(answer.retry_after_s, Optional(2.0));
      EXPECT_TRUE(answer.pushed_back);
    }
    const bool graded = answer.kind == AnswerKind::kText;
    EXPECT_EQ(answer.error.empty(), graded);
    EXPECT_EQ(answer.error.find('<'), std::string::npos) << answer.error;  // no HTML reaches a log
    EXPECT_EQ(GatewayKindName(kind), gateway);
    if (upstream == "none") {
      EXPECT_EQ(answer.output, "2");
      ASSERT_TRUE(answer.response_model.has_value());
      // LiteLLM writes its alias over it.
      EXPECT_EQ(*answer.response_model, gateway == "litellm" ? "gpt-4o-mini" : "gpt-4o-mini-2024-07-18");
      EXPECT_EQ(answer.cost_usd.has_value(), gateway == "litellm");
      if (gateway == "litellm" || gateway == "portkey") {
        ASSERT_NE(answer.via, nullptr);
        EXPECT_THAT(answer.via->request_id, Optional(std::string("minslice-recorded-1")));
      }
    }
    seen.insert(upstream);
  }
  EXPECT_GE(seen.size(), 10U);
}

INSTANTIATE_TEST_SUITE_P(Gateways, Recorded, ::testing::Values("litellm", "portkey", "bifrost"));

}  // namespace
}  // namespace minslice::run
