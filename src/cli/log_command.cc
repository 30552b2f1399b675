// minslice log: the evidence itself. Verifies logs, lists what is in them, repairs and merges them. No
// command here changes a log: repair and merge write new ones.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/nearest_name.h"
#include "json/canonical.h"
#include "log/done_file.h"
#include "log/log_files.h"
#include "log/log_reader.h"
#include "log/log_writer.h"
#include "minslice/stats/proportion.h"
#include "report/escape.h"
#include "report/format.h"

namespace minslice::cli {
namespace {

struct LogFlags {
  std::vector<std::string> logs;
  std::string format = "text";
  std::string output;
  bool any_model = false;
};

constexpr std::array<Outcome, 4> kOutcomes = {Outcome::kPass, Outcome::kFail, Outcome::kModelError,
                                              Outcome::kInfraError};

using Counts = std::array<std::int64_t, 4>;

void Count(const CaseRecord& row, Counts& counts) { ++counts[static_cast<std::size_t>(row.outcome)]; }

std::int64_t Size(std::size_t n) { return static_cast<std::int64_t>(n); }

std::string SomeIds(const std::vector<std::string>& ids) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(ids.size(), 5); ++i) {
    if (i > 0) text += ", ";
    text += ids[i];
  }
  if (ids.size() > 5) text += fmt::format(" and {} more", report::Count(Size(ids.size()) - 5));
  return text;
}

struct LogFacts {
  std::int64_t cases = 0;  // distinct ids
  int max_repeat = 0;
  std::vector<std::string> duplicates;     // "id repeat r", one for each (case, repeat) with several rows
  std::vector<std::string> incomplete;     // ids that lack a row for some repeat of the run
  std::vector<std::string> mixed_prompts;  // ids whose rows carry different prompts
};

LogFacts Inspect(const RunLog& log) {
  LogFacts facts;
  std::map<std::string_view, std::map<int, int>> rows_of_case;
  std::map<std::string_view, std::set<std::string_view>> prompts;
  for (const CaseRecord& row : log.cases) {
    ++rows_of_case[row.case_id][row.repeat];
    facts.max_repeat = std::max(facts.max_repeat, row.repeat);
    if (row.prompt_sha256) prompts[row.case_id].insert(*row.prompt_sha256);
  }
  facts.cases = Size(rows_of_case.size());
  for (const auto& [id, repeats] : rows_of_case) {
    for (const auto& [repeat, n] : repeats) {
      if (n > 1) facts.duplicates.push_back(fmt::format("{} repeat {}", id, repeat));
    }
    if (static_cast<int>(repeats.size()) < log.run.repeats) facts.incomplete.emplace_back(id);
  }
  for (const auto& [id, hashes] : prompts) {
    if (hashes.size() > 1) facts.mixed_prompts.emplace_back(id);
  }
  return facts;
}

// What keeps a log from being evidence, each a sentence.
std::vector<std::string> Defects(const RunLog& log, const LogFacts& facts) {
  std::vector<std::string> defects;
  if (log.torn_tail && !log.end) {
    defects.emplace_back(
        "the last line is cut: the writer was stopped in the middle of it; run --resume cuts it off and goes "
        "on");
  } else if (!log.end) {
    defects.emplace_back("there is no end record: the run was stopped; run --resume completes it");
  }
  if (!facts.duplicates.empty()) {
    defects.push_back(fmt::format("{} with more than one row: {}",
                                  facts.duplicates.size() == 1 ? "a case" : "cases",
                                  SomeIds(facts.duplicates)));
  }
  if (!facts.mixed_prompts.empty()) {
    defects.push_back(
        fmt::format("rows of one case carry different prompts: {}", SomeIds(facts.mixed_prompts)));
  }
  if (log.end && log.end->cases != facts.cases) {
    defects.push_back(fmt::format("the end record counts {} cases, the log holds {}",
                                  report::Count(log.end->cases), report::Count(facts.cases)));
  }
  if (facts.max_repeat > log.run.repeats) {
    defects.push_back(fmt::format("there is a row of repeat {}, the run record says {} in all",
                                  facts.max_repeat, log.run.repeats));
  }
  if (log.end && !facts.incomplete.empty()) {
    defects.push_back(fmt::format("{} without a row for each of the {} repeats: {}",
                                  facts.incomplete.size() == 1 ? "a case" : "cases", log.run.repeats,
                                  SomeIds(facts.incomplete)));
  }
  return defects;
}

void AddIdentity(const RunLog& log, Listing& listing) {
  listing.Add("log", "log", log.path);
  listing.Add("sha256", "sha256", log.sha256);
  listing.Add("suite", "suite", log.run.suite);
  listing.Add("suite_sha256", "suite digest",
              log.run.suite_sha256 ? json::Value(*log.run.suite_sha256) : json::Value());
  listing.Add("target", "target", log.run.target);
  listing.Add("request_model", "model asked for", log.run.request_model);
  std::map<std::string, std::int64_t> models;
  for (const CaseRecord& row : log.cases) {
    if (row.response_model) ++models[*row.response_model];
  }
  json::Value object = json::Value::object();
  std::string text;
  for (const auto& [model, n] : models) {
    object[model] = n;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} ({} rows)", model, report::Count(n));
  }
  listing.Add("response_models", models.empty() ? "" : "model that answered", std::move(object), text);
}

void AddOutcomes(const RunLog& log, const LogFacts& facts, Listing& listing) {
  Counts counts{};
  for (const CaseRecord& row : log.cases) Count(row, counts);
  listing.Add("rows", "rows", Size(log.cases.size()));
  listing.Add("cases", "cases", facts.cases);
  listing.Add("repeats", "repeats", log.run.repeats);
  json::Value outcomes = json::Value::object();
  std::string text;
  for (const Outcome outcome : kOutcomes) {
    const std::int64_t n = counts[static_cast<std::size_t>(outcome)];
    outcomes[OutcomeName(outcome)] = n;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", OutcomeName(outcome), report::Count(n));
  }
  listing.Add("outcomes", "outcomes", std::move(outcomes), text);
  listing.Add("superseded", log.superseded == 0 ? "" : "asked again", log.superseded,
              fmt::format("{} infra_error rows that a later row replaced", report::Count(log.superseded)));
}

// Reads every log; all errors of all logs at once.
std::optional<std::vector<RunLog>> ReadAll(const std::vector<std::string>& paths, Session& session) {
  std::vector<RunLog> logs;
  std::vector<Diagnostic> errors;
  for (const std::string& path : paths) {
    Result<RunLog> log = log::ReadLog(path);
    if (log) {
      logs.push_back(std::move(*log));
    } else {
      errors.insert(errors.end(), log.error().diagnostics.begin(), log.error().diagnostics.end());
    }
  }
  if (errors.empty()) return logs;
  session.Report(Failure{Failure::Kind::kInput, std::move(errors)});
  return std::nullopt;
}

void Verify(const LogFlags& flags, Session& session) {
  std::vector<Listing> listings;
  bool all_whole = true;
  for (const std::string& path : flags.logs) {
    const Result<RunLog> log = log::ReadLog(path);
    if (!log) {
      session.Report(log.error());
      all_whole = false;
      continue;
    }
    const LogFacts facts = Inspect(*log);
    const std::vector<std::string> defects = Defects(*log, facts);
    Listing listing;
    listing.Add("whole", "verdict", defects.empty(), defects.empty() ? "whole" : "NOT WHOLE");
    AddIdentity(*log, listing);
    AddOutcomes(*log, facts, listing);
    listing.Add("finished", "finished", log->end.has_value(),
                log->end ? fmt::format("yes, {}", log->end->ended_at) : "no");
    listing.Add("torn_tail", "torn last line", log->torn_tail);
    listing.Add("duplicates", "duplicate rows", Size(facts.duplicates.size()));
    listing.Add("defects", "", defects);
    listing.notes = defects;
    all_whole = all_whole && defects.empty();
    listings.push_back(std::move(listing));
  }
  if (!listings.empty()) Write(listings, flags.format, session.out);
  session.exit_code = all_whole ? kExitOk : kExitUsage;
}

double Quantile(const std::vector<double>& sorted, double q) {
  // The smallest value with at least that share at or below it: an observed latency, never a made-up one.
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

Listing StatsOf(const RunLog& log) {
  const LogFacts facts = Inspect(log);
  Listing listing;
  AddIdentity(log, listing);
  AddOutcomes(log, facts, listing);
  std::int64_t input = 0, output = 0, retried = 0;
  long double cost_sum = 0;
  std::size_t with_tokens = 0, with_cost = 0;
  std::vector<double> latencies;
  std::map<std::string, std::int64_t> errors;
  for (const CaseRecord& row : log.cases) {
    if (row.input_tokens || row.output_tokens) ++with_tokens;
    input += row.input_tokens.value_or(0);
    output += row.output_tokens.value_or(0);
    if (row.cost_usd) {
      cost_sum += *row.cost_usd;
      ++with_cost;
    }
    if (row.latency_ms) latencies.push_back(*row.latency_ms);
    if (row.attempts > 1) ++retried;
    if (row.error) ++errors[*row.error];
  }
  if (with_tokens > 0) {
    listing.Add("input_tokens", "tokens", input,
                fmt::format("{} in, {} out, over {} rows", report::Count(input), report::Count(output),
                            report::Count(Size(with_tokens))));
    listing.Add("output_tokens", "", output);
  }
  const auto cost = static_cast<double>(cost_sum);
  if (with_cost > 0) {
    listing.Add("cost_usd", "cost", cost,
                fmt::format("{:.4f} USD over {} rows", cost, report::Count(Size(with_cost))));
  }
  if (!latencies.empty()) {
    std::sort(latencies.begin(), latencies.end());
    listing.Add("latency_rows", "", Size(latencies.size()));
    for (const auto& [key, q] : {std::pair("latency_p50_ms", .5), std::pair("latency_p95_ms", .95),
                                 std::pair("latency_p99_ms", .99)}) {
      listing.Add(key, "", Quantile(latencies, q));
    }
    listing.Add("latency_max_ms", "latency", latencies.back(),
                fmt::format("p50 {:.0f} ms, p95 {:.0f} ms, p99 {:.0f} ms, max {:.0f} ms over {} rows",
                            Quantile(latencies, .5), Quantile(latencies, .95), Quantile(latencies, .99),
                            latencies.back(), report::Count(Size(latencies.size()))));
  }
  listing.Add("rows_with_retries", retried == 0 ? "" : "retried", retried,
              fmt::format("{} rows", report::Count(retried)));

  // Rates by repeat: repeats of one case are not independent, so they are never pooled into one rate.
  ListingTable repeats{
      "by_repeat",
      {"repeat", "pass", "fail", "model_error", "infra_error", "pass_rate", "ci_low", "ci_high"},
      {}};
  std::map<int, Counts> by_repeat;
  for (const CaseRecord& row : log.cases) Count(row, by_repeat[row.repeat]);
  for (const auto& [repeat, counts] : by_repeat) {
    const std::int64_t n = counts[0] + counts[1] + counts[2];
    const auto interval = stats::WilsonInterval(counts[0], n, 0.95);
    std::vector<json::Value> cells = {repeat, counts[0], counts[1], counts[2], counts[3]};
    for (const double value :
         {interval ? interval->value : 0, interval ? interval->lower : 0, interval ? interval->upper : 0}) {
      cells.push_back(interval ? json::Value(std::round(value * 10000) / 10000) : json::Value());
    }
    repeats.rows.push_back(std::move(cells));
  }
  listing.tables.push_back(std::move(repeats));

  ListingTable segments{
      "segments", {"dimension", "value", "rows", "pass", "fail", "model_error", "infra_error"}, {}};
  std::map<std::pair<std::string, std::string>, Counts> by_segment;
  for (const CaseRecord& row : log.cases) {
    for (const Segment& segment : row.segments) Count(row, by_segment[{segment.dimension, segment.value}]);
  }
  for (const auto& [segment, counts] : by_segment) {
    segments.rows.push_back({segment.first, segment.second, counts[0] + counts[1] + counts[2] + counts[3],
                             counts[0], counts[1], counts[2], counts[3]});
  }
  listing.tables.push_back(std::move(segments));

  std::vector<std::pair<std::int64_t, std::string>> ranked;
  ranked.reserve(errors.size());
  for (const auto& [text, n] : errors) ranked.emplace_back(-n, text);
  std::sort(ranked.begin(), ranked.end());
  ListingTable causes{"errors", {"rows", "error"}, {}};
  for (std::size_t i = 0; i < std::min<std::size_t>(ranked.size(), 10); ++i) {
    causes.rows.push_back({-ranked[i].first, ranked[i].second});
  }
  if (ranked.size() > 10)
    listing.notes.push_back(fmt::format("{} more kinds of errors", report::Count(Size(ranked.size()) - 10)));
  listing.tables.push_back(std::move(causes));
  listing.notes.emplace_back(
      "pass_rate counts model_error as not passed and leaves infra_error out; ci_low and ci_high: 95 % by "
      "Wilson");
  return listing;
}

void Stats(const LogFlags& flags, Session& session) {
  const auto logs = ReadAll(flags.logs, session);
  if (!logs) return;
  std::vector<Listing> listings;
  for (const RunLog& log : *logs) listings.push_back(StatsOf(log));
  Write(listings, flags.format, session.out);
}

// A new log for repair and merge, compressed where its name ends in .zst; what exists is evidence and stays.
Result<void> WriteNew(const std::string& path, const std::string& bytes) {
  if (io::RealFileSystem().Exists(path)) return FailAt({path, 0, 0}, "exists already; nothing was written");
  return io::RealFileSystem().WriteFile(path, io::NamesZstd(path) ? io::CompressZstd(bytes) : bytes);
}

void Repair(const LogFlags& flags, Session& session) {
  const std::string& path = flags.logs.front();
  bool cut = false;
  auto bytes = io::ReadPlain(io::RealFileSystem(), path, {.cut = &cut});
  if (!bytes) return session.Report(bytes.error());
  if (cut) *bytes += '{';  // what a frame that was cut would have gone on with is a torn line
  const auto repaired = log::RepairLog(*bytes, path);
  if (!repaired) return session.Report(repaired.error());
  if (!repaired->changed) {
    session.out << report::EscapeTerminal(path)
                << ": every line is readable, nothing to repair; nothing was written\n";
    return;
  }
  if (const auto written = WriteNew(flags.output, repaired->bytes); !written)
    return session.Report(written.error());
  for (const Diagnostic& diagnostic : repaired->dropped)
    session.err << "minslice: dropped: " << report::EscapeTerminal(diagnostic.ToString()) << '\n';
  session.out << fmt::format("{}: {} rows kept; lines of {} that are not in it: {}\n",
                             report::EscapeTerminal(flags.output), report::Count(repaired->rows),
                             report::EscapeTerminal(path), report::Count(Size(repaired->dropped.size())));
}

void Merge(const LogFlags& flags, Session& session) {
  std::vector<log::LogBytes> parts;
  std::vector<Diagnostic> errors;
  for (const std::string& path : flags.logs) {
    auto bytes = io::ReadPlain(io::RealFileSystem(), path);
    const Result<void> done = bytes ? log::CheckDoneBeside(path) : tl::unexpected(bytes.error());
    if (done) {
      parts.push_back({path, std::move(*bytes)});
    } else {
      errors.insert(errors.end(), done.error().diagnostics.begin(), done.error().diagnostics.end());
    }
  }
  if (!errors.empty()) return session.Report(Failure{Failure::Kind::kInput, std::move(errors)});
  const auto merged = log::MergeLogs(parts, {.any_model = flags.any_model});
  if (!merged) return session.Report(merged.error());
  if (const auto written = WriteNew(flags.output, merged->bytes); !written)
    return session.Report(written.error());
  for (const std::string& note : merged->notes)
    session.Note(fmt::format("note: {}", report::EscapeTerminal(note)));
  session.out << fmt::format("{}: {} rows of {} cases from {} log{}, {}\n",
                             report::EscapeTerminal(flags.output), report::Count(merged->rows),
                             report::Count(merged->cases), parts.size(), parts.size() == 1 ? "" : "s",
                             merged->finished ? "finished" : "unfinished");
}

}  // namespace

void AddLogCommand(CLI::App& app, Session& session) {
  CLI::App* log = app.add_subcommand("log", "the evidence itself: verify, list, repair and merge logs");
  log->require_subcommand(1);
  log->footer(
      "Example:\n  minslice log verify candidate.jsonl\n  minslice log stats candidate.jsonl --format json");

  const auto verify_flags = std::make_shared<LogFlags>();
  CLI::App* verify = log->add_subcommand("verify", "is a log whole? exit 0 if every log is, 2 if one is not");
  verify->add_option("LOG", verify_flags->logs, "log.jsonl")->required();
  AddFormatFlag(*verify, verify_flags->format);
  verify->footer(
      "Whole: every line readable, an end record as the last one, no case with two rows, one prompt for each "
      "case,\n"
      "as many cases as the end record counts, a row for every repeat.\n\n"
      "Example:\n  minslice log verify incumbent.jsonl candidate.jsonl");
  verify->callback([verify_flags, &session] { Verify(*verify_flags, session); });

  const auto stats_flags = std::make_shared<LogFlags>();
  CLI::App* stats =
      log->add_subcommand("stats", "outcomes by repeat and segment, models, tokens, cost, latency, errors");
  stats->add_option("LOG", stats_flags->logs, "log.jsonl")->required();
  AddFormatFlag(*stats, stats_flags->format);
  stats->footer(
      "Example:\n  minslice log stats candidate.jsonl\n  minslice log stats incumbent.jsonl candidate.jsonl "
      "--format json");
  stats->callback([stats_flags, &session] { Stats(*stats_flags, session); });

  const auto repair_flags = std::make_shared<LogFlags>();
  CLI::App* repair =
      log->add_subcommand("repair", "write a new log of the lines that are readable; the old one stays");
  repair->add_option("LOG", repair_flags->logs, "log.jsonl")->required()->expected(1);
  repair->add_option("-o,--output", repair_flags->output, "the new log; must not exist")->required();
  repair->footer(
      "Every line that is left out is named. Where one is, the end record is left out too, so that run "
      "--resume asks for\n"
      "what is gone.\n\nExample:\n  minslice log repair damaged.jsonl -o repaired.jsonl");
  repair->callback([repair_flags, &session] { Repair(*repair_flags, session); });

  const auto merge_flags = std::make_shared<LogFlags>();
  CLI::App* merge = log->add_subcommand("merge", "join the shards of one run into a new log");
  merge->add_option("LOG", merge_flags->logs, "log.jsonl of each shard")->required();
  merge->add_option("-o,--output", merge_flags->output, "the new log; must not exist")->required();
  merge->add_flag(
      "--any-model", merge_flags->any_model,
      "join logs that were answered by different models, with a note; the gate's drift rules decide");
  merge->footer(
      "Suite, target, model asked for, models that answered, request settings and repeats must agree, and no "
      "case may\nhave an answer in two of the logs. Shards are joined all of them or none.\n\n"
      "Example:\n  minslice log merge shard-1.jsonl shard-2.jsonl -o merged.jsonl");
  merge->callback([merge_flags, &session] { Merge(*merge_flags, session); });
}

}  // namespace minslice::cli
