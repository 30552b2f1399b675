// The same requests over two ways, in blocks that alternate (direct, via, via, direct, ...), so that what
// changes in time changes for both. Closed loop: so many requests in flight all the time. Open loop: requests
// at times that are set beforehand (a Poisson process), whatever the answers do; a latency counts from the
// time at which the request should have left, so that a stall is seen by every request that it kept waiting.
#ifndef MINSLICE_OVERHEAD_LOAD_H_
#define MINSLICE_OVERHEAD_LOAD_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "io/clock.h"

namespace minslice::overhead {

enum Way : std::uint8_t { kDirect = 0, kVia = 1 };

struct LoadOptions {
  std::array<std::string, 2> urls;  // by Way
  std::array<std::shared_ptr<const http::Headers>, 2> headers;
  std::vector<std::string> bodies;  // request i has body i modulo their number, either way
  std::int64_t requests = 10000;    // each way
  std::int64_t block = 500;
  int concurrency = 50;   // closed loop; open loop: no limit but the client's
  double rate_per_s = 0;  // above 0: open loop
  double timeout_s = 60;
  std::uint64_t seed = 1;  // of the arrivals
};

struct Series {
  // In the order of time; a request that failed is infinite.
  std::vector<double> latency_ms;       // from the intended time
  std::vector<double> service_ms;       // from the sending
  std::vector<std::uint8_t> odd_block;  // whether the request was in the way's 1st, 3rd, ... block
  std::int64_t failures = 0;
  std::string first_failure;
  double seconds = 0;  // of its blocks
  double cpu_s = 0;    // of our own process meanwhile
};

struct LoadResult {
  std::array<Series, 2> ways;
  std::vector<double> lag_ms;  // open loop: of the sending behind the intended time
  bool stopped = false;
};

// Ends early when `stop` returns true.
LoadResult MeasureLoad(const LoadOptions& options, http::Client& client, io::Clock& clock,
                       const std::function<bool()>& stop);

}  // namespace minslice::overhead

#endif  // MINSLICE_OVERHEAD_LOAD_H_
