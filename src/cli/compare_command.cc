// minslice compare: the statistics of two sides without a policy, from two logs or from four counts.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/compare_analysis.h"
#include "cli/compare_logs.h"
#include "cli/compare_render.h"
#include "cli/counts_argument.h"
#include "cli/figures.h"
#include "cli/open_log_argument.h"
#include "cli/session.h"
#include "io/nearest_name.h"
#include "reduce/counts_file.h"

namespace minslice::cli {
namespace {

constexpr const char* kOrder =
    "BOTH,INC_ONLY,CAND_ONLY,NEITHER (both pass, only the incumbent passes, only the candidate passes, both "
    "fail)";
constexpr std::int64_t kLargestCount = 1'000'000'000;

struct CompareFlags {
  std::string incumbent, candidate;
  std::string table;
  std::string by;
  std::string metric = "pass";
  std::string methods = "default";
  std::string format = "text";
  double level = 0.95;
  double margin = -1;
  std::uint64_t seed = 0;
  std::int64_t replicates = 10000;
};

Result<stats::PairedCounts> ParseTable(const std::string& text) {
  const std::vector<std::string> parts = SplitCommas(text);
  const auto wrong = [&](const std::string& what) {
    return Fail(fmt::format("--table: {}; expected four counts in this order: {}", what, kOrder));
  };
  if (parts.size() != 4)
    return wrong(fmt::format("found {} in \"{}\"",
                             parts.size() == 1 ? "1 value" : fmt::format("{} values", parts.size()), text));
  std::int64_t counts[4] = {};
  for (std::size_t i = 0; i < 4; ++i) {
    std::string_view part = parts[i];
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), counts[i]);
    if (error != std::errc() || end != part.data() + part.size())
      return wrong(fmt::format("{} is not a whole number", io::Quoted(parts[i])));
    if (counts[i] < 0) return wrong(fmt::format("{} is negative", counts[i]));
    if (counts[i] > kLargestCount)
      return wrong(fmt::format("{} is above {}", counts[i], CountText(kLargestCount)));
  }
  const stats::PairedCounts table{
      .both = counts[0], .incumbent_only = counts[1], .candidate_only = counts[2], .neither = counts[3]};
  if (table.n() == 0) return wrong("all four counts are 0, so there are no pairs");
  return table;
}

// Flags that CLI11 cannot check alone; all errors at once.
std::vector<Diagnostic> CheckFlags(const CompareFlags& flags, const CompareOptions& options) {
  std::vector<Diagnostic> errors = CheckCompareOptions(options);
  const bool has_logs = !flags.incumbent.empty() || !flags.candidate.empty();
  if (!flags.table.empty() && has_logs)
    errors.push_back({{}, "compare takes either two logs or --table, not both"});
  const bool counts =
      !flags.incumbent.empty() && flags.candidate.empty() && reduce::IsCountsFile(flags.incumbent);
  if (flags.table.empty() && !counts && (flags.incumbent.empty() || flags.candidate.empty())) {
    errors.push_back(
        {{},
         fmt::format("compare needs two logs, INCUMBENT and CANDIDATE, the counts of both, or --table {}",
                     kOrder)});
  }
  if (!flags.table.empty() && !flags.by.empty())
    errors.push_back({{}, "--by needs logs: four counts have no slices"});
  return errors;
}

Result<CompareDocument> FromLogs(const CompareFlags& flags, const CompareOptions& options, Session& session) {
  const std::vector<std::string> by = flags.by.empty() ? std::vector<std::string>() : SplitCommas(flags.by);
  const auto counts =
      CountsOf({flags.incumbent}, flags.candidate.empty() ? std::vector<std::string>()
                                                          : std::vector<std::string>{flags.candidate});
  if (!counts) return tl::unexpected(counts.error());
  if (*counts) {
    const Result<CountedSides> sides = OpenCounts(**counts);
    if (!sides) return tl::unexpected(sides.error());
    return CompareLogs(sides->incumbent, sides->candidate, flags.metric, by, options);
  }
  const auto logs = OpenTwo(flags.incumbent, flags.candidate, {.columns = true}, session);
  if (!logs) return tl::unexpected(logs.error());
  return CompareLogs(logs->incumbent, logs->candidate, flags.metric, by, options);
}

void RunCompare(const CompareFlags& flags, bool has_margin, Session& session) {
  CompareOptions options{
      .level = flags.level, .margin = std::nullopt, .seed = flags.seed, .replicates = flags.replicates};
  if (has_margin) options.margin = flags.margin;
  const std::vector<Diagnostic> errors = CheckFlags(flags, options);
  if (!errors.empty()) return session.Report(FailAll(errors).value());
  CompareDocument document;
  if (flags.table.empty()) {
    Result<CompareDocument> read = FromLogs(flags, options, session);
    if (!read) return session.Report(read.error());
    document = *std::move(read);
  } else {
    const Result<stats::PairedCounts> counts = ParseTable(flags.table);
    if (!counts) return session.Report(counts.error());
    document.figures = Compare(*counts, options);
  }
  const bool all = flags.methods == "all";
  if (flags.format == "json") {
    session.out << CompareJson(document);
  } else if (flags.format == "markdown") {
    session.out << CompareMarkdown(document, all);
  } else if (flags.format == "csv") {
    session.out << CompareCsv(document);
  } else {
    session.out << CompareText(document, all);
  }
}

}  // namespace

void AddCompareCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* command = app.add_subcommand("compare", "the statistics of two sides, without a policy");
  command->add_option("incumbent", flags->incumbent, "the incumbent's log; alone: counts of both sides")
      ->type_name("INCUMBENT");
  command->add_option("candidate", flags->candidate, "the candidate's log")->type_name("CANDIDATE");
  command
      ->add_option("--table", flags->table,
                   "four counts instead of logs: both pass, incumbent only, candidate only, neither")
      ->type_name("BOTH,INC_ONLY,CAND_ONLY,NEITHER");
  command->add_option("--by", flags->by, "slices of these dimensions under the aggregate")
      ->type_name("DIM,DIM");
  command->add_option("--metric", flags->metric, "score to compare")->type_name("NAME");
  command->add_option("--methods", flags->methods, "default, or all: every interval and test side by side")
      ->check(CLI::IsMember({"default", "all"}))
      ->type_name("WHICH");
  CLI::Option* margin =
      command
          ->add_option("--margin", flags->margin, "also test: worse by less than this (0.02 is two points)")
          ->type_name("M");
  command->add_option("--level", flags->level, "confidence level; alpha is 1 - level [0.95]")->type_name("L");
  AddSeedFlag(*command, flags->seed);
  command->add_option("--replicates", flags->replicates, "of the bootstrap [10000]")->type_name("B");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "The four counts of --table, in order: cases that BOTH sides pass, that only the INCumbent passes\n"
      "(the candidate broke them), that only the CANDidate passes (it fixed them), that NEITHER passes.\n"
      "\nExamples:\n"
      "  minslice compare incumbent.jsonl candidate.jsonl --by flow\n"
      "  minslice compare --table 550,49,67,174 --margin 0.02\n"
      "  minslice compare promptfoo:out.jsonl#provider=mock-a \\\n"
      "    promptfoo:out.jsonl#provider=mock-b\n\n"
      "A log may be another tool's file, as FORMAT:FILE#flag=value with the flags of import.");
  command->callback([flags, margin, &session] { RunCompare(*flags, margin->count() > 0, session); });
}

}  // namespace minslice::cli
