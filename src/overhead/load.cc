#include "overhead/load.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "rng/philox.h"

namespace minslice::overhead {
namespace {

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

class Block {
 public:
  Block(const LoadOptions& options, Way way, bool odd, std::int64_t first, std::int64_t count,
        http::Client& client, io::Clock& clock, LoadResult& result)
      : options_(options),
        way_(way),
        first_(first),
        count_(count),
        client_(client),
        clock_(clock),
        result_(result),
        series_(result.ways[way]) {
    offset_ = series_.latency_ms.size();
    const std::size_t size = offset_ + static_cast<std::size_t>(count);
    series_.latency_ms.resize(size, std::numeric_limits<double>::infinity());
    series_.service_ms.resize(size, std::numeric_limits<double>::infinity());
    series_.odd_block.resize(size, odd ? 1 : 0);
    due_s_.resize(static_cast<std::size_t>(count));
    sent_s_.resize(static_cast<std::size_t>(count));
  }

  void Run() {
    const double cpu_s = OwnCpuSeconds();
    const double start_s = clock_.MonotonicSeconds();
    const bool open = options_.rate_per_s > 0;
    if (open) {
      rng::Stream stream(options_.seed, static_cast<std::uint64_t>(first_));  // the same both ways
      double at_s = start_s;
      for (double& due_s : due_s_) {
        at_s += -std::log(stream.Uniform()) / options_.rate_per_s;
        due_s = at_s;
      }
    }
    const http::CompletionHandler on_done = [this](http::Response&& response) { Done(response); };
    while (done_ < count_) {
      const double now_s = clock_.MonotonicSeconds();
      while (sent_ < count_ && (open ? due_s_[static_cast<std::size_t>(sent_)] <= now_s
                                     : sent_ - done_ < options_.concurrency)) {
        Send(open);
      }
      double wait_s = 0.1;
      // Less than the poll can tell apart is waited for without sleeping.
      if (open && sent_ < count_) {
        wait_s = std::clamp(due_s_[static_cast<std::size_t>(sent_)] - now_s - 0.001, 0.0, wait_s);
      }
      client_.Poll(wait_s, on_done);
    }
    series_.seconds += clock_.MonotonicSeconds() - start_s;
    series_.cpu_s += OwnCpuSeconds() - cpu_s;
  }

 private:
  void Send(bool open) {
    const auto i = static_cast<std::size_t>(sent_);
    http::Request request;
    request.url = options_.urls[way_];
    request.headers = options_.headers[way_];
    request.body = options_.bodies[(static_cast<std::size_t>(first_) + i) % options_.bodies.size()];
    request.timeout_s = options_.timeout_s;
    request.tag = i;
    sent_s_[i] = clock_.MonotonicSeconds();
    if (open) {
      result_.lag_ms.push_back((sent_s_[i] - due_s_[i]) * 1000);
    } else {
      due_s_[i] = sent_s_[i];
    }
    ++sent_;
    client_.Submit(std::move(request));
  }

  void Done(const http::Response& response) {
    ++done_;
    const auto i = static_cast<std::size_t>(response.tag);
    if (response.error != http::TransportError::kNone || response.status < 200 || response.status > 299) {
      ++series_.failures;
      if (series_.first_failure.empty()) {
        series_.first_failure = response.error != http::TransportError::kNone
                                    ? response.error_text
                                    : "HTTP " + std::to_string(response.status);
      }
      return;
    }
    const double now_s = clock_.MonotonicSeconds();
    series_.latency_ms[offset_ + i] = (now_s - due_s_[i]) * 1000;
    series_.service_ms[offset_ + i] = (now_s - sent_s_[i]) * 1000;
  }

  const LoadOptions& options_;
  Way way_;
  std::int64_t first_;
  std::int64_t count_;
  http::Client& client_;
  io::Clock& clock_;
  LoadResult& result_;
  Series& series_;
  std::size_t offset_ = 0;
  std::vector<double> due_s_;
  std::vector<double> sent_s_;
  std::int64_t sent_ = 0;
  std::int64_t done_ = 0;
};

}  // namespace

LoadResult MeasureLoad(const LoadOptions& options, http::Client& client, io::Clock& clock,
                       const std::function<bool()>& stop) {
  LoadResult result;
  bool odd = true;
  for (std::int64_t first = 0; first < options.requests; first += options.block) {
    const std::int64_t count = std::min(options.block, options.requests - first);
    const std::array<Way, 2> order = odd ? std::array{kDirect, kVia} : std::array{kVia, kDirect};
    for (const Way way : order) {
      if (stop()) {
        result.stopped = true;
        return result;
      }
      Block(options, way, odd, first, count, client, clock, result).Run();
    }
    odd = !odd;
  }
  return result;
}

}  // namespace minslice::overhead
