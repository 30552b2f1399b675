#include "reduce/tallies.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "io/diagnostics.h"
#include "io/nearest_name.h"
#include "json/json.h"
#include "minslice/answer_counts.h"
#include "pair/check_runs.h"
#include "pair/counted.h"
#include "reduce/counts_builder.h"
#include "reduce/shards.h"
#include "reduce/side_sums.h"

namespace minslice::reduce {
namespace {

using json::Value;

// One row of the query's result (sql.h names the columns).
struct Tally {
  std::string kind, side, a, b, c;
  bool has_b = false;
  std::optional<std::int64_t> i, n, m;
};

class Adder {
 public:
  Adder(CaseCounts& counts, io::Diagnostics& diagnostics) : counts_(counts), diagnostics_(diagnostics) {}

  void Add(const Tally& row) {
    if (row.kind == "refused") {
      diagnostics_.Add(where_, fmt::format("{}: {}{} ({})", row.a, row.n.value_or(0),
                                           row.n.value_or(0) == 1 ? " case" : " cases", row.c));
      return;
    }
    if (row.kind == "cases") return Cases(row);
    const auto s = static_cast<std::size_t>(row.side == kSideNames[1]);
    if (row.side != kSideNames[s])
      return Error(fmt::format("expected the side incumbent or candidate, found {}", io::Quoted(row.side)));
    CountedSide& side = counts_.sides[s];
    if (row.kind == "sum") return Sum(row, side);
    if (!row.n) return Error("expected a count in n");
    if (row.kind == "outcome") {
      for (const Outcome outcome :
           {Outcome::kPass, Outcome::kFail, Outcome::kModelError, Outcome::kInfraError}) {
        if (row.a == OutcomeName(outcome)) return Put(side.rows[static_cast<std::size_t>(outcome)], *row.n);
      }
      return Error(
          fmt::format("expected pass, fail, model_error or infra_error, found {}", io::Quoted(row.a)));
    }
    if (row.kind == "latency") {
      if (!row.i) return Error("expected a latency's class in i");
      return Put(side.latency[*row.i], *row.n);
    }
    if (row.kind == "cached") return ByRepeat(row, side.cached);
    if (row.kind == "model") return Answers(row, side.models);
    if (row.kind == "fingerprint") return Answers(row, side.fingerprints);
    if (row.kind == "deployment") return Answers(row, side.deployments);
    Error(fmt::format("expected a row of minslice reduce --sql, found kind {}", io::Quoted(row.kind)));
  }

  void At(SourcePosition where) { where_ = std::move(where); }
  void Error(std::string message) { diagnostics_.Add(where_, std::move(message)); }
  bool fits() const { return fits_ && !builder_.overflowed(); }
  void Finish() { builder_.MoveTo(counts_); }

 private:
  void Put(std::int64_t& sum, std::int64_t n) { fits_ = n >= 0 && AddTo(sum, n) && fits_; }

  void Cases(const Tally& row) {
    if (!row.n || *row.n < 1) return Error("expected at least one case in n");
    if (!pair::ParsePattern(row.c, counts_.metrics.size()))
      return Error(fmt::format("expected a pattern of rows such as p|f, found {}", io::Quoted(row.c)));
    auto known = sets_.find(row.a);
    if (known == sets_.end()) {
      std::map<std::string, std::string> sorted;
      const auto segments = json::Parse(row.a.empty() ? "{}" : row.a, where_.file);
      bool texts = segments && segments->is_object();
      if (texts) {
        for (const auto& [dimension, value] : segments->items()) {
          texts = texts && value.is_string();
          if (value.is_string()) sorted[dimension] = value.get<std::string>();
        }
      }
      if (!texts)
        return Error(fmt::format("expected segments as an object of texts, found {}", io::Quoted(row.a)));
      std::vector<Segment> set;
      for (auto& [dimension, value] : sorted) set.push_back({dimension, value});
      known = sets_.emplace(row.a, builder_.Segments(set)).first;
    }
    builder_.Add(known->second, row.has_b ? builder_.Cluster(row.b) : CaseCounts::kNoCluster,
                 builder_.Pattern(row.c), *row.n);
  }

  void Answers(const Tally& row, std::map<std::string, CountedAnswers>& names) {
    CountedAnswers& answers = names[row.a];
    ByRepeat(row, answers.by_repeat);
    Put(answers.passes, row.m.value_or(0));
  }

  void ByRepeat(const Tally& row, std::vector<std::int64_t>& rows) {
    if (!row.i || *row.i < 1 || *row.i > kMostCountedRepeats) return Error("expected a repeat in i");
    Put(RowsAt(rows, static_cast<std::size_t>(*row.i) - 1), *row.n);
  }

  void Sum(const Tally& row, CountedSide& side) {
    const auto optional = [&](std::optional<std::int64_t>& sum) { fits_ = AddTo(sum, row.n) && fits_; };
    if (row.a == "cost_units") return optional(side.cost_units);
    if (row.a == "input_tokens") return optional(side.input_tokens);
    if (row.a == "output_tokens") return optional(side.output_tokens);
    const std::int64_t n = row.n.value_or(0);
    if (row.a == "with_segments") return Put(side.with_segments, n);
    if (row.a == "with_cluster") return Put(side.with_cluster, n);
    if (row.a == "with_prompt") return Put(side.with_prompt, n);
    if (row.a == "lacks_segments") return Put(side.lacks_segments, n);
    if (row.a == "lacks_cluster") return Put(side.lacks_cluster, n);
    if (row.a == "lacks_prompt") return Put(side.lacks_prompt, n);
    Error(fmt::format("expected a sum that counts know, found {}", io::Quoted(row.a)));
  }

  CaseCounts& counts_;
  io::Diagnostics& diagnostics_;
  CountsBuilder builder_;
  std::map<std::string, std::uint32_t, std::less<>> sets_;
  SourcePosition where_;
  bool fits_ = true;
};

std::optional<Tally> ReadTally(std::string_view line, const std::string& path) {
  const auto json = json::Parse(line, path);
  if (!json || !json->is_object()) return std::nullopt;
  Tally tally;
  const auto text = [&](const char* key, std::string& to) {
    const auto at = json->find(key);
    if (at == json->end() || at->is_null()) return false;
    to = at->is_string() ? at->get<std::string>() : json::Compact(*at);
    return true;
  };
  // An engine may write a sum of 64-bit integers as a decimal, and that as a text.
  const auto number = [&](const char* key, std::optional<std::int64_t>& to) {
    const auto at = json->find(key);
    if (at == json->end() || at->is_null()) return true;
    const auto node = json::ParseNode(at->is_string() ? at->get<std::string>() : json::Compact(*at), {});
    if (!node) return false;
    to = node->Integer();
    return to.has_value();
  };
  if (!text("kind", tally.kind)) return std::nullopt;
  text("side", tally.side);
  text("a", tally.a);
  tally.has_b = text("b", tally.b);
  text("c", tally.c);
  if (!number("i", tally.i) || !number("n", tally.n) || !number("m", tally.m)) return std::nullopt;
  return tally;
}

}  // namespace

Result<CaseCounts> CountTallies(std::span<const TallyFile> files, std::span<const RunLog> incumbent,
                                std::span<const RunLog> candidate, const std::vector<std::string>& metrics) {
  io::Diagnostics diagnostics;
  CaseCounts counts;
  counts.metrics = metrics;
  Adder adder(counts, diagnostics);
  for (const TallyFile& file : files) {
    int line = 0;
    for (std::size_t at = 0; at < file.text.size();) {
      const std::size_t stop = std::min(file.text.find('\n', at), file.text.size());
      const std::string_view row = std::string_view(file.text).substr(at, stop - at);
      at = stop + 1;
      adder.At({file.path, ++line, 0});
      if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      if (const auto tally = ReadTally(row, file.path)) {
        adder.Add(*tally);
      } else {
        adder.Error("expected a row of minslice reduce --sql as a JSON object");
      }
    }
  }
  const std::span<const RunLog> sides[2] = {incumbent, candidate};
  for (std::size_t s = 0; s < 2; ++s) {
    for (const RunLog& log : sides[s]) {
      JoinRun(counts.sides[s].run, log.run);
      counts.logs.push_back({kSideNames[s], log.path, log.sha256, log.run.shard});
      if (!log.end)
        diagnostics.Add({log.path, 0, 0},
                        "unfinished_log: there is no end record; complete it with run --resume");
    }
  }
  CheckShards(counts.logs, diagnostics);
  pair::PairResult runs;
  pair::CheckRuns(incumbent, candidate, runs);
  for (const pair::Finding& finding : runs.findings) diagnostics.Add({}, finding.code + ": " + finding.text);
  CheckSides(counts, diagnostics);
  if (!adder.fits()) diagnostics.Add({}, "a count is negative or larger than 9.2e18, which 64 bits hold");
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  adder.Finish();
  return counts;
}

}  // namespace minslice::reduce
