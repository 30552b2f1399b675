// minslice report: renders a verdict.json again; nothing is computed.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/report_files.h"
#include "cli/session.h"
#include "io/file_system.h"
#include "io/staged_file.h"
#include "report/report.h"

namespace minslice::cli {
namespace {

struct ReportOptions {
  std::string verdict;
  std::map<std::string, std::string> files;  // by format
  std::string format = "text";
};

void RunReport(const ReportOptions& options, Session& session) {
  std::vector<std::string> outputs;
  for (const auto& [format, path] : options.files) {
    if (!path.empty()) outputs.push_back(path);
  }
  if (!OutputsAreNoInputs(outputs, std::vector{options.verdict}, session)) return;
  const Result<std::string> bytes = io::RealFileSystem().ReadFile(options.verdict);
  if (!bytes) return session.Report(bytes.error());
  const Result<Verdict> verdict = report::ParseVerdictJson(*bytes, options.verdict);
  if (!verdict) return session.Report(verdict.error());
  std::vector<io::PendingFile> files;
  for (const ReportKind& kind : ReportKinds()) {
    const std::string& path = options.files.at(kind.format);
    if (!path.empty()) files.push_back({path, kind.render(*verdict, options.verdict)});
  }
  if (!files.empty()) {
    if (const auto written = io::WriteTogether(files); !written) session.Report(written.error());
    return;
  }
  if (options.format == "text") {
    session.out << report::VerdictText(
        *verdict, {.color = session.color, .width = session.width, .verdict_path = options.verdict});
  } else {
    session.out << FindReportKind(options.format)->render(*verdict, options.verdict);
  }
}

}  // namespace

void AddReportCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "renders a verdict again, for people and for machines");
  command->add_option("verdict", options->verdict, "verdict.json of minslice gate --out")
      ->required()
      ->type_name("VERDICT");
  for (const ReportKind& kind : ReportKinds()) {
    command
        ->add_option("--" + std::string(kind.format), options->files[kind.format],
                     std::string("write ") + kind.help)
        ->type_name("FILE");
  }
  AddFormatFlag(*command, options->format, ReportFormats());
  command->footer(
      "Example:\n"
      "  minslice report report/verdict.json --junit junit.xml --csv slices.csv\n\n"
      "Files are written all together or not at all. Ends with 0 whatever the verdict says:\n"
      "it is the gate that decides.");
  command->callback([options, &session] { RunReport(*options, session); });
}

}  // namespace minslice::cli
