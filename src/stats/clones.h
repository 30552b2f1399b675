// Kernels are compiled once for each vector width and chosen at run time. They are written on fixed lanes of
// eight doubles without fused multiply-add, so every clone gives the same bits.
#ifndef MINSLICE_STATS_CLONES_H_
#define MINSLICE_STATS_CLONES_H_

// Sanitizers instrument the resolvers that choose the clone, which run before the sanitizer itself is ready.
#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define MINSLICE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define MINSLICE_CLONES
#endif

namespace minslice::stats {

inline constexpr int kLanes = 8;

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_CLONES_H_
