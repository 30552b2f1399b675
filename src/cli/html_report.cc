#include "cli/html_report.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "cli/evidence.h"
#include "io/file_system.h"
#include "report/dashboard.h"
#include "report/escape.h"

namespace minslice::cli {
namespace {

std::vector<report::DashboardAnswer> Answers(std::vector<CaseRecord>& rows) {
  std::vector<report::DashboardAnswer> answers;
  for (CaseRecord& row : rows) {
    answers.push_back({row.repeat, OutcomeName(row.outcome), row.finish_reason.value_or(""),
                       row.error.value_or(""), std::move(row.output)});
  }
  return answers;
}

std::string StemOf(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.size() > 5 && name.ends_with(".html")) name.resize(name.size() - 5);
  return name;
}

}  // namespace

std::optional<std::vector<io::PendingFile>> DashboardFiles(const Verdict& verdict, const HtmlRequest& request,
                                                           Session& session) {
  report::DashboardEvidence shown;
  if (request.prompts) {
    const std::set<std::string> changed = ChangedIds(verdict);
    Result<Evidence> evidence = ReadEvidence(
        verdict, request.prompts_csv == nullptr ? changed : ListedIds(verdict),
        {.verdict_path = request.verdict_path, .suite = request.suite, .logs_may_be_absent = true});
    if (!evidence && !request.evidence_is_optional) {
      session.Report(evidence.error());
      return std::nullopt;
    }
    std::vector<std::string> absent;
    if (evidence && evidence->absent.empty() && request.prompts_csv != nullptr)
      *request.prompts_csv = PromptsCsvOf(verdict, *evidence);
    if (evidence) {
      absent = std::move(evidence->absent);
      for (auto& [id, held] : evidence->cases) {
        if (!changed.contains(id)) continue;
        shown.prompts.push_back({id, std::move(held.prompt), std::move(held.expected),
                                 Answers(held.incumbent), Answers(held.candidate)});
      }
    } else {
      for (const Diagnostic& diagnostic : evidence.error().diagnostics)
        absent.push_back(diagnostic.ToString());
    }
    for (const std::string& text : absent) {
      session.Note("note: " + request.path + " is without answers: " + report::EscapeTerminal(text));
      shown.note += (shown.note.empty() ? "This page is without answers: " : "; ") + text;
    }
  } else {
    shown.note = "This page was asked to hold no prompts and answers (--prompts none).";
  }
  const std::string stem = StemOf(request.path);
  const std::string& shown_path = request.shown_path.empty() ? request.verdict_path : request.shown_path;
  std::vector<io::PendingFile> files;
  for (report::HtmlFile& file :
       report::Dashboard(verdict, shown, {.stem = stem, .verdict_path = shown_path})) {
    const std::string path =
        file.name.empty() ? request.path : io::JoinPath(io::FolderOf(request.path), file.name);
    files.push_back({path, std::move(file.bytes)});
  }
  std::rotate(files.begin(), files.begin() + 1, files.end());
  return files;
}

}  // namespace minslice::cli
