#include "cli/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "cli/open_log_argument.h"
#include "import/import.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "json/json.h"
#include "reduce/counts_file.h"
#include "report/machine.h"
#include "report/report.h"
#include "suite/suite.h"

namespace minslice::cli {
namespace {

// "inspect:run.eval" and the like, which OpenLogArgument reads.
bool IsForeign(const std::string& path) {
  const std::size_t colon = path.find(':');
  return colon != std::string::npos && import::FindFormat(path.substr(0, colon)).has_value();
}

// The same log in another folder: what stands before the colon and behind a '#' belongs to it.
std::string InFolder(const std::string& folder, const std::string& path) {
  const std::string prefix = IsForeign(path) ? path.substr(0, path.find(':') + 1) : "";
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash == std::string::npos ? prefix.size() : slash + 1);
  return prefix + io::JoinPath(folder, name);
}

// A log is found where the user says it is now, else where the verdict names it or beside the verdict under
// its file name; its hash decides. Only the rows of `case_ids` are held. No value: it is in no such place.
Result<std::optional<RunLog>> FindLog(const VerdictInput& input, const EvidenceOptions& options,
                                      const std::set<std::string>& case_ids) {
  const std::vector<std::string>& given = input.side == "incumbent" ? options.incumbent : options.candidate;
  std::vector<std::string> places = given;
  if (given.empty()) {
    places.push_back(input.path);
    const std::string beside = InFolder(io::FolderOf(options.verdict_path), input.path);
    if (beside != input.path) places.push_back(beside);
  }
  const std::unordered_set<std::string_view> only(case_ids.begin(), case_ids.end());
  std::string changed;
  for (const std::string& place : places) {
    const bool foreign = !io::RealFileSystem().Exists(place) && IsForeign(place);
    // A pipe that was read once holds nothing any more.
    std::error_code ignored;
    if (!foreign && !std::filesystem::is_regular_file(place, ignored) && given.empty()) continue;
    Result<RunLog> log = OpenLogArgument(place, {.outputs = true, .only = &only});
    if (!log && foreign && given.empty()) continue;
    if (!log) return tl::unexpected(log.error());
    if (log->sha256 == input.sha256) return std::optional<RunLog>(*std::move(log));
    changed = place;
  }
  if (!changed.empty() && given.size() < 2) {
    return FailAt({changed, 0, 0},
                  fmt::format("this is not the {} log that the verdict was reached on: its SHA-256 differs",
                              input.side));
  }
  if (!changed.empty()) {
    return Fail(
        fmt::format("--{}: none of the {} logs given is {}, which the verdict was reached on: their "
                    "SHA-256 differ",
                    input.side, given.size(), io::Quoted(input.path, 200)));
  }
  return std::optional<RunLog>();
}

std::string PromptText(const std::string& messages_json) {
  const Result<json::Value> messages = json::Parse(messages_json, "messages");
  if (!messages || !messages->is_array()) return messages_json;
  std::string text;
  for (const json::Value& message : *messages) {
    const bool plain = message.is_object() && message.contains("content") && message["content"].is_string();
    const std::string content = plain ? message["content"].get<std::string>() : json::Compact(message);
    const bool user_only = messages->size() == 1;
    if (!text.empty()) text += "\n";
    if (!user_only && plain && message.contains("role") && message["role"].is_string()) {
      text += message["role"].get<std::string>() + ": ";
    }
    text += content;
  }
  return text;
}

void AddAll(const Failure& failure, Failure& all) {
  if (failure.kind == Failure::Kind::kInternal) all.kind = failure.kind;
  all.diagnostics.insert(all.diagnostics.end(), failure.diagnostics.begin(), failure.diagnostics.end());
}

void AddQuestions(const std::set<std::string>& case_ids, const std::string& path, Evidence& evidence,
                  Failure& failure) {
  const Result<suite::Suite> suite = suite::LoadSuite(path);
  if (!suite) return AddAll(suite.error(), failure);
  for (const Case& c : suite->cases) {
    if (!case_ids.contains(c.id)) continue;
    CaseEvidence& held = evidence.cases[c.id];
    for (const std::vector<CaseRecord>* rows : {&held.incumbent, &held.candidate}) {
      if (rows->empty() || !rows->front().prompt_sha256 || *rows->front().prompt_sha256 == c.prompt_sha256)
        continue;
      failure.diagnostics.push_back(
          {{path, 0, 0}, fmt::format("case {} is another prompt here than in the logs", io::Quoted(c.id))});
      return;
    }
    held.prompt = PromptText(c.messages_json);
    held.expected = c.expected_json;
  }
}

}  // namespace

Result<Verdict> ReadVerdict(const std::string& path) {
  const Result<std::string> bytes = io::RealFileSystem().ReadFile(path);
  if (!bytes) return tl::unexpected(bytes.error());
  return report::ParseVerdictJson(*bytes, path);
}

Result<Evidence> ReadEvidence(const Verdict& verdict, const std::set<std::string>& case_ids,
                              const EvidenceOptions& options) {
  Evidence evidence;
  Failure failure;
  for (const VerdictInput& input : verdict.inputs) {
    if (case_ids.empty()) break;
    if (reduce::IsCountsFile(input.path)) {
      std::string absent =
          fmt::format("{} holds counts and no answers; minslice show reads the logs that were counted",
                      io::Quoted(input.path, 200));
      // Both sides lie in it.
      if (std::find(evidence.absent.begin(), evidence.absent.end(), absent) == evidence.absent.end())
        evidence.absent.push_back(std::move(absent));
      continue;
    }
    Result<std::optional<RunLog>> log = FindLog(input, options, case_ids);
    if (!log) {
      AddAll(log.error(), failure);
      continue;
    }
    if (!*log) {
      const std::string absent =
          fmt::format("the {} log {} is not where the verdict names it, nor beside the verdict", input.side,
                      io::Quoted(input.path, 200));
      if (options.logs_may_be_absent) {
        evidence.absent.push_back(absent);
      } else {
        failure.diagnostics.push_back({{}, absent});
      }
      continue;
    }
    for (CaseRecord& record : (*log)->cases) {
      if (!case_ids.contains(record.case_id)) continue;
      CaseEvidence& held = evidence.cases[record.case_id];
      (input.side == "incumbent" ? held.incumbent : held.candidate).push_back(std::move(record));
    }
  }
  if (!options.suite.empty()) AddQuestions(case_ids, options.suite, evidence, failure);
  if (!failure.diagnostics.empty()) return tl::unexpected(failure);
  for (auto& [id, held] : evidence.cases) {
    for (std::vector<CaseRecord>* rows : {&held.incumbent, &held.candidate}) {
      std::stable_sort(rows->begin(), rows->end(),
                       [](const CaseRecord& a, const CaseRecord& b) { return a.repeat < b.repeat; });
    }
  }
  return evidence;
}

std::set<std::string> ChangedIds(const Verdict& verdict) {
  std::set<std::string> ids;
  const auto add = [&](const std::vector<std::string>& list) { ids.insert(list.begin(), list.end()); };
  add(verdict.broke);
  add(verdict.fixed);
  for (const VerdictSegment& segment : verdict.segments) {
    add(segment.broke);
    add(segment.fixed);
  }
  return ids;
}

std::set<std::string> ListedIds(const Verdict& verdict) {
  std::set<std::string> ids = ChangedIds(verdict);
  const VerdictMissing& missing = verdict.missing;
  for (const auto* list : {&missing.incumbent_only_ids, &missing.candidate_only_ids,
                           &missing.incumbent_infra_ids, &missing.candidate_infra_ids})
    ids.insert(list->begin(), list->end());
  return ids;
}

std::string PromptsCsvOf(const Verdict& verdict, const Evidence& evidence) {
  RunLog incumbent;
  RunLog candidate;
  for (const auto& [id, rows] : evidence.cases) {
    incumbent.cases.insert(incumbent.cases.end(), rows.incumbent.begin(), rows.incumbent.end());
    candidate.cases.insert(candidate.cases.end(), rows.candidate.begin(), rows.candidate.end());
  }
  return report::PromptsCsv(verdict, std::span(&incumbent, 1), std::span(&candidate, 1));
}

}  // namespace minslice::cli
