#include "reduce/counts_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "io/diagnostics.h"
#include "pair/check_runs.h"
#include "pair/counted.h"
#include "reduce/shards.h"
#include "reduce/side_sums.h"

namespace minslice::reduce {

std::uint32_t NameTable::Number(std::string_view text) {
  if (last_ < names_.size() && names_[last_] == text) return last_;
  if (2 * (names_.size() + 1) > slots_.size()) Grow();
  const std::size_t hash = std::hash<std::string_view>()(text);
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at].number != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].tag == tag && names_[slots_[at].number - 1] == text) return last_ = slots_[at].number - 1;
  }
  names_.emplace_back(text);
  slots_[at] = {tag, static_cast<std::uint32_t>(names_.size())};
  return last_ = slots_[at].number - 1;
}

void NameTable::Grow() {
  slots_.assign(std::max<std::size_t>(16, slots_.size() * 2), Slot());
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const std::size_t hash = std::hash<std::string_view>()(names_[i]);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].number != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32U), static_cast<std::uint32_t>(i + 1)};
  }
}

CaseGroup& GroupTable::Find(const CaseGroup& group) {
  std::uint64_t hash = (std::uint64_t{group.segments} << 32U | group.cluster) * 0x9E3779B97F4A7C15U;
  hash ^= hash >> 29U;
  hash = (hash + group.pattern) * 0xBF58476D1CE4E5B9U;
  std::size_t at = (hash ^ hash >> 32U) & (slots_.size() - 1);
  while (slots_[at].n != 0 && (slots_[at].segments != group.segments || slots_[at].cluster != group.cluster ||
                               slots_[at].pattern != group.pattern))
    at = (at + 1) & (slots_.size() - 1);
  return slots_[at];
}

bool GroupTable::Add(const CaseGroup& group) {
  if (2 * (size_ + 1) > slots_.size()) Reserve(std::max<std::size_t>(16, size_ * 2));
  CaseGroup& found = Find(group);
  if (found.n != 0) return AddTo(found.n, group.n);
  found = group;
  ++size_;
  return true;
}

void GroupTable::Reserve(std::size_t groups) {
  std::size_t slots = 16;
  while (slots < 2 * groups) slots *= 2;
  if (slots <= slots_.size()) return;
  const std::vector<CaseGroup> before = std::exchange(slots_, std::vector<CaseGroup>(slots));
  for (const CaseGroup& group : before) {
    if (group.n != 0) Find(group) = group;
  }
}

std::vector<CaseGroup> GroupTable::Groups() const {
  std::vector<CaseGroup> groups;
  groups.reserve(size_);
  for (const CaseGroup& group : slots_) {
    if (group.n != 0) groups.push_back(group);
  }
  return groups;
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
  if (cluster == CaseCounts::kNoCluster) {
    if (pattern < kFirstPatterns) {
      if (bare_.size() <= segments) bare_.resize(std::size_t{segments} + 1);
      if (!AddTo(bare_[segments][pattern], n)) overflowed_ = true;
      return;
    }
  } else if (std::uint32_t* cases = clusters_.Cases(cluster, segments, pattern)) {
    const std::uint32_t before = *cases;
    if (before != ClusterTable::kElsewhere && n >= 0 && n < std::int64_t{ClusterTable::kElsewhere} - before) {
      *cases = before + static_cast<std::uint32_t>(n);
      return;
    }
    *cases = ClusterTable::kElsewhere;
    if (before != 0 && before != ClusterTable::kElsewhere &&
        !groups_.Add({segments, cluster, pattern, before}))
      overflowed_ = true;
  }
  if (!groups_.Add({segments, cluster, pattern, n})) overflowed_ = true;
}

void CountsBuilder::AddSoon(std::uint32_t segments, std::string_view cluster, std::uint32_t pattern) {
  Soon& soon = soon_[n_soon_ % kMostSoon];
  if (n_soon_ >= kMostSoon) AddNow(soon);
  ++n_soon_;
  soon.segments = segments;
  soon.pattern = pattern;
  soon.hash = ClusterTable::HashOf(cluster);
  soon.cluster.assign(cluster);
  clusters_.Expect(soon.hash);
}

void CountsBuilder::AddNow(const Soon& soon) {
  Add(soon.segments, clusters_.Number(soon.cluster, soon.hash), soon.pattern, 1);
}

void CountsBuilder::Finish() {
  for (std::size_t i = n_soon_ - std::min(n_soon_, kMostSoon); i < n_soon_; ++i) AddNow(soon_[i % kMostSoon]);
  n_soon_ = 0;
}

void CountsBuilder::Add(const CaseCounts& counts) {
  std::vector<std::uint32_t> sets, clusters, patterns;
  for (const std::vector<Segment>& set : counts.segments) sets.push_back(Segments(set));
  clusters_.Reserve(std::max(clusters_.size(), counts.clusters.size()));
  for (const std::string& name : counts.clusters) clusters.push_back(Cluster(name));
  for (const std::string& text : counts.patterns) patterns.push_back(Pattern(text));
  for (const CaseGroup& group : counts.groups) {
    Add(sets[group.segments],
        group.cluster == CaseCounts::kNoCluster ? CaseCounts::kNoCluster : clusters[group.cluster],
        patterns[group.pattern], group.n);
  }
}

void CountsBuilder::MoveTo(CaseCounts& counts) {
  counts.segments = std::move(sets_);
  counts.patterns = std::move(patterns_.names());
  counts.groups = groups_.Groups();
  for (std::uint32_t set = 0; set < bare_.size(); ++set) {
    for (std::uint32_t pattern = 0; pattern < kFirstPatterns; ++pattern) {
      if (bare_[set][pattern] != 0)
        counts.groups.push_back({set, CaseCounts::kNoCluster, pattern, bare_[set][pattern]});
    }
  }
  clusters_.MoveTo(counts.clusters, counts.groups);
}

Result<CaseCounts> AddCounts(std::span<const CaseCounts> parts) {
  CountsBuilder builder;
  for (const CaseCounts& part : parts) builder.Add(part);
  return AddCounts(parts, std::move(builder));
}

Result<CaseCounts> AddCounts(std::span<const CaseCounts> parts, CountsBuilder builder) {
  io::Diagnostics diagnostics;
  CaseCounts sum;
  std::vector<RunLog> sides[2];
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
