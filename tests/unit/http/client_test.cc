// The client against a server that sends exactly the bytes written here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <set>

#include "http/client.h"
#include "unit/http/raw_server.h"

namespace minslice::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Then = RawServer::Then;

using Make = Result<std::unique_ptr<Client>> (*)(const ClientOptions& options);

std::unique_ptr<Client> MadeBy(Make make, const ClientOptions& options) {
  Result<std::unique_ptr<Client>> client = make(options);
  EXPECT_TRUE(client.has_value());
  return std::move(*client);
}

// What both transports do alike.
class ClientTest : public ::testing::TestWithParam<Make> {
 protected:
  static std::unique_ptr<Client> MakeClient(const ClientOptions& options = {}) {
    return MadeBy(GetParam(), options);
  }
};
INSTANTIATE_TEST_SUITE_P(Transports, ClientTest, ::testing::Values(&MakeCurlClient, &MakeSocketClient),
                         [](const auto& made) { return made.index == 0 ? "Curl" : "Socket"; });

Request Post(const std::string& url, const std::string& body = "{}") {
  Request request;
  request.url = url;
  request.body = body;
  request.timeout_s = 20;
  return request;
}

// Polls until nothing is in flight; bounded.
std::vector<Response> Drain(Client& client) {
  std::vector<Response> responses;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (client.in_flight() > 0 && std::chrono::steady_clock::now() < end) {
    client.Poll(0.05, [&](Response&& response) { responses.push_back(std::move(response)); });
  }
  EXPECT_EQ(client.in_flight(), 0U);
  return responses;
}

Response Fetch(Client& client, Request request) {
  client.Submit(std::move(request));
  std::vector<Response> responses = Drain(client);
  EXPECT_EQ(responses.size(), 1U);
  return responses.empty() ? Response{} : responses.front();
}

TEST_P(ClientTest, SendsWhatItIsGivenAndReadsWhatComes) {
  RawServer server([](const std::string&) {
    return RawServer::Answer{
        "HTTP/1.1 201 Created\r\nX-Cost: 0.5\r\nX-COST: 0.7\r\nContent-Length: 5\r\n\r\nhello", Then::kKeep};
  });
  const auto client = MakeClient();
  Request request = Post(server.url("/v1/x?a=b"), std::string(3000, 'b'));
  request.headers = std::make_shared<const Headers>(
      Headers{{"content-type", "application/json"}, {"x-key", "s3cret"}, {"x-empty", ""}});
  request.tag = 77;
  const Response response = Fetch(*client, request);
  EXPECT_EQ(response.error, TransportError::kNone);
  EXPECT_EQ(response.tag, 77U);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "hello");
  ASSERT_NE(response.FindHeader("x-cost"), nullptr);
  EXPECT_EQ(*response.FindHeader("x-cost"), "0.5");
  EXPECT_EQ(response.FindHeader("nothing"), nullptr);
  EXPECT_GE(response.latency_ms, response.first_byte_ms);
  ASSERT_EQ(server.requests().size(), 1U);
  const std::string sent = server.requests()[0];
  EXPECT_THAT(sent, HasSubstr("POST /v1/x?a=b HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("x-key: s3cret\r\n"));
  EXPECT_THAT(sent, HasSubstr("x-empty:"));
  EXPECT_THAT(sent, Not(HasSubstr("Expect")));
  EXPECT_TRUE(sent.ends_with("\r\n\r\n" + std::string(3000, 'b')));
}

TEST_P(ClientTest, ReadsChunkedBodies) {
  RawServer server([](const std::string&) {
    return RawServer::Answer{
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n",
        Then::kKeep};
  });
  EXPECT_EQ(Fetch(*MakeClient(), Post(server.url())).body, "abcdefg");
}

TEST_P(ClientTest, GetsWithoutABody) {
  RawServer server([](const std::string&) { return RawServer::Answer{RawServer::Ok("ok"), Then::kKeep}; });
  Request request = Post(server.url());
  request.method = "GET";
  EXPECT_EQ(Fetch(*MakeClient(), request).body, "ok");
  EXPECT_THAT(server.requests().at(0), HasSubstr("GET / HTTP/1.1\r\n"));
}

TEST_P(ClientTest, KeepsConnections) {
  RawServer server([](const std::string&) { return RawServer::Answer{RawServer::Ok("ok"), Then::kKeep}; });
  const auto client = MakeClient();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Fetch(*client, Post(server.url())).status, 200);
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(ClientTest, NamesARefusedConnection) {
  int port = 0;
  {
    RawServer gone([](const std::string&) { return RawServer::Answer{}; });
    port = gone.port();
  }
  Request request = Post("http://127.0.0.1:" + std::to_string(port) + "/v1");
  request.headers = std::make_shared<const Headers>(Headers{{"authorization", "Bearer s3cret"}});
  const Response response = Fetch(*MakeClient(), request);
  EXPECT_EQ(response.error, TransportError::kConnect);
  EXPECT_EQ(response.error_text, "connection refused");
  EXPECT_EQ(response.status, 0);
}

TEST(CurlClient, NamesAnUnknownHost) {
  // RFC 6761: names under .invalid never resolve.
  const Response response = Fetch(*MadeBy(&MakeCurlClient, {}), Post("http://minslice.invalid/v1"));
  EXPECT_EQ(response.error, TransportError::kResolve);
}

TEST_P(ClientTest, TellsTruncationFromReset) {
  RawServer cut([](const std::string&) {
    return RawServer::Answer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", Then::kClose};
  });
  EXPECT_EQ(Fetch(*MakeClient(), Post(cut.url())).error, TransportError::kTruncated);
  RawServer chunk([](const std::string&) {
    return RawServer::Answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab", Then::kClose};
  });
  EXPECT_EQ(Fetch(*MakeClient(), Post(chunk.url())).error, TransportError::kTruncated);
  RawServer reset([](const std::string&) { return RawServer::Answer{"", Then::kReset}; });
  EXPECT_EQ(Fetch(*MakeClient(), Post(reset.url())).error, TransportError::kReset);
  RawServer closed([](const std::string&) { return RawServer::Answer{"", Then::kClose}; });
  EXPECT_EQ(Fetch(*MakeClient(), Post(closed.url())).error, TransportError::kReset);
}

TEST_P(ClientTest, GivesUpAfterTheTimeout) {
  RawServer silent([](const std::string&) { return RawServer::Answer{"", Then::kSilence}; });
  Request request = Post(silent.url());
  request.timeout_s = 0.1;
  EXPECT_EQ(Fetch(*MakeClient(), request).error, TransportError::kTimeout);
  RawServer half([](const std::string&) {
    return RawServer::Answer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", Then::kSilence};
  });
  request.url = half.url();
  EXPECT_EQ(Fetch(*MakeClient(), request).error, TransportError::kTimeout);
}

TEST_P(ClientTest, BoundsTheAnswer) {
  RawServer server([](const std::string& request) {
    const std::size_t size = request.find("/big") != std::string::npos ? 1001 : 1000;
    return RawServer::Answer{RawServer::Ok(std::string(size, 'x')), Then::kKeep};
  });
  ClientOptions options;
  options.max_response_bytes = 1000;
  const auto client = MakeClient(options);
  EXPECT_EQ(Fetch(*client, Post(server.url("/big"))).error, TransportError::kTooLarge);
  EXPECT_EQ(Fetch(*client, Post(server.url("/fits"))).body.size(), 1000U);
}

TEST_P(ClientTest, RefusesWhatIsNoHttp) {
  RawServer server([](const std::string&) { return RawServer::Answer{"220 smtp ready\r\n", Then::kClose}; });
  EXPECT_NE(Fetch(*MakeClient(), Post(server.url())).error, TransportError::kNone);
  Request file = Post("file:///etc/hostname");
  file.method = "GET";
  const Response response = Fetch(*MakeClient(), file);
  EXPECT_NE(response.error, TransportError::kNone);
  EXPECT_EQ(response.body, "");
}

TEST_P(ClientTest, DoesNotFollowRedirects) {
  RawServer elsewhere(
      [](const std::string&) { return RawServer::Answer{RawServer::Ok("leak"), Then::kKeep}; });
  RawServer server([&](const std::string&) {
    return RawServer::Answer{
        "HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() + "\r\nContent-Length: 0\r\n\r\n", Then::kKeep};
  });
  EXPECT_EQ(Fetch(*MakeClient(), Post(server.url())).status, 302);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(CurlClient, HonoursTheProxyExceptForLoopback) {
  RawServer proxy(
      [](const std::string&) { return RawServer::Answer{RawServer::Ok("by proxy"), Then::kKeep}; });
  RawServer server(
      [](const std::string&) { return RawServer::Answer{RawServer::Ok("direct"), Then::kKeep}; });
  setenv("http_proxy", proxy.url().c_str(), 1);
  const auto client = MadeBy(&MakeCurlClient, {});
  EXPECT_EQ(Fetch(*client, Post("http://models.invalid/v1")).body, "by proxy");
  EXPECT_EQ(Fetch(*client, Post(server.url())).body, "direct");
  EXPECT_EQ(Fetch(*client, Post("http://localhost:" + std::to_string(server.port()) + "/")).body, "direct");
  unsetenv("http_proxy");
  EXPECT_THAT(proxy.requests().at(0), HasSubstr("POST http://models.invalid/v1 HTTP/1.1\r\n"));
  EXPECT_EQ(proxy.requests().size(), 1U);
}

TEST_P(ClientTest, AnswersEveryRequestOnce) {
  RawServer server([](const std::string& request) {
    return RawServer::Answer{RawServer::Ok(request.substr(request.find("\r\n\r\n") + 4)), Then::kKeep};
  });
  ClientOptions options;
  options.max_connections = 900;  // of libcurl: three multi handles
  const auto client = MakeClient(options);
  constexpr std::uint64_t kRequests = 600;
  std::set<std::uint64_t> seen;
  std::uint64_t next = 0;
  const auto submit = [&] {
    Request request = Post(server.url(), "body " + std::to_string(next));
    request.tag = next++;
    client->Submit(request);
  };
  while (next < 60) submit();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (client->in_flight() > 0 && std::chrono::steady_clock::now() < end) {
    client->Poll(0.05, [&](Response&& response) {
      EXPECT_EQ(response.body, "body " + std::to_string(response.tag));
      EXPECT_TRUE(seen.insert(response.tag).second);
      if (next < kRequests) submit();  // from within the handler
    });
  }
  EXPECT_EQ(seen.size(), kRequests);
  EXPECT_LE(server.connections(), 61);
}

TEST_P(ClientTest, CancelsWhatIsInFlight) {
  RawServer silent([](const std::string&) { return RawServer::Answer{"", Then::kSilence}; });
  RawServer server([](const std::string&) { return RawServer::Answer{RawServer::Ok("ok"), Then::kKeep}; });
  const auto client = MakeClient();
  for (int i = 0; i < 5; ++i) client->Submit(Post(silent.url()));
  int answered = 0;
  for (int i = 0; i < 5; ++i) client->Poll(0.01, [&](Response&&) { ++answered; });
  client->CancelAll();
  EXPECT_EQ(client->in_flight(), 0U);
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(Fetch(*client, Post(server.url())).body, "ok");
}

TEST_P(ClientTest, CancelsFromWithinTheHandler) {
  RawServer server([](const std::string&) { return RawServer::Answer{RawServer::Ok("ok"), Then::kKeep}; });
  const auto client = MakeClient();
  for (int i = 0; i < 20; ++i) client->Submit(Post(server.url()));
  int answered = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (answered == 0 && std::chrono::steady_clock::now() < end) {
    client->Poll(0.05, [&](Response&&) {
      ++answered;
      client->CancelAll();
      client->Submit(Post(server.url()));
    });
  }
  EXPECT_EQ(answered, 1);
  EXPECT_EQ(client->in_flight(), 1U);
  EXPECT_EQ(Drain(*client).size(), 1U);
}

TEST_P(ClientTest, SendsAgainWhatAClosedConnectionNeverTook) {
  std::atomic<int> asked{0};
  RawServer server([&](const std::string&) {
    // Says that it keeps the connection, and closes it.
    return RawServer::Answer{RawServer::Ok("ok"), ++asked == 1 ? Then::kClose : Then::kKeep};
  });
  const auto client = MakeClient();
  EXPECT_EQ(Fetch(*client, Post(server.url())).body, "ok");
  EXPECT_EQ(Fetch(*client, Post(server.url())).body, "ok");
  EXPECT_EQ(asked, 2);
}

TEST_P(ClientTest, SendsABodyThatNoBufferHolds) {
  RawServer server([](const std::string& request) {
    return RawServer::Answer{RawServer::Ok(std::to_string(request.size() - request.find("\r\n\r\n") - 4)),
                             Then::kKeep};
  });
  EXPECT_EQ(Fetch(*MakeClient(), Post(server.url(), std::string(6000000, 'b'))).body, "6000000");
}

TEST_P(ClientTest, ReadsAnAnswerThatComesInManyParts) {
  const std::string body(3000000, 'x');
  RawServer server([&](const std::string&) { return RawServer::Answer{RawServer::Ok(body), Then::kKeep}; });
  Request request = Post(server.url());
  request.arrivals = true;
  const Response response = Fetch(*MakeClient(), request);
  EXPECT_EQ(response.body.size(), body.size());
  ASSERT_FALSE(response.arrivals.empty());
  EXPECT_EQ(response.arrivals.back().bytes, body.size());
  EXPECT_GE(response.latency_ms, response.arrivals.back().at_ms);
}

TEST(SocketClient, IsForAddressesAndLocalhost) {
  const auto plain = [](const std::string& url) { return IsPlainAddress(*ParseUrl(url)); };
  EXPECT_TRUE(plain("http://127.0.0.1:4000/v1"));
  EXPECT_TRUE(plain("http://[::1]:4000/v1"));
  EXPECT_TRUE(plain("http://localhost/v1"));
  EXPECT_FALSE(plain("https://127.0.0.1/v1"));
  EXPECT_FALSE(plain("http://gateway.internal/v1"));
}

TEST(SocketClient, TriesEveryAddressOfLocalhost) {
  RawServer server([](const std::string&) { return RawServer::Answer{RawServer::Ok("ok"), Then::kKeep}; });
  const auto client = MadeBy(&MakeSocketClient, {});
  EXPECT_EQ(Fetch(*client, Post("http://localhost:" + std::to_string(server.port()) + "/")).body, "ok");
}

}  // namespace
}  // namespace minslice::http
