#include "cli/named_verdict.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "gate/gate.h"
#include "gate/policy_reader.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "log/log_reader.h"
#include "minslice/case_counts.h"
#include "pair/pair.h"
#include "reduce/counts_file.h"

namespace minslice::cli {
namespace {

// Where a file is named, or beside `other` under its own name; nullopt: in neither place.
std::optional<std::string> Find(const std::string& path, const std::string& other) {
  if (io::RealFileSystem().Exists(path)) return path;
  const std::size_t slash = path.rfind('/');
  const std::string beside =
      io::JoinPath(io::FolderOf(other), slash == std::string::npos ? path : path.substr(slash + 1));
  return io::RealFileSystem().Exists(beside) ? std::optional(beside) : std::nullopt;
}

Result<CaseCounts> FindCounts(const Verdict& verdict, const std::string& verdict_path) {
  if (verdict.inputs.empty()) return FailAt({verdict_path, 0, 0}, "the verdict names no counts");
  const VerdictInput& input = verdict.inputs.front();
  const std::optional<std::string> place = Find(input.path, verdict_path);
  if (!place) {
    return Fail(fmt::format("the counts {} are not where the verdict names them, nor beside the verdict",
                            io::Quoted(input.path, 200)));
  }
  Result<CaseCounts> counts = reduce::ReadCounts(*place);
  if (counts && counts->sha256 != input.sha256)
    return FailAt({*place, 0, 0},
                  "these are not the counts that the verdict was reached on: their SHA-256 differs");
  return counts;
}

Result<Policy> FindPolicy(const Verdict& verdict, const std::string& verdict_path) {
  const std::optional<std::string> place = Find(verdict.policy.path, verdict_path);
  if (!place) {
    return Fail(fmt::format("the policy {} is not where the verdict names it, nor beside the verdict",
                            io::Quoted(verdict.policy.path, 200)));
  }
  Result<Policy> policy = gate::LoadPolicy(*place);
  if (policy && io::Sha256Hex(gate::ResolvedPolicyJson(*policy)) != verdict.policy_sha256)
    return FailAt({*place, 0, 0},
                  "this is not the policy that the verdict was reached by: its SHA-256 differs");
  return policy;
}

}  // namespace

bool OnCounts(const Verdict& verdict, const std::string& verdict_path) {
  if (verdict.inputs.empty()) return false;
  const std::optional<std::string> place = Find(verdict.inputs.front().path, verdict_path);
  return place && reduce::IsCountsFile(*place);
}

Result<Verdict> NameCases(const Verdict& verdict, const std::string& verdict_path) {
  const Result<CaseCounts> counts = FindCounts(verdict, verdict_path);
  const Result<Policy> policy = FindPolicy(verdict, verdict_path);
  std::vector<Diagnostic> errors;
  if (!counts) errors = counts.error().diagnostics;
  if (!policy)
    errors.insert(errors.end(), policy.error().diagnostics.begin(), policy.error().diagnostics.end());
  if (!errors.empty()) return FailAll(std::move(errors));
  std::vector<RunLog> sides[2];
  for (const CountedLog& counted : counts->logs) {
    const std::optional<std::string> place = Find(counted.path, counts->path);
    if (!place) {
      errors.push_back({{},
                        fmt::format("the {} log {} is not where the counts name it, nor beside them",
                                    counted.side, io::Quoted(counted.path, 200))});
      continue;
    }
    Result<RunLog> log = log::ReadLog(*place);
    if (!log) {
      errors.insert(errors.end(), log.error().diagnostics.begin(), log.error().diagnostics.end());
    } else if (log->sha256 != counted.sha256) {
      errors.push_back(
          {{*place, 0, 0},
           fmt::format("this is not the {} log that was counted: its SHA-256 differs", counted.side)});
    } else {
      sides[counted.side == kSideNames[0] ? 0 : 1].push_back(*std::move(log));
    }
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  return gate::Decide(*policy, pair::Pair(sides[0], sides[1], policy->metric), sides[0], sides[1]);
}

}  // namespace minslice::cli
