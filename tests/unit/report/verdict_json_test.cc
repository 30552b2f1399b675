#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "report/report.h"
#include "unit/gate/logs.h"

namespace minslice::report {
namespace {

using gate::testing::IncidentTables;
using gate::testing::Judge;
using gate::testing::Logs;
using gate::testing::MakeLogs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr char kGate[] = "goal: non_inferiority\nsegments: {dimensions: [flow], floors: {pass_rate: 0.80}}";

std::set<std::string> Keys(const Json& json) {
  std::set<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.insert(key);
  return keys;
}

// The names of design.md, section "Files": other programs read them.
TEST(VerdictJsonTest, HasEveryFieldOfTheContract) {
  const Json json = Json::parse(VerdictJson(Judge(kGate, MakeLogs(IncidentTables()))));
  for (const char* key : {"verdict_version", "verdict", "exit_code", "reasons", "aggregate", "segments",
                          "bootstrap", "mcnemar", "nondeterminism", "missing", "drift", "policy", "inputs"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["verdict_version"], 1);
  EXPECT_EQ(json["verdict"], "blocked");
  EXPECT_EQ(json["exit_code"], 12);
  const std::vector<std::string> row = {"n_pairs",
                                        "n_both",
                                        "n_incumbent_only",
                                        "n_candidate_only",
                                        "n_neither",
                                        "incumbent_rate",
                                        "candidate_rate",
                                        "delta",
                                        "ci_low",
                                        "ci_high",
                                        "level",
                                        "method",
                                        "p_value",
                                        "p_adjusted",
                                        "discordance_rate",
                                        "mde",
                                        "resolvable_margin",
                                        "resolution_ratio",
                                        "testable",
                                        "status",
                                        "warnings"};
  for (const std::string& key : row) EXPECT_TRUE(json["aggregate"].contains(key)) << key;
  ASSERT_EQ(json["segments"].size(), 5U);
  for (const Json& segment : json["segments"]) {
    for (const std::string& key : row) EXPECT_TRUE(segment.contains(key)) << key;
    for (const char* key : {"dimension", "value", "broke", "fixed"})
      EXPECT_TRUE(segment.contains(key)) << key;
  }
  for (const Json& reason : json["reasons"]) {
    for (const char* key : {"code", "text", "dimension", "value"}) EXPECT_TRUE(reason.contains(key)) << key;
  }
  EXPECT_EQ(Keys(json["bootstrap"]), (std::set<std::string>{"replicates", "seed", "percentile", "bca"}));
  EXPECT_EQ(json["bootstrap"]["bca"].size(), 2U);
  EXPECT_EQ(Keys(json["mcnemar"]), (std::set<std::string>{"exact", "midp", "asymptotic", "corrected"}));
  for (const Json& input : json["inputs"]) {
    for (const char* key : {"path", "sha256", "suite_sha256", "response_models"})
      EXPECT_TRUE(input.contains(key)) << key;
  }
  // Fractions, not points.
  EXPECT_NEAR(json["segments"][0]["delta"].get<double>(), -7.0 / 47, 1e-12);
  EXPECT_EQ(json["segments"][0]["value"], "refund_flow");
  EXPECT_EQ(json["segments"][0]["broke"].size(), 8U);
  EXPECT_EQ(json["aggregate"]["n_incumbent_only"], 48);
  EXPECT_EQ(json["aggregate"]["n_candidate_only"], 52);
  EXPECT_EQ(json["policy"]["resolved"]["segments"]["min_cases"], 20);
}

// What does not exist is null and a warning names the field; never 0.
TEST(VerdictJsonTest, WhatDoesNotExistIsNullWithAReason) {
  const Json json = Json::parse(VerdictJson(Judge(kGate, MakeLogs({{"a", 30, 0, 0, 0}, {"b", 3, 1, 0, 0}}))));
  const auto check = [](const Json& row, const std::string& where) {
    for (const char* key :
         {"mde", "resolvable_margin", "resolution_ratio", "p_adjusted", "p_value", "delta"}) {
      if (!row[key].is_null()) continue;
      std::string warnings;
      for (const Json& warning : row["warnings"]) warnings += warning.get<std::string>() + "\n";
      EXPECT_THAT(warnings, HasSubstr(key)) << where;
    }
  };
  check(json["aggregate"], "aggregate");
  for (const Json& segment : json["segments"]) check(segment, segment["value"]);
  const Json& a = json["segments"][0];
  EXPECT_EQ(a["value"], "a");
  EXPECT_TRUE(a["mde"].is_null());
  EXPECT_FALSE(a["resolvable_margin"].is_null()) << "Tango's bound exists without discordant pairs";
  EXPECT_TRUE(json["nondeterminism"].is_null());
  EXPECT_THAT(json["warnings"].get<std::vector<std::string>>(), Contains(HasSubstr("nondeterminism")));
  const Json none = Json::parse(VerdictJson(Judge(kGate, MakeLogs({}))));
  check(none["aggregate"], "no cases");
  EXPECT_TRUE(none["aggregate"]["delta"].is_null());
  EXPECT_TRUE(none["bootstrap"].is_null());
  EXPECT_TRUE(none["mcnemar"].is_null());
}

TEST(VerdictJsonTest, RoundTripIsByteEqualAndSoAreTheReports) {
  Logs missing = MakeLogs(IncidentTables());
  missing.candidate.cases[3].outcome = Outcome::kInfraError;
  missing.candidate.cases[3].scores.clear();
  missing.incumbent.cases.pop_back();
  for (const Verdict& verdict :
       {Judge(kGate, MakeLogs(IncidentTables())), Judge("version: 1", MakeLogs({{"", 550, 49, 67, 174}})),
        Judge(kGate, MakeLogs({})), Judge(kGate, missing),
        Judge("gating: {threshold: 0.85}\nsegments: [refund_flow, nowhere]", MakeLogs(IncidentTables())),
        Judge("segments: {dimensions: [{key: flow, weight: 2}], required: [refund*]}\nverdict: {exit_map: "
              "{hold: 0}}",
              MakeLogs({{"refund", 2, 1, 0, 0}, {"b", 400, 10, 20, 40}, {"c", 4, 0, 0, 1}}))}) {
    const std::string text = VerdictJson(verdict);
    const Result<Verdict> read = ParseVerdictJson(text, "verdict.json");
    ASSERT_TRUE(read.has_value()) << read.error().diagnostics.front().ToString();
    EXPECT_EQ(VerdictJson(*read), text);
    EXPECT_EQ(VerdictText(*read, {}), VerdictText(verdict, {}));
    EXPECT_EQ(VerdictMarkdown(*read), VerdictMarkdown(verdict));
    EXPECT_EQ(gate::ResolvedPolicyJson(read->policy), gate::ResolvedPolicyJson(verdict.policy));
  }
}

TEST(VerdictJsonTest, BadFilesAreRefusedWithTheirPlace) {
  const auto error = [](const std::string& text) {
    const Result<Verdict> read = ParseVerdictJson(text, "v.json");
    EXPECT_FALSE(read.has_value());
    return read ? std::string() : read.error().diagnostics.front().ToString();
  };
  EXPECT_THAT(error(""), HasSubstr("v.json:1:1"));
  EXPECT_THAT(error("{\n  \"a\": x}"), HasSubstr("v.json:2:"));
  EXPECT_THAT(error("[]"), HasSubstr("no verdict_version"));
  EXPECT_THAT(error("{\"record\":\"run\",\"log_version\":1}"), HasSubstr("no verdict_version"));
  EXPECT_THAT(error("{\"verdict_version\":2}"), HasSubstr("verdict_version 2 is not supported"));
  std::string text = VerdictJson(Judge(kGate, MakeLogs(IncidentTables())));
  Json json = Json::parse(text);
  json["aggregate"]["n_pairs"] = "many";
  json["segments"][1]["broke"] = 3;
  json["verdict"] = "maybe";
  const Result<Verdict> read = ParseVerdictJson(json.dump(), "v.json");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().diagnostics.size(), 3U) << "all at once";
  json = Json::parse(text);
  json.erase("segments");
  EXPECT_THAT(error(json.dump()), HasSubstr("segments"));
}

// A file that was edited by hand is not shown as a verdict; the field that does not fit is named.
TEST(VerdictJsonTest, EditedByHand) {
  const Json sound = Json::parse(VerdictJson(Judge(kGate, MakeLogs(IncidentTables()))));
  ASSERT_TRUE(ParseVerdictJson(sound.dump(), "v.json").has_value());
  const auto errors = [&](const std::function<void(Json&)>& edit) {
    Json json = sound;
    edit(json);
    const Result<Verdict> read = ParseVerdictJson(json.dump(), "v.json");
    std::string text;
    if (!read) {
      for (const Diagnostic& diagnostic : read.error().diagnostics) text += diagnostic.ToString() + "\n";
    }
    return text;
  };
  EXPECT_THAT(errors([](Json& v) { v["verdict"] = "promote"; }),
              AllOf(HasSubstr("v.json: verdict: expected blocked, which the reasons call for, found promote"),
                    HasSubstr("exit_code: expected 0 for promote, found 12")));
  EXPECT_THAT(errors([](Json& v) { v["exit_code"] = 0; }),
              HasSubstr("exit_code: expected 12 for blocked, found 0"));
  // Verdict, code and reasons edited together: the status of the slice still says block.
  EXPECT_THAT(
      errors([](Json& v) {
        v["verdict"] = "promote";
        v["exit_code"] = 0;
        v["reasons"] = Json::array({{{"code", "non_inferior"}, {"text", "fine"}, {"decision", "promote"}}});
      }),
      HasSubstr("verdict: expected blocked, since segments[0] (\"refund_flow\") has the status block"));
  EXPECT_THAT(errors([](Json& v) { v["reasons"] = Json::array(); }),
              HasSubstr("reasons: expected at least one"));
  EXPECT_THAT(errors([](Json& v) { v["policy"]["resolved"]["segments"]["margin"] = 0.5; }),
              HasSubstr("policy.sha256"));
  EXPECT_THAT(errors([](Json& v) { v["policy"]["sha256"] = std::string(64, '0'); }),
              HasSubstr("policy.sha256"));
  // Other logs under the same verdict, or a run that somebody reviewed: the hash that names it is of others.
  EXPECT_THAT(errors([](Json& v) { v["inputs"][1]["sha256"] = std::string(64, 'e'); }),
              HasSubstr("run_hash: expected"));
  EXPECT_THAT(errors([](Json& v) { v["run_hash"] = std::string(64, '0'); }),
              HasSubstr("the hash of the policy and the logs that it names"));
  EXPECT_THAT(errors([](Json& v) { v["segments"][0]["n_both"] = 36; }),
              HasSubstr("segments[0].n_pairs: expected 48, the sum of the four counts, found 47"));
  EXPECT_THAT(errors([](Json& v) { v["segments"][0]["delta"] = 0.01; }),
              HasSubstr("segments[0].delta: expected -0.148936, by the counts, found 0.01"));
  EXPECT_THAT(errors([](Json& v) { v["segments"][1]["candidate_rate"] = nullptr; }),
              HasSubstr("segments[1].candidate_rate"));
  EXPECT_THAT(errors([](Json& v) { v["segments"][0]["broke"].erase(0); }),
              HasSubstr("segments[0].broke: expected 8 ids, n_incumbent_only, found 7"));
  EXPECT_THAT(errors([](Json& v) { v["aggregate"]["n_candidate_only"] = -3; }),
              HasSubstr("aggregate.n_candidate_only"));
  EXPECT_THAT(errors([](Json& v) { v["aggregate"]["ci_low"] = 0.9; }), HasSubstr("aggregate.ci_low"));
  EXPECT_THAT(errors([](Json& v) { v["missing"]["paired"] = 3; }), HasSubstr("missing.paired"));
}

// Hostile names: the file is ASCII, so printing it cannot steer a terminal.
TEST(VerdictJsonTest, FileIsAscii) {
  const std::string text =
      VerdictJson(Judge(kGate, MakeLogs({{"\x1b[2J\u202Eevil\u009b", 30, 10, 0, 0}, {"b", 30, 0, 0, 0}})));
  for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7F));
  EXPECT_THAT(text, HasSubstr("\\u202eevil"));
}

}  // namespace
}  // namespace minslice::report
