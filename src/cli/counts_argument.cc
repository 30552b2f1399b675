#include "cli/counts_argument.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "io/nearest_name.h"
#include "minslice/case_counts.h"
#include "pair/counted.h"
#include "reduce/counts_file.h"
#include "reduce/shards.h"

namespace minslice::cli {
namespace {

constexpr std::int64_t kMostCases = 2'000'000'000;  // tables number them by 32 bits

}  // namespace

Result<CountedSides> OpenCounts(const std::string& path, bool rows) {
  Result<CaseCounts> read = reduce::ReadCounts(path);
  if (!read) return tl::unexpected(read.error());
  std::vector<Diagnostic> errors;
  for (std::string& missing : reduce::MissingShards(*read)) errors.push_back({{}, std::move(missing)});
  const std::int64_t cases = read->n_cases();  // ParseCounts has seen that they fit
  if (cases > kMostCases)
    errors.push_back({{path, 0, 0}, fmt::format("{} cases; statistics take {} at most", cases, kMostCases)});
  if (!errors.empty()) return FailAll(std::move(errors));
  const auto counts = std::make_shared<const CaseCounts>(*std::move(read));
  CountedSides sides;
  sides.incumbent = pair::CountedRun(counts, 0);
  sides.candidate = pair::CountedRun(counts, 1);
  for (const int side : {0, 1}) {
    if (rows || pair::HighestRepeat(*counts, side) > 1)
      (side == 0 ? sides.incumbent : sides.candidate).cases = pair::CountedRows(*counts, side);
  }
  return sides;
}

Result<std::optional<std::string>> CountsOf(const std::vector<std::string>& incumbent,
                                            const std::vector<std::string>& candidate) {
  std::optional<std::string> counts;
  for (const auto* side : {&incumbent, &candidate}) {
    for (const std::string& path : *side) {
      if (!counts && reduce::IsCountsFile(path)) counts = path;
    }
  }
  if (!counts) return counts;
  for (const auto* side : {&incumbent, &candidate}) {
    for (const std::string& path : *side) {
      if (path == *counts) continue;
      return Fail(
          fmt::format("{} holds both sides of a comparison, so {} cannot stand beside it; add counts up with "
                      "minslice reduce",
                      io::Quoted(*counts, 200), io::Quoted(path, 200)));
    }
  }
  return counts;
}

}  // namespace minslice::cli
