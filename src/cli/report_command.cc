// minslice report: renders a verdict.json again; nothing is computed.
#include <memory>
#include <string>

#include "cli/session.h"
#include "io/file_system.h"
#include "report/report.h"

namespace minslice::cli {
namespace {

struct ReportOptions {
  std::string verdict;
  std::string markdown;
  std::string json;
  std::string text;
  std::string format = "text";
};

void RunReport(const ReportOptions& options, Session& session) {
  io::FileSystem& files = io::RealFileSystem();
  const Result<std::string> bytes = files.ReadFile(options.verdict);
  if (!bytes) return session.Report(bytes.error());
  const Result<Verdict> verdict = report::ParseVerdictJson(*bytes, options.verdict);
  if (!verdict) return session.Report(verdict.error());
  const auto write = [&](const std::string& path, const std::string& text) {
    if (path.empty()) return true;
    const Result<void> written = files.WriteFile(path, text);
    if (!written) session.Report(written.error());
    return written.has_value();
  };
  if (!write(options.markdown, report::VerdictMarkdown(*verdict))) return;
  if (!write(options.json, report::VerdictJson(*verdict))) return;
  if (!write(options.text, report::VerdictText(*verdict, {.verdict_path = options.verdict}))) return;
  if (!options.markdown.empty() || !options.json.empty() || !options.text.empty()) return;
  if (options.format == "json") {
    session.out << report::VerdictJson(*verdict);
  } else if (options.format == "markdown") {
    session.out << report::VerdictMarkdown(*verdict);
  } else {
    session.out << report::VerdictText(
        *verdict, {.color = session.color, .width = session.width, .verdict_path = options.verdict});
  }
}

}  // namespace

void AddReportCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "renders a verdict again, as text, Markdown or JSON");
  command->add_option("verdict", options->verdict, "verdict.json of minslice gate --out")
      ->required()
      ->type_name("VERDICT");
  command->add_option("--text", options->text, "write the terminal report to this file")->type_name("FILE");
  command->add_option("--markdown", options->markdown, "write the report for a pull request to this file")
      ->type_name("FILE");
  command->add_option("--json", options->json, "write the verdict to this file")->type_name("FILE");
  command->add_option("--format", options->format, "what goes to standard output where no file is named")
      ->check(CLI::IsMember({"text", "json", "markdown"}))
      ->capture_default_str();
  command->footer(
      "Example:\n"
      "  minslice report out/verdict.json --markdown comment.md\n\n"
      "Ends with 0 whatever the verdict says: it is the gate that decides.");
  command->callback([options, &session] { RunReport(*options, session); });
}

}  // namespace minslice::cli
