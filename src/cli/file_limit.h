// Open files: one a request in flight, which is more than many systems allow at first.
#ifndef MINSLICE_CLI_FILE_LIMIT_H_
#define MINSLICE_CLI_FILE_LIMIT_H_

#include <sys/resource.h>

#include <cstddef>
#include <string>

#include "minslice/result.h"

namespace minslice::cli {

// Raises the soft limit to `needed`, or as far as it goes with `at_most` set.
inline Result<void> RaiseFileLimit(std::size_t needed, bool at_most = false) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return {};
  const rlim_t wanted = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= needed ? needed : limit.rlim_max;
  if (wanted < needed && !at_most) {
    return Fail("so many requests in flight need " + std::to_string(needed) +
                " open files, but the limit is " + std::to_string(limit.rlim_max) +
                " (ulimit -Hn): lower --concurrency or raise the limit");
  }
  limit.rlim_cur = wanted;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && !at_most) {
    return Fail("the limit of open files cannot be raised to " + std::to_string(needed));
  }
  return {};
}

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_FILE_LIMIT_H_
