#include "store/store_rows.h"

#include "io/sha256.h"
#include "json/json.h"
#include "log/log_writer.h"

namespace minslice::store {
namespace {

Value Size(std::size_t n) { return static_cast<std::int64_t>(n); }

std::string NameOf(const VerdictArm& arm) {
  return arm.request_model.empty() ? arm.target : arm.request_model;
}

}  // namespace

std::string RunId(const log::LogSummary& log) {
  return log.run.started_at.empty() ? log.sha256 : io::Sha256Hex(log::RunRecordLine(log.run));
}

std::vector<Value> RunRow(const std::string& run_id, const log::LogSummary& log) {
  const RunRecord& run = log.run;
  const auto outcome = [&](Outcome one) {
    const auto found = log.outcomes.find(OutcomeName(one));
    return Value(found == log.outcomes.end() ? std::int64_t{0} : found->second);
  };
  const auto shard = [&](int Shard::* field) {
    return run.shard ? Value(std::int64_t{*run.shard.*field}) : Value();
  };
  return {Text(run_id),
          Text(log.sha256),
          Text(run.suite),
          TextOrNull(run.suite_sha256),
          Text(run.target),
          Text(run.request_model),
          Text(log.request_sha256),
          Text(run.gateway),
          Text(run.imported_from),
          std::int64_t{run.repeats},
          Whole(run.cases),
          Whole(run.suite_cases),
          shard(&Shard::index),
          shard(&Shard::of),
          Text(run.started_at),
          Text(log.ended_at),
          std::int64_t{log.finished ? 1 : 0},
          log.rows,
          outcome(Outcome::kPass),
          outcome(Outcome::kFail),
          outcome(Outcome::kModelError),
          outcome(Outcome::kInfraError),
          log.input_tokens,
          log.output_tokens,
          Real(log.spent_usd),
          Text(run.minslice)};
}

std::vector<Value> AnswerRow(const std::string& run_id, std::int64_t position, const CaseRecord& row) {
  json::Value scores = json::Value::object();
  for (const auto& [name, score] : row.scores) scores[name] = score;
  json::Value segments = json::Value::object();
  for (const Segment& segment : row.segments) segments[segment.dimension] = segment.value;
  return {Text(run_id),
          position,
          Text(row.case_id),
          std::int64_t{row.repeat},
          Text(OutcomeName(row.outcome)),
          Text(json::Compact(scores)),
          Text(json::Compact(segments)),
          TextOrNull(row.cluster),
          TextOrNull(row.prompt_sha256),
          TextOrNull(row.response_model),
          TextOrNull(row.finish_reason),
          Whole(row.input_tokens),
          Whole(row.output_tokens),
          Real(row.cost_usd),
          Real(row.latency_ms),
          std::int64_t{row.attempts},
          TextOrNull(row.error)};
}

std::vector<Value> VerdictRowOf(const std::string& verdict_id, std::int64_t seq, const Verdict& verdict,
                                const VerdictKeys& keys, const std::string& json) {
  const VerdictRow& row = verdict.aggregate;
  return {Text(verdict_id),
          seq,
          Text(DecisionName(verdict.decision)),
          std::int64_t{verdict.exit_code},
          Text(verdict.suite),
          Text(keys.suite_key),
          Text(keys.candidate_key),
          Text(verdict.run_hash),
          Text(verdict.policy_sha256),
          Text(NameOf(verdict.incumbent)),
          Text(NameOf(verdict.candidate)),
          row.n_pairs,
          Real(row.incumbent_rate),
          Real(row.candidate_rate),
          Real(row.delta),
          Real(row.ci_low),
          Real(row.ci_high),
          Real(row.level),
          Text(row.method),
          Real(row.p_value),
          Text(row.status),
          Text(verdict.reasons.empty() ? "" : verdict.reasons.front().text),
          Text(verdict.minslice),
          Text(json)};
}

std::vector<Value> InputRow(const std::string& verdict_id, std::int64_t position, const VerdictInput& input) {
  return {Text(verdict_id), position,           Text(input.side),
          Text(input.path), Text(input.sha256), TextOrNull(input.suite_sha256)};
}

std::vector<Value> SliceRow(const std::string& verdict_id, std::int64_t position,
                            const VerdictSegment& slice) {
  const VerdictRow& row = slice.row;
  return {Text(verdict_id),
          position,
          Text(slice.dimension),
          Text(slice.value),
          Text(slice.role),
          Text(row.status),
          row.n_pairs,
          Whole(row.n_both),
          Whole(row.n_incumbent_only),
          Whole(row.n_candidate_only),
          Whole(row.n_neither),
          Real(row.incumbent_rate),
          Real(row.candidate_rate),
          Real(row.delta),
          Real(row.ci_low),
          Real(row.ci_high),
          Real(row.level),
          Text(row.method),
          Real(row.p_value),
          Real(row.p_adjusted),
          Real(row.mde),
          Size(slice.broke.size()),
          Size(slice.fixed.size())};
}

}  // namespace minslice::store
