// Sums over slices under 64 sign patterns at a time.
#ifndef MINSLICE_STATS_FLIP_SUMS_H_
#define MINSLICE_STATS_FLIP_SUMS_H_

#include <cstddef>
#include <cstdint>

namespace minslice::stats {

inline constexpr std::size_t kFlips = 64;

// sums[slice * kFlips + f] += value where bit f of the group's word is set, for all entries of the groups.
// Every sum is added up in the order of the groups, whatever the vector width.
void AddPlusSigns(const std::size_t* start, std::size_t groups, const std::uint32_t* slice,
                  const double* value, const std::uint64_t* words, double* sums);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_FLIP_SUMS_H_
