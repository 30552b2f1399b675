// minslice reduce: logs of both sides become counts, counts are added up, and engines are told how to count.
#include "cli/reduce_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/common_flags.h"
#include "cli/figures.h"
#include "cli/open_log_argument.h"
#include "cli/report_files.h"
#include "cli/session.h"
#include "gate/beyond_counts.h"
#include "gate/policy_reader.h"
#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/nearest_name.h"
#include "log/log_frame.h"
#include "reduce/count_logs.h"
#include "reduce/count_sorted.h"
#include "reduce/counts_builder.h"
#include "reduce/counts_file.h"
#include "reduce/sql.h"
#include "reduce/tallies.h"

namespace minslice::cli {
namespace {

struct ReduceFlags {
  std::vector<std::string> files, incumbent, candidate, metrics, tallies;
  std::string policy, output, sql;
  std::string from = "jsonl";
  int repeats = 1;
  int threads = 1;
};

// The scores that are counted beside "pass": those asked for and those of the policy.
std::optional<std::vector<std::string>> MetricsOf(const ReduceFlags& flags, Session& session) {
  std::set<std::string> metrics(flags.metrics.begin(), flags.metrics.end());
  if (!flags.policy.empty()) {
    const Result<Policy> policy = gate::LoadPolicy(flags.policy);
    if (!policy) {
      session.Report(policy.error());
      return std::nullopt;
    }
    metrics.insert(policy->metric);
    for (const MetricPolicy& metric : policy->metrics) metrics.insert(metric.name);
    std::vector<Diagnostic> errors;
    for (const std::string& beyond : gate::BeyondCounts(*policy))
      errors.push_back({{flags.policy, 0, 0}, beyond});
    if (!errors.empty()) {
      session.Report(FailAll(std::move(errors)).value());
      return std::nullopt;
    }
  }
  metrics.erase("pass");
  return std::vector<std::string>(metrics.begin(), metrics.end());
}

// The logs of each side that hold the same shard, to be counted on their own; all logs together where they
// are no shards. nullopt: not each shard stands on both sides once.
struct Part {
  std::vector<std::string> incumbent, candidate;
};

std::optional<int> ShardKey(const std::string& path, int& of) {
  // Only the first line says it.
  const auto stream = io::PlainStream::Open(io::RealFileSystem(), path);
  if (!stream) return std::nullopt;
  io::LineSource lines(**stream, path, std::size_t{1} << 20U);
  const auto line = lines.Next();
  if (!line || !*line) return std::nullopt;
  const auto log = log::ParseLog(std::string(**line) + "\n", path);
  if (!log || !log->run.shard) return std::nullopt;
  of = log->run.shard->of;
  return log->run.shard->index;
}

std::vector<Part> PartsOf(const ReduceFlags& flags) {
  std::map<int, Part> shards;
  const Part whole{flags.incumbent, flags.candidate};
  int of = 0;
  for (const bool candidate : {false, true}) {
    for (const std::string& path : candidate ? flags.candidate : flags.incumbent) {
      int its_of = 0;
      const std::optional<int> index = ShardKey(path, its_of);
      if (!index || (of != 0 && its_of != of)) return {whole};
      of = its_of;
      Part& part = shards[*index];
      (candidate ? part.candidate : part.incumbent).push_back(path);
    }
  }
  std::vector<Part> parts;
  for (auto& [index, part] : shards) {
    if (part.incumbent.size() != 1 || part.candidate.size() != 1) return {whole};
    parts.push_back(std::move(part));
  }
  return parts;
}

// `warnings`: gets what imports have to say.
Result<CaseCounts> CountWhole(const Part& part, const std::vector<std::string>& metrics,
                              std::vector<std::string>& warnings) {
  std::vector<RunLog> sides[2];
  std::vector<Diagnostic> errors;
  for (std::size_t s = 0; s < 2; ++s) {
    for (const std::string& path : s == 0 ? part.incumbent : part.candidate) {
      Result<RunLog> log = OpenLogArgument(path, {.columns = true}, &warnings);
      if (log) {
        sides[s].push_back(*std::move(log));
      } else {
        errors.insert(errors.end(), log.error().diagnostics.begin(), log.error().diagnostics.end());
      }
    }
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  return reduce::CountLogs(sides[0], sides[1], metrics);
}

// The parts, or what is wrong with any.
Result<std::vector<CaseCounts>> AllOf(std::vector<Result<CaseCounts>> counted) {
  std::vector<CaseCounts> parts;
  std::vector<Diagnostic> errors;
  for (Result<CaseCounts>& part : counted) {
    if (part) {
      parts.push_back(*std::move(part));
    } else {
      errors.insert(errors.end(), part.error().diagnostics.begin(), part.error().diagnostics.end());
    }
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  return parts;
}

struct CountedPart {
  std::optional<Result<CaseCounts>> counts;
  std::vector<std::string> warnings;
};

// One thread's parts. The cases of sorted ones are added up in one table, not in one for each part.
class PartCounter {
 public:
  PartCounter(const std::vector<Part>& parts, const std::vector<std::string>& metrics,
              std::vector<CountedPart>& counted)
      : parts_(parts), metrics_(metrics), counted_(counted) {}

  void Count(std::size_t i) {
    const Part& part = parts_[i];
    const bool may_be_sorted = metrics_.empty() && part.incumbent.size() == 1 && part.candidate.size() == 1;
    if (may_be_sorted && together_) {
      if (CountSorted(i)) return in_table_.push_back(i);
      // The table holds half of this part, so what it held before is counted again. That happens once.
      together_ = false;
      for (const std::size_t before : std::exchange(in_table_, {})) {
        table_ = {};
        CountAlone(before, true);
      }
      table_ = {};
    }
    CountAlone(i, may_be_sorted);
  }
  // Of the parts that are counted without groups.
  reduce::CountsBuilder& table() { return table_; }

 private:
  bool CountSorted(std::size_t i) {
    auto counts = reduce::CountSorted(parts_[i].incumbent.front(), parts_[i].candidate.front(), table_);
    if (counts) counted_[i].counts = *std::move(counts);
    return counts.has_value();
  }
  void CountAlone(std::size_t i, bool may_be_sorted) {
    if (may_be_sorted && CountSorted(i)) {
      table_.MoveTo(**counted_[i].counts);
    } else {
      counted_[i].counts = CountWhole(parts_[i], metrics_, counted_[i].warnings);
    }
    table_ = {};
  }

  const std::vector<Part>& parts_;
  const std::vector<std::string>& metrics_;
  std::vector<CountedPart>& counted_;
  reduce::CountsBuilder table_;
  std::vector<std::size_t> in_table_;
  bool together_ = true;
};

// Shard by shard, `threads` at a time: memory is that of so many shards.
Result<CaseCounts> CountAll(const ReduceFlags& flags, const std::vector<std::string>& metrics,
                            Session& session) {
  const std::vector<Part> parts = PartsOf(flags);
  std::vector<CountedPart> counted(parts.size());
  std::vector<PartCounter> counters(
      static_cast<std::size_t>(std::min(flags.threads, static_cast<int>(parts.size()))),
      PartCounter(parts, metrics, counted));
  std::atomic<std::size_t> next{0};
  const auto work = [&](PartCounter& counter) {
    for (std::size_t i = next++; i < parts.size(); i = next++) {
      // A thread must not end by an exception.
      try {
        counter.Count(i);
      } catch (const std::exception& error) {
        counted[i].counts = FailInternal(parts[i].incumbent.front() + ": " + error.what());
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t t = 1; t < counters.size(); ++t) threads.emplace_back(work, std::ref(counters[t]));
  work(counters.front());
  for (std::thread& thread : threads) thread.join();

  std::vector<Result<CaseCounts>> results;
  for (CountedPart& part : counted) {
    for (const std::string& text : part.warnings) session.Note(text);
    results.push_back(*std::move(part.counts));
  }
  Result<std::vector<CaseCounts>> all = AllOf(std::move(results));
  if (!all) return tl::unexpected(all.error());
  reduce::CountsBuilder& table = counters.front().table();
  for (std::size_t t = 1; t < counters.size(); ++t) {
    CaseCounts more;
    counters[t].table().MoveTo(more);
    table.Add(more);
  }
  if (all->size() == 1) {
    if (all->front().groups.empty()) table.MoveTo(all->front());
    return std::move(all->front());
  }
  for (const CaseCounts& part : *all) table.Add(part);
  return reduce::AddCounts(*all, std::move(table));
}

Result<CaseCounts> AddFiles(const ReduceFlags& flags) {
  std::vector<Result<CaseCounts>> read;
  for (const std::string& path : flags.files) read.push_back(reduce::ReadCounts(path));
  Result<std::vector<CaseCounts>> parts = AllOf(std::move(read));
  if (!parts) return tl::unexpected(parts.error());
  if (parts->size() == 1) return std::move(parts->front());
  return reduce::AddCounts(*parts);
}

Result<CaseCounts> CountRows(const ReduceFlags& flags, const std::vector<std::string>& metrics) {
  std::vector<Diagnostic> errors;
  std::vector<reduce::TallyFile> files;
  for (const std::string& path : flags.tallies) {
    Result<std::string> text = io::RealFileSystem().ReadFile(path);
    if (text) {
      files.push_back({path, *std::move(text)});
    } else {
      errors.insert(errors.end(), text.error().diagnostics.begin(), text.error().diagnostics.end());
    }
  }
  std::vector<RunLog> sides[2];
  for (std::size_t s = 0; s < 2; ++s) {
    for (const std::string& path : s == 0 ? flags.incumbent : flags.candidate) {
      Result<RunLog> log = log::ReadFrame(path);
      if (log) {
        sides[s].push_back(*std::move(log));
      } else {
        errors.insert(errors.end(), log.error().diagnostics.begin(), log.error().diagnostics.end());
      }
    }
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  return reduce::CountTallies(files, sides[0], sides[1], metrics);
}

void PrintQuery(const ReduceFlags& flags, const std::vector<std::string>& metrics, Session& session) {
  reduce::SqlOptions options;
  options.engine = flags.sql == "duckdb"     ? reduce::Engine::kDuckDb
                   : flags.sql == "postgres" ? reduce::Engine::kPostgres
                                             : reduce::Engine::kSpark;
  options.source = flags.from == "jsonl"     ? reduce::Source::kJsonl
                   : flags.from == "parquet" ? reduce::Source::kParquet
                                             : reduce::Source::kTable;
  options.incumbent = flags.incumbent;
  options.candidate = flags.candidate;
  std::vector<Diagnostic> errors;
  for (std::vector<std::string>* paths : {&options.incumbent, &options.candidate}) {
    for (std::string& path : *paths) {
      // What is no file here is a pattern, or lies where the engine will find it.
      if (options.source == reduce::Source::kTable || !io::RealFileSystem().Exists(path)) continue;
      if (std::optional<std::string> name = reduce::NameOfOneFile(path, options.engine)) {
        path = *std::move(name);
      } else {
        errors.push_back(
            {{path, 0, 0},
             fmt::format("{} would take the name of this file for a pattern of names: rename it, "
                         "or load it into a table (--from table)",
                         flags.sql == "spark" ? "Spark" : "DuckDB")});
      }
    }
  }
  if (!errors.empty()) return session.Report(FailAll(std::move(errors)).value());
  options.repeats = flags.repeats;
  options.metrics = metrics;
  session.out << reduce::CountingQuery(options);
}

// What is asked for, once; else what is wrong with it.
std::string Misuse(const ReduceFlags& flags) {
  const bool sides = !flags.incumbent.empty() && !flags.candidate.empty();
  if (!flags.files.empty()) {
    if (!flags.incumbent.empty() || !flags.candidate.empty() || !flags.sql.empty() || !flags.tallies.empty())
      return "COUNTS are added up by themselves; logs are given by --incumbent and --candidate";
  } else if (!sides) {
    return "reduce needs the logs of both sides (--incumbent LOG... --candidate LOG...), or COUNTS to add up";
  }
  if (flags.sql.empty() && flags.output.empty()) return "-o COUNTS is required";
  if (flags.sql.empty() && flags.from != "jsonl") return "--from is for --sql";
  if (flags.sql == "postgres" && flags.from == "parquet")
    return "PostgreSQL reads no Parquet; load it into a table";
  return "";
}

void RunReduce(const ReduceFlags& flags, Session& session) {
  if (const std::string wrong = Misuse(flags); !wrong.empty())
    return session.Report(Failure{Failure::Kind::kInput, {{{}, wrong}}});
  const std::optional<std::vector<std::string>> metrics = MetricsOf(flags, session);
  if (!metrics) return;
  if (!flags.sql.empty()) return PrintQuery(flags, *metrics, session);
  std::vector<std::string> inputs = flags.files;
  for (const auto* more : {&flags.incumbent, &flags.candidate, &flags.tallies})
    inputs.insert(inputs.end(), more->begin(), more->end());
  const std::vector<std::string> outputs = {flags.output};
  if (!OutputsAreNoInputs(outputs, inputs, session)) return;
  Result<CaseCounts> counts = !flags.files.empty()     ? AddFiles(flags)
                              : !flags.tallies.empty() ? CountRows(flags, *metrics)
                                                       : CountAll(flags, *metrics, session);
  if (!counts) return session.Report(counts.error());
  const std::string text = reduce::CountsText(*counts);
  if (const auto written = io::RealFileSystem().WriteFile(flags.output, text); !written)
    return session.Report(written.error());
  session.Note(fmt::format("{}: {} cases in {} groups, {} and {} rows of {} logs, SHA-256 {:.12}",
                           flags.output, CountText(counts->n_cases()),
                           CountText(static_cast<std::int64_t>(counts->groups.size())),
                           CountText(counts->sides[0].n_rows()), CountText(counts->sides[1].n_rows()),
                           counts->logs.size(), counts->sha256));
}

}  // namespace

void AddReduceCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ReduceFlags>();
  CLI::App* command =
      app.add_subcommand("reduce", "logs to sufficient statistics that add up; counts to their sum");
  command->add_option("COUNTS", flags->files, "counts of parts of one comparison, to be added up");
  command
      ->add_option("--incumbent", flags->incumbent,
                   "logs of the model in service; several: repeats or shards")
      ->type_name("LOG");
  command->add_option("--candidate", flags->candidate, "logs of the model that would replace it")
      ->type_name("LOG");
  command->add_option("-o,--output", flags->output, "the counts to write")->type_name("COUNTS");
  command->add_option("--metric", flags->metrics, "count this score too, in billionths; several")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command
      ->add_option("--policy", flags->policy,
                   "count the scores that this policy takes, and refuse what counts cannot answer of it")
      ->type_name("POLICY");
  command->add_option("--threads", flags->threads, "shards counted at a time [1]")
      ->check(Between(1, 1024))
      ->type_name("N");
  command->add_option("--sql", flags->sql, "print the query that counts the same in this engine")
      ->check(CLI::IsMember({"duckdb", "postgres", "spark"}))
      ->type_name("ENGINE");
  command
      ->add_option("--from", flags->from,
                   "what the query reads: logs as they are, Parquet, or tables [jsonl]")
      ->check(CLI::IsMember({"jsonl", "parquet", "table"}))
      ->type_name("SOURCE");
  command->add_option("--repeats", flags->repeats, "rows of a case that the query takes [1]")
      ->check(Between(1, 1000))
      ->type_name("K");
  command->add_option("--tallies", flags->tallies, "the query's rows as JSON lines, to be made into counts")
      ->type_name("FILE");
  command->footer(
      "Examples:\n"
      "  minslice reduce --incumbent incumbent.jsonl --candidate candidate.jsonl \\\n"
      "    -o counts\n"
      "  minslice reduce part-1 part-2 -o counts\n"
      "  minslice gate gates/default.yaml --counts counts\n"
      "  minslice reduce --sql duckdb --incumbent incumbent.jsonl \\\n"
      "    --candidate candidate.jsonl\n\n"
      "The counts of parts add up to the counts of the whole, in any order, and a verdict on\n"
      "counts has the figures of a verdict on the logs, to the bit.");
  command->callback([flags, &session] { RunReduce(*flags, session); });
}

}  // namespace minslice::cli
