#include "log/log_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "io/diagnostics.h"
#include "io/nearest_name.h"
#include "json/canonical.h"
#include "json/node.h"
#include "log/log_reader.h"
#include "log/log_writer.h"
#include "log/shard.h"

namespace minslice::log {
namespace {

struct Line {
  std::string_view text;  // without the newline
  int number = 0;
};

std::vector<Line> LinesOf(std::string_view bytes) {
  std::vector<Line> lines;
  int number = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    ++number;
    const std::string_view text = bytes.substr(at, end - at);
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back({text, number});
    at = end + 1;
  }
  return lines;
}

void Append(std::string& bytes, std::string_view line) {
  bytes += line;
  bytes += '\n';
}

// Shards are joined all or not at all: each of them once, of one K, each case in its own.
void CheckShards(const std::vector<RunLog>& logs, io::Diagnostics& diagnostics) {
  const RunLog* first = nullptr;
  for (const RunLog& log : logs) {
    if (log.run.shard && first == nullptr) first = &log;
  }
  if (first == nullptr) return;  // parts that were cut by hand
  const int of = first->run.shard->of;
  std::map<int, const RunLog*> seen;
  for (const RunLog& log : logs) {
    if (!log.run.shard) {
      diagnostics.Add({log.path, 1, 0}, fmt::format("is no shard, but {} is shard {} of {}", first->path,
                                                    first->run.shard->index, of));
      continue;
    }
    if (log.run.shard->of != of) {
      diagnostics.Add({log.path, 1, 0}, fmt::format("is a shard of {}, but {} is one of {}",
                                                    log.run.shard->of, first->path, of));
      continue;
    }
    if (log.run.suite_cases != first->run.suite_cases) {
      diagnostics.Add({log.path, 1, 0},
                      fmt::format("is of a suite with another number of cases than {}", first->path));
    }
    const auto [known, is_new] = seen.try_emplace(log.run.shard->index, &log);
    if (!is_new) {
      diagnostics.Add({log.path, 1, 0}, fmt::format("shard {} of {} is given twice; {} is it, too",
                                                    log.run.shard->index, of, known->second->path));
    }
    if (!log.end) {
      diagnostics.Add({log.path, 0, 0}, fmt::format("shard {} of {} is unfinished: run --resume completes it",
                                                    log.run.shard->index, of));
    }
    std::set<std::string_view> cases;
    bool strays = false;
    for (const CaseRecord& row : log.cases) {
      if (!cases.insert(row.case_id).second || strays) continue;
      const int right = ShardOf(log.run.suite, row.case_id, of);
      if (right == log.run.shard->index) continue;
      strays = true;
      diagnostics.Add({log.path, 0, 0}, fmt::format("case {} belongs to shard {}, not {}",
                                                    io::Quoted(row.case_id), right, log.run.shard->index));
    }
    if (log.run.cases && *log.run.cases != static_cast<std::int64_t>(cases.size()) && log.end) {
      diagnostics.Add({log.path, 0, 0},
                      fmt::format("holds {} cases of the shard's {}", cases.size(), *log.run.cases));
    }
  }
  std::string missing;
  int gone = 0;
  for (int index = 1; index <= of; ++index) {
    if (seen.count(index) != 0) continue;
    if (++gone <= 20) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", index);
  }
  if (gone > 20) missing += fmt::format(" and {} more", gone - 20);
  if (gone > 0) {
    diagnostics.Add({}, fmt::format("merge: of {} shards {} {} missing: {}", of, gone,
                                    gone == 1 ? "is" : "are", missing));
  }
}

std::string ModelNames(const std::set<std::string>& models) {
  std::string text;
  for (const std::string& model : models) text += (text.empty() ? "" : " and ") + io::Quoted(model);
  return text;
}

// One model has answered the parts of one run: the first part with an answer says which.
std::vector<Diagnostic> OtherModels(const std::vector<RunLog>& logs) {
  std::vector<Diagnostic> others;
  const RunLog* first = nullptr;
  std::set<std::string> known;
  for (const RunLog& log : logs) {
    std::set<std::string> models;
    for (const CaseRecord& row : log.cases) {
      if (row.response_model && row.outcome != Outcome::kInfraError) models.insert(*row.response_model);
    }
    if (models.empty()) continue;
    if (first == nullptr) {
      first = &log;
      known = std::move(models);
    } else if (models != known) {
      others.push_back(
          {{log.path, 0, 0},
           fmt::format("was answered by {}, {} by {}", ModelNames(models), first->path, ModelNames(known))});
    }
  }
  return others;
}

}  // namespace

Result<RepairedLog> RepairLog(const std::string& bytes, const std::string& path) {
  const std::vector<Line> lines = LinesOf(bytes);
  std::string head;
  if (!lines.empty()) Append(head, lines[0].text);
  if (auto run = ParseLog(head, path); !run) return tl::unexpected(run.error());

  RepairedLog repaired;
  repaired.bytes = head;
  std::optional<Line> end;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    // Alone behind the run record: what the reader says of it is said of this line.
    std::string alone = head;
    Append(alone, lines[i].text);
    const auto read = ParseLog(alone, path);
    if (!read) {
      for (Diagnostic diagnostic : read.error().diagnostics) {
        diagnostic.where.line = lines[i].number;
        repaired.dropped.push_back(std::move(diagnostic));
      }
      continue;
    }
    if (read->end) {
      end = i + 1 == lines.size() ? std::optional<Line>(lines[i]) : std::nullopt;
      continue;
    }
    ++repaired.rows;
    Append(repaired.bytes, lines[i].text);
  }
  if (end && repaired.dropped.empty()) {
    Append(repaired.bytes, end->text);
  } else if (end) {
    Diagnostic gone;
    gone.where = {path, end->number, 0};
    gone.message =
        "the end record vouches for rows that are gone; run --resume asks for them and ends the log";
    repaired.dropped.push_back(std::move(gone));
  }
  repaired.changed = !repaired.dropped.empty() || (!bytes.empty() && bytes.back() != '\n');
  return repaired;
}

Result<MergedLog> MergeLogs(std::span<const LogBytes> parts, const MergeOptions& options) {
  io::Diagnostics diagnostics;
  std::vector<RunLog> logs;
  for (const LogBytes& part : parts) {
    auto log = ParseLog(part.bytes, part.path);
    if (log) {
      logs.push_back(std::move(*log));
    } else {
      diagnostics.AddAll(log.error());
    }
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  if (logs.empty()) return Fail("merge: expected at least one log, found none");

  const RunLog& first = logs.front();
  const auto request = [](const RunLog& log) {
    const auto node = json::ParseNode(log.run.request_json, {});
    return node ? json::Canonical(*node) : log.run.request_json;
  };
  MergedLog merged;
  RunRecord run = first.run;
  run.cases = first.run.shard ? first.run.suite_cases : std::nullopt;
  run.shard.reset();
  run.suite_cases.reset();
  CheckShards(logs, diagnostics);
  // Else every row of a shard that is given twice is an error of its own.
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  for (const Diagnostic& other : OtherModels(logs)) {
    if (options.any_model) {
      merged.notes.push_back(other.ToString());
    } else {
      diagnostics.Add(other.where, other.message + "; --any-model joins them all the same");
    }
  }
  std::set<std::string> hashes;
  for (const RunLog& log : logs) {
    const auto same = [&](const char* what, const std::string& a, const std::string& b) {
      if (a == b) return;
      diagnostics.Add({log.path, 1, 0}, fmt::format("{} {} is not {}, which {} has", what, io::Quoted(b),
                                                    io::Quoted(a), first.path));
    };
    same("suite", first.run.suite, log.run.suite);
    same("suite_sha256", first.run.suite_sha256.value_or(""), log.run.suite_sha256.value_or(""));
    same("target", first.run.target, log.run.target);
    same("request_model", first.run.request_model, log.run.request_model);
    same("request", request(first), request(log));
    same("repeats", std::to_string(first.run.repeats), std::to_string(log.run.repeats));
    if (!hashes.insert(log.sha256).second) diagnostics.Add({log.path, 0, 0}, "the same log is given twice");
    if (log.run.gateway != first.run.gateway) {
      merged.notes.push_back(fmt::format("{}: gateway {} where {} has {}", log.path, log.run.gateway,
                                         first.path, first.run.gateway));
    }
    if (log.torn_tail && !log.end)
      merged.notes.push_back(fmt::format("{}: the last line is cut and is left out", log.path));
    if (!log.run.started_at.empty() && (run.started_at.empty() || log.run.started_at < run.started_at)) {
      run.started_at = log.run.started_at;
    }
  }

  // Answers of several parts for the same (case, repeat) cannot both be evidence.
  std::map<std::pair<std::string_view, int>, const RunLog*> answered;
  std::set<std::string_view> ids;
  for (const RunLog& log : logs) {
    for (const CaseRecord& row : log.cases) {
      ids.insert(row.case_id);
      if (row.outcome == Outcome::kInfraError) continue;
      const auto [known, is_new] = answered.try_emplace({row.case_id, row.repeat}, &log);
      if (!is_new) {
        diagnostics.Add({log.path, 0, 0},
                        fmt::format("case {} repeat {} has an answer in {} already", io::Quoted(row.case_id),
                                    row.repeat, known->second->path));
      }
    }
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());

  merged.cases = static_cast<std::int64_t>(ids.size());
  Append(merged.bytes, RunRecordLine(run));
  // infra_error rows first: an answer from another part then supersedes them, as in a resumed run.
  std::string answers;
  EndRecord end;
  merged.finished = true;
  std::optional<double> spent;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::vector<Line> lines = LinesOf(parts[i].bytes);
    for (std::size_t k = 0; k < lines.size(); ++k) {
      const auto node = json::ParseNode(lines[k].text, {});
      const json::Node* record = node ? node->Find("record") : nullptr;
      if (record == nullptr || record->text != "case") continue;
      const json::Node* outcome = node->Find("outcome");
      const bool infra = outcome != nullptr && outcome->text == OutcomeName(Outcome::kInfraError);
      Append(infra ? merged.bytes : answers, lines[k].text);
      ++merged.rows;
    }
    const RunLog& log = logs[i];
    merged.finished = merged.finished && log.end.has_value();
    if (!log.end) continue;
    if (log.end->spent_usd) spent = spent.value_or(0) + *log.end->spent_usd;
    end.ended_at = std::max(end.ended_at, log.end->ended_at);
  }
  merged.bytes += answers;
  end.cases = merged.cases;
  end.repeats = run.repeats;
  end.spent_usd = spent;
  if (merged.finished) {
    Append(merged.bytes, EndRecordLine(end));
  } else {
    merged.notes.emplace_back("a part has no end record, so the merged log has none: it is unfinished");
  }
  return merged;
}

}  // namespace minslice::log
