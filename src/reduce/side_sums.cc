#include "reduce/side_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "pair/answers.h"
#include "pair/check_runs.h"

namespace minslice::reduce {
namespace {

using AnswerMap = std::map<std::string, CountedAnswers>;

bool AddAnswers(AnswerMap& sum, const AnswerMap& part, int offset) {
  bool fits = true;
  for (const auto& [name, answers] : part) {
    CountedAnswers& total = sum[name];
    fits = AddTo(total.passes, answers.passes) && fits;
    fits = AddTo(total.by_repeat, answers.by_repeat, offset) && fits;
  }
  return fits;
}

void AddNamed(AnswerMap& sum, const std::vector<AnsweredBy>& names, int offset) {
  for (const AnsweredBy& by : names) AddTo(sum[by.name].by_repeat, by.by_repeat, offset);
}

void JoinText(std::string& text, const std::string& other) {
  if (text.empty() || (!other.empty() && other < text)) text = other;
}

}  // namespace

bool AddTo(std::int64_t& sum, std::int64_t value) { return !__builtin_add_overflow(sum, value, &sum); }

bool AddTo(std::vector<std::int64_t>& by_repeat, const std::vector<std::int64_t>& rows, int offset) {
  if (rows.empty()) return true;
  const auto first = static_cast<std::size_t>(offset);
  if (by_repeat.size() < first + rows.size()) by_repeat.resize(first + rows.size(), 0);
  bool fits = true;
  for (std::size_t r = 0; r < rows.size(); ++r) fits = AddTo(by_repeat[first + r], rows[r]) && fits;
  return fits;
}

bool AddTo(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& value) {
  if (!value) return true;
  std::int64_t next = sum.value_or(0);
  const bool fits = AddTo(next, *value);
  sum = next;
  return fits;
}

void JoinRun(RunRecord& run, const RunRecord& other) {
  run.suite = run.suite.empty() ? other.suite : run.suite;
  if (!run.suite_sha256) run.suite_sha256 = other.suite_sha256;
  JoinText(run.target, other.target);
  if (run.request_model.empty()) run.request_model = other.request_model;
  if (run.request_json.empty()) run.request_json = other.request_json;
  run.repeats = std::max(run.repeats, other.repeats);
  JoinText(run.started_at, other.started_at);
  JoinText(run.imported_from, other.imported_from);
  JoinText(run.gateway_kind, other.gateway_kind);
  std::set<std::string> hides(run.gateway_hides.begin(), run.gateway_hides.end());
  hides.insert(other.gateway_hides.begin(), other.gateway_hides.end());
  run.gateway_hides.assign(hides.begin(), hides.end());
}

bool AddSide(CountedSide& sum, const CountedSide& part, int offset) {
  JoinRun(sum.run, part.run);
  bool fits = true;
  for (std::size_t i = 0; i < sum.rows.size(); ++i) fits = AddTo(sum.rows[i], part.rows[i]) && fits;
  fits = AddTo(sum.cost_units, part.cost_units) && fits;
  fits = AddTo(sum.input_tokens, part.input_tokens) && fits;
  fits = AddTo(sum.output_tokens, part.output_tokens) && fits;
  for (const auto& [at, rows] : part.latency) fits = AddTo(sum.latency[at], rows) && fits;
  fits = AddAnswers(sum.models, part.models, offset) && fits;
  fits = AddAnswers(sum.fingerprints, part.fingerprints, offset) && fits;
  fits = AddAnswers(sum.deployments, part.deployments, offset) && fits;
  fits = AddTo(sum.cached, part.cached, offset) && fits;
  for (const auto field :
       {&CountedSide::with_segments, &CountedSide::with_cluster, &CountedSide::with_prompt,
        &CountedSide::lacks_segments, &CountedSide::lacks_cluster, &CountedSide::lacks_prompt}) {
    fits = AddTo(sum.*field, part.*field) && fits;
  }
  return fits;
}

bool SumRows(std::span<const RunLog> logs, std::span<const int> offsets, CountedSide& side) {
  bool fits = true;
  for (std::size_t l = 0; l < logs.size(); ++l) {
    const RunLog& log = logs[l];
    JoinRun(side.run, log.run);
    const pair::LogSums sums = pair::SumsOf(log);
    fits = AddSide(side, sums.side, offsets[l]) && sums.fits && fits;
    const AnswerCounts answers = pair::CountAnswers(log);
    AddNamed(side.fingerprints, answers.fingerprints(), offsets[l]);
    AddNamed(side.deployments, answers.deployments(), offsets[l]);
    AddTo(side.cached, answers.cached_by_repeat(), offsets[l]);
  }
  return fits;
}

void CheckSides(const CaseCounts& counts, io::Diagnostics& diagnostics) {
  for (std::size_t s = 0; s < 2; ++s) {
    const CountedSide& side = counts.sides[s];
    const auto check = [&](std::int64_t with, std::int64_t lacks, const char* what) {
      if (with == 0 || lacks == 0) return;
      diagnostics.Add(
          {}, fmt::format("segment_mismatch: {} of the {} carry no {} where the other side's do, and {} "
                          "rows of it carry one: one id, different segments or clusters",
                          lacks == 1 ? "a case" : fmt::format("{} cases", lacks), kSideNames[s], what, with));
    };
    check(side.with_segments, side.lacks_segments, "segments");
    check(side.with_cluster, side.lacks_cluster, "cluster");
    if (side.lacks_prompt > 0 && side.run.imported_from.empty()) {
      diagnostics.Add(
          {}, "prompt_unknown: " + pair::PromptsUnknown(kSideNames[s], kSideNames[1 - s], side.lacks_prompt));
    }
  }
}

}  // namespace minslice::reduce
