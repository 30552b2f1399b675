#include "gate/drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace minslice::gate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Row {
  std::string model;
  int repeat = 1;
  std::string fingerprint = "";
};

RunLog Log(const std::string& path, const std::string& request_model, const std::vector<Row>& rows) {
  RunLog log;
  log.path = path;
  log.run.suite = "s";
  log.run.target = "incumbent";
  log.run.request_model = request_model;
  int i = 0;
  for (const Row& row : rows) {
    CaseRecord record;
    record.case_id = "c" + std::to_string(i++);
    record.repeat = row.repeat;
    record.outcome = Outcome::kPass;
    if (!row.model.empty()) record.response_model = row.model;
    if (!row.fingerprint.empty()) record.system_fingerprint = row.fingerprint;
    log.cases.push_back(record);
    log.run.repeats = std::max(log.run.repeats, row.repeat);
  }
  return log;
}

std::vector<std::string> Codes(const DriftReport& report) {
  std::vector<std::string> codes;
  for (const DriftFinding& finding : report.findings)
    codes.push_back((finding.drift ? "!" : "") + finding.code);
  return codes;
}

DriftReport Check(const std::vector<RunLog>& logs) { return CheckDrift(logs); }

TEST(Drift, APinThatAnsweredIsNoFinding) {
  const DriftReport report =
      Check({Log("a", "openai/gpt-4o-2024-08-06", {{"gpt-4o-2024-08-06"}, {"gpt-4o-2024-08-06"}})});
  EXPECT_THAT(Codes(report), ElementsAre());
  EXPECT_FALSE(report.drifted());
  EXPECT_TRUE(report.logs[0].pinned);
}

TEST(Drift, SaysWhereTheModelSwitched) {
  const DriftReport report =
      Check({Log("a", "gpt-4o", {{"gpt-4o-2024-05-13"}, {"gpt-4o-2024-05-13"}, {"gpt-4o-2024-08-06"}})});
  EXPECT_THAT(Codes(report), ElementsAre("!model_switched", "alias"));
  EXPECT_THAT(report.findings[0].text,
              HasSubstr("the first row of gpt-4o-2024-08-06 is case c2, repeat 1; it switched and stayed"));
}

TEST(Drift, KnowsALoadBalancer) {
  const DriftReport report = Check(
      {Log("a", "gpt-4o-2024-05-13", {{"gpt-4o-2024-05-13"}, {"x-2"}, {"gpt-4o-2024-05-13"}, {"x-2"}})});
  EXPECT_THAT(Codes(report), ElementsAre("!model_switched", "!not_the_pin"));
  EXPECT_THAT(report.findings[0].text, HasSubstr("3 switches: they take turns"));
  EXPECT_THAT(report.findings[1].text, HasSubstr("answered by x-2 (2 rows)"));
}

TEST(Drift, RepeatsAnsweredByDifferentModels) {
  const DriftReport report = Check(
      {Log("a", "m-20260101", {{"m-20260101", 1}, {"m-20260101", 1}, {"m-20260202", 2}, {"m-20260202", 2}})});
  EXPECT_THAT(Codes(report), ElementsAre("!repeats_differ", "!not_the_pin"));
  EXPECT_THAT(report.findings[0].text, HasSubstr("repeat 1 m-20260101, repeat 2 m-20260202"));
}

TEST(Drift, BetweenLogsOfATarget) {
  RunLog first = Log("mon", "gpt-4o", {{"gpt-4o-2024-05-13", 1, "fp_1"}});
  RunLog other = Log("other", "gpt-4o", {{"gpt-4o-2024-05-13", 1, "fp_9"}});
  other.run.target = "candidate";
  RunLog second = Log("tue", "gpt-4o", {{"gpt-4o-2024-08-06", 1, "fp_2"}});
  const DriftReport report = Check({first, other, second});
  EXPECT_THAT(Codes(report), ElementsAre("!logs_differ", "alias", "resolved", "alias", "resolved", "alias",
                                         "resolved", "fingerprint_changed"));
  EXPECT_THAT(report.findings[0].text,
              HasSubstr("answered by gpt-4o-2024-08-06, where mon was answered by gpt-4o-2024-05-13"));
  EXPECT_EQ(report.findings[0].path, "tue");
}

TEST(Drift, AGatewayThatEchoesHidesDrift) {
  EXPECT_THAT(Codes(Check({Log("a", "support", {{"support"}, {"support"}})})), ElementsAre("hidden"));
  EXPECT_THAT(Codes(Check({Log("a", "openai/gpt-4o-2024-08-06", {{"openai/gpt-4o-2024-08-06"}})})),
              ElementsAre("echoed"));
}

TEST(Drift, CountsRowsThatNameNoModel) {
  const DriftReport report = Check({Log("a", "m-2026-01-01", {{"m-2026-01-01"}, {""}})});
  EXPECT_THAT(Codes(report), ElementsAre("unnamed"));
  EXPECT_THAT(report.findings[0].text, HasSubstr("1 of 2 answered rows"));
}

TEST(Drift, AnotherRequestIsSaidAndNotCompared) {
  EXPECT_THAT(Codes(Check({Log("a", "m-2026-01-01", {{"m-2026-01-01"}}),
                           Log("b", "m-2026-02-02", {{"m-2026-02-02"}})})),
              ElementsAre("request_changed"));
}

TEST(Drift, NamesVersionKnowsHowProvidersDateTheirModels) {
  for (const char* name :
       {"gpt-4o-mini-2024-07-18", "openai/gpt-4o-2024-05-13", "claude-3-5-sonnet-20241022", "gpt-4-0613",
        "gpt-4-1106-preview", "gemini-1.5-pro-002", "mistral-large-2407", "claude-3-5-sonnet@20240620",
        "local/ft-17-2026-11-20", "meta/llama@5f0e1a", "anthropic.claude-3-haiku-20240307-v1:0"}) {
    EXPECT_TRUE(NamesVersion(name)) << name;
  }
  for (const char* name :
       {"gpt-4o", "claude-sonnet-latest", "claude-3-5-sonnet@latest", "support", "llama-3-70b", "qwen3-32b",
        "llama-3.1-405", "gemini-1.5-pro", "2024-07-18/model", "", "gpt-4o-2024-13-40", "phi-3-mini-4k"}) {
    EXPECT_FALSE(NamesVersion(name)) << name;
  }
}

}  // namespace
}  // namespace minslice::gate
