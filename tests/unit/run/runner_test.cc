// The runner against a transport and a clock that are made up: what is asked when, how often, and what is
// written.
#include "run/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "unit/run/held_cases.h"

namespace minslice::run {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers at the next Poll what the script says for the content of the user's message; time passes only in
// Poll.
class FakeClient : public http::Client {
 public:
  using Script = std::function<http::Response(const std::string& content, int nth)>;
  FakeClient(io::ManualClock& clock, Script script) : clock_(clock), script_(std::move(script)) {}

  void Submit(http::Request request) override {
    const nlohmann::json body = nlohmann::json::parse(request.body);
    const std::string content = body["messages"].back()["content"];
    sent.push_back({content, clock_.MonotonicSeconds()});
    last_request = request;
    bodies.push_back(body);
    const auto by = by_model.find(body["model"].get<std::string>());
    http::Response response = by == by_model.end() ? script_(content, ++asked[content]) : by->second;
    response.tag = request.tag;
    pending_.push_back(std::move(response));
    peak = std::max(peak, pending_.size());
  }
  void Poll(double timeout_s, const http::CompletionHandler& on_done) override {
    ++polls;
    ASSERT_LT(polls, 1000000);
    clock_.Advance(pending_.empty() ? std::max(timeout_s, 0.001) : 0.01);
    if (hold) return;
    std::deque<http::Response> now;
    now.swap(pending_);
    for (http::Response& response : now) on_done(std::move(response));
  }
  std::size_t in_flight() const override { return pending_.size(); }
  void CancelAll() override { pending_.clear(); }

  struct Sent {
    std::string content;
    double at_s;
  };
  std::vector<Sent> sent;
  std::map<std::string, int> asked;
  std::vector<nlohmann::json> bodies;
  std::map<std::string, http::Response> by_model;  // instead of the script's
  http::Request last_request;
  std::size_t peak = 0;
  int polls = 0;
  bool hold = false;

 private:
  io::ManualClock& clock_;
  Script script_;
  std::deque<http::Response> pending_;
};

class FakeLog : public log::LogWriter {
 public:
  Result<void> Append(const CaseRecord& record) override {
    if (static_cast<int>(rows.size()) == fail_after) return FailInternal("no space left on device");
    rows.push_back(record);
    return {};
  }
  Result<void> End(const EndRecord& record) override {
    ends.push_back(record);
    return {};
  }
  Result<void> Stop(const StopRecord& record) override {
    stops.push_back(record);
    return {};
  }
  Result<void> Sync() override { return {}; }
  std::vector<CaseRecord> rows;
  std::vector<EndRecord> ends;
  std::vector<StopRecord> stops;
  int fail_after = -1;
};

class OkGrader : public score::Grader {
 public:
  score::Grade GradeOutput(const Case&, std::string_view output) const override {
    return {.pass = output == "ok",
            .model_error = output == "garbage",
            .note = output == "garbage" ? "no JSON" : ""};
  }
};

http::Response Status(int status, const std::string& body = "{}", http::Headers headers = {}) {
  http::Response response;
  response.status = status;
  response.body = body;
  response.headers = std::move(headers);
  return response;
}
http::Response Ok(const std::string& content = "ok", http::Headers headers = {}) {
  return Status(200,
                R"({"model":"m-2026-01-01","choices":[{"message":{"content":")" + content +
                    R"("},"finish_reason":"stop"}]})",
                std::move(headers));
}
http::Response Broken(http::TransportError error, const std::string& text) {
  http::Response response;
  response.error = error;
  response.error_text = text;
  return response;
}

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    suite_.request_json = R"({"temperature":0})";
    options_.model = "m";
    options_.base_url = "http://gw/v1";
    options_.gateway_name = "http://gw";
    options_.concurrency = 4;
  }
  void MakeCases(int n) {
    for (int i = 0; i < n; ++i) {
      Case c;
      c.id = "c" + std::to_string(i);
      c.messages_json = R"([{"role":"user","content":")" + c.id + R"("}])";
      c.prompt_sha256 = "sha" + std::to_string(i);
      c.segments = {{"flow", i % 2 == 0 ? "even" : "odd"}};
      cases_.cases.push_back(c);
    }
  }
  Summary MustRun(FakeClient& client) {
    const Result<Summary> summary = run::Run(suite_, cases_, grader_, plan_, options_, log_, client, clock_);
    EXPECT_TRUE(summary.has_value());
    return summary ? *summary : Summary{};
  }
  const CaseRecord& RowOf(const std::string& id) {
    const auto row = std::find_if(log_.rows.begin(), log_.rows.end(),
                                  [&](const CaseRecord& r) { return r.case_id == id; });
    EXPECT_NE(row, log_.rows.end()) << id;
    return row == log_.rows.end() ? log_.rows.front() : *row;
  }

  io::ManualClock clock_{1'000'000'000};
  suite::Suite suite_;
  HeldCases cases_;
  OkGrader grader_;
  Plan plan_;
  RunOptions options_;
  FakeLog log_;
};

TEST_F(RunnerTest, AsksEveryCaseOnceAndEndsTheLog) {
  MakeCases(10);
  FakeClient client(clock_, [](const std::string& content, int) {
    return content == "c3" ? Ok("wrong") : content == "c4" ? Ok("garbage") : Ok();
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kComplete);
  EXPECT_EQ(summary.progress.counts.pass, 8);
  EXPECT_EQ(summary.progress.counts.fail, 1);
  EXPECT_EQ(summary.progress.counts.model_error, 1);
  EXPECT_EQ(log_.rows.size(), 10U);
  ASSERT_EQ(log_.ends.size(), 1U);
  EXPECT_EQ(log_.ends[0].cases, 10);
  EXPECT_FALSE(log_.ends[0].spent_usd.has_value());
  EXPECT_EQ(client.peak, 4U);
  EXPECT_EQ(summary.response_models.at("m-2026-01-01"), 10);
  const CaseRecord& row = RowOf("c3");
  EXPECT_EQ(row.outcome, Outcome::kFail);
  EXPECT_EQ(row.output, "wrong");
  EXPECT_EQ(row.prompt_sha256, "sha3");
  EXPECT_EQ(row.segments, (std::vector<Segment>{{"flow", "odd"}}));
  EXPECT_EQ(row.attempts, 1);
  EXPECT_EQ(row.error, std::nullopt);
  EXPECT_EQ(row.scores, (std::vector<std::pair<std::string, double>>{{"pass", 0}}));
  EXPECT_EQ(RowOf("c4").error, "no JSON");
  EXPECT_EQ(client.last_request.url, "http://gw/v1/chat/completions");
}

TEST_F(RunnerTest, TargetsAreAskedInTurn) {
  MakeCases(40);
  RunOptions second = options_;
  second.model = "n";
  second.concurrency = 2;  // the slower one sets the pace
  Plan second_plan;
  FakeLog second_log;
  FakeClient client(clock_, [](const std::string&, int) { return Ok(); });
  const std::vector<TargetRun> targets = {{&plan_, &options_, &log_}, {&second_plan, &second, &second_log}};
  const auto summaries = RunTargets(suite_, cases_, grader_, targets, client, clock_);
  ASSERT_TRUE(summaries);
  EXPECT_EQ(log_.rows.size(), 40U);
  EXPECT_EQ(second_log.rows.size(), 40U);
  int ahead = 0;
  for (std::size_t i = 0; i < client.bodies.size(); ++i) {
    ahead += client.bodies[i]["model"] == "m" ? 1 : -1;
    EXPECT_LE(std::abs(ahead), 1) << "request " << i;
  }
  // Neither always goes first.
  std::set<std::string> firsts;
  for (std::size_t i = 0; i + 1 < client.bodies.size(); i += 2)
    firsts.insert(client.bodies[i]["model"].get<std::string>());
  EXPECT_EQ(firsts.size(), 2U);
}

TEST_F(RunnerTest, ATargetThatEndsEndsTheOthers) {
  MakeCases(40);
  RunOptions second = options_;
  second.model = "gone";
  Plan second_plan;
  FakeLog second_log;
  FakeClient client(clock_, [](const std::string&, int) { return Ok(); });
  client.by_model["gone"] = Status(404, R"({"error":{"message":"no such model","code":"model_not_found"}})");
  const std::vector<TargetRun> targets = {{&plan_, &options_, &log_}, {&second_plan, &second, &second_log}};
  const auto summaries = RunTargets(suite_, cases_, grader_, targets, client, clock_);
  ASSERT_TRUE(summaries);
  EXPECT_EQ((*summaries)[1].end, End::kRefused);
  EXPECT_EQ((*summaries)[0].end, End::kInterrupted);
  EXPECT_THAT((*summaries)[0].why, HasSubstr("gone"));
  EXPECT_LT(log_.rows.size(), 10U);
  EXPECT_TRUE(log_.ends.empty());
}

TEST_F(RunnerTest, LatencyCountsFromWhenTheRowCouldHaveBeenSent) {
  MakeCases(6);
  options_.concurrency = 1;
  FakeClient client(clock_, [](const std::string& content, int nth) {
    http::Response response = content == "c2" && nth == 1 ? Status(503) : Ok();
    response.latency_ms = 10;
    return response;
  });
  MustRun(client);
  EXPECT_EQ(RowOf("c1").latency_ms, 10);
  EXPECT_NEAR(*RowOf("c1").due_latency_ms, 10, 1e-6);
  // The retry and its wait are part of what c2 took.
  EXPECT_EQ(RowOf("c2").latency_ms, 10);
  EXPECT_GT(*RowOf("c2").due_latency_ms, 20);
}

TEST_F(RunnerTest, RepeatsAreInterleaved) {
  MakeCases(3);
  options_.repeats = 2;
  options_.concurrency = 1;
  FakeClient client(clock_, [](const std::string&, int) { return Ok(); });
  MustRun(client);
  std::vector<std::string> order;
  for (const CaseRecord& row : log_.rows) order.push_back(row.case_id + "/" + std::to_string(row.repeat));
  EXPECT_THAT(order, ElementsAre("c0/1", "c1/1", "c2/1", "c0/2", "c1/2", "c2/2"));
}

TEST_F(RunnerTest, RetriesTheSameRequestUntilItsAttemptsAreUsedUp) {
  MakeCases(3);
  options_.max_attempts = 3;
  FakeClient client(clock_, [](const std::string& content, int nth) {
    if (content == "c0") return nth < 3 ? Status(503) : Ok();
    if (content == "c1") return Status(500, R"({"error":{"message":"boom"}})");
    return Ok();
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kComplete);
  EXPECT_EQ(RowOf("c0").outcome, Outcome::kPass);
  EXPECT_EQ(RowOf("c0").attempts, 3);
  EXPECT_EQ(RowOf("c1").outcome, Outcome::kInfraError);
  EXPECT_EQ(RowOf("c1").attempts, 3);
  EXPECT_EQ(RowOf("c1").error, "HTTP 500: boom");
  EXPECT_TRUE(RowOf("c1").scores.empty());
  EXPECT_EQ(summary.progress.retries, 4);
  EXPECT_EQ(log_.ends.size(), 1U);
}

TEST_F(RunnerTest, WaitsAsLongAsRetryAfterSays) {
  MakeCases(2);
  FakeClient client(clock_, [](const std::string& content, int nth) {
    if (nth > 1) return Ok();
    return Status(
        429, "{}",
        {{"retry-after", content == "c0" ? "7" : "Sun, 09 Sep 2001 01:46:55 GMT"}});  // 15 s from the start
  });
  MustRun(client);
  std::map<std::string, double> second;
  for (const FakeClient::Sent& sent : client.sent) second[sent.content] = sent.at_s;
  EXPECT_GE(second["c0"], 7);
  EXPECT_LT(second["c0"], 8.2);
  EXPECT_GE(second["c1"], 15);
  EXPECT_LT(second["c1"], 17);
}

TEST_F(RunnerTest, DoesNotRetryWhatIsRefused) {
  MakeCases(20);
  FakeClient client(clock_, [](const std::string& content, int) {
    return content == "c5"   ? Status(400, R"({"error":{"message":"bad tools"}})")
           : content == "c6" ? Status(400, R"({"error":{"message":"x","code":"context_length_exceeded"}})")
                             : Ok();
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kComplete);
  EXPECT_EQ(RowOf("c5").outcome, Outcome::kInfraError);
  EXPECT_EQ(RowOf("c5").attempts, 1);
  EXPECT_EQ(RowOf("c6").outcome, Outcome::kModelError);
  EXPECT_EQ(RowOf("c6").attempts, 1);
}

TEST_F(RunnerTest, EndsWhenEveryRequestIsRefused) {
  MakeCases(2400);
  FakeClient client(clock_, [](const std::string&, int) {
    return Status(400, R"({"error":{"message":"no temperature 0"}})");
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kRejected);
  EXPECT_LE(client.sent.size(), 12U);
  EXPECT_THAT(summary.why, HasSubstr("no temperature 0"));
  EXPECT_TRUE(log_.ends.empty());
}

TEST_F(RunnerTest, EndsAtOnceWithoutAKeyOrAModel) {
  for (const auto& [status, body, words] : std::vector<std::tuple<int, std::string, std::string>>{
           {401, R"({"error":{"message":"Incorrect API key: sekret-key-1"}})",
            "does not accept the key for model \"m\""},
           {404, R"({"error":{"message":"gone","code":"model_not_found"}})", "has no model \"m\""},
           {429, R"({"error":{"message":"x","code":"insufficient_quota"}})", "quota"},
           {402, "{}", "quota or budget"},
           {422, R"({"error":{"type":"budget_exceeded","message":"y"}})", "quota or budget"},
           {404, "<html>nginx</html>", "knows no such address"}}) {
    cases_.cases.clear();
    MakeCases(100);
    log_ = FakeLog{};
    options_.secrets = {"sekret-key-1"};
    FakeClient client(clock_, [&, s = status, b = body](const std::string&, int) { return Status(s, b); });
    const Summary summary = MustRun(client);
    EXPECT_EQ(summary.end, End::kRefused);
    EXPECT_THAT(summary.why, HasSubstr(words));
    EXPECT_THAT(summary.why, Not(HasSubstr("sekret")));
    EXPECT_EQ(client.sent.size(), 4U);  // what was in flight
    EXPECT_TRUE(log_.rows.empty());
    EXPECT_TRUE(log_.ends.empty());
  }
}

TEST_F(RunnerTest, AForbiddenPromptDoesNotEndARunThatWorks) {
  MakeCases(50);
  FakeClient client(clock_,
                    [](const std::string& content, int) { return content == "c30" ? Status(403) : Ok(); });
  EXPECT_EQ(MustRun(client).end, End::kComplete);
  EXPECT_EQ(RowOf("c30").outcome, Outcome::kInfraError);
}

TEST_F(RunnerTest, AnUnreachableGatewayEndsSoonWithARowForEveryCase) {
  MakeCases(840);
  FakeClient client(clock_, [](const std::string&, int) {
    return Broken(http::TransportError::kConnect, "connection refused");
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kUnreachable);
  EXPECT_EQ(summary.why, "gateway http://gw cannot be reached: connection refused");
  EXPECT_EQ(log_.rows.size(), 840U);
  EXPECT_TRUE(log_.ends.empty());
  EXPECT_EQ(summary.progress.counts.infra_error, 840);
  EXPECT_LT(client.sent.size(), 100U);
  EXPECT_LT(summary.progress.elapsed_s, 10);
  int unsent = 0;
  std::set<std::string> ids;
  for (const CaseRecord& row : log_.rows) {
    EXPECT_EQ(row.outcome, Outcome::kInfraError);
    EXPECT_TRUE(ids.insert(row.case_id).second);
    if (row.attempts == 0) {
      ++unsent;
      EXPECT_THAT(*row.error, HasSubstr("not sent"));
    } else {
      EXPECT_EQ(row.error, "connection refused");
    }
  }
  EXPECT_GT(unsent, 800);
}

TEST_F(RunnerTest, AGatewayThatGoesAwayInTheMiddleEndsTheRun) {
  MakeCases(300);
  int answered = 0;
  FakeClient client(clock_, [&](const std::string&, int) {
    return ++answered <= 100 ? Ok() : Broken(http::TransportError::kConnect, "connection refused");
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kUnreachable);
  EXPECT_THAT(summary.why, HasSubstr("can no longer be reached"));
  EXPECT_EQ(summary.progress.counts.pass, 100);
  EXPECT_EQ(summary.progress.counts.infra_error, 200);
}

TEST_F(RunnerTest, AGatewayThatStartsAnewCostsNoRow) {
  MakeCases(300);
  options_.concurrency = 20;
  options_.max_attempts = 2;
  FakeClient client(clock_, [&](const std::string&, int) {
    const double t = clock_.MonotonicSeconds();
    return t > 0.05 && t < 20 ? Broken(http::TransportError::kConnect, "connection refused") : Ok();
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kComplete);
  EXPECT_EQ(log_.rows.size(), 300U);
  EXPECT_EQ(summary.progress.counts.pass, 300);
  EXPECT_LT(summary.progress.elapsed_s, 25);
  EXPECT_LT(client.sent.size(), 1500U);  // few probes: those in flight, each every second or two
}

TEST_F(RunnerTest, OneAtATimeTheEndOfAGatewayIsNoticedToo) {
  MakeCases(30);
  options_.concurrency = 1;
  int answered = 0;
  FakeClient client(clock_, [&](const std::string&, int) {
    return ++answered <= 10 ? Ok() : Broken(http::TransportError::kConnect, "connection refused");
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kUnreachable);
  EXPECT_EQ(log_.rows.size(), 30U);
  EXPECT_GE(summary.progress.elapsed_s, 30);
  EXPECT_LT(summary.progress.elapsed_s, 60);
}

TEST_F(RunnerTest, APromptThatBreaksTheConnectionIsOneRow) {
  MakeCases(30);
  options_.concurrency = 1;
  FakeClient client(clock_, [](const std::string& content, int) {
    return content == "c9" ? Broken(http::TransportError::kReset, "connection reset by peer") : Ok();
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kComplete);
  EXPECT_EQ(summary.progress.counts.infra_error, 1);
  EXPECT_EQ(RowOf("c9").attempts, 5);
}

TEST_F(RunnerTest, ResumesWhereItWas) {
  MakeCases(10);
  plan_.done.assign(10, false);
  for (const std::size_t i : {0U, 1U, 2U, 7U}) plan_.done[i] = true;
  plan_.counts.pass = 3;
  plan_.counts.fail = 1;
  plan_.response_models["m-2026-01-01"] = 4;
  FakeClient client(clock_, [](const std::string&, int) { return Ok(); });
  const Summary summary = MustRun(client);
  EXPECT_EQ(client.sent.size(), 6U);
  EXPECT_EQ(client.asked.count("c7"), 0U);
  EXPECT_EQ(summary.progress.counts.pass, 9);
  EXPECT_EQ(summary.progress.counts.fail, 1);
  EXPECT_EQ(summary.response_models.at("m-2026-01-01"), 10);
  EXPECT_EQ(log_.ends.size(), 1U);
}

TEST_F(RunnerTest, AnInterruptDrainsWhatIsInFlight) {
  MakeCases(100);
  std::atomic<int> stop{0};
  options_.stop = &stop;
  FakeClient client(clock_, [&](const std::string& content, int) {
    if (content == "c21") stop = 1;
    return content == "c22" ? Status(503) : Ok();
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kInterrupted);
  EXPECT_EQ(log_.rows.size(), 23U);  // c20, c21, c23 of the last four; c22 would have been asked again
  EXPECT_TRUE(log_.ends.empty());
}

TEST_F(RunnerTest, ASecondInterruptLeavesAtOnce) {
  MakeCases(100);
  std::atomic<int> stop{0};
  options_.stop = &stop;
  FakeClient client(clock_, [](const std::string&, int) { return Ok(); });
  client.hold = true;
  int reports = 0;
  options_.on_progress = [&](const Progress&) {
    if (++reports >= 3) stop = reports >= 6 ? 2 : 1;
  };
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kInterrupted);
  EXPECT_TRUE(log_.rows.empty());
  EXPECT_EQ(client.in_flight(), 0U);
}

TEST_F(RunnerTest, StopsWhenTheBudgetIsSpent) {
  MakeCases(1000);
  options_.budget.limits.usd = 1.0;
  FakeClient client(clock_,
                    [](const std::string&, int) { return Ok("ok", {{"x-litellm-response-cost", "0.01"}}); });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kBudget);
  EXPECT_LE(summary.progress.spent_usd, 1.0 + 1e-9);
  EXPECT_GE(summary.progress.spent_usd, 0.95);
  EXPECT_TRUE(log_.ends.empty());
  EXPECT_THAT(summary.why, HasSubstr("budget of 1 USD"));
  EXPECT_FALSE(summary.cost_assumed);
}

TEST_F(RunnerTest, SaysThatABudgetCannotBeKeptWithoutCosts) {
  MakeCases(10);
  options_.budget.limits.usd = 1.0;
  FakeClient client(clock_, [](const std::string&, int) { return Ok(); });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kComplete);
  EXPECT_TRUE(summary.cost_assumed);
}

TEST_F(RunnerTest, AddsUpTheCosts) {
  MakeCases(10);
  plan_.spent_usd = 0.5;
  plan_.any_cost = true;
  FakeClient client(clock_,
                    [](const std::string&, int) { return Ok("ok", {{"x-litellm-response-cost", "0.25"}}); });
  MustRun(client);
  ASSERT_EQ(log_.ends.size(), 1U);
  EXPECT_DOUBLE_EQ(*log_.ends[0].spent_usd, 3.0);
}

TEST_F(RunnerTest, TlsThatFailsAtFirstEndsTheRunAndLaterIsAskedAgain) {
  MakeCases(50);
  FakeClient wrong(clock_, [](const std::string&, int) {
    return Broken(http::TransportError::kTls, "error:0A00010B:SSL routines::wrong version number");
  });
  const Summary summary = MustRun(wrong);
  EXPECT_EQ(summary.end, End::kRefused);
  EXPECT_THAT(summary.why, HasSubstr("http:// instead of https://"));
  EXPECT_EQ(wrong.sent.size(), 4U);
  FakeClient once(clock_, [](const std::string& content, int nth) {
    return content == "c30" && nth == 1 ? Broken(http::TransportError::kTls, "handshake") : Ok();
  });
  EXPECT_EQ(MustRun(once).end, End::kComplete);
  EXPECT_EQ(RowOf("c30").attempts, 2);
}

TEST_F(RunnerTest, AnAnswerFromElsewhereIsARowWithoutAGrade) {
  MakeCases(20);
  options_.gateway = GatewayKind::kPortkey;
  FakeClient client(clock_, [](const std::string& content, int) {
    return Ok("ok", {{"x-portkey-last-used-option-index", content == "c7" ? "config.targets[1]" : "config"}});
  });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kComplete);
  EXPECT_EQ(summary.not_fresh, 1);
  EXPECT_EQ(RowOf("c7").outcome, Outcome::kInfraError);
  EXPECT_EQ(RowOf("c7").attempts, 1);
  EXPECT_EQ(RowOf("c7").output, std::nullopt);
  ASSERT_NE(RowOf("c7").via, nullptr);
  EXPECT_EQ(RowOf("c7").via->fallbacks, 1);
  EXPECT_EQ(RowOf("c8").outcome, Outcome::kPass);
  EXPECT_EQ(client.last_request.own_headers.at(0).name, "x-portkey-trace-id");
}

TEST_F(RunnerTest, RowsThatArePushedBackOutliveTheirAttempts) {
  MakeCases(40);
  options_.max_attempts = 2;
  options_.concurrency = 20;
  FakeClient client(
      clock_, [&](const std::string&, int) { return clock_.MonotonicSeconds() < 20 ? Status(429) : Ok(); });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.progress.counts.pass, 40);
  EXPECT_GT(summary.pauses, 2);
  EXPECT_LT(summary.narrowest, 20U);
  EXPECT_LT(client.sent.size(), 40U + 200U);
}

TEST_F(RunnerTest, ARunThatStopsSaysWhyInItsLog) {
  MakeCases(30);
  options_.budget.limits.requests = 12;
  FakeClient client(clock_, [](const std::string&, int) { return Ok(); });
  const Summary summary = MustRun(client);
  EXPECT_EQ(summary.end, End::kBudget);
  EXPECT_EQ(client.sent.size(), 12U);
  ASSERT_EQ(log_.stops.size(), 1U);
  EXPECT_EQ(log_.stops[0].reason, "budget_exhausted");
  EXPECT_EQ(log_.stops[0].answered, 12);
  EXPECT_EQ(log_.stops[0].missing, 18);
}

TEST_F(RunnerTest, AFullDiskEndsTheRun) {
  MakeCases(10);
  log_.fail_after = 5;
  FakeClient client(clock_, [](const std::string&, int) { return Ok(); });
  const Result<Summary> summary = run::Run(suite_, cases_, grader_, plan_, options_, log_, client, clock_);
  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().kind, Failure::Kind::kInternal);
  EXPECT_EQ(log_.rows.size(), 5U);
  EXPECT_TRUE(log_.ends.empty());
  EXPECT_LE(client.sent.size(), 8U);
}

TEST_F(RunnerTest, SecretsAreTakenOutOfWhatServersSay) {
  MakeCases(9);
  options_.max_attempts = 1;
  options_.secrets = {"sekret-key-1"};
  FakeClient client(clock_, [](const std::string& content, int) {
    return content == "c8" ? Status(500, R"({"error":{"message":"key sekret-key-1, sekret-key-1!"}})") : Ok();
  });
  MustRun(client);
  EXPECT_EQ(RowOf("c8").error, "HTTP 500: key [redacted], [redacted]!");
}

TEST_F(RunnerTest, TheSameSeedGivesTheSameWaits) {
  MakeCases(5);
  std::vector<double> times[2];
  for (int round = 0; round < 2; ++round) {
    io::ManualClock clock{1'000'000'000};
    FakeLog log;
    FakeClient client(clock, [](const std::string&, int nth) { return nth < 4 ? Status(503) : Ok(); });
    ASSERT_TRUE(run::Run(suite_, cases_, grader_, plan_, options_, log, client, clock).has_value());
    for (const FakeClient::Sent& sent : client.sent) times[round].push_back(sent.at_s);
  }
  EXPECT_EQ(times[0], times[1]);
}

}  // namespace
}  // namespace minslice::run
