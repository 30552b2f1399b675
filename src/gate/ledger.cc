#include "gate/ledger.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "gate/dates.h"
#include "io/diagnostics.h"
#include "io/sha256.h"
#include "minslice/evidence_id.h"

namespace minslice::gate {
namespace {

constexpr int kLedgerVersion = 1;

std::string SuiteKey(std::span<const RunLog> logs) {
  for (const RunLog& log : logs) {
    if (log.run.suite_sha256) return *log.run.suite_sha256;
  }
  return logs.empty() ? "" : "name:" + logs.front().run.suite;
}

std::string CandidateKey(std::span<const RunLog> logs) {
  std::string hashes;
  for (const RunLog& log : logs) hashes += EvidenceId(log.sha256, log.path) + "\n";
  return io::Sha256Hex(hashes);
}

}  // namespace

LedgerKeys KeysOf(const Verdict& verdict) {
  std::vector<RunLog> logs;  // as much of them as the keys are made from
  for (const VerdictInput& input : verdict.inputs) {
    if (input.side != "candidate") continue;
    RunLog& log = logs.emplace_back();
    log.path = input.path;
    log.sha256 = input.sha256;
    log.run.suite = input.suite;
    log.run.suite_sha256 = input.suite_sha256;
  }
  return {SuiteKey(logs), CandidateKey(logs)};
}

Result<std::vector<LedgerLine>> ParseLedger(const std::string& text, const std::string& path) {
  std::vector<LedgerLine> lines;
  io::Diagnostics diagnostics;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    ++number;
    const std::string_view row(text.data() + begin, end - begin);
    begin = end + 1;
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto json = nlohmann::json::parse(row, nullptr, false);
    const auto fault = [&](const std::string& what) { diagnostics.Add({path, number, 1}, what); };
    if (!json.is_object() || !json.contains("ledger_version")) {
      fault("this is no line of a ledger: expected an object with ledger_version");
      continue;
    }
    if (json["ledger_version"] != kLedgerVersion) {
      fault(fmt::format("ledger_version {} is not supported; this version reads {}",
                        json["ledger_version"].dump(), kLedgerVersion));
      continue;
    }
    LedgerLine line;
    for (const auto& [key, field] :
         {std::pair("suite_key", &line.suite_key), std::pair("candidate_key", &line.candidate_key),
          std::pair("run_hash", &line.run_hash), std::pair("candidate", &line.candidate),
          std::pair("verdict", &line.verdict), std::pair("date", &line.date)}) {
      const auto found = json.find(key);
      if (found == json.end() || !found->is_string()) {
        fault(fmt::format("expected text at {}", key));
      } else {
        *field = found->get<std::string>();
      }
    }
    lines.push_back(std::move(line));
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return lines;
}

VerdictLedger ReadState(std::span<const LedgerLine> lines, std::span<const RunLog> candidate, int planned) {
  VerdictLedger state;
  state.planned = planned;
  const std::string suite = SuiteKey(candidate);
  const std::string mine = CandidateKey(candidate);
  std::set<std::string> others;
  std::string seen;
  for (const LedgerLine& line : lines) {
    if (line.suite_key != suite) continue;
    if (line.candidate_key == mine) break;
    ++state.gates_before;
    others.insert(line.candidate_key);
    seen += line.candidate_key + "\n";
  }
  state.candidates_before = static_cast<std::int64_t>(others.size());
  state.candidates = std::max<std::int64_t>(planned, state.candidates_before + 1);
  state.state_sha256 = io::Sha256Hex(fmt::format("{}\n{}\n{}", suite, planned, seen));
  return state;
}

double LevelOfCandidates(double alpha, std::int64_t n) {
  return -std::expm1(std::log1p(-alpha) / static_cast<double>(n));
}

std::string LedgerText(const Verdict& verdict, std::span<const RunLog> candidate) {
  nlohmann::ordered_json line;
  line["ledger_version"] = kLedgerVersion;
  line["suite"] = verdict.suite;
  line["suite_key"] = SuiteKey(candidate);
  line["candidate_key"] = CandidateKey(candidate);
  line["candidate"] =
      verdict.candidate.request_model.empty() ? verdict.candidate.target : verdict.candidate.request_model;
  line["run_hash"] = verdict.run_hash;
  line["verdict"] = DecisionName(verdict.decision);
  const auto day = RunDay(candidate);
  line["date"] = day ? DayText(*day) : "";
  return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace minslice::gate
