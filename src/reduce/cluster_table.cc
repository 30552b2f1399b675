#include "reduce/cluster_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace minslice::reduce {

std::uint32_t ClusterTable::LongName(const Place& place) {
  std::uint32_t at = 0;
  std::memcpy(&at, place.name.data(), sizeof at);
  return at;
}

bool ClusterTable::Is(const Place& place, std::uint32_t hash, std::string_view name) const {
  if (place.hash != hash) return false;
  if (place.size > kInline) return long_names_[LongName(place)] == name;
  return place.size == name.size() && std::memcmp(place.name.data(), name.data(), name.size()) == 0;
}

std::uint32_t ClusterTable::Number(std::string_view name, std::uint32_t hash) {
  // At most half full, so that a search ends soon.
  if (2 * (size() + 1) > places_.size()) Reserve(size() + 1);
  std::size_t at = At(hash);
  for (; places_[at].number != 0; at = at + 1 < places_.size() ? at + 1 : 0) {
    if (Is(places_[at], hash, name)) return places_[at].number - 1;
  }
  place_of_.push_back(static_cast<std::uint32_t>(at));
  Place& place = places_[at];
  place.hash = hash;
  place.number = static_cast<std::uint32_t>(place_of_.size());
  place.size = static_cast<std::uint8_t>(std::min(name.size(), kInline + 1));
  if (name.size() <= kInline) {
    std::copy(name.begin(), name.end(), place.name.begin());
  } else {
    const auto where = static_cast<std::uint32_t>(long_names_.size());
    std::memcpy(place.name.data(), &where, sizeof where);
    long_names_.emplace_back(name);
  }
  return place.number - 1;
}

void ClusterTable::Reserve(std::size_t clusters) {
  std::size_t places = 16;
  unsigned shift = 28;
  for (; 2 * clusters > places; places *= 2) --shift;
  if (places <= places_.size()) return;
  const Places before = std::exchange(places_, Places(places));
  shift_ = shift;
  for (const Place& place : before) {
    if (place.number == 0) continue;
    std::size_t at = At(place.hash);
    while (places_[at].number != 0) at = at + 1 < places_.size() ? at + 1 : 0;
    places_[at] = place;
    place_of_[place.number - 1] = static_cast<std::uint32_t>(at);
  }
}

void ClusterTable::MoveTo(std::vector<std::string>& names, std::vector<CaseGroup>& groups) {
  const std::size_t before = groups.size();
  std::vector<std::uint32_t> number(size());
  names.clear();
  names.reserve(size());
  for (const Place& place : places_) {
    if (place.number == 0) continue;
    const auto cluster = number[place.number - 1] = static_cast<std::uint32_t>(names.size());
    if (place.size > kInline) {
      names.push_back(std::move(long_names_[LongName(place)]));
    } else {
      names.emplace_back(place.name.data(), place.size);
    }
    for (std::uint32_t pattern = 0; pattern < kPatterns; ++pattern) {
      if (place.n[pattern] != 0 && place.n[pattern] != kElsewhere)
        groups.push_back({place.segments, cluster, pattern, place.n[pattern]});
    }
  }
  for (std::size_t i = 0; i < before; ++i) {
    if (groups[i].cluster != CaseCounts::kNoCluster) groups[i].cluster = number[groups[i].cluster];
  }
}

}  // namespace minslice::reduce
