// A property of a fuzz entry: says which one did not hold, and aborts.
#ifndef MINSLICE_FUZZ_CHECK_H_
#define MINSLICE_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>

namespace minslice::fuzz {

inline void Check(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

}  // namespace minslice::fuzz

#endif  // MINSLICE_FUZZ_CHECK_H_
