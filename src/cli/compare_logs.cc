#include "cli/compare_logs.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/figures.h"
#include "io/nearest_name.h"
#include "pair/canonical_order.h"
#include "pair/pair.h"

namespace minslice::cli {
namespace {

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

Result<std::vector<std::size_t>> FindDimensions(const PairedTable& table,
                                                const std::vector<std::string>& by) {
  std::vector<std::size_t> found;
  if (by.empty()) return found;
  std::vector<std::string> names;
  names.reserve(table.dimensions.size());
  for (const Dimension& dimension : table.dimensions) names.push_back(dimension.name);
  std::vector<Diagnostic> errors;
  for (const std::string& name : by) {
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

}  // namespace

std::vector<Diagnostic> CheckCompareOptions(const CompareOptions& options) {
  std::vector<Diagnostic> errors;
  if (!(options.level > 0 && options.level < 1))
    errors.push_back(
        {{}, fmt::format("--level: expected a fraction between 0 and 1, found {:g}", options.level)});
  if (options.margin && !(*options.margin > 0 && *options.margin < 1)) {
    errors.push_back(
        {{},
         fmt::format("--margin: expected a fraction between 0 and 1 (0.02 is two points), found {:g}",
                     *options.margin)});
  }
  if (options.replicates < 100 || options.replicates > 100'000'000) {
    errors.push_back(
        {{}, fmt::format("--replicates: expected 100 to 100,000,000, found {}", options.replicates)});
  }
  return errors;
}

Result<CompareDocument> CompareLogs(const RunLog& incumbent, const RunLog& candidate,
                                    const std::string& metric, const std::vector<std::string>& by,
                                    const CompareOptions& options) {
  std::vector<Diagnostic> errors;
  CompareDocument document;
  document.incumbent_name = NameOf(incumbent);
  document.candidate_name = NameOf(candidate);
  document.metric = metric;
  const pair::PairResult paired = pair::Pair({&incumbent, 1}, {&candidate, 1}, metric);
  for (const pair::Finding& finding : paired.findings) {
    const bool named =
        finding.case_ids.empty() || finding.text.find(finding.case_ids.front()) != std::string::npos;
    errors.push_back(
        {{}, finding.code + ": " + finding.text + (named ? "" : " (" + Ids(finding.case_ids) + ")")});
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  Result<std::vector<std::size_t>> dimensions = FindDimensions(paired.table, by);
  if (!dimensions) return tl::unexpected(dimensions.error());

  std::vector<std::size_t> complete;
  for (const std::uint32_t i : pair::CanonicalOrder(paired.table)) {
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

}  // namespace minslice::cli
