#include "reduce/counts_builder.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "io/diagnostics.h"
#include "pair/check_runs.h"
#include "pair/counted.h"
#include "reduce/shards.h"
#include "reduce/side_sums.h"

namespace minslice::reduce {

std::uint32_t NameTable::Number(std::string_view text) {
  if (last_ < names_.size() && names_[last_] == text) return last_;
  const auto known = index_.find(text);
  if (known != index_.end()) return last_ = known->second;
  last_ = static_cast<std::uint32_t>(names_.size());
  names_.emplace_back(text);
  index_.emplace(names_.back(), last_);
  return last_;
}

std::uint32_t CountsBuilder::Segments(std::span<const Segment> ascending) {
  // Lengths in front of the texts, so that no two sets have one key.
  key_.clear();
  for (const Segment& segment : ascending) {
    for (const std::string* text : {&segment.dimension, &segment.value}) {
      const std::size_t size = text->size();
      char bytes[sizeof size];
      std::memcpy(bytes, &size, sizeof size);
      key_.append(bytes, sizeof size).append(*text);
    }
  }
  const std::uint32_t number = set_keys_.Number(key_);
  if (number == sets_.size()) sets_.emplace_back(ascending.begin(), ascending.end());
  return number;
}

void CountsBuilder::Add(std::uint32_t segments, std::uint32_t cluster, std::uint32_t pattern,
                        std::int64_t n) {
  if (!AddTo(groups_[{segments, cluster, pattern}], n)) overflowed_ = true;
}

void CountsBuilder::Add(const CaseCounts& counts) {
  std::vector<std::uint32_t> sets, clusters, patterns;
  for (const std::vector<Segment>& set : counts.segments) sets.push_back(Segments(set));
  for (const std::string& name : counts.clusters) clusters.push_back(Cluster(name));
  for (const std::string& text : counts.patterns) patterns.push_back(Pattern(text));
  groups_.reserve(groups_.size() + counts.groups.size());
  for (const CaseGroup& group : counts.groups) {
    Add(sets[group.segments],
        group.cluster == CaseCounts::kNoCluster ? CaseCounts::kNoCluster : clusters[group.cluster],
        patterns[group.pattern], group.n);
  }
}

void CountsBuilder::MoveTo(CaseCounts& counts) {
  counts.segments = std::move(sets_);
  counts.clusters = std::move(clusters_.names());
  counts.patterns = std::move(patterns_.names());
  counts.groups.clear();
  counts.groups.reserve(groups_.size());
  for (const auto& [key, n] : groups_) counts.groups.push_back({key.segments, key.cluster, key.pattern, n});
}

Result<CaseCounts> AddCounts(std::span<const CaseCounts> parts) {
  io::Diagnostics diagnostics;
  CaseCounts sum;
  std::vector<RunLog> sides[2];
  CountsBuilder builder;
  bool fits = true;
  for (const CaseCounts& part : parts) {
    if (&part == parts.data()) sum.metrics = part.metrics;
    if (part.metrics != sum.metrics)
      diagnostics.Add({part.path, 0, 0},
                      fmt::format("counts other scores than {}: count both with the same --metric flags",
                                  parts.front().path));
    for (int s = 0; s < 2; ++s) sides[s].push_back(pair::CountedRun({&part, [](const CaseCounts*) {}}, s));
    sum.logs.insert(sum.logs.end(), part.logs.begin(), part.logs.end());
    for (std::size_t s = 0; s < 2; ++s) fits = AddSide(sum.sides[s], part.sides[s]) && fits;
    builder.Add(part);
  }
  CheckShardsOfParts(parts, diagnostics);
  pair::PairResult runs;
  pair::CheckRuns(sides[0], sides[1], runs);
  for (const pair::Finding& finding : runs.findings) diagnostics.Add({}, finding.code + ": " + finding.text);
  if (!fits || builder.overflowed()) diagnostics.Add({}, "a count is larger than 9.2e18, which 64 bits hold");
  CheckSides(sum, diagnostics);
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  builder.MoveTo(sum);
  return sum;
}

}  // namespace minslice::reduce
