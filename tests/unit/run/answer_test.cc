// Bodies as providers and gateways send them (shapes observed with LiteLLM 1.106 and Portkey 1.15, documented
// for Bifrost).
#include "run/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/plain_text.h"
#include "run/retry_after.h"

namespace minslice::run {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

constexpr std::int64_t kNow = 1'000'000'000;  // Sun, 09 Sep 2001 01:46:40 GMT

http::Response Response(int status, const std::string& body, http::Headers headers = {}) {
  http::Response response;
  response.status = status;
  response.body = body;
  response.headers = std::move(headers);
  return response;
}

Answer Read(http::Response response) {
  AnswerReader reader;
  return reader.Read(response, kNow);
}

std::string Completion(const std::string& message, const std::string& finish = "stop") {
  return R"({"id":"x","model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_1","choices":[{"index":0,"message":)" +
         message + R"(,"finish_reason":")" + finish +
         R"("}],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})";
}

TEST(Answer, ReadsACompletion) {
  const Answer answer = Read(Response(200, Completion(R"({"role":"assistant","content":"Paris \u00e9\n"})"),
                                      {{"x-litellm-response-cost", "3.1e-05"}}));
  EXPECT_EQ(answer.kind, AnswerKind::kText);
  EXPECT_EQ(answer.output, "Paris \xc3\xa9\n");
  EXPECT_EQ(answer.error, "");
  EXPECT_THAT(answer.response_model, Optional(std::string("gpt-4o-mini-2024-07-18")));
  EXPECT_THAT(answer.system_fingerprint, Optional(std::string("fp_1")));
  EXPECT_THAT(answer.finish_reason, Optional(std::string("stop")));
  EXPECT_THAT(answer.input_tokens, Optional(12));
  EXPECT_THAT(answer.output_tokens, Optional(3));
  EXPECT_THAT(answer.cost_usd, Optional(3.1e-05));
}

TEST(Answer, TakesNothingForGrantedInACompletion) {
  const Answer answer = Read(
      Response(200, R"({"choices":[{"message":{"content":""}}]})", {{"x-litellm-response-cost", "None"}}));
  EXPECT_EQ(answer.kind, AnswerKind::kText);  // an empty answer is an answer
  EXPECT_TRUE(answer.has_output);
  EXPECT_FALSE(answer.response_model || answer.input_tokens || answer.cost_usd || answer.finish_reason);
}

TEST(Answer, JoinsContentParts) {
  const Answer answer = Read(
      Response(200, Completion(R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})")));
  EXPECT_EQ(answer.output, "ab");
}

TEST(Answer, RendersToolCallsAsCanonicalJson) {
  const std::string one =
      R"({"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"refund","arguments":"{ \"order\": \"A-1\", \"amount\": 5.0 }"}}]})";
  EXPECT_EQ(Read(Response(200, Completion(one, "tool_calls"))).output,
            R"({"arguments":{"amount":5,"order":"A-1"},"name":"refund"})");
  EXPECT_EQ(Read(Response(200, Completion(one, "stop"))).output,
            R"({"arguments":{"amount":5,"order":"A-1"},"name":"refund"})");
  const std::string two =
      R"({"content":"","tool_calls":[{"function":{"name":"a","arguments":""}},{"function":{"name":"b","arguments":{"x":1}}}]})";
  EXPECT_EQ(Read(Response(200, Completion(two, "tool_calls"))).output,
            R"([{"arguments":{},"name":"a"},{"arguments":{"x":1},"name":"b"}])");
}

TEST(Answer, ChoosesBetweenWordsAndCalls) {
  const std::string both =
      R"({"content":"Let me see.","tool_calls":[{"function":{"name":"a","arguments":"{}"}}]})";
  EXPECT_EQ(Read(Response(200, Completion(both, "tool_calls"))).output, R"({"arguments":{},"name":"a"})");
  EXPECT_EQ(Read(Response(200, Completion(both, "stop"))).output, "Let me see.");
}

TEST(Answer, NamesTheModelsOwnFailings) {
  const Answer cut = Read(Response(200, Completion(R"({"content":"half an ans"})", "length")));
  EXPECT_EQ(cut.kind, AnswerKind::kModelError);
  EXPECT_EQ(cut.output, "half an ans");
  EXPECT_THAT(cut.error, HasSubstr("length"));
  EXPECT_THAT(cut.response_model, Optional(std::string("gpt-4o-mini-2024-07-18")));
  const Answer refused = Read(Response(200, Completion(R"({"content":null,"refusal":"I cannot\nhelp."})")));
  EXPECT_EQ(refused.kind, AnswerKind::kModelError);
  EXPECT_EQ(refused.error, "refused: I cannot help.");
  EXPECT_EQ(Read(Response(200, Completion(R"({"content":null})"))).kind, AnswerKind::kModelError);
  EXPECT_EQ(Read(Response(200, Completion(R"({"content":"x"})", "content_filter"))).kind,
            AnswerKind::kModelError);
  const Answer bad_arguments = Read(Response(
      200, Completion(R"({"content":null,"tool_calls":[{"function":{"name":"a","arguments":"{\"x\":"}}]})")));
  EXPECT_EQ(bad_arguments.kind, AnswerKind::kModelError);
  EXPECT_EQ(bad_arguments.output, "a {\"x\":");
}

TEST(Answer, KnowsContextOverflowInItsForms) {
  for (
      const char* body : {
          R"({"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}})",
          R"({"error":{"message":"litellm.ContextWindowExceededError: x","type":null,"code":"400"}})",
          R"({"error":{"message":"This model's maximum context length is 8192 tokens.","code":null}})",
          R"({"object":"error","message":"This model's maximum context length is 4096 tokens","code":400})",
      }) {
    EXPECT_EQ(Read(Response(400, body)).kind, AnswerKind::kModelError) << body;
  }
  EXPECT_EQ(Read(Response(400, R"({"error":{"message":"bad temperature","code":null}})")).kind,
            AnswerKind::kRejected);
}

TEST(Answer, RetriesWhatMayPass) {
  for (const int status : {408, 429, 500, 502, 503, 504, 529}) {
    EXPECT_EQ(Read(Response(status, "{}")).kind, AnswerKind::kRetry) << status;
  }
  for (const char* body :
       {"", "<html>", "{\"choices\":[", "{\"choices\":[]}", "[]", "null", "{\"choices\":[{}]}",
        R"({"error":{"message":"upstream gone"}})", "{\"a\":\"\xff\"}"}) {
    const Answer answer = Read(Response(200, body));
    EXPECT_EQ(answer.kind, AnswerKind::kRetry) << body;
    EXPECT_THAT(answer.error, HasSubstr("HTTP 200"));
  }
  http::Response reset;
  reset.error = http::TransportError::kReset;
  reset.error_text = "connection reset by peer";
  const Answer answer = Read(reset);
  EXPECT_EQ(answer.kind, AnswerKind::kRetry);
  EXPECT_EQ(answer.error, "connection reset by peer");
}

TEST(Answer, ReadsEveryShapeOfAnErrorBody) {
  const auto error = [](int status, const std::string& body) { return Read(Response(status, body)).error; };
  EXPECT_EQ(
      error(
          500,
          R"({"error":{"message":"openai error: boom","type":"server_error","param":null,"code":null},"provider":"openai"})"),
      "HTTP 500: openai error: boom");
  EXPECT_EQ(error(500, R"({"error":"boom"})"), "HTTP 500: boom");
  EXPECT_EQ(error(500, R"({"html-message":"<b>fetch</b> failed"})"), "HTTP 500: fetch failed");
  EXPECT_EQ(error(500, R"({"status":"failure","message":"Something went wrong"})"),
            "HTTP 500: Something went wrong");
  EXPECT_EQ(error(422, R"({"detail":"no"})"), "HTTP 422: no");
  EXPECT_EQ(error(502, "<html><body><h1>502 Bad Gateway</h1></body></html>"), "HTTP 502: 502 Bad Gateway");
  EXPECT_EQ(
      error(
          502,
          R"({"is_bifrost_error":true,"status_code":502,"error":{"message":"keys dead","type":"t","code":"upstream_credentials_exhausted"}})"),
      "HTTP 502 upstream_credentials_exhausted: keys dead");
  EXPECT_EQ(error(503, ""), "HTTP 503");
  EXPECT_EQ(error(500, R"({"other":1})"), R"(HTTP 500: {"other":1})");
  EXPECT_LE(error(500, std::string(100000, 'x')).size(), 300U);
}

TEST(Answer, EndsTheRunWhereNothingWillBeTaken) {
  const auto reason = [](int status, const std::string& body) {
    const Answer answer = Read(Response(status, body));
    EXPECT_EQ(answer.kind, AnswerKind::kEndRun) << status << body;
    return answer.end_reason;
  };
  EXPECT_EQ(reason(401, R"({"error":{"message":"Incorrect API key provided."}})"), EndReason::kKey);
  EXPECT_EQ(reason(403, R"({"error":{"message":"no","type":"key_model_access_denied","code":"403"}})"),
            EndReason::kModel);
  EXPECT_EQ(reason(403, R"({"error":{"message":"no"}})"), EndReason::kKey);
  EXPECT_EQ(reason(404, R"({"error":{"message":"gone","code":"model_not_found"}})"), EndReason::kModel);
  EXPECT_EQ(reason(404, R"({"object":"error","message":"The model `x` does not exist."})"),
            EndReason::kModel);
  EXPECT_EQ(reason(404, "<html>Not Found</html>"), EndReason::kAddress);
  EXPECT_EQ(
      reason(400, R"({"error":{"message":"There are no healthy deployments for this model","code":"400"}})"),
      EndReason::kModel);
  EXPECT_EQ(reason(307, ""), EndReason::kAddress);
  EXPECT_EQ(reason(402, "{}"), EndReason::kQuota);
  EXPECT_EQ(
      reason(422,
             R"({"error":{"message":"Budget has been exceeded","type":"budget_exceeded","code":"422"}})"),
      EndReason::kQuota);
  EXPECT_EQ(
      reason(429, R"({"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}})"),
      EndReason::kQuota);
  EXPECT_EQ(
      reason(
          429,
          R"({"error":{"message":"litellm.RateLimitError: You exceeded your current quota, please check","type":"throttling_error","code":"429"}})"),
      EndReason::kQuota);
  EXPECT_EQ(reason(429, R"({"error":{"message":"No deployments available - crossed budget for provider"}})"),
            EndReason::kQuota);
}

TEST(Answer, RejectsTheRest) {
  for (const int status : {400, 405, 413, 415, 422, 446}) {
    EXPECT_EQ(Read(Response(status, R"({"error":{"message":"no"}})")).kind, AnswerKind::kRejected) << status;
  }
}

TEST(Answer, FindsRetryAfterUnderItsNames) {
  EXPECT_THAT(Read(Response(429, "{}", {{"retry-after", "2"}})).retry_after_s, Optional(2.0));
  EXPECT_THAT(Read(Response(503, "{}", {{"llm_provider-retry-after", "7"}})).retry_after_s, Optional(7.0));
  EXPECT_THAT(Read(Response(429, "{}", {{"retry-after", "9"}, {"retry-after-ms", "250"}})).retry_after_s,
              Optional(0.25));
  EXPECT_EQ(Read(Response(429, "{}", {{"retry-after", "soon"}})).retry_after_s, std::nullopt);
}

TEST(ParseRetryAfter, TakesSecondsAndDates) {
  EXPECT_THAT(ParseRetryAfter("120", kNow), Optional(120.0));
  EXPECT_THAT(ParseRetryAfter(" 0.5 ", kNow), Optional(0.5));
  EXPECT_THAT(ParseRetryAfter("Sun, 09 Sep 2001 01:47:10 GMT", kNow), Optional(30.0));
  EXPECT_THAT(ParseRetryAfter("Sunday, 09-Sep-01 01:47:10 GMT", kNow), Optional(30.0));
  EXPECT_THAT(ParseRetryAfter("Sun Sep  9 01:47:10 2001", kNow), Optional(30.0));
  EXPECT_THAT(ParseRetryAfter("Sun, 09 Sep 2001 01:00:00 GMT", kNow), Optional(0.0));  // past
  for (const char* bad : {"", "-1", "soon", "1e400", "nan", "12x", "Sun, 09 Sep 2001"}) {
    EXPECT_EQ(ParseRetryAfter(bad, kNow), std::nullopt) << bad;
  }
}

TEST(OneLine, FoldsAndCuts) {
  EXPECT_EQ(OneLine("  a\r\n\tb\x1b[31m "), "a b [31m");
  EXPECT_EQ(OneLine("abcdefgh", 6), "abc...");
  EXPECT_EQ(OneLine("\xc3\xa9\xc3\xa9\xc3\xa9", 5), "\xc3\xa9...");
}

}  // namespace
}  // namespace minslice::run
