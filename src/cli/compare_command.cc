// minslice compare: the statistics of two sides without a policy, from two logs or from four counts.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/compare_analysis.h"
#include "cli/compare_render.h"
#include "cli/figures.h"
#include "cli/open_log_argument.h"
#include "cli/session.h"
#include "io/nearest_name.h"
#include "pair/pair.h"

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
std::vector<Diagnostic> CheckFlags(const CompareFlags& flags, bool has_margin) {
  std::vector<Diagnostic> errors;
  if (!(flags.level > 0 && flags.level < 1))
    errors.push_back(
        {{}, fmt::format("--level: expected a fraction between 0 and 1, found {:g}", flags.level)});
  if (has_margin && !(flags.margin > 0 && flags.margin < 1)) {
    errors.push_back(
        {{},
         fmt::format("--margin: expected a fraction between 0 and 1 (0.02 is two points), found {:g}",
                     flags.margin)});
  }
  if (flags.replicates < 100 || flags.replicates > 100'000'000) {
    errors.push_back(
        {{}, fmt::format("--replicates: expected 100 to 100,000,000, found {}", flags.replicates)});
  }
  const bool has_logs = !flags.incumbent.empty() || !flags.candidate.empty();
  if (!flags.table.empty() && has_logs)
    errors.push_back({{}, "compare takes either two logs or --table, not both"});
  if (flags.table.empty() && (flags.incumbent.empty() || flags.candidate.empty())) {
    errors.push_back(
        {{}, fmt::format("compare needs two logs, INCUMBENT and CANDIDATE, or --table {}", kOrder)});
  }
  if (!flags.table.empty() && !flags.by.empty())
    errors.push_back({{}, "--by needs logs: four counts have no slices"});
  return errors;
}

std::string Ids(const std::vector<std::string>& ids) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(ids.size(), 3); ++i)
    text += (i == 0 ? "" : ", ") + ids[i];
  return ids.size() > 3 ? text + ", ..." : text;
}

void AddUnpaired(const pair::Unpaired& unpaired, std::vector<std::string>& notes) {
  const auto add = [&](const std::vector<std::string>& ids, const char* what) {
    if (!ids.empty())
      notes.push_back(fmt::format("left out: {} {} {} ({})", CountText(static_cast<std::int64_t>(ids.size())),
                                  ids.size() == 1 ? "case" : "cases", what, Ids(ids)));
  };
  add(unpaired.incumbent_only, "that only the incumbent's log has");
  add(unpaired.candidate_only, "that only the candidate's log has");
  add(unpaired.incumbent_infra, "where the incumbent had only infra errors");
  add(unpaired.candidate_infra, "where the candidate had only infra errors");
}

Result<std::vector<std::size_t>> FindDimensions(const PairedTable& table, const std::string& by) {
  std::vector<std::size_t> found;
  if (by.empty()) return found;
  std::vector<std::string> names;
  names.reserve(table.dimensions.size());
  for (const Dimension& dimension : table.dimensions) names.push_back(dimension.name);
  std::vector<Diagnostic> errors;
  for (const std::string& name : SplitCommas(by)) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      errors.push_back({{},
                        fmt::format("--by: the logs have no dimension {}{}", io::Quoted(name),
                                    io::DidYouMean(name, names))});
    } else {
      found.push_back(static_cast<std::size_t>(at - names.begin()));
    }
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  return found;
}

std::string NameOf(const RunLog& log) {
  if (!log.run.request_model.empty()) return log.run.request_model;
  return log.run.target.empty() ? log.path : log.run.target;
}

Result<CompareDocument> FromLogs(const CompareFlags& flags, const CompareOptions& options) {
  Result<RunLog> incumbent = OpenLogArgument(flags.incumbent);
  Result<RunLog> candidate = OpenLogArgument(flags.candidate);
  std::vector<Diagnostic> errors;
  if (!incumbent) errors = incumbent.error().diagnostics;
  if (!candidate)
    errors.insert(errors.end(), candidate.error().diagnostics.begin(), candidate.error().diagnostics.end());
  if (!errors.empty()) return FailAll(std::move(errors));

  CompareDocument document;
  document.incumbent_name = NameOf(*incumbent);
  document.candidate_name = NameOf(*candidate);
  document.metric = flags.metric;
  const pair::PairResult paired = pair::Pair({&*incumbent, 1}, {&*candidate, 1}, flags.metric);
  for (const pair::Finding& finding : paired.findings) {
    errors.push_back({{},
                      finding.code + ": " + finding.text +
                          (finding.case_ids.empty() ? "" : " (" + Ids(finding.case_ids) + ")")});
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  Result<std::vector<std::size_t>> dimensions = FindDimensions(paired.table, flags.by);
  if (!dimensions) return tl::unexpected(dimensions.error());

  std::vector<std::size_t> complete;
  for (std::size_t i = 0; i < paired.table.n_cases(); ++i) {
    if (paired.table.complete(i)) complete.push_back(i);
  }
  if (complete.empty()) return Fail("there are no complete pairs: no case has a score on both sides");
  if (IsBinaryPairs(paired.table)) {
    document.figures = Compare(CountCases(paired.table, complete), options);
  } else {
    Computed<GradedComparison> graded = CompareGraded(paired.table, complete, options, true);
    if (!graded) return Fail(fmt::format("{}: {}", graded.error().code, graded.error().text));
    document.figures = *std::move(graded);
  }
  document.slices = CompareSlices(paired.table, *dimensions, options);
  AddUnpaired(paired.unpaired, document.notes);
  for (const std::string& warning : paired.warnings) document.notes.push_back("warning: " + warning);
  return document;
}

void RunCompare(const CompareFlags& flags, bool has_margin, Session& session) {
  const std::vector<Diagnostic> errors = CheckFlags(flags, has_margin);
  if (!errors.empty()) return session.Report(FailAll(errors).value());
  CompareOptions options{
      .level = flags.level, .margin = std::nullopt, .seed = flags.seed, .replicates = flags.replicates};
  if (has_margin) options.margin = flags.margin;
  CompareDocument document;
  if (flags.table.empty()) {
    Result<CompareDocument> read = FromLogs(flags, options);
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
  command->add_option("incumbent", flags->incumbent, "the incumbent's log")->type_name("INCUMBENT");
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
      "  minslice compare --table 550,49,67,174 --margin 0.02");
  command->callback([flags, margin, &session] { RunCompare(*flags, margin->count() > 0, session); });
}

}  // namespace minslice::cli
