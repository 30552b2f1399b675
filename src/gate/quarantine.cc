#include "gate/quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "gate/case_data.h"
#include "gate/dates.h"
#include "gate/prepare.h"
#include "io/sha256.h"
#include "yaml/yaml.h"

namespace minslice::gate {
namespace {

std::int64_t ReadDay(const yaml::Map& map, const char* key) {
  const std::string text = map.RequireString(key);
  const auto day = DayOf(text);
  if (!day && !text.empty())
    map.Error(key, fmt::format("expected a date such as 2026-11-21, found {}", text));
  return day.value_or(0);
}

// Whether a side's graded runs of a case disagree; nullopt with fewer than two of them.
std::optional<bool> Disagree(const PairedArm& arm, std::size_t i) {
  const auto k = static_cast<std::size_t>(arm.repeats);
  int graded = 0;
  double low = 0;
  double high = 0;
  for (std::size_t r = 0; r < k; ++r) {
    const double score = arm.scores[i * k + r];
    if (std::isnan(score)) continue;
    low = graded == 0 ? score : std::min(low, score);
    high = graded == 0 ? score : std::max(high, score);
    ++graded;
  }
  if (graded < 2) return std::nullopt;
  return high > low;
}

}  // namespace

Result<Quarantine> ParseQuarantine(const std::string& text, const std::string& path) {
  io::Diagnostics diagnostics;
  const yaml::Map root = yaml::ParseMap(text, path, diagnostics);
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  Quarantine quarantine;
  quarantine.path = path;
  quarantine.sha256 = io::Sha256Hex(text);
  if (root.RequireInt("version") != 1)
    root.Error("version", "expected version 1: this version reads no other quarantine file");
  std::set<std::string> seen;
  for (const yaml::Node& item : root.GetList("cases")) {
    const yaml::Map map = item.AsMap();
    if (item.kind() != yaml::Kind::kMap) continue;
    QuarantineEntry entry;
    entry.id = map.RequireString("id");
    entry.since = ReadDay(map, "since");
    entry.reason = map.GetString("reason", "");
    if (map.Has("expires")) {
      entry.expires = ReadDay(map, "expires");
      if (*entry.expires < entry.since) map.Error("expires", "expires lies before since");
    }
    map.Finish();
    if (!entry.id.empty() && !seen.insert(entry.id).second)
      item.Error(fmt::format("case {} stands here twice", entry.id));
    quarantine.entries.push_back(std::move(entry));
  }
  root.Finish();
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return quarantine;
}

std::optional<VerdictFlaky> FindFlaky(const Policy& rules, const PairedTable& table,
                                      std::span<const RunLog> candidate, std::vector<std::string>& warnings) {
  const FlakyPolicy& policy = rules.flaky;
  const bool seen = table.incumbent.repeats > 1 && !rules.scale.graded;
  if (!seen && policy.quarantine.path.empty()) return std::nullopt;
  VerdictFlaky found;
  found.policy = policy.policy;
  for (std::size_t i = 0; seen && i < table.n_cases(); ++i) {
    if (Disagree(table.incumbent, i).value_or(false)) found.ids.emplace_back(table.case_ids[i]);
  }
  if (policy.quarantine.path.empty()) return found;
  const Quarantine* quarantine = &policy.quarantine;
  found.path = quarantine->path;
  found.sha256 = quarantine->sha256;
  const auto today = RunDay(candidate);
  if (today) found.run_date = DayText(*today);
  const auto ignore = [&](const QuarantineEntry& entry, std::string why) {
    found.ignored.push_back({entry.id, std::move(why)});
  };
  for (const QuarantineEntry& entry : quarantine->entries) {
    const auto at = std::lower_bound(table.case_ids.begin(), table.case_ids.end(), entry.id);
    if (at == table.case_ids.end() || *at != entry.id) {
      ignore(entry, "no such case in the logs");
      continue;
    }
    const auto i = static_cast<std::size_t>(at - table.case_ids.begin());
    const std::int64_t last = entry.expires.value_or(entry.since + policy.expires_days);
    if (!today) {
      ignore(entry, "the candidate's log says no date, so nothing can be in force");
    } else if (*today > last) {
      found.expired.push_back(entry.id);
    } else if (*today < entry.since) {
      ignore(entry, fmt::format("it begins {}, after the run of {}: results do not choose what is left out",
                                DayText(entry.since), DayText(*today)));
    } else if (!Disagree(table.incumbent, i).value_or(true)) {
      ignore(entry, "the incumbent's runs agree on it, so it is not flaky in this run");
    } else {
      found.quarantined.push_back(entry.id);
    }
  }
  std::sort(found.quarantined.begin(), found.quarantined.end());
  std::sort(found.expired.begin(), found.expired.end());
  if (!found.expired.empty()) {
    warnings.push_back(fmt::format("{}: {} quarantined case{} expired before the run of {} and counted again",
                                   quarantine->path, found.expired.size(),
                                   found.expired.size() == 1 ? " has" : "s have", found.run_date));
  }
  std::map<std::string, std::size_t> by_why;
  for (const VerdictFlakyIgnored& ignored : found.ignored) ++by_why[ignored.why];
  for (const auto& [why, count] : by_why) {
    warnings.push_back(fmt::format("{}: {} entr{} without effect: {}", quarantine->path, count,
                                   count == 1 ? "y" : "ies", why));
  }
  return found;
}

VerdictFlakyDifference DifferenceWithout(const Policy& policy, const PairedTable& table,
                                         std::span<const std::string> left_out) {
  const PreparedTable prepared(policy, table, left_out);
  const Analysis analysis = AnalyseTable(policy, prepared.table(), policy.margin);
  VerdictFlakyDifference difference;
  difference.n_pairs = analysis.n;
  difference.delta = analysis.delta;
  difference.ci_low = analysis.ci_low;
  difference.ci_high = analysis.ci_high;
  difference.level = analysis.level;
  difference.method = analysis.method;
  return difference;
}

}  // namespace minslice::gate
