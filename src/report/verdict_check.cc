#include "report/verdict_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "io/nearest_name.h"
#include "io/sha256.h"
#include "minslice/run_hash.h"
#include "report/format.h"

namespace minslice::report {
namespace {

class Checker {
 public:
  Checker(const Verdict& verdict, const std::string& path, io::Diagnostics& diagnostics)
      : verdict_(verdict), path_(path), diagnostics_(diagnostics) {}

  void CheckDecision() {
    if (verdict_.reasons.empty()) return Differ("reasons", "at least one reason", "none");
    Decision called = Decision::kPromote;
    for (const VerdictReason& reason : verdict_.reasons) {
      // A hold that a signed review clears calls for nothing any more.
      if (reason.cleared_by.empty() && Gravity(reason.decision) > Gravity(called)) called = reason.decision;
    }
    if (called != verdict_.decision)
      Differ("verdict", fmt::format("{}, which the reasons call for", DecisionName(called)),
             DecisionName(verdict_.decision));
    for (std::size_t i = 0; i < verdict_.segments.size(); ++i) {
      const VerdictSegment& segment = verdict_.segments[i];
      if (SegmentRank(segment) > kLastBlockingRank ||
          Gravity(verdict_.decision) >= Gravity(Decision::kBlocked))
        continue;
      Differ("verdict",
             fmt::format("blocked, since segments[{}] ({}) has the status {}", i, io::Quoted(segment.value),
                         segment.row.status),
             DecisionName(verdict_.decision));
    }
    const auto mapped = verdict_.policy.exit_map.find(DecisionName(verdict_.decision));
    const int code =
        mapped == verdict_.policy.exit_map.end() ? DecisionExitCode(verdict_.decision) : mapped->second;
    if (verdict_.exit_code != code)
      Differ("exit_code", fmt::format("{} for {}", code, DecisionName(verdict_.decision)),
             std::to_string(verdict_.exit_code));
  }

  void CheckPolicy() {
    const std::string sha256 = io::Sha256Hex(verdict_.policy_json);
    if (verdict_.policy_sha256 != sha256)
      Differ("policy.sha256", fmt::format("{}, the hash of policy.resolved", sha256),
             io::Quoted(verdict_.policy_sha256));
  }

  void CheckRunHash() {
    const std::string sha256 =
        io::Sha256Hex(RunHashText(verdict_, verdict_.anchor ? verdict_.anchor->sha256 : std::string()));
    if (verdict_.run_hash != sha256)
      Differ("run_hash", fmt::format("{}, the hash of the policy and the logs that it names", sha256),
             io::Quoted(verdict_.run_hash));
  }

  void CheckRow(const std::string& name, const VerdictRow& row, const std::vector<std::string>& broke,
                const std::vector<std::string>& fixed) {
    if (row.n_pairs < 0) return Differ(name + ".n_pairs", "0 or more", std::to_string(row.n_pairs));
    if (row.ci_low && row.ci_high && *row.ci_low > *row.ci_high)
      Differ(name + ".ci_low", "no more than ci_high", fmt::format("{}", *row.ci_low));
    if (!row.n_both || !row.n_incumbent_only || !row.n_candidate_only || !row.n_neither) return;
    for (const auto& [field, n] :
         {std::pair("n_both", *row.n_both), std::pair("n_incumbent_only", *row.n_incumbent_only),
          std::pair("n_candidate_only", *row.n_candidate_only), std::pair("n_neither", *row.n_neither)}) {
      // Within what a sum of four holds.
      if (n < 0 || n > row.n_pairs)
        return Differ(name + "." + field, fmt::format("0 to {}, the pairs", row.n_pairs), std::to_string(n));
    }
    const std::int64_t sum = *row.n_both + *row.n_incumbent_only + *row.n_candidate_only + *row.n_neither;
    if (sum != row.n_pairs)
      return Differ(name + ".n_pairs", fmt::format("{}, the sum of the four counts", sum),
                    std::to_string(row.n_pairs));
    CheckIds(name + ".broke", broke, *row.n_incumbent_only, "n_incumbent_only");
    CheckIds(name + ".fixed", fixed, *row.n_candidate_only, "n_candidate_only");
    if (row.n_pairs == 0) return;
    const auto n = static_cast<double>(row.n_pairs);
    const auto both = static_cast<double>(*row.n_both);
    const auto b = static_cast<double>(*row.n_incumbent_only);
    const auto c = static_cast<double>(*row.n_candidate_only);
    CheckFigure(name + ".delta", row.delta, (c - b) / n);
    CheckFigure(name + ".incumbent_rate", row.incumbent_rate, (both + b) / n);
    CheckFigure(name + ".candidate_rate", row.candidate_rate, (both + c) / n);
    CheckFigure(name + ".discordance_rate", row.discordance_rate, (b + c) / n);
  }

  void CheckPairs() {
    if (verdict_.aggregate.n_pairs != verdict_.missing.paired)
      Differ("missing.paired", fmt::format("{}, aggregate.n_pairs", verdict_.aggregate.n_pairs),
             std::to_string(verdict_.missing.paired));
  }

 private:
  void Differ(const std::string& field, const std::string& expected, const std::string& found) {
    diagnostics_.Add({path_, 0, 0},
                     fmt::format("{}: expected {}, found {}; the file does not agree with itself", field,
                                 expected, found));
  }
  void CheckIds(const std::string& field, const std::vector<std::string>& ids, std::int64_t n,
                const char* count) {
    if (static_cast<std::int64_t>(ids.size()) != n)
      Differ(field, fmt::format("{} ids, {}", n, count), std::to_string(ids.size()));
  }
  void CheckFigure(const std::string& field, const std::optional<double>& found, double expected) {
    if (!found || !(std::abs(*found - expected) <= 1e-9))
      Differ(field, fmt::format("{:.6g}, by the counts", expected),
             found ? fmt::format("{:.6g}", *found) : "null");
  }

  const Verdict& verdict_;
  const std::string& path_;
  io::Diagnostics& diagnostics_;
};

}  // namespace

void CheckVerdict(const Verdict& verdict, const std::string& path, io::Diagnostics& diagnostics) {
  Checker checker(verdict, path, diagnostics);
  checker.CheckDecision();
  checker.CheckPolicy();
  checker.CheckRunHash();
  checker.CheckPairs();
  checker.CheckRow("aggregate", verdict.aggregate, verdict.broke, verdict.fixed);
  for (std::size_t i = 0; i < verdict.segments.size(); ++i) {
    const VerdictSegment& segment = verdict.segments[i];
    checker.CheckRow(fmt::format("segments[{}]", i), segment.row, segment.broke, segment.fixed);
  }
}

}  // namespace minslice::report
