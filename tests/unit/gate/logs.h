// Logs in memory for the tests of the gate: tables of counts by slice become two RunLogs.
#ifndef MINSLICE_TESTS_UNIT_GATE_LOGS_H_
#define MINSLICE_TESTS_UNIT_GATE_LOGS_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gate/gate.h"
#include "gate/policy_reader.h"
#include "minslice/record.h"
#include "pair/pair.h"

namespace minslice::gate::testing {

struct Table {
  std::string value;  // of the dimension; empty: the cases carry none
  int both = 0, broke = 0, fixed = 0, neither = 0;
};

struct Logs {
  RunLog incumbent, candidate;
};

inline RunLog EmptyLog(const std::string& side) {
  RunLog log;
  log.path = side + ".jsonl";
  log.sha256 = std::string(64, side == "incumbent" ? 'a' : 'b');
  log.run.suite = "support";
  log.run.suite_sha256 = std::string(64, 'c');
  log.run.target = side;
  log.run.request_model = side + "-model";
  log.run.request_json = "{}";
  log.end.emplace();
  return log;
}

inline CaseRecord Row(const std::string& id, minslice::Outcome outcome, std::vector<Segment> segments,
                      int repeat = 1) {
  CaseRecord record;
  record.case_id = id;
  record.repeat = repeat;
  record.outcome = outcome;
  record.segments = std::move(segments);
  if (outcome == minslice::Outcome::kPass || outcome == minslice::Outcome::kFail) {
    record.scores = {{"pass", outcome == minslice::Outcome::kPass ? 1.0 : 0.0}};
  }
  record.prompt_sha256 = std::string(64 - std::min<std::size_t>(id.size(), 64), 'd') + id;
  return record;
}

// Cases c00000, c00001, ... in the order of the tables: both, broke, fixed, neither.
inline Logs MakeLogs(const std::vector<Table>& tables, const std::string& dimension = "flow") {
  Logs logs{EmptyLog("incumbent"), EmptyLog("candidate")};
  int next = 0;
  for (const Table& table : tables) {
    const std::vector<Segment> segments =
        table.value.empty() ? std::vector<Segment>{} : std::vector<Segment>{{dimension, table.value}};
    for (const auto& [count, before, after] :
         {std::tuple(table.both, true, true), std::tuple(table.broke, true, false),
          std::tuple(table.fixed, false, true), std::tuple(table.neither, false, false)}) {
      for (int k = 0; k < count; ++k) {
        std::string id = std::to_string(next++);
        id = "c" + std::string(5 - id.size(), '0') + id;
        logs.incumbent.cases.push_back(
            Row(id, before ? minslice::Outcome::kPass : minslice::Outcome::kFail, segments));
        logs.candidate.cases.push_back(
            Row(id, after ? minslice::Outcome::kPass : minslice::Outcome::kFail, segments));
      }
    }
  }
  for (RunLog* log : {&logs.incumbent, &logs.candidate}) {
    log->run.cases = next;
    log->end->cases = next;
    for (CaseRecord& record : log->cases) record.response_model = log->run.request_model + "-2026-01-01";
  }
  return logs;
}

// Equal copies of the runs.
inline Logs Repeated(const Logs& logs, int repeats) {
  Logs out = logs;
  for (RunLog* log : {&out.incumbent, &out.candidate}) {
    log->run.repeats = repeats;
    log->end->repeats = repeats;
    const std::vector<CaseRecord> once = log->cases;
    for (int r = 2; r <= repeats; ++r) {
      for (CaseRecord record : once) {
        record.repeat = r;
        log->cases.push_back(std::move(record));
      }
    }
  }
  return out;
}

inline Policy PolicyFrom(const std::string& yaml) {
  Result<Policy> policy = ParsePolicy(yaml, "gate.yaml");
  if (!policy) throw std::runtime_error(policy.error().diagnostics.front().ToString());
  return *policy;
}

inline Verdict Judge(const Policy& policy, const Logs& logs) {
  const std::vector<RunLog> incumbent{logs.incumbent};
  const std::vector<RunLog> candidate{logs.candidate};
  return Decide(policy, pair::Pair(incumbent, candidate, policy.metric), incumbent, candidate);
}
inline Verdict Judge(const std::string& yaml, const Logs& logs) { return Judge(PolicyFrom(yaml), logs); }

inline const VerdictSegment* Find(const Verdict& verdict, const std::string& value) {
  for (const VerdictSegment& segment : verdict.segments) {
    if (segment.value == value) return &segment;
  }
  return nullptr;
}

inline std::vector<std::string> Codes(const Verdict& verdict) {
  std::vector<std::string> codes;
  for (const VerdictReason& reason : verdict.reasons) codes.push_back(reason.code);
  return codes;
}

// The demo of the incident: refund_flow 43 -> 36 of 47 while the mean rises; totals b = 48, c = 52 of 1,200.
inline std::vector<Table> IncidentTables() {
  return {{"refund_flow", 35, 8, 1, 3},
          {"invoice_parse", 174, 2, 17, 17},
          {"contract_review", 135, 3, 4, 14},
          {"escalation_routing", 72, 2, 3, 12},
          {"other", 581, 33, 27, 57}};
}

}  // namespace minslice::gate::testing

#endif  // MINSLICE_TESTS_UNIT_GATE_LOGS_H_
