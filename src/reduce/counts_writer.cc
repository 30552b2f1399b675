#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/sha256.h"
#include "json/canonical.h"
#include "json/json.h"
#include "reduce/counts_file.h"

namespace minslice::reduce {
namespace {

using json::Value;

Value OrNull(const std::optional<std::int64_t>& number) { return number ? Value(*number) : Value(nullptr); }

Value AnswersJson(const std::map<std::string, CountedAnswers>& names, bool passes) {
  Value json = Value::object();
  for (const auto& [name, answers] : names) {
    Value one = Value::object();
    one["by_repeat"] = answers.by_repeat;
    if (passes) one["passes"] = answers.passes;
    json[name] = std::move(one);
  }
  return json;
}

Value RunJson(const RunRecord& run) {
  Value json = Value::object();
  json["suite"] = run.suite;
  json["suite_sha256"] = run.suite_sha256 ? Value(*run.suite_sha256) : Value(nullptr);
  json["target"] = run.target;
  json["request_model"] = run.request_model;
  json["request"] = run.request_json;
  json["repeats"] = run.repeats;
  json["started_at"] = run.started_at;
  json["imported_from"] = run.imported_from;
  json["gateway_kind"] = run.gateway_kind;
  json["gateway_hides"] = run.gateway_hides;
  return json;
}

std::string SideLine(const CountedSide& side, const char* name) {
  Value json = Value::object();
  json["record"] = "side";
  json["side"] = name;
  json["run"] = RunJson(side.run);
  Value rows = Value::object();
  for (const Outcome outcome : {Outcome::kPass, Outcome::kFail, Outcome::kModelError, Outcome::kInfraError})
    rows[OutcomeName(outcome)] = side.rows[static_cast<std::size_t>(outcome)];
  json["rows"] = std::move(rows);
  json["cost_units"] = OrNull(side.cost_units);
  json["input_tokens"] = OrNull(side.input_tokens);
  json["output_tokens"] = OrNull(side.output_tokens);
  Value latency = Value::array();
  for (const auto& [at, n] : side.latency) latency.push_back(Value::array({at, n}));
  json["latency_us"] = std::move(latency);
  json["models"] = AnswersJson(side.models, true);
  json["fingerprints"] = AnswersJson(side.fingerprints, false);
  json["deployments"] = AnswersJson(side.deployments, false);
  json["cached"] = side.cached;
  json["with"] = {
      {"segments", side.with_segments}, {"cluster", side.with_cluster}, {"prompt", side.with_prompt}};
  json["lacks"] = {
      {"segments", side.lacks_segments}, {"cluster", side.lacks_cluster}, {"prompt", side.lacks_prompt}};
  return json::Canonical(json);
}

// Lines that lie in one text.
struct Lines {
  std::string text;
  std::vector<std::string_view> lines;
};

// In the order of their bytes. Most are told apart by eight bytes behind those with which all begin.
void Sort(std::vector<std::string_view>& lines) {
  if (lines.empty()) return;
  std::size_t alike = lines.front().size();
  for (const std::string_view line : lines) {
    const auto end =
        std::mismatch(line.begin(), line.begin() + std::min(alike, line.size()), lines.front().begin());
    alike = static_cast<std::size_t>(end.first - line.begin());
  }
  struct Keyed {
    std::uint64_t key;
    std::string_view line;
  };
  std::vector<Keyed> keyed;
  keyed.reserve(lines.size());
  for (const std::string_view line : lines) {
    std::uint64_t key = 0;
    for (std::size_t i = alike; i < alike + sizeof key; ++i)
      key = key << 8U | (i < line.size() ? static_cast<unsigned char>(line[i]) : 0U);
    keyed.push_back({key, line});
  }
  std::sort(keyed.begin(), keyed.end(),
            [](const Keyed& a, const Keyed& b) { return a.key != b.key ? a.key < b.key : a.line < b.line; });
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = keyed[i].line;
}

// One line for each cluster's share of a set of segments, with its patterns in order.
void CaseLines(const CaseCounts& counts, Lines& lines) {
  std::vector<std::string> set_text(counts.segments.size());
  for (std::size_t i = 0; i < set_text.size(); ++i) {
    std::string& text = set_text[i] = "{";
    for (const Segment& segment : counts.segments[i]) {
      if (text.size() > 1) text += ',';
      json::AppendQuoted(segment.dimension, text);
      text += ':';
      json::AppendQuoted(segment.value, text);
    }
    text += '}';
  }
  std::vector<std::uint32_t> by_text(counts.patterns.size());
  for (std::uint32_t i = 0; i < by_text.size(); ++i) by_text[i] = i;
  std::sort(by_text.begin(), by_text.end(),
            [&](std::uint32_t a, std::uint32_t b) { return counts.patterns[a] < counts.patterns[b]; });
  std::vector<std::uint32_t> rank(by_text.size());
  for (std::uint32_t i = 0; i < by_text.size(); ++i) rank[by_text[i]] = i;
  std::vector<CaseGroup> groups;
  for (const CaseGroup& group : counts.groups) {
    if (group.n > 0) groups.push_back(group);
  }
  std::sort(groups.begin(), groups.end(), [&](const CaseGroup& a, const CaseGroup& b) {
    if (a.cluster != b.cluster) return a.cluster < b.cluster;
    if (a.segments != b.segments) return a.segments < b.segments;
    return rank[a.pattern] < rank[b.pattern];
  });
  std::string& line = lines.text;
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < groups.size();) {
    line += '{';
    if (groups[i].cluster != CaseCounts::kNoCluster) {
      line += "\"cluster\":";
      json::AppendQuoted(counts.clusters[groups[i].cluster], line);
      line += ',';
    }
    line += "\"n\":{";
    const std::size_t begin = i;
    for (; i < groups.size() && groups[i].cluster == groups[begin].cluster &&
           groups[i].segments == groups[begin].segments;
         ++i) {
      if (i > begin) line += ',';
      json::AppendQuoted(counts.patterns[groups[i].pattern], line);
      line += ':';
      const fmt::format_int n(groups[i].n);
      line.append(n.data(), n.size());
    }
    line += "},\"record\":\"cases\",\"segments\":";
    line += set_text[groups[begin].segments];
    line += '}';
    ends.push_back(line.size());
  }
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    lines.lines.push_back(std::string_view(line).substr(begin, end - begin));
    begin = end;
  }
  Sort(lines.lines);
}

std::string LogLine(const CountedLog& log) {
  Value json = Value::object();
  json["record"] = "log";
  json["side"] = log.side;
  json["path"] = log.path;
  json["sha256"] = log.sha256;
  if (log.shard) json["shard"] = {{"index", log.shard->index}, {"of", log.shard->of}};
  return json::Canonical(json);
}

}  // namespace

std::string CountsText(CaseCounts& counts) {
  Value head = Value::object();
  head["record"] = "counts";
  head["counts_version"] = kCountsVersion;
  head["metrics"] = counts.metrics;
  head["score_units"] = static_cast<std::int64_t>(kScoreUnits);
  std::string text = json::Canonical(head) + "\n";
  std::int64_t lines = 3;
  for (std::size_t s = 0; s < 2; ++s) text += SideLine(counts.sides[s], kSideNames[s]) + "\n";
  Lines cases;
  CaseLines(counts, cases);
  text.reserve(text.size() + cases.text.size() + cases.lines.size() + (std::size_t{1} << 12U));
  for (const std::string_view line : cases.lines) {
    text += line;
    text += '\n';
    ++lines;
  }
  counts.sha256 = io::Sha256Hex(text);
  std::vector<std::string> logs;
  for (const CountedLog& log : counts.logs) logs.push_back(LogLine(log));
  std::sort(logs.begin(), logs.end());
  std::string hashed = counts.sha256 + "\n";
  for (const std::string& log : logs) {
    hashed += log + "\n";
    text += log + "\n";
    ++lines;
  }
  Value end = Value::object();
  end["record"] = "end";
  end["lines"] = lines;
  end["counts_sha256"] = counts.sha256;
  end["sha256"] = io::Sha256Hex(hashed);
  return text + json::Canonical(end) + "\n";
}

}  // namespace minslice::reduce
