// minslice report: renders a verdict.json again; nothing is computed.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/common_flags.h"
#include "cli/evidence.h"
#include "cli/html_report.h"
#include "cli/report_files.h"
#include "cli/session.h"
#include "io/file_system.h"
#include "io/staged_file.h"
#include "report/dashboard.h"
#include "report/report.h"

namespace minslice::cli {
namespace {

struct ReportOptions {
  std::vector<std::string> verdicts;
  std::string html;
  std::string suite;
  std::string prompts = "changed";
  std::map<std::string, std::string> files;  // by format
  std::string csv_prompts;
  std::string format = "text";
};

bool OutputsDiffer(std::vector<std::string> outputs, Session& session) {
  std::sort(outputs.begin(), outputs.end());
  const auto twice = std::adjacent_find(outputs.begin(), outputs.end());
  if (twice != outputs.end())
    session.Report(FailAt({*twice, 0, 0}, "is named for two reports: give each a file of its own").value());
  const bool dash = std::binary_search(outputs.begin(), outputs.end(), "-");
  if (dash) session.Report(Fail("- is no file; --format FORMAT prints a report on standard output").value());
  return twice == outputs.end() && !dash;
}

// The page of several verdicts.
void WriteTrend(const std::vector<report::TrendRun>& runs, const ReportOptions& options,
                const std::vector<std::string>& outputs, Session& session) {
  if (options.html.empty() || outputs.size() != 1) {
    return session.Report(
        Fail("several verdicts make a trend, which is a page: give --html FILE and no other file").value());
  }
  const Result<void> written = io::RealFileSystem().WriteFile(options.html, report::TrendPage(runs));
  if (!written) session.Report(written.error());
}

void RunReport(const ReportOptions& options, Session& session) {
  std::vector<std::string> outputs;
  if (!options.html.empty()) outputs.push_back(options.html);
  for (const auto& [format, path] : options.files) {
    if (!path.empty()) outputs.push_back(path);
  }
  if (!options.csv_prompts.empty()) outputs.push_back(options.csv_prompts);
  if (!OutputsAreNoInputs(outputs, options.verdicts, session) || !OutputsDiffer(outputs, session)) return;
  std::vector<report::TrendRun> runs;
  for (const std::string& path : options.verdicts) {
    Result<Verdict> read = ReadVerdict(path);
    if (read) {
      runs.push_back({path, *std::move(read)});
    } else {
      session.Report(read.error());
    }
  }
  if (runs.size() < options.verdicts.size()) return;
  if (runs.size() > 1) return WriteTrend(runs, options, outputs, session);
  const Verdict& verdict = runs.front().verdict;
  const std::string& verdict_path = runs.front().label;
  std::vector<io::PendingFile> files;
  if (!options.html.empty()) {
    auto pages = DashboardFiles(verdict,
                                {.path = options.html,
                                 .verdict_path = verdict_path,
                                 .suite = options.suite,
                                 .prompts = options.prompts == "changed"},
                                session);
    if (!pages) return;
    files = *std::move(pages);
  }
  if (!options.csv_prompts.empty()) {
    std::vector<std::string> logs;
    for (const VerdictInput& input : verdict.inputs) logs.push_back(input.path);
    if (!OutputsAreNoInputs(std::vector{options.csv_prompts}, logs, session)) return;
    const Result<Evidence> evidence =
        ReadEvidence(verdict, ListedIds(verdict), {.verdict_path = verdict_path});
    if (!evidence) return session.Report(evidence.error());
    files.push_back({options.csv_prompts, PromptsCsvOf(verdict, *evidence)});
  }
  for (const ReportKind& kind : ReportKinds()) {
    const std::string& path = options.files.at(kind.format);
    if (!path.empty()) files.push_back({path, kind.render(verdict, verdict_path)});
  }
  if (!files.empty()) {
    if (const auto written = io::WriteTogether(files); !written) session.Report(written.error());
    return;
  }
  if (options.format == "text") {
    session.out << report::VerdictText(
        verdict, {.color = session.color, .width = session.width, .verdict_path = verdict_path});
  } else {
    session.out << FindReportKind(options.format)->render(verdict, verdict_path);
  }
}

}  // namespace

void AddReportCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand(
      "report", "renders a verdict again, for people and for machines; several: their trend");
  command
      ->add_option("verdict", options->verdicts,
                   "verdict.json of minslice gate --out; several, oldest first: their trend (with --html)")
      ->required()
      ->type_name("VERDICT");
  command->add_option("--html", options->html, "write the dashboard, side pages beside it")
      ->type_name("FILE");
  command->add_option("--suite", options->suite, "the suite: prompts and expected answers in the dashboard")
      ->type_name("SUITE");
  command
      ->add_option("--prompts", options->prompts,
                   "prompts and answers in the dashboard: those that changed, or none")
      ->check(CLI::IsMember({"changed", "none"}))
      ->capture_default_str();
  for (const ReportKind& kind : ReportKinds()) {
    command
        ->add_option("--" + std::string(kind.format), options->files[kind.format],
                     std::string("write ") + kind.help)
        ->type_name("FILE");
  }
  command
      ->add_option("--csv-prompts", options->csv_prompts,
                   "write the prompts that changed as CSV, with both outputs, from the logs that the verdict "
                   "names")
      ->type_name("FILE");
  AddFormatFlag(*command, options->format, ReportFormats());
  command->footer(
      "Example:\n"
      "  minslice report report/verdict.json --junit junit.xml --csv slices.csv\n"
      "  minslice report report/verdict.json --html report.html\n\n"
      "Files are written all together or not at all. Ends with 0 whatever the verdict says:\n"
      "it is the gate that decides.");
  command->callback([options, &session] { RunReport(*options, session); });
}

}  // namespace minslice::cli
