// What a seed's streams are used for. Streams of different purposes never meet.
#ifndef MINSLICE_STATS_PURPOSES_H_
#define MINSLICE_STATS_PURPOSES_H_

#include <cstdint>

namespace minslice::stats {

inline constexpr std::uint32_t kPurposeMean = 0x4D45414E;      // "MEAN"
inline constexpr std::uint32_t kPurposeCluster = 0x434C5553;   // "CLUS"
inline constexpr std::uint32_t kPurposeWild = 0x57494C44;      // "WILD"
inline constexpr std::uint32_t kPurposeSignFlip = 0x464C4950;  // "FLIP"
inline constexpr std::uint32_t kPurposeStepDown = 0x53544550;  // "STEP"

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_PURPOSES_H_
