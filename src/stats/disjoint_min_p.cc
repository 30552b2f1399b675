#include "stats/disjoint_min_p.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace minslice::stats {
namespace {

constexpr std::size_t kMostSlices = 5000;  // a second
constexpr double kTie = 1e-9;              // as where swaps are drawn

}  // namespace

bool AreDisjoint(const FlipTable& table) {
  if (table.slices > kMostSlices) return false;
  for (std::size_t k = 0; k < table.groups(); ++k) {
    for (std::size_t e = table.start[k]; e + 1 < table.start[k + 1]; ++e) {
      if (table.slice[e] != table.slice[e + 1]) return false;
    }
  }
  return true;
}

DisjointMinP DisjointStepDown(std::span<const double> p, std::span<const SignFlipDistribution> distribution) {
  const std::size_t n = p.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p[a] != p[b] ? p[a] < p[b] : a < b; });
  DisjointMinP result;
  result.single_step_p.resize(n);
  result.step_down_p.resize(n);
#pragma omp parallel for schedule(static)
  for (std::int64_t place = 0; place < static_cast<std::int64_t>(n); ++place) {
    const auto k = static_cast<std::size_t>(place);
    const std::size_t h = order[k];
    const double most = p[h] * (1 + kTie);
    double passed = 0,
           left = 0;  // log P(no p <= p_h) of the slices before this one in the order, and of the others
    for (std::size_t j = 0; j < n; ++j)
      (j < k ? passed : left) += std::log1p(-distribution[order[j]].LargestTailNotAbove(most));
    result.single_step_p[h] = -std::expm1(passed + left);
    result.step_down_p[h] = -std::expm1(left);
  }
  double running = 0;
  for (const std::size_t h : order)
    running = result.step_down_p[h] = std::max(running, result.step_down_p[h]);
  return result;
}

}  // namespace minslice::stats
