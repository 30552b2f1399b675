// The provider over real sockets, asked by our own client.
#include "mock/mock_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "http/client.h"
#include "mock/script.h"
#include "suite/suite.h"

namespace minslice::mock {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class MockServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("minslice_mock_" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Result<std::unique_ptr<http::Client>> client = http::MakeCurlClient({});
    ASSERT_TRUE(client.has_value());
    client_ = std::move(*client);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  // n cases "c0".. in two flows; the answer to the question i is "answer i".
  std::string WriteSuite(int n) {
    std::string cases;
    for (int i = 0; i < n; ++i) {
      cases += json({{"id", "c" + std::to_string(i)},
                     {"prompt", "question " + std::to_string(i)},
                     {"expected", "answer " + std::to_string(i)},
                     {"segments", {{"flow", i % 2 == 0 ? "even" : "odd"}}}})
                   .dump() +
               "\n";
    }
    Write("cases.jsonl", cases);
    return Write("suite.yaml",
                 "version: 1\nname: t\ncases: cases.jsonl\nsegments: [flow]\ngrader: {type: exact_match}\n");
  }

  http::Response Fetch(const std::string& url, const std::string& body, const std::string& method = "POST",
                       double timeout_s = 20) {
    http::Request request;
    request.method = method;
    request.url = url;
    request.body = body;
    request.timeout_s = timeout_s;
    request.headers =
        std::make_shared<const http::Headers>(http::Headers{{"content-type", "application/json"}});
    client_->Submit(request);
    http::Response got;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (client_->in_flight() > 0 && std::chrono::steady_clock::now() < end) {
      client_->Poll(0.05, [&](http::Response&& response) { got = std::move(response); });
    }
    return got;
  }

  http::Response Ask(const MockServer& server, const std::string& model, const std::string& question,
                     const json& more = json::object()) {
    json body = {{"model", model}, {"messages", {{{"role", "user"}, {"content", question}}}}};
    body.update(more);
    return Fetch(server.base_url() + "/chat/completions", body.dump());
  }

  static std::string Content(const http::Response& response) {
    const json body = json::parse(response.body, nullptr, false);
    return body.is_object() && body.contains("choices")
               ? body["choices"][0]["message"]["content"].get<std::string>()
               : "HTTP " + std::to_string(response.status);
  }

  MockConfig Config(int cases) {
    MockConfig config;
    config.suite_path = WriteSuite(cases);
    return config;
  }

  std::filesystem::path folder_;
  std::unique_ptr<http::Client> client_;
};

TEST_F(MockServerTest, AnswersInTheFormOfTheApi) {
  MockConfig config = Config(3);
  ModelConfig model;
  model.name = "m";
  model.answers_as = "m-2026-01-02";
  model.cost_usd = 0.25;
  config.models.push_back(model);
  MockServer server(config);
  ASSERT_TRUE(server.Start().has_value());
  const http::Response response = Ask(server, "m", "question 1");
  EXPECT_EQ(response.status, 200);
  const json body = json::parse(response.body);
  EXPECT_EQ(body["model"], "m-2026-01-02");
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["choices"][0]["message"]["content"], "answer 1");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 3);      // ten letters, four a token
  EXPECT_EQ(body["usage"]["completion_tokens"], 2);  // eight letters
  EXPECT_EQ(*response.FindHeader("x-litellm-response-cost"), "0.25");
  const json models = json::parse(Fetch(server.base_url() + "/models", "", "GET").body);
  EXPECT_EQ(models["data"][0]["id"], "m");
}

TEST_F(MockServerTest, FindsTheCaseBehindAGatewaysChanges) {
  MockServer server(Config(3));
  ASSERT_TRUE(server.Start().has_value());
  const auto ask = [&](const json& messages) {
    return Content(Fetch(server.base_url() + "/chat/completions",
                         json({{"model", "mock-perfect"}, {"messages", messages}}).dump()));
  };
  const json user = {{"role", "user"}, {"content", "question 2"}};
  EXPECT_EQ(ask(json::array({user})), "answer 2");
  EXPECT_EQ(ask(json::array({{{"role", "system"}, {"content", "be brief"}}, user})), "answer 2");
  const json parts = json::array({{{"type", "text"}, {"text", "question 2"}}});
  EXPECT_EQ(ask(json::array({{{"role", "user"}, {"content", parts}}})), "answer 2");
  EXPECT_EQ(ask(json::array({{{"name", nullptr}, {"role", "user"}, {"content", "question 2"}}})), "answer 2");
  EXPECT_EQ(ask(json::array({{{"role", "user"}, {"content", "another question"}}})), "HTTP 400");
}

TEST_F(MockServerTest, PassRatesAreDrawnByCase) {
  MockConfig config = Config(1000);
  ModelConfig model;
  model.name = "m";
  model.pass_rate = 0.9;
  model.pass_rates = {{"flow", "odd", 0.2}};
  model.seed = 3;
  config.models.push_back(model);
  Result<std::unique_ptr<Script>> script = Script::Make(config);
  ASSERT_TRUE(script.has_value());
  std::map<bool, int> passed;
  for (int round = 0; round < 2; ++round) {
    std::map<bool, int> now;
    for (int i = 0; i < 1000; ++i) {
      const json body = {{"model", "m"},
                         {"messages", {{{"role", "user"}, {"content", "question " + std::to_string(i)}}}}};
      const Reply reply = (*script)->Handle("POST", "/v1/chat/completions", "", body.dump());
      const std::string content = json::parse(reply.body)["choices"][0]["message"]["content"];
      if (content == "answer " + std::to_string(i)) ++now[i % 2 == 0];
    }
    if (round == 0) passed = now;
    EXPECT_EQ(passed, now);  // no flakiness: the second request for a case gets the first's answer
  }
  EXPECT_NEAR(passed[true], 450, 30);   // 4.5 standard deviations of Bin(500, .9)
  EXPECT_NEAR(passed[false], 100, 40);  // 4.5 of Bin(500, .2)
}

TEST_F(MockServerTest, FlakyCasesChangeTheirAnswer) {
  MockConfig config = Config(400);
  ModelConfig model;
  model.name = "m";
  model.pass_rate = 0.5;
  model.flaky = 0.5;
  config.models.push_back(model);
  Result<std::unique_ptr<Script>> script = Script::Make(config);
  ASSERT_TRUE(script.has_value());
  int changed = 0;
  for (int i = 0; i < 400; ++i) {
    const json body = {{"model", "m"},
                       {"messages", {{{"role", "user"}, {"content", "question " + std::to_string(i)}}}}};
    const auto answer = [&] {
      const Reply reply = (*script)->Handle("POST", "/v1/chat/completions", "", body.dump());
      return json::parse(reply.body)["choices"][0]["message"]["content"].get<std::string>();
    };
    if (answer() != answer()) ++changed;
  }
  EXPECT_NEAR(changed, 100, 40);  // .5 flaky, .5 of two draws differ; 4.6 standard deviations
}

TEST_F(MockServerTest, AnswersFromAFileOfOutputs) {
  MockConfig config = Config(3);
  ModelConfig model;
  model.name = "m";
  model.outputs_path =
      Write("outputs.jsonl", "{\"id\":\"c0\",\"output\":\"zero\"}\n\n{\"id\":\"c1\",\"output\":\"one\"}\n");
  config.models.push_back(model);
  MockServer server(config);
  ASSERT_TRUE(server.Start().has_value());
  EXPECT_EQ(Content(Ask(server, "m", "question 0")), "zero");
  EXPECT_EQ(Content(Ask(server, "m", "question 1")), "one");
  EXPECT_EQ(Ask(server, "m", "question 2").status, 400);
}

TEST_F(MockServerTest, NamesEveryErrorOfAFileOfOutputs) {
  MockConfig config = Config(3);
  ModelConfig model;
  model.name = "m";
  model.outputs_path = Write("outputs.jsonl",
                             "{\"id\":\"c0\",\"output\":\"x\"}\n{\"id\":\"c0\",\"output\":\"y\"}\nno "
                             "json\n{\"id\":\"c9\",\"output\":\"z\"}\n");
  config.models.push_back(model);
  const Result<int> port = MockServer(config).Start();
  ASSERT_FALSE(port.has_value());
  EXPECT_EQ(port.error().diagnostics.size(), 3U);
  EXPECT_THAT(port.error().diagnostics[0].ToString(), HasSubstr("outputs.jsonl:2:1"));
}

TEST_F(MockServerTest, AnswersWithToolCallsWhereToolsAreOffered) {
  Write(
      "cases.jsonl",
      R"({"id":"a","prompt":"refund A-1","tools":[{"type":"function","function":{"name":"refund"}}],"expected":{"name":"refund","arguments":{"order":"A-1"}},"segments":{"flow":"x"}})"
      "\n");
  MockConfig config;
  config.suite_path =
      Write("suite.yaml",
            "version: 1\nname: t\ncases: cases.jsonl\nsegments: [flow]\ngrader: {type: json_match}\n");
  MockServer server(config);
  ASSERT_TRUE(server.Start().has_value());
  const json tools = json::parse(R"([{"type":"function","function":{"name":"refund"}}])");
  const json right = json::parse(Ask(server, "mock-perfect", "refund A-1", {{"tools", tools}}).body);
  EXPECT_EQ(right["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_TRUE(right["choices"][0]["message"]["content"].is_null());
  const json function = right["choices"][0]["message"]["tool_calls"][0]["function"];
  EXPECT_EQ(function["name"], "refund");
  EXPECT_EQ(function["arguments"], "{\"order\":\"A-1\"}");
  const json wrong = json::parse(Ask(server, "mock-0", "refund A-1", {{"tools", tools}}).body);
  EXPECT_EQ(wrong["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], "{\"order\":\"A-2\"}");
  // Without tools in the request the same answer comes as text.
  EXPECT_EQ(json::parse(Content(Ask(server, "mock-perfect", "refund A-1")))["name"], "refund");
}

TEST_F(MockServerTest, MaxTokensCutsTheAnswer) {
  MockServer server(Config(3));
  ASSERT_TRUE(server.Start().has_value());
  const json body = json::parse(Ask(server, "mock-perfect", "question 1", {{"max_tokens", 1}}).body);
  EXPECT_EQ(body["choices"][0]["message"]["content"], "answ");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "length");
}

TEST_F(MockServerTest, EveryFaultLooksAsNamed) {
  MockConfig config = Config(2);
  for (const std::string& name : FaultNames()) {
    ModelConfig model;
    model.name = "f-" + name;
    Faults faults;
    faults.rates = {{*FaultFromName(name), 1.0}};
    faults.retry_after_s = 2;
    faults.stall_s = 0.2;
    model.faults = faults;
    config.models.push_back(model);
  }
  MockServer server(config);
  ASSERT_TRUE(server.Start().has_value());
  const std::map<std::string, int> statuses = {{"http_400", 400}, {"http_401", 401},       {"http_403", 403},
                                               {"http_404", 404}, {"http_408", 408},       {"http_429", 429},
                                               {"http_500", 500}, {"http_502", 502},       {"http_503", 503},
                                               {"http_504", 504}, {"quota", 429},          {"budget", 422},
                                               {"payment", 402},  {"context_length", 400}, {"bad_json", 200},
                                               {"length", 200},   {"content_filter", 200}, {"refusal", 200}};
  for (const auto& [name, status] : statuses) {
    EXPECT_EQ(Ask(server, "f-" + name, "question 1").status, status) << name;
  }
  EXPECT_EQ(*Ask(server, "f-http_429", "question 1").FindHeader("retry-after"), "2");
  EXPECT_FALSE(json::accept(Ask(server, "f-bad_json", "question 1").body));
  EXPECT_EQ(Ask(server, "f-truncate", "question 1").error, http::TransportError::kTruncated);
  // On a fresh connection; on a kept one libcurl asks again by itself.
  client_ = std::move(*http::MakeCurlClient({}));
  EXPECT_EQ(Ask(server, "f-reset", "question 1").error, http::TransportError::kReset);
  client_ = std::move(*http::MakeCurlClient({}));
  EXPECT_EQ(Ask(server, "f-stall", "question 1").error, http::TransportError::kReset);
  EXPECT_EQ(json::parse(Ask(server, "f-length", "question 1").body)["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(json::parse(Ask(server, "f-refusal", "question 1").body)["choices"][0]["message"]["refusal"],
            "I cannot help with that.");
}

TEST_F(MockServerTest, FaultsAreDrawnByRequestAndBounded) {
  MockConfig config = Config(500);
  config.faults.rates = {{Fault::kHttp429, 0.2}, {Fault::kHttp500, 0.3}};
  config.faults.at_most = 1;
  Result<std::unique_ptr<Script>> script = Script::Make(config);
  ASSERT_TRUE(script.has_value());
  std::map<int, int> first;
  for (int i = 0; i < 500; ++i) {
    const json body = {{"model", "mock-perfect"},
                       {"messages", {{{"role", "user"}, {"content", "question " + std::to_string(i)}}}}};
    ++first[(*script)->Handle("POST", "/v1/chat/completions", "", body.dump()).status];
    Reply reply;
    for (int n = 0; n < 8; ++n) reply = (*script)->Handle("POST", "/v1/chat/completions", "", body.dump());
    EXPECT_EQ(reply.status, 200);
  }
  EXPECT_NEAR(first[429], 100, 40);  // 4.5 standard deviations
  EXPECT_NEAR(first[500], 150, 46);
  EXPECT_EQ(first[200] + first[429] + first[500], 500);
}

TEST_F(MockServerTest, CountsWhatItSent) {
  MockServer server(Config(3));
  ASSERT_TRUE(server.Start().has_value());
  for (int i = 0; i < 2; ++i) Ask(server, "mock-perfect", "question 1");
  Ask(server, "mock-perfect", "question 2");
  Ask(server, "nobody", "question 2");
  const json stats = json::parse(
      Fetch(server.base_url().substr(0, server.base_url().size() - 3) + "/mock/stats", "", "GET").body);
  EXPECT_EQ(stats, json::parse(server.StatsJson()));
  EXPECT_EQ(stats["requests"], 4);
  EXPECT_EQ(stats["answered"], 3);
  EXPECT_EQ(stats["models"]["mock-perfect"]["cases"], json({{"c1", 2}, {"c2", 1}}));
}

TEST_F(MockServerTest, WantsItsKey) {
  MockConfig config = Config(2);
  config.api_key = "k";
  Result<std::unique_ptr<Script>> script = Script::Make(config);
  ASSERT_TRUE(script.has_value());
  EXPECT_EQ((*script)->Handle("GET", "/v1/models", "", "").status, 401);
  EXPECT_EQ((*script)->Handle("GET", "/v1/models", "Bearer x", "").status, 401);
  EXPECT_EQ((*script)->Handle("GET", "/v1/models", "Bearer k", "").status, 200);
  EXPECT_EQ((*script)->Handle("GET", "/health", "", "").status, 200);
}

TEST_F(MockServerTest, KnowsItsBuiltInModelsAndNoOthers) {
  MockServer server(Config(2));
  ASSERT_TRUE(server.Start().has_value());
  EXPECT_EQ(Ask(server, "mock-0.85", "question 1").status, 200);
  for (const char* name : {"mock-1.5", "mock-", "mock-x", "mock-0.5x", "mock--1", "mock-nan", "gpt"}) {
    EXPECT_EQ(Ask(server, name, "question 1").status, 404) << name;
  }
}

TEST_F(MockServerTest, HoldsManyRequestsOpen) {
  MockConfig config = Config(200);
  config.latency.ms = 200;
  MockServer server(config);
  ASSERT_TRUE(server.Start().has_value());
  http::ClientOptions options;
  options.max_connections = 200;
  client_ = std::move(*http::MakeCurlClient(options));
  for (int i = 0; i < 200; ++i) {
    http::Request request;
    request.url = server.base_url() + "/chat/completions";
    request.body = json({{"model", "mock-perfect"},
                         {"messages", {{{"role", "user"}, {"content", "question " + std::to_string(i)}}}}})
                       .dump();
    request.timeout_s = 60;
    request.tag = static_cast<std::uint64_t>(i);
    client_->Submit(request);
  }
  int answered = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (client_->in_flight() > 0 && std::chrono::steady_clock::now() < end) {
    client_->Poll(0.05, [&](http::Response&& response) {
      EXPECT_EQ(Content(response), "answer " + std::to_string(response.tag));
      EXPECT_GE(response.latency_ms, 199);
      ++answered;
    });
  }
  EXPECT_EQ(answered, 200);
}

TEST_F(MockServerTest, SaysWhyItCannotListen) {
  MockServer first(Config(1));
  const Result<int> port = first.Start();
  ASSERT_TRUE(port.has_value());
  MockConfig config = Config(1);
  config.port = *port;
  MockServer second(config);
  const Result<int> refused = second.Start();
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().diagnostics[0].message, HasSubstr("127.0.0.1:" + std::to_string(*port)));
}

TEST(WrongAnswer, DiffersInEveryShape) {
  suite::Suite suite;
  for (const char* expected : {R"("Paris")", R"("Rome")", "12", "true", "null", "[]", "[1,2]", "{}",
                               R"({"a":{"b":"x"}})", R"({"name":"f","arguments":{"id":"A-9","n":2}})"}) {
    Case c;
    c.expected_json = expected;
    suite.cases.push_back(c);
  }
  for (std::size_t i = 0; i < suite.cases.size(); ++i) {
    for (std::uint64_t salt = 0; salt < 20; ++salt) {
      const std::string wrong = WrongAnswer(suite, i, salt);
      EXPECT_NE(wrong, RightAnswer(suite.cases[i])) << suite.cases[i].expected_json;
      if (i >= 8) {
        EXPECT_NE(json::parse(wrong), json::parse(suite.cases[i].expected_json));
      }
    }
  }
}

}  // namespace
}  // namespace minslice::mock
