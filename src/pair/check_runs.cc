#include "pair/check_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "pair/wording.h"

namespace minslice::pair {
namespace {

void CheckRequests(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                   std::vector<std::string>& warnings) {
  const std::span<const RunLog> sides[2] = {incumbent, candidate};
  std::vector<std::string> requests;
  for (const std::span<const RunLog> side : sides) {
    for (const RunLog& log : side) {
      const std::string& request = log.run.request_json;
      const bool known = !request.empty() && request != "{}";  // a tool whose file does not say
      if (known && std::find(requests.begin(), requests.end(), request) == requests.end())
        requests.push_back(request);
    }
  }
  if (requests.size() < 2) return;
  // Settings may hold whole system messages: where they are long, what is around the first difference.
  constexpr std::size_t kShown = 160, kBefore = 40;
  const std::string &first = requests.front(), &last = requests.back();
  const auto differ = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
  const auto at = static_cast<std::size_t>(differ.first - first.begin());
  std::string text = "the logs were made with different request settings:";
  for (const std::string& request : requests) {
    if (request.size() <= kShown) {
      text += " " + request;
      continue;
    }
    std::size_t begin = at > kBefore ? at - kBefore : 0;
    std::size_t end = std::min(begin + kShown, request.size());
    const auto inside = [&](std::size_t i) {
      return i < request.size() && (static_cast<unsigned char>(request[i]) & 0xC0U) == 0x80U;
    };
    while (inside(begin)) ++begin;
    while (inside(end)) ++end;
    text += fmt::format(" {}{}{}", begin > 0 ? "..." : "", request.substr(begin, end - begin),
                        end < request.size() ? "..." : "");
  }
  warnings.push_back(std::move(text));
}

}  // namespace

// The digest of the cases, where it is known of both sides. A log of ours always has it: without it somebody
// took it out.
void CheckSuites(std::span<const RunLog> incumbent, std::span<const RunLog> candidate, PairResult& result) {
  const std::span<const RunLog> sides[2] = {incumbent, candidate};
  const RunLog* first = nullptr;
  for (const std::span<const RunLog> side : sides) {
    for (const RunLog& log : side) {
      if (!log.run.suite_sha256) continue;
      if (first == nullptr) {
        first = &log;
      } else if (*log.run.suite_sha256 != *first->run.suite_sha256) {
        result.findings.push_back(
            {"suite_mismatch",
             fmt::format(
                 "{} was made with another suite ({} {:.12}) than {} ({} {:.12}): the cases are not the same",
                 log.path, log.run.suite, *log.run.suite_sha256, first->path, first->run.suite,
                 *first->run.suite_sha256),
             {}});
      }
    }
  }
  for (const std::span<const RunLog> side : sides) {
    for (const RunLog& log : side) {
      if (first == nullptr || log.run.suite_sha256) continue;
      std::string text = fmt::format(
          "{} has no suite_sha256, {} has {:.12}: whether both were made with the same "
          "cases is not known",
          log.path, first->path, *first->run.suite_sha256);
      if (log.run.imported_from.empty()) {
        result.findings.push_back({"suite_unknown", std::move(text), {}});
      } else {
        result.warnings.push_back(std::move(text));
      }
    }
  }
}

void CheckOneRun(const char* side, std::span<const RunLog> logs, std::vector<Finding>& findings) {
  if (logs.size() < 2) return;
  const RunRecord& first = logs.front().run;
  for (const RunLog& log : logs.subspan(1)) {
    const auto differ = [&](const char* what, const std::string& a, const std::string& b) {
      if (a == b) return;
      findings.push_back(
          {"side_mixed",
           fmt::format("the {}'s logs are not of one run: {} has the {} {}, {} has {}", side,
                       logs.front().path, what, a.empty() ? "(none)" : a, log.path, b.empty() ? "(none)" : b),
           {}});
    };
    // The target of imported results is named after their file.
    if (first.imported_from.empty() || log.run.imported_from.empty())
      differ("target", first.target, log.run.target);
    differ("request_model", first.request_model, log.run.request_model);
    differ("suite", first.suite, log.run.suite);
    differ("request", first.request_json, log.run.request_json);
    differ("suite_sha256", first.suite_sha256.value_or(""), log.run.suite_sha256.value_or(""));
  }
}

void ListUnpaired(const PairedTable& table, Unpaired& unpaired) {
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    if (table.complete(i)) continue;
    const std::string id(table.case_ids[i]);
    const bool in_incumbent = table.incumbent.HasRow(i);
    const bool in_candidate = table.candidate.HasRow(i);
    if (!in_candidate) unpaired.incumbent_only.push_back(id);
    if (!in_incumbent) unpaired.candidate_only.push_back(id);
    if (in_incumbent && std::isnan(table.incumbent.case_mean(i))) unpaired.incumbent_infra.push_back(id);
    if (in_candidate && std::isnan(table.candidate.case_mean(i))) unpaired.candidate_infra.push_back(id);
  }
}

void CheckRuns(std::span<const RunLog> incumbent, std::span<const RunLog> candidate, PairResult& result) {
  CheckSuites(incumbent, candidate, result);
  CheckRequests(incumbent, candidate, result.warnings);
  CheckOneRun("incumbent", incumbent, result.findings);
  CheckOneRun("candidate", candidate, result.findings);
}

Finding NoPairs(std::int64_t incumbent_rows, std::int64_t candidate_rows) {
  return {"no_pairs",
          fmt::format("no case has a score on both sides: {} in the incumbent's logs, {} in the candidate's",
                      Count(static_cast<std::size_t>(incumbent_rows), "row"),
                      Count(static_cast<std::size_t>(candidate_rows), "row")),
          {}};
}

std::string RepeatsNotUsed(const char* side, int repeats, int common, std::int64_t rows) {
  return fmt::format("the {} has {} of each case and the other side {}: {} of its later repeats are not used",
                     side, Count(static_cast<std::size_t>(repeats), "repeat"), common,
                     Count(static_cast<std::size_t>(rows), "row"));
}

std::string SegmentsOfOther(const char* side, const char* other) {
  return fmt::format("the {}'s rows carry no segments; those of the {} are used", side, other);
}

std::string PromptsUnknown(const char* side, const char* other, std::int64_t cases,
                           const std::string& first) {
  return fmt::format(
      "the {}'s rows have no prompt_sha256 for {}{} where the {}'s have one: whether both were asked "
      "the same is not known",
      side, Count(static_cast<std::size_t>(cases), "case"),
      first.empty() ? "" : fmt::format(" ({}{})", first, cases > 1 ? ", ..." : ""), other);
}

}  // namespace minslice::pair
