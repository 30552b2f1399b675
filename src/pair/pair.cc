#include "pair/pair.h"

#include <algorithm>
#include <future>
#include <iterator>
#include <string_view>
#include <utility>

#include "pair/arm_filler.h"
#include "pair/case_segments.h"
#include "pair/check_runs.h"
#include "pair/counted.h"
#include "pair/identities.h"
#include "pair/side.h"

namespace minslice::pair {
namespace {

// A thread of its own, where there are so many cases or rows to go through.
std::launch Launch(std::size_t n) {
  constexpr std::size_t kWorthAThread = 20000;
  return n >= kWorthAThread ? std::launch::async : std::launch::deferred;
}

std::size_t CountRows(std::span<const RunLog> logs) {
  std::size_t n = 0;
  for (const RunLog& log : logs) n += log.columns ? log.columns->size() : log.cases.size();
  return n;
}

// What one thread writes does not lie beside what another one reads: the cache holds this much as one.
constexpr std::size_t kApart = 128;

// The cases of both sides in order of their ids: calls visit(id, incumbent's rows, candidate's rows).
template <class Visit>
void Join(const Side& incumbent, const Side& candidate, Visit visit) {
  CaseCursor a(incumbent), b(candidate);
  while (!a.at_end() || !b.at_end()) {
    const int compared = a.at_end() ? 1 : b.at_end() ? -1 : log::CompareTexts(a.id(), b.id());
    const std::span<const Row> none;
    visit(compared <= 0 ? a.id() : b.id(), compared <= 0 ? a.rows() : none, compared >= 0 ? b.rows() : none);
    if (compared <= 0) a.Next();
    if (compared >= 0) b.Next();
  }
}

// Of the ids of its cases, each once, about.
std::size_t IdBytes(const Side& side) {
  std::size_t bytes = 0;
  for (const LogRows& log : side.columns) bytes += log.columns->id_bytes();
  return bytes / static_cast<std::size_t>(side.repeats);
}

}  // namespace

PairResult Pair(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                const std::string& metric, const PairOptions& options) {
  const auto counted = [](const RunLog& log) { return CountsOf(log) != nullptr; };
  if (std::any_of(incumbent.begin(), incumbent.end(), counted) ||
      std::any_of(candidate.begin(), candidate.end(), counted)) {
    if (incumbent.size() == 1 && candidate.size() == 1 &&
        CountsOf(incumbent.front()) == CountsOf(candidate.front()) &&
        incumbent.front().columns->counts_side() == 0 && candidate.front().columns->counts_side() == 1)
      return PairCounts(*CountsOf(incumbent.front()), metric);
    PairResult mixed;
    mixed.findings.push_back({"counts_mixed",
                              "counts hold both sides of a comparison; they are not joined with logs or with "
                              "one side of other counts",
                              {}});
    return mixed;
  }
  PairResult result;
  PairedTable& table = result.table;
  table.metric = metric;
  alignas(kApart) Side sides[2];
  sides[0].name = "incumbent";
  sides[0].logs = incumbent;
  sides[1].name = "candidate";
  sides[1].logs = candidate;
  CheckRuns(incumbent, candidate, result);
  std::vector<Finding> found[2];
  const auto collect = [&](std::size_t s) {
    if (!options.for_counts) CheckShards(sides[s], found[s]);
    CollectRows(sides[s], found[s]);
  };
  auto incumbent_rows = std::async(Launch(CountRows(incumbent)), collect, std::size_t{0});
  collect(1);
  incumbent_rows.get();
  for (std::size_t s = 0; s < 2; ++s) {
    std::move(found[s].begin(), found[s].end(), std::back_inserter(result.findings));
    for (const LogRows& log : sides[s].columns) result.repeat_offset[s].push_back(log.offset);
  }
  if (!options.for_counts) KeepCommonRepeats(sides, result.warnings);

  // Only where one side's rows carry no segments at all are they taken from the other side.
  if (sides[0].has_segments != sides[1].has_segments && sides[0].n_rows() > 0 && sides[1].n_rows() > 0) {
    result.warnings.push_back(SegmentsOfOther(sides[sides[0].has_segments ? 1 : 0].name,
                                              sides[sides[0].has_segments ? 0 : 1].name));
  }
  const Numbers numbers = NumberNames(sides);
  const std::size_t expected = std::max(sides[0].n_rows() / static_cast<std::size_t>(sides[0].repeats),
                                        sides[1].n_rows() / static_cast<std::size_t>(sides[1].repeats));
  alignas(kApart)
      ArmFiller arms[2] = {{sides[0], table, table.incumbent}, {sides[1], table, table.candidate}};
  alignas(kApart) Identities identities(sides, expected);
  TextList case_ids;
  case_ids.reserve(expected, std::max(IdBytes(sides[0]), IdBytes(sides[1])));
  for (ArmFiller& arm : arms) arm.Reserve(expected);
  // Ascending by id, so that the order of lines changes nothing. How the cases were answered is looked at in
  // one walk, what they are in another one at the same time.
  auto answers = std::async(Launch(expected), [&] {
    Join(sides[0], sides[1], [&](std::string_view, std::span<const Row> a, std::span<const Row> b) {
      arms[0].Fill(a);
      arms[1].Fill(b);
    });
  });
  Join(sides[0], sides[1], [&](std::string_view id, std::span<const Row> a, std::span<const Row> b) {
    case_ids.push_back(id);
    std::span<const Row> rows[2] = {a, b};
    identities.Add(id, sides, rows);
  });
  table.case_ids = std::move(case_ids);
  auto shared_prompts = std::async(Launch(expected), [&] {
    std::vector<std::string> warnings;
    WarnOfSharedPrompts(identities.cases, warnings);
    return warnings;
  });
  identities.Report(sides, result);
  FillSegments(identities.cases, numbers, table);
  answers.get();
  for (ArmFiller& arm : arms) arm.Report(result.findings);
  ListUnpaired(table, result.unpaired);
  for (std::string& warning : shared_prompts.get()) result.warnings.push_back(std::move(warning));
  bool any_pair = false;
  for (std::size_t i = 0; i < table.n_cases() && !any_pair; ++i) any_pair = table.complete(i);
  if (!any_pair) {
    result.findings.push_back(
        NoPairs(static_cast<std::int64_t>(sides[0].n_rows()), static_cast<std::int64_t>(sides[1].n_rows())));
  }
  return result;
}

}  // namespace minslice::pair
