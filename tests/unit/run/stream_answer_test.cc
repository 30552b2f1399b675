#include "run/stream_answer.h"

#include <gtest/gtest.h>

#include "run/answer.h"

namespace minslice::run {
namespace {

http::Response Stream(const std::vector<std::string>& data, bool done = true) {
  http::Response response;
  response.status = 200;
  response.headers = {{"content-type", "text/event-stream; charset=utf-8"}};
  double at_ms = 100;
  for (const std::string& event : data) {
    response.body += "data: " + event + "\n\n";
    response.arrivals.push_back({response.body.size(), at_ms});
    at_ms += 10;
  }
  if (done) response.body += "data: [DONE]\n\n";
  response.latency_ms = at_ms;
  return response;
}

std::string Chunk(const std::string& delta, const std::string& finish = "null") {
  return R"({"id":"c","object":"chat.completion.chunk","model":"m-1","system_fingerprint":"fp","choices":[{"index":0,"delta":)" +
         delta + R"(,"finish_reason":)" + finish + "}]}";
}

TEST(GatherStream, TextIsJoinedAndReadAsAnAnswerInOnePiece) {
  http::Response response =
      Stream({Chunk(R"({"role":"assistant","content":""})"), Chunk(R"({"content":"Hel"})"),
              Chunk(R"({"content":"lo \"you\""})"), Chunk("{}", "\"stop\""),
              R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}})"});
  const auto times = GatherStream(response);
  ASSERT_TRUE(times);
  EXPECT_EQ(times->ttft_ms, 110);  // the second event: the first has no text
  EXPECT_EQ(times->last_ms, 120);
  EXPECT_EQ(times->chunks, 2);
  EXPECT_EQ(times->TokensPerSecond(5), 400);  // four tokens after the first in 10 ms
  EXPECT_EQ(times->TokensPerSecond(std::nullopt), 100);
  const Answer answer = AnswerReader().Read(response, 0);
  EXPECT_EQ(answer.kind, AnswerKind::kText);
  EXPECT_EQ(answer.output, "Hello \"you\"");
  EXPECT_EQ(answer.response_model, "m-1");
  EXPECT_EQ(answer.system_fingerprint, "fp");
  EXPECT_EQ(answer.finish_reason, "stop");
  EXPECT_EQ(answer.input_tokens, 7);
  EXPECT_EQ(answer.output_tokens, 5);
}

TEST(GatherStream, CallsComeInPieces) {
  http::Response response = Stream(
      {Chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"lookup","arguments":"{\"o"}}]})"),
       Chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"rder\": 1}"}}]})"),
       Chunk(R"({"tool_calls":[{"index":1,"id":"b","function":{"name":"refund","arguments":""}}]})"),
       Chunk("{}", "\"tool_calls\"")});
  ASSERT_TRUE(GatherStream(response));
  const Answer answer = AnswerReader().Read(response, 0);
  EXPECT_EQ(answer.output, R"([{"arguments":{"order":1},"name":"lookup"},{"arguments":{},"name":"refund"}])");
}

TEST(GatherStream, AStreamThatEndsBeforeTheAnswerIsCut) {
  http::Response response = Stream({Chunk(R"({"content":"Hel"})")}, false);
  ASSERT_TRUE(GatherStream(response));
  EXPECT_EQ(response.error, http::TransportError::kTruncated);
  EXPECT_EQ(AnswerReader().Read(response, 0).kind, AnswerKind::kRetry);
  http::Response broken = Stream({"{\"choices\":"});
  ASSERT_TRUE(GatherStream(broken));
  EXPECT_EQ(broken.error, http::TransportError::kTruncated);
  // No [DONE], but the answer says itself that it ended.
  http::Response whole = Stream({Chunk(R"({"content":"yes"})"), Chunk("{}", "\"stop\"")}, false);
  ASSERT_TRUE(GatherStream(whole));
  EXPECT_EQ(AnswerReader().Read(whole, 0).output, "yes");
}

TEST(GatherStream, AnErrorInTheStreamIsNoAnswer) {
  http::Response response =
      Stream({Chunk(R"({"content":"Hel"})"), R"({"error":{"message":"overloaded","type":"server_error"}})"});
  ASSERT_TRUE(GatherStream(response));
  const Answer answer = AnswerReader().Read(response, 0);
  EXPECT_EQ(answer.kind, AnswerKind::kRetry);
  EXPECT_NE(answer.error.find("overloaded"), std::string::npos);
}

TEST(GatherStream, LeavesOtherResponsesAlone) {
  http::Response response;
  response.status = 200;
  response.headers = {{"content-type", "application/json"}};
  response.body = "{}";
  EXPECT_FALSE(GatherStream(response));
  EXPECT_EQ(response.body, "{}");
}

}  // namespace
}  // namespace minslice::run
