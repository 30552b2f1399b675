#include "pair/case_segments.h"

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

void FillSegments(const std::vector<Identity>& cases, const Numbers& numbers, PairedTable& table) {
  std::vector<bool> used_sets(numbers.sets.size()), used_clusters(numbers.clusters.size());
  for (const Identity& identity : cases) {
    if (identity.segments != kNoValue) used_sets[identity.segments] = true;
    if (identity.cluster != kNoValue) used_clusters[identity.cluster] = true;
  }
  std::map<std::string_view, std::map<std::string_view, std::uint32_t>> values;
  for (std::size_t s = 0; s < used_sets.size(); ++s) {
    if (!used_sets[s]) continue;
    for (const Segment& segment : *numbers.sets[s]) values[segment.dimension].try_emplace(segment.value, 0U);
  }
  std::map<std::string_view, std::size_t> place;
  for (auto& [name, of_dimension] : values) {
    Dimension dimension;
    dimension.name = name;
    for (auto& [value, code] : of_dimension) {
      code = static_cast<std::uint32_t>(dimension.values.size());
      dimension.values.emplace_back(value);
    }
    dimension.value_of_case.assign(cases.size(), kNoValue);
    place[name] = table.dimensions.size();
    table.dimensions.push_back(std::move(dimension));
  }
  std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> codes(numbers.sets.size());
  for (std::size_t s = 0; s < used_sets.size(); ++s) {
    if (!used_sets[s]) continue;
    for (const Segment& segment : *numbers.sets[s])
      codes[s].emplace_back(place[segment.dimension], values[segment.dimension][segment.value]);
  }
  std::map<std::string_view, std::uint32_t> names;
  for (std::size_t c = 0; c < used_clusters.size(); ++c) {
    if (used_clusters[c]) names.try_emplace(*numbers.clusters[c], static_cast<std::uint32_t>(c));
  }
  std::vector<std::uint32_t> code_of_cluster(used_clusters.size(), kNoValue);
  for (const auto& [name, c] : names) {
    code_of_cluster[c] = static_cast<std::uint32_t>(table.clusters.size());
    table.clusters.emplace_back(name);
  }
  if (!names.empty()) table.cluster_of_case.assign(cases.size(), kNoValue);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].cluster != kNoValue) table.cluster_of_case[i] = code_of_cluster[cases[i].cluster];
    if (cases[i].segments == kNoValue) continue;
    for (const auto& [d, code] : codes[cases[i].segments]) table.dimensions[d].value_of_case[i] = code;
  }
}

}  // namespace minslice::pair
