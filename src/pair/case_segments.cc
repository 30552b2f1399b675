#include "pair/case_segments.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace minslice::pair {
Numbers NumberNames(Side (&sides)[2]) {
  Numbers numbers;
  std::map<std::vector<std::pair<std::string_view, std::string_view>>, std::uint32_t> sets;
  std::unordered_map<std::string_view, std::uint32_t> clusters;
  for (Side& side : sides) {
    for (LogRows& log : side.columns) {
      for (const std::vector<Segment>& set : log.columns->segment_sets()) {
        std::vector<std::pair<std::string_view, std::string_view>> key;
        for (const Segment& segment : set) key.emplace_back(segment.dimension, segment.value);
        const auto [entry, is_new] =
            sets.try_emplace(std::move(key), static_cast<std::uint32_t>(numbers.sets.size()));
        if (is_new) numbers.sets.push_back(&set);
        log.set_of.push_back(entry->second);
      }
      for (const std::string& name : log.columns->clusters()) {
        const auto [entry, is_new] =
            clusters.try_emplace(name, static_cast<std::uint32_t>(numbers.clusters.size()));
        if (is_new) numbers.clusters.push_back(&name);
        log.cluster_of.push_back(entry->second);
      }
    }
  }
  return numbers;
}

std::vector<std::vector<std::uint32_t>> AddDimensions(std::span<const std::vector<Segment>* const> sets,
                                                      const std::vector<bool>& used, PairedTable& table) {
  std::map<std::string_view, std::map<std::string_view, std::uint32_t>> values;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    if (!used[s]) continue;
    for (const Segment& segment : *sets[s]) values[segment.dimension].try_emplace(segment.value, 0U);
  }
  std::map<std::string_view, std::size_t> place;
  for (auto& [name, of_dimension] : values) {
    Dimension dimension;
    dimension.name = name;
    for (auto& [value, code] : of_dimension) {
      code = static_cast<std::uint32_t>(dimension.values.size());
      dimension.values.emplace_back(value);
    }
    place[name] = table.dimensions.size();
    table.dimensions.push_back(std::move(dimension));
  }
  std::vector<std::vector<std::uint32_t>> codes;
  codes.reserve(sets.size());
  for (std::size_t s = 0; s < sets.size(); ++s) {
    std::vector<std::uint32_t>& of_set = codes.emplace_back(table.dimensions.size(), kNoValue);
    if (!used[s]) continue;
    for (const Segment& segment : *sets[s])
      of_set[place[segment.dimension]] = values[segment.dimension][segment.value];
  }
  return codes;
}

std::vector<std::uint32_t> AddClusters(std::span<const std::string* const> names,
                                       const std::vector<bool>& used, PairedTable& table) {
  std::vector<std::uint32_t> clusters;
  for (std::uint32_t c = 0; c < names.size(); ++c) {
    if (used[c]) clusters.push_back(c);
  }
  const auto before = [&](std::uint32_t a, std::uint32_t b) { return *names[a] < *names[b]; };
  // A file of counts has them in order.
  if (!std::is_sorted(clusters.begin(), clusters.end(), before))
    std::sort(clusters.begin(), clusters.end(), before);
  std::vector<std::uint32_t> codes(names.size(), kNoValue);
  table.clusters.reserve(clusters.size());
  for (const std::uint32_t c : clusters) {
    codes[c] = static_cast<std::uint32_t>(table.clusters.size());
    table.clusters.push_back(*names[c]);
  }
  return codes;
}

void FillSegments(const std::vector<Identity>& cases, const Numbers& numbers, PairedTable& table) {
  std::vector<bool> used_sets(numbers.sets.size()), used_clusters(numbers.clusters.size());
  for (const Identity& identity : cases) {
    if (identity.segments != kNoValue) used_sets[identity.segments] = true;
    if (identity.cluster != kNoValue) used_clusters[identity.cluster] = true;
  }
  const auto codes = AddDimensions(numbers.sets, used_sets, table);
  const auto cluster_codes = AddClusters(numbers.clusters, used_clusters, table);
  for (Dimension& dimension : table.dimensions) dimension.value_of_case.assign(cases.size(), kNoValue);
  if (!table.clusters.empty()) table.cluster_of_case.assign(cases.size(), kNoValue);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].cluster != kNoValue) table.cluster_of_case[i] = cluster_codes[cases[i].cluster];
    if (cases[i].segments == kNoValue) continue;
    const std::vector<std::uint32_t>& of_set = codes[cases[i].segments];
    for (std::size_t d = 0; d < of_set.size(); ++d) table.dimensions[d].value_of_case[i] = of_set[d];
  }
}

}  // namespace minslice::pair
