// Counts over slices under 64 sign patterns at a time, in bit planes: where differences are a few units each
// (binary pairs, repeats, small clusters), a word of signs costs some and/xor instead of 64 additions.
#ifndef MINSLICE_STATS_FLIP_PLANES_H_
#define MINSLICE_STATS_FLIP_PLANES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/flip_table.h"
#include "stats/sign_flip_distribution.h"

namespace minslice::stats {

// A slice's sum under a pattern is 2 U - total, in steps of its lattice: U the units that come out positive,
// total all of them. Bit f of plane j of a slice is bit j of U under pattern f.
class FlipPlanes {
 public:
  // None where an entry is too many units for planes to pay, or where rounding could make the sum of doubles
  // another number of steps than the sum of whole units. `lattice`: the distribution of each slice, kLattice.
  static std::optional<FlipPlanes> Of(const FlipTable& table, std::span<const SignFlipDistribution> lattice);

  std::size_t planes() const { return first_.back(); }  // of all slices
  std::int64_t total(std::size_t slice) const { return total_[slice]; }

  // Adds groups first, first + 1, ...: bit f of a group's word says whether it keeps its sign in pattern f.
  void Add(std::size_t first, std::span<const std::uint64_t> words, std::uint64_t* planes) const;
  // U of the slice under the 64 patterns.
  void Read(const std::uint64_t* planes, std::size_t slice, std::uint32_t* positive) const;

 private:
  struct Entry {
    std::uint32_t plane;  // the slice's first
    std::int32_t units;
  };

  std::vector<std::size_t> start_;  // of each group's entries
  std::vector<Entry> entry_;
  std::vector<std::size_t> first_;  // plane of each slice, and behind the last
  std::vector<std::int64_t> total_;
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_FLIP_PLANES_H_
