#include "gate/repeat_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "log/row_columns.h"

namespace minslice::gate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// grades: one letter a repeat: p pass, f fail, e model_error, i infra_error, - no row.
void AddCase(RunLog& log, const std::string& id, const std::string& grades) {
  for (std::size_t r = 0; r < grades.size(); ++r) {
    if (grades[r] == '-') continue;
    CaseRecord row;
    row.case_id = id;
    row.repeat = static_cast<int>(r) + 1;
    row.outcome = grades[r] == 'p'   ? Outcome::kPass
                  : grades[r] == 'f' ? Outcome::kFail
                  : grades[r] == 'e' ? Outcome::kModelError
                                     : Outcome::kInfraError;
    row.scores = {{"pass", grades[r] == 'p' ? 1.0 : 0.0}};
    row.finish_reason = "stop";
    row.response_model = "m-2026-01-01";
    row.output = grades.substr(r, 1);
    log.cases.push_back(row);
    log.run.repeats = std::max(log.run.repeats, row.repeat);
  }
}

RunLog Empty(const std::string& name) {
  RunLog log;
  log.path = name;
  log.sha256 = name;
  log.run.suite = "s";
  log.run.target = "incumbent";
  log.run.request_model = "m-2026-01-01";
  log.run.request_json = R"({"temperature":0})";
  log.end = EndRecord{};
  return log;
}

RepeatCheck Only(const RunLog& log, const RepeatOptions& options = {}) {
  const auto checks = CheckRepeats(std::span(&log, 1), options);
  EXPECT_TRUE(checks.has_value());
  EXPECT_EQ(checks->size(), 1U);
  return checks->front();
}

TEST(RepeatCheck, IdenticalRepeatsAreStable) {
  RunLog log = Empty("a.jsonl");
  for (int i = 0; i < 50; ++i) AddCase(log, "c" + std::to_string(i), i % 5 == 0 ? "fff" : "ppp");
  const RepeatCheck check = Only(log);
  EXPECT_EQ(check.verdict, RepeatVerdict::kStable);
  EXPECT_EQ(check.noise->spread, 0);
  EXPECT_EQ(check.noise->cochran_p, 1);
  EXPECT_EQ(check.tar_answers->value, 1);
  EXPECT_EQ(check.tar_raw->value, 1);
  EXPECT_THAT(check.flips, IsEmpty());
  EXPECT_THAT(check.causes, IsEmpty());
}

TEST(RepeatCheck, OneRepeatSaysWhatIsNeeded) {
  RunLog log = Empty("a.jsonl");
  AddCase(log, "a", "p");
  const RepeatCheck check = Only(log);
  EXPECT_EQ(check.verdict, RepeatVerdict::kUnknown);
  EXPECT_THAT(check.why, HasSubstr("--repeats 3"));
  EXPECT_FALSE(check.noise);
}

// 840 cases, of which 11 fail in repeat 2 because the answer was cut: 1.31 points, Q = 2 * 11 = 22.
TEST(RepeatCheck, NamesTheTruncationThatMadeOneRepeatDifferent) {
  RunLog log = Empty("a.jsonl");
  for (int i = 0; i < 840; ++i) {
    const std::string id = "c" + std::to_string(1000 + i);
    AddCase(log, id, i < 11 ? "pfp" : i < 240 ? "fff" : "ppp");
    if (i < 11) log.cases[log.cases.size() - 2].finish_reason = "length";
  }
  const RepeatCheck check = Only(log);
  EXPECT_EQ(check.verdict, RepeatVerdict::kNondeterministic);
  EXPECT_NEAR(check.noise->spread, 11.0 / 840, 1e-12);
  EXPECT_NEAR(check.noise->cochran_q, 22, 1e-12);
  ASSERT_EQ(check.causes.size(), 1U);
  EXPECT_EQ(check.causes[0].code, "finish_reason");
  EXPECT_THAT(check.causes[0].text,
              HasSubstr("11 prompts end with finish_reason length in repeat 2 only; 11 of them flip"));
  EXPECT_THAT(check.causes[0].by_repeat, ElementsAre(0, 11, 0));
  EXPECT_EQ(check.flips.size(), 11U);
  EXPECT_EQ(check.flips[0].repeats, "pfp");
  EXPECT_NEAR(check.flips[0].pass_rate.lower, 0.2076596,
              1e-6);  // Wilson 2 of 3: statsmodels proportion_confint
  EXPECT_NEAR(check.flips[0].pass_rate.upper, 0.9385081, 1e-6);
  EXPECT_NEAR(check.noise->flip_rate.value, 11.0 / 840, 1e-12);
}

// Six cases of 200 that flip on their own, four of them in one direction: 1.5 points, over the flat rule,
// within the noise.
TEST(RepeatCheck, SmallSuitesAreNotBlamedForTheirNoise) {
  RunLog log = Empty("a.jsonl");
  const std::vector<std::string> flips = {"pfp", "pfp", "pfp", "ppf", "fpp", "ffp"};
  for (std::size_t i = 0; i < 200; ++i) {
    AddCase(log, "c" + std::to_string(1000 + i), i < flips.size() ? flips[i] : i < 60 ? "fff" : "ppp");
  }
  const RepeatCheck check = Only(log);
  // By repeat 4, 2, 5 of the six pass.
  EXPECT_NEAR(check.noise->spread, 0.015, 1e-12);
  EXPECT_EQ(check.verdict, RepeatVerdict::kNoiseExplainsIt);
  EXPECT_EQ(Only(log, {.max_spread = 0.02}).verdict, RepeatVerdict::kStable);
}

TEST(RepeatCheck, SeveralLogsOfAnArmAreRepeatsAndShards) {
  RunLog a = Empty("a.jsonl");
  RunLog b = Empty("b.jsonl");
  RunLog c = Empty("c.jsonl");
  AddCase(a, "x", "p");
  AddCase(b, "y", "p");  // a shard of the first repeat
  AddCase(c, "x", "f");
  AddCase(c, "y", "p");
  RunLog other = Empty("d.jsonl");
  other.run.target = "candidate";
  AddCase(other, "x", "p");
  const std::vector<RunLog> logs = {a, b, c, other};
  const auto checks = CheckRepeats(logs, {});
  ASSERT_TRUE(checks);
  ASSERT_EQ(checks->size(), 2U);
  EXPECT_EQ((*checks)[0].repeats, 2);
  EXPECT_EQ((*checks)[0].cases, 2);
  EXPECT_EQ((*checks)[0].flips.size(), 1U);
  EXPECT_EQ((*checks)[1].verdict, RepeatVerdict::kUnknown);
  const std::vector<RunLog> twice = {a, a};
  ASSERT_FALSE(CheckRepeats(twice, {}));
  EXPECT_THAT(CheckRepeats(twice, {}).error().diagnostics[0].ToString(),
              HasSubstr("the same log as a.jsonl"));
}

TEST(RepeatCheck, AbsurdNumbersOfRepeatsAreRefused) {
  RunLog log = Empty("a.jsonl");
  AddCase(log, "a", "p");
  log.cases[0].repeat = 900'000'000;
  const auto checks = CheckRepeats(std::span(&log, 1), {});
  ASSERT_FALSE(checks);
  EXPECT_THAT(checks.error().diagnostics[0].ToString(), HasSubstr("at most 10000 repeats"));
}

TEST(RepeatCheck, LeavesOutAndCountsWhatHasNoGrade) {
  RunLog log = Empty("a.jsonl");
  AddCase(log, "a", "ppp");
  AddCase(log, "b", "pip");
  AddCase(log, "c", "pp-");
  AddCase(log, "d", "pep");
  const RepeatCheck check = Only(log);
  EXPECT_EQ(check.cases, 4);
  EXPECT_EQ(check.incomplete, 2);
  EXPECT_EQ(check.noise->n, 2);
  ASSERT_EQ(check.flips.size(), 1U);
  EXPECT_EQ(check.flips[0].repeats, "pep");
  std::vector<std::string> codes;
  for (const RepeatCause& cause : check.causes) codes.push_back(cause.code);
  EXPECT_THAT(codes, ElementsAre("model_error", "infra_error"));
}

TEST(RepeatCheck, AnotherModelOrATemperatureIsNamed) {
  RunLog log = Empty("a.jsonl");
  AddCase(log, "a", "ppf");
  log.cases[2].response_model = "m-2026-02-02";
  log.cases[1].system_fingerprint = "fp_1";
  log.cases[2].system_fingerprint = "fp_2";
  log.run.request_json = R"({"temperature":0.7})";
  const RepeatCheck check = Only(log);
  ASSERT_EQ(check.causes.size(), 3U);
  EXPECT_EQ(check.causes[0].code, "response_model");
  EXPECT_THAT(check.causes[0].text,
              HasSubstr("m-2026-01-01 (rows by repeat 1, 1, 0), m-2026-02-02 (rows by repeat 0, 0, 1)"));
  EXPECT_EQ(check.causes[1].code, "system_fingerprint");
  EXPECT_THAT(check.causes[2].text, HasSubstr("temperature is 0.7"));
}

// Logs as columns, which is what the gate reads, give what logs of rows give, but for the raw texts.
TEST(RepeatCheck, ColumnsAndRowsGiveTheSame) {
  std::mt19937 random(5);
  const auto draw = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  for (int round = 0; round < 300; ++round) {
    std::vector<RunLog> rows, columns;
    const unsigned logs = 1 + draw(3);
    for (unsigned l = 0; l < logs; ++l) {
      RunLog log = Empty("l" + std::to_string(l));
      for (unsigned i = 0; i < 20; ++i) {
        std::string grades;
        for (int r = 0; r < 3; ++r) grades += "ppppffei-"[draw(9)];
        const std::size_t before = log.cases.size();
        AddCase(log, "c" + std::to_string(draw(4) == 0 ? i + 100 : i), grades);
        for (std::size_t row = before; row < log.cases.size(); ++row) {
          CaseRecord& record = log.cases[row];
          record.output.reset();
          if (draw(9) == 0) record.finish_reason = draw(2) == 0 ? "length" : "";
          if (draw(20) == 0) record.finish_reason.reset();
          if (draw(20) == 0) record.response_model = draw(2) == 0 ? "other" : "";
          if (draw(4) == 0) record.system_fingerprint = "f" + std::to_string(draw(2));
          if (draw(3) != 0) record.latency_ms = 100 + draw(3);
          if (draw(5) == 0) record.scores.insert(record.scores.begin(), {"f1", draw(2) / 2.0});
          if (draw(9) == 0) record.scores.pop_back();
          if (draw(40) == 0) {
            GatewayFacts facts;
            facts.cache = draw(2) == 0 ? "hit" : "miss";
            record.via = std::make_shared<GatewayFacts>(facts);
          }
        }
      }
      std::shuffle(log.cases.begin(), log.cases.end(), random);
      RunLog of_columns = log;
      auto made = std::make_shared<log::RowColumns>();
      log::RowFields fields;
      for (const CaseRecord& record : log.cases) {
        log::ViewRecord(record, fields);
        made->Append(fields);
      }
      made->Finish(false);
      of_columns.columns = std::move(made);
      of_columns.cases.clear();
      rows.push_back(std::move(log));
      columns.push_back(std::move(of_columns));
    }
    const auto a = CheckRepeats(rows, {}), b = CheckRepeats(columns, {});
    ASSERT_EQ(a.has_value(), b.has_value());
    if (!a) {
      EXPECT_EQ(a.error().diagnostics.size(), b.error().diagnostics.size());
      continue;
    }
    ASSERT_EQ(a->size(), b->size());
    const RepeatCheck &one = a->front(), &other = b->front();
    EXPECT_EQ(one.repeats, other.repeats);
    EXPECT_EQ(one.cases, other.cases);
    EXPECT_EQ(one.incomplete, other.incomplete);
    EXPECT_EQ(one.rates, other.rates);
    EXPECT_EQ(one.all_pass, other.all_pass);
    EXPECT_EQ(one.any_pass, other.any_pass);
    EXPECT_EQ(one.verdict, other.verdict);
    EXPECT_EQ(one.no_runs, other.no_runs);
    EXPECT_EQ(one.why, other.why);
    EXPECT_EQ(one.warnings, other.warnings);
    ASSERT_EQ(one.tar_answers.has_value(), other.tar_answers.has_value());
    if (one.tar_answers) {
      EXPECT_EQ(one.tar_answers->value, other.tar_answers->value);
    }
    ASSERT_EQ(one.flips.size(), other.flips.size());
    for (std::size_t i = 0; i < one.flips.size(); ++i)
      EXPECT_EQ(one.flips[i].repeats, other.flips[i].repeats);
    ASSERT_EQ(one.causes.size(), other.causes.size());
    for (std::size_t i = 0; i < one.causes.size(); ++i) {
      EXPECT_EQ(one.causes[i].text, other.causes[i].text);
      EXPECT_EQ(one.causes[i].by_repeat, other.causes[i].by_repeat);
      EXPECT_EQ(one.causes[i].case_ids, other.causes[i].case_ids);
    }
    if (HasFailure()) return;
  }
}

// False alarms where nothing but independent flips goes on: at most a few per cent, where the flat rule alone
// fires in about every fourth suite of 200 with 3 % flaky prompts.
TEST(RepeatCheck, KeepsItsFalseAlarmRate) {
  std::mt19937_64 engine(3);
  const auto uniform = [&engine] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  int alarms = 0;
  int flat = 0;
  const int runs = 400;
  for (int run = 0; run < runs; ++run) {
    RunLog log = Empty("a.jsonl");
    for (int i = 0; i < 200; ++i) {
      std::string grades = "ppp";
      if (i < 6) {
        const double p = 0.2 + 0.6 * uniform();
        for (char& grade : grades) grade = uniform() < p ? 'p' : 'f';
      }
      AddCase(log, "c" + std::to_string(1000 + i), grades);
    }
    const RepeatCheck check = Only(log);
    if (check.verdict == RepeatVerdict::kNondeterministic) ++alarms;
    if (check.noise->spread > 0.01) ++flat;
  }
  EXPECT_LE(alarms, runs * 7 / 100);
  EXPECT_GE(flat, runs * 15 / 100);
}

}  // namespace
}  // namespace minslice::gate
