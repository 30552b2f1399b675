#include "cli/report_files.h"

#include <fmt/format.h>

#include "report/machine.h"
#include "report/report.h"

namespace minslice::cli {
namespace {

constexpr std::size_t kStepSummaryBytes = 1000000;  // GitHub shows nothing of a summary beyond 1 MiB

const ReportKind kKinds[] = {
    {"text", "report.txt", "the terminal report",
     [](const Verdict& verdict, const std::string& path) {
       return report::VerdictText(verdict, {.verdict_path = path});
     }},
    {"markdown", "report.md", "the report as a pull request comment",
     [](const Verdict& verdict, const std::string&) { return report::VerdictMarkdown(verdict); }},
    {"summary", "summary.md", "the same for $GITHUB_STEP_SUMMARY, up to 1 MB",
     [](const Verdict& verdict, const std::string&) {
       return report::VerdictMarkdown(verdict, kStepSummaryBytes);
     }},
    {"junit", "junit.xml", "JUnit XML, a test case a slice",
     [](const Verdict& verdict, const std::string&) { return report::VerdictJUnit(verdict); }},
    {"annotations", "annotations.txt", "GitHub workflow commands (::error ...)",
     [](const Verdict& verdict, const std::string&) { return report::VerdictAnnotations(verdict); }},
    {"csv", "slices.csv", "the slices as CSV",
     [](const Verdict& verdict, const std::string&) { return report::SlicesCsv(verdict); }},
    {"prometheus", "minslice.prom", "metrics for Prometheus' textfile collector",
     [](const Verdict& verdict, const std::string&) { return report::VerdictPrometheus(verdict); }},
    {"json", "verdict.json", "the verdict itself",
     [](const Verdict& verdict, const std::string&) { return report::VerdictJson(verdict); }},
};

// What an argument may name as a file: FORMAT:FILE#flag=value#flag=value, or a file of just that name.
std::vector<std::string> FilesOf(const std::string& argument) {
  std::vector<std::string> names = {argument};
  const std::size_t colon = argument.find(':');
  if (colon == std::string::npos) return names;
  std::string rest = argument.substr(colon + 1);
  names.push_back(rest);
  for (std::size_t hash; (hash = rest.rfind('#')) != std::string::npos;) {
    rest.resize(hash);
    names.push_back(rest);
  }
  return names;
}

}  // namespace

std::span<const ReportKind> ReportKinds() { return kKinds; }

const ReportKind* FindReportKind(const std::string& format) {
  for (const ReportKind& kind : kKinds) {
    if (format == kind.format) return &kind;
  }
  return nullptr;
}

std::vector<std::string> ReportFormats() {
  std::vector<std::string> formats;
  for (const ReportKind& kind : kKinds) formats.emplace_back(kind.format);
  return formats;
}

bool OutputsAreNoInputs(std::span<const std::string> outputs, std::span<const std::string> inputs,
                        Session& session) {
  bool good = true;
  for (const std::string& output : outputs) {
    for (const std::string& input : inputs) {
      for (const std::string& file : FilesOf(input)) {
        if (!io::SameFile(output, file)) continue;
        session.Report(
            FailAt({output, 0, 0}, fmt::format("is the input {}: it would be written over", file)).value());
        good = false;
        break;
      }
    }
  }
  return good;
}

}  // namespace minslice::cli
