#include "pair/pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <set>
#include <string_view>
#include <utility>

#include "pair/arm_filler.h"
#include "pair/case_segments.h"
#include "pair/identities.h"
#include "pair/side.h"
#include "pair/wording.h"

namespace minslice::pair {
namespace {

// The digest of the cases, where it is known of both sides. A log of ours always has it: without it somebody
// took it out.
void CheckSuites(const Side (&sides)[2], std::vector<Finding>& findings, std::vector<std::string>& warnings) {
  const RunLog* first = nullptr;
  for (const Side& side : sides) {
    for (const RunLog& log : side.logs) {
      if (!log.run.suite_sha256) continue;
      if (first == nullptr) {
        first = &log;
      } else if (*log.run.suite_sha256 != *first->run.suite_sha256) {
        findings.push_back(
            {"suite_mismatch",
             fmt::format(
                 "{} was made with another suite ({} {:.12}) than {} ({} {:.12}): the cases are not the same",
                 log.path, log.run.suite, *log.run.suite_sha256, first->path, first->run.suite,
                 *first->run.suite_sha256),
             {}});
      }
    }
  }
  for (const Side& side : sides) {
    for (const RunLog& log : side.logs) {
      if (first == nullptr || log.run.suite_sha256) continue;
      std::string text = fmt::format(
          "{} has no suite_sha256, {} has {:.12}: whether both were made with the same "
          "cases is not known",
          log.path, first->path, *first->run.suite_sha256);
      if (log.run.imported_from.empty()) {
        findings.push_back({"suite_unknown", std::move(text), {}});
      } else {
        warnings.push_back(std::move(text));
      }
    }
  }
}

void CheckRequests(const Side (&sides)[2], std::vector<std::string>& warnings) {
  std::vector<std::string> requests;
  for (const Side& side : sides) {
    for (const RunLog& log : side.logs) {
      const std::string& request = log.run.request_json;
      if (!request.empty() && std::find(requests.begin(), requests.end(), request) == requests.end())
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

void ListUnpaired(const PairedTable& table, Unpaired& unpaired) {
  const auto has_row = [](const PairedArm& arm, std::size_t i) {
    const auto begin =
        arm.has_row.begin() + static_cast<std::ptrdiff_t>(i * static_cast<std::size_t>(arm.repeats));
    return std::any_of(begin, begin + arm.repeats, [](std::uint8_t present) { return present != 0; });
  };
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    if (table.complete(i)) continue;
    const std::string& id = table.case_ids[i];
    const bool in_incumbent = has_row(table.incumbent, i);
    const bool in_candidate = has_row(table.candidate, i);
    if (!in_candidate) unpaired.incumbent_only.push_back(id);
    if (!in_incumbent) unpaired.candidate_only.push_back(id);
    if (in_incumbent && std::isnan(table.incumbent.case_mean[i])) unpaired.incumbent_infra.push_back(id);
    if (in_candidate && std::isnan(table.candidate.case_mean[i])) unpaired.candidate_infra.push_back(id);
  }
}

constexpr std::size_t kWorthAThread = 20000;  // cases

// The cases of both sides in order of their ids: calls visit(id, incumbent's rows, candidate's rows).
template <class Visit>
void Join(const Side& a, const Side& b, Visit visit) {
  const auto end_of = [](const Side& side, std::size_t from) {
    const std::string_view id = side.id(side.rows[from]);
    std::size_t end = from + 1;
    while (end < side.rows.size() && side.id(side.rows[end]) == id) ++end;
    return end;
  };
  for (std::size_t i = 0, j = 0; i < a.rows.size() || j < b.rows.size();) {
    const int compared = i == a.rows.size()   ? 1
                         : j == b.rows.size() ? -1
                                              : a.id(a.rows[i]).compare(b.id(b.rows[j]));
    const std::size_t i_end = compared <= 0 ? end_of(a, i) : i;
    const std::size_t j_end = compared >= 0 ? end_of(b, j) : j;
    visit(compared <= 0 ? a.id(a.rows[i]) : b.id(b.rows[j]), std::span(a.rows).subspan(i, i_end - i),
          std::span(b.rows).subspan(j, j_end - j));
    i = i_end;
    j = j_end;
  }
}

}  // namespace

PairResult Pair(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                const std::string& metric) {
  PairResult result;
  PairedTable& table = result.table;
  table.metric = metric;
  Side sides[2];
  sides[0].name = "incumbent";
  sides[0].logs = incumbent;
  sides[1].name = "candidate";
  sides[1].logs = candidate;
  CheckSuites(sides, result.findings, result.warnings);
  CheckRequests(sides, result.warnings);
  for (Side& side : sides) {
    if (side.logs.size() > 1) CheckOneRun(side, result.findings);
    CheckShards(side, result.findings);
    CollectRows(side, result.findings);
  }
  KeepCommonRepeats(sides, result.warnings);

  // Only where one side's rows carry no segments at all are they taken from the other side.
  if (sides[0].has_segments != sides[1].has_segments && !sides[0].rows.empty() && !sides[1].rows.empty()) {
    result.warnings.push_back(fmt::format("the {}'s rows carry no segments; those of the {} are used",
                                          sides[sides[0].has_segments ? 1 : 0].name,
                                          sides[sides[0].has_segments ? 0 : 1].name));
  }
  const Numbers numbers = NumberNames(sides);
  const std::size_t expected = std::max(sides[0].rows.size() / static_cast<std::size_t>(sides[0].repeats),
                                        sides[1].rows.size() / static_cast<std::size_t>(sides[1].repeats));
  ArmFiller arms[2] = {{sides[0], table, table.incumbent}, {sides[1], table, table.candidate}};
  Identities identities(sides, expected);
  table.case_ids.reserve(expected);
  for (ArmFiller& arm : arms) arm.Reserve(expected);
  // Ascending by id, so that the order of lines changes nothing. How the cases were answered is looked at in
  // one walk, what they are in another one at the same time.
  const auto launch = expected >= kWorthAThread ? std::launch::async : std::launch::deferred;
  auto answers = std::async(launch, [&] {
    Join(sides[0], sides[1], [&](std::string_view, std::span<const Row> a, std::span<const Row> b) {
      arms[0].Fill(a);
      arms[1].Fill(b);
    });
  });
  Join(sides[0], sides[1], [&](std::string_view id, std::span<const Row> a, std::span<const Row> b) {
    table.case_ids.emplace_back(id);
    std::span<const Row> rows[2] = {a, b};
    identities.Add(id, sides, rows);
  });
  answers.get();
  auto shared_prompts = std::async(launch, [&] {
    std::vector<std::string> warnings;
    WarnOfSharedPrompts(identities.cases, warnings);
    return warnings;
  });
  identities.Report(sides, result);
  FillSegments(identities.cases, numbers, table);
  for (ArmFiller& arm : arms) arm.Report(result.findings);
  ListUnpaired(table, result.unpaired);
  for (std::string& warning : shared_prompts.get()) result.warnings.push_back(std::move(warning));
  bool any_pair = false;
  for (std::size_t i = 0; i < table.n_cases() && !any_pair; ++i) any_pair = table.complete(i);
  if (!any_pair) {
    result.findings.push_back(
        {"no_pairs",
         fmt::format("no case has a score on both sides: {} in the incumbent's logs, {} in the candidate's",
                     Count(sides[0].rows.size(), "row"), Count(sides[1].rows.size(), "row")),
         {}});
  }
  return result;
}

}  // namespace minslice::pair
