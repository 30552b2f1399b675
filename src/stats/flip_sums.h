// Sums over slices under 64 sign patterns at a time.
#ifndef MINSLICE_STATS_FLIP_SUMS_H_
#define MINSLICE_STATS_FLIP_SUMS_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace minslice::stats {

inline constexpr std::size_t kFlips = 64;

// One slice's sums, a pattern each. Aligned, so that no load of the kernels crosses a cache line: that cost
// 20 %.
struct alignas(64) FlipSums {
  std::array<double, kFlips> by_flip{};
};

// sums[slice].by_flip[f] += value where bit f of the group's word is set, for all entries of the groups.
// Every sum is added up in the order of the groups, whatever the vector width.
void AddPlusSigns(const std::size_t* start, std::size_t groups, const std::uint32_t* slice,
                  const double* value, const std::uint64_t* words, FlipSums* sums);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_FLIP_SUMS_H_
