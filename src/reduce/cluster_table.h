// Cases by cluster. Of 100,000 clusters and more every case is another place in memory, so what a case needs
// of its cluster lies in one line of the cache: the name, and the cases of the cluster's first set of
// segments under the patterns that came first. What does not fit there is said so, and belongs elsewhere.
#ifndef MINSLICE_REDUCE_CLUSTER_TABLE_H_
#define MINSLICE_REDUCE_CLUSTER_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/text_hash.h"
#include "minslice/case_counts.h"
#include "reduce/huge_pages.h"

namespace minslice::reduce {

class ClusterTable {
 public:
  static std::uint32_t HashOf(std::string_view name) {
    return static_cast<std::uint32_t>(log::TextHash(name) >> 32U);
  }
  // Has the place of a name on its way into the cache, where Number will look for it.
  void Expect(std::uint32_t hash) const {
    if (places_.empty()) return;
    const Place* place = &places_[At(hash)];
    __builtin_prefetch(place);
    __builtin_prefetch(place + 1);  // one name in four stands behind its place; beyond the last is no harm
  }
  std::uint32_t Number(std::string_view name, std::uint32_t hash);
  void Reserve(std::size_t clusters);
  std::size_t size() const { return place_of_.size(); }

  // The cases of a set of segments and a pattern here, or null: there is no place for them. kElsewhere: they
  // are counted elsewhere for good, since they were too many.
  static constexpr std::uint32_t kElsewhere = static_cast<std::uint32_t>(-1);
  std::uint32_t* Cases(std::uint32_t cluster, std::uint32_t segments, std::uint32_t pattern) {
    if (pattern >= kPatterns) return nullptr;
    Place& place = places_[place_of_[cluster]];
    if (place.segments == kNone) place.segments = segments;
    return place.segments == segments ? &place.n[pattern] : nullptr;
  }

  // Hands over the names and, behind `groups`, the cases that are counted here, in the order of their hashes:
  // another table takes them in the order in which its places lie in memory. The clusters of what is in
  // `groups` already get their new numbers.
  void MoveTo(std::vector<std::string>& names, std::vector<CaseGroup>& groups);

 private:
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);
  static constexpr std::size_t kPatterns = 8;
  static constexpr std::size_t kInline = 19;
  struct alignas(64) Place {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  // from 1; 0: free
    std::uint32_t segments = kNone;
    std::uint8_t size = 0;  // of the name; kInline + 1: it is longer, and `name` says where it is
    std::array<char, kInline> name = {};
    std::array<std::uint32_t, kPatterns> n = {};
  };
  static_assert(sizeof(Place) == 64);

  // The first bits of the hash, so that a larger table has its places in the same order.
  std::size_t At(std::uint32_t hash) const { return hash >> shift_; }
  bool Is(const Place& place, std::uint32_t hash, std::string_view name) const;
  // Of one with a longer name: where in long_names_.
  static std::uint32_t LongName(const Place& place);

  using Places = std::vector<Place, HugePages<Place>>;
  Places places_;  // by hash; the next one where it is taken
  unsigned shift_ = 32;
  std::vector<std::string> long_names_;
  std::vector<std::uint32_t> place_of_;  // by number
};

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_CLUSTER_TABLE_H_
