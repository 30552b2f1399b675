// Adds cases up by what statistics see of them. Adding is commutative and associative: the counts of a suite
// do not depend on how it was cut or in which order its parts were added.
#ifndef MINSLICE_REDUCE_COUNTS_BUILDER_H_
#define MINSLICE_REDUCE_COUNTS_BUILDER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "minslice/case_counts.h"
#include "minslice/result.h"

namespace minslice::reduce {

// Texts by number, found again by their bytes.
class NameTable {
 public:
  std::uint32_t Number(std::string_view text);
  std::vector<std::string>& names() { return names_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> index_;
  std::vector<std::string> names_;
  std::uint32_t last_ = 0;  // mostly the same again
};

class CountsBuilder {
 public:
  std::uint32_t Segments(std::span<const Segment> ascending);
  std::uint32_t Cluster(std::string_view name) { return clusters_.Number(name); }
  std::uint32_t Pattern(std::string_view text) { return patterns_.Number(text); }
  void Add(std::uint32_t segments, std::uint32_t cluster, std::uint32_t pattern, std::int64_t n);
  void Add(const CaseCounts& counts);  // its groups only

  bool overflowed() const { return overflowed_; }
  // Puts what was added into `counts`.
  void MoveTo(CaseCounts& counts);

 private:
  struct Key {
    std::uint32_t segments, cluster, pattern;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      std::uint64_t h = (std::uint64_t{key.segments} << 32U | key.cluster) * 0x9E3779B97F4A7C15U;
      h ^= h >> 29U;
      h = (h + key.pattern) * 0xBF58476D1CE4E5B9U;
      return static_cast<std::size_t>(h ^ h >> 32U);
    }
  };
  NameTable set_keys_, clusters_, patterns_;
  std::vector<std::vector<Segment>> sets_;
  std::unordered_map<Key, std::int64_t, KeyHash> groups_;
  std::string key_;
  bool overflowed_ = false;
};

// Of parts of one comparison. A failure where they are not: another suite, another run of a side, other
// metrics, a log or a shard that is in two parts; or where a count leaves 64 bits.
Result<CaseCounts> AddCounts(std::span<const CaseCounts> parts);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_COUNTS_BUILDER_H_
