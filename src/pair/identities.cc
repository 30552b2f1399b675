#include "pair/identities.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "pair/check_runs.h"
#include "pair/wording.h"

namespace minslice::pair {
void Identities::Add(std::string_view id, const Side (&sides)[2], std::span<const Row> (&rows)[2]) {
  Identity identity;
  bool other_prompt = false, other_segments = false, cluster_known = false;
  bool prompt_in[2] = {false, false};
  for (std::size_t s = 0; s < 2; ++s) {
    const Side& side = sides[s];
    const bool clusters = side.has_clusters || same_clusters_;
    const bool segments = !one_sided_ || side.has_segments;
    for (const Row& row : rows[s]) {
      const LogRows& log = side.columns[row.log];
      if (const std::uint64_t prompt = log.columns->prompt(row.row); prompt != 0) {
        prompt_in[s] = true;
        if (identity.prompt == 0) identity.prompt = prompt;
        other_prompt = other_prompt || identity.prompt != prompt;
      }
      // Clusters likewise: dependence that one side knows of is there for both.
      if (clusters) {
        const std::uint32_t own = log.columns->cluster(row.row);
        const std::uint32_t cluster = own == RowColumns::kNone ? kNoValue : log.cluster_of[own];
        if (!cluster_known) identity.cluster = cluster;
        cluster_known = true;
        other_segments = other_segments || identity.cluster != cluster;
      }
      if (!segments) continue;
      const std::uint32_t set = log.set_of[log.columns->segments(row.row)];
      if (identity.segments == kNoValue) identity.segments = set;
      other_segments = other_segments || identity.segments != set;
    }
  }
  if (other_prompt) other_prompt_.emplace_back(id);
  if (other_segments) other_segments_.emplace_back(id);
  if (!rows[0].empty() && !rows[1].empty() && prompt_in[0] != prompt_in[1]) {
    Stripped& stripped = stripped_[prompt_in[0] ? 1 : 0];
    if (stripped.cases++ == 0) stripped.first = id;
    const auto& lacking = rows[prompt_in[0] ? 1 : 0];
    const Side& side = sides[prompt_in[0] ? 1 : 0];
    stripped.imported = stripped.imported && !side.columns[lacking[0].log].log->run.imported_from.empty();
  }
  cases.push_back(identity);
}

void Identities::Report(const Side (&sides)[2], PairResult& result) {
  if (!other_prompt_.empty()) {
    std::string text = fmt::format("one id, different prompts: {} ({})", Count(other_prompt_.size(), "case"),
                                   Ids(other_prompt_));
    result.findings.push_back({"prompt_mismatch", std::move(text), std::move(other_prompt_)});
  }
  if (!other_segments_.empty()) {
    std::string text = fmt::format("one id, different segments or clusters: {} ({})",
                                   Count(other_segments_.size(), "case"), Ids(other_segments_));
    result.findings.push_back({"segment_mismatch", std::move(text), std::move(other_segments_)});
  }
  for (std::size_t s = 0; s < 2; ++s) {
    const Stripped& stripped = stripped_[s];
    result.without_prompt[s] = static_cast<std::int64_t>(stripped.cases);
    if (stripped.cases == 0) continue;
    std::string text =
        PromptsUnknown(sides[s].name, sides[1 - s].name, result.without_prompt[s], stripped.first);
    // Imported results may know no prompts; a run of ours writes the hash into every row.
    if (stripped.imported) {
      result.warnings.push_back(std::move(text));
    } else {
      result.findings.push_back({"prompt_unknown", std::move(text), {}});
    }
  }
}

void WarnOfSharedPrompts(const std::vector<Identity>& cases, std::vector<std::string>& warnings) {
  // Most prompts are met once: a bit each finds the few that may not be.
  std::size_t bits = 1024;
  while (bits < cases.size() * 16) bits *= 2;
  std::vector<std::uint64_t> met(bits / 64), again(bits / 64);
  bool any = false;
  constexpr std::size_t kAhead = 32;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (i + kAhead < cases.size()) __builtin_prefetch(&met[(cases[i + kAhead].prompt & (bits - 1)) / 64], 1);
    if (cases[i].prompt == 0) continue;
    const std::size_t at = cases[i].prompt & (bits - 1);
    const std::uint64_t bit = std::uint64_t{1} << at % 64;
    if ((met[at / 64] & bit) != 0) {
      any = true;
      again[at / 64] |= bit;
    }
    met[at / 64] |= bit;
  }
  if (!any) return;
  const auto may_be_again = [&](std::uint64_t prompt) {
    const std::size_t at = prompt & (bits - 1);
    return (again[at / 64] >> at % 64 & 1U) != 0;
  };
  struct Shared {
    std::size_t cases = 0;
    std::uint32_t cluster = kNoValue;
    bool one_cluster = true;
  };
  std::unordered_map<std::uint64_t, Shared> shared;
  for (const Identity& identity : cases) {
    if (identity.prompt == 0 || !may_be_again(identity.prompt)) continue;
    Shared& prompt = shared[identity.prompt];
    if (prompt.cases++ == 0) prompt.cluster = identity.cluster;
    prompt.one_cluster =
        prompt.one_cluster && identity.cluster != kNoValue && identity.cluster == prompt.cluster;
  }
  std::size_t n_prompts = 0, n_cases = 0;
  for (const auto& [key, prompt] : shared) {
    if (prompt.cases < 2 || prompt.one_cluster) continue;
    ++n_prompts;
    n_cases += prompt.cases;
  }
  if (n_prompts == 0) return;
  warnings.push_back(fmt::format(
      "{} under several ids (same prompt_sha256): {} are counted as independent and are not; give "
      "cases of one prompt one `cluster`",
      n_prompts == 1 ? "one prompt stands" : fmt::format("{} prompts stand", n_prompts),
      Count(n_cases, "case")));
}

}  // namespace minslice::pair
