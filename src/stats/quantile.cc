#include "minslice/stats/quantile.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/binomial.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

constexpr std::int64_t kBatches = 20;

std::int64_t NearestRank(double q, std::int64_t n) {
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(q * static_cast<double>(n))), 1, n);
}

Computed<std::vector<double>> Sorted(std::span<const double> values, double q, double level) {
  if (!(q > 0 && q < 1)) return Undefined("quantile", "a quantile lies between 0 and 1");
  if (!(level > 0 && level < 1)) return Undefined("level", "a level lies between 0 and 1");
  if (values.empty()) return Undefined("no_values", "there is no value");
  std::vector<double> sorted(values.begin(), values.end());
  if (std::any_of(sorted.begin(), sorted.end(), [](double x) { return std::isnan(x); }))
    return Undefined("nan", "a value is not a number");
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

QuantileInterval AtRanks(const std::vector<double>& sorted, double q, double level, std::int64_t lower,
                         std::int64_t upper, const char* method) {
  const auto n = static_cast<std::int64_t>(sorted.size());
  const auto at = [&](std::int64_t rank) { return sorted[static_cast<std::size_t>(rank - 1)]; };
  QuantileInterval interval;
  interval.rank = NearestRank(q, n);
  interval.value = at(interval.rank);
  interval.lower_rank = std::clamp<std::int64_t>(lower, 0, n);
  interval.upper_rank = std::clamp<std::int64_t>(upper, 1, n + 1);
  if (interval.lower_rank >= 1) interval.lower = at(interval.lower_rank);
  if (interval.upper_rank <= n) interval.upper = at(interval.upper_rank);
  interval.n = n;
  interval.level = level;
  interval.method = method;
  return interval;
}

}  // namespace

Computed<QuantileInterval> OrderStatisticInterval(std::span<const double> values, double q, double level) {
  const Computed<std::vector<double>> sorted = Sorted(values, q, level);
  if (!sorted) return tl::unexpected(sorted.error());
  const auto n = static_cast<std::int64_t>(sorted->size());
  const double tail = (1 - level) / 2;
  // P(x_(l) > quantile) = P(X <= l - 1), X ~ Bin(n, q) values below it: the largest l that keeps it in the
  // tail, and likewise the smallest u with P(X >= u) in it.
  std::int64_t low = 0;
  std::int64_t high = n;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (BinomialCdf(middle - 1, n, q, 1 - q) <= tail) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const std::int64_t lower = low;
  low = 1;
  high = n + 1;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (BinomialSf(middle, n, q, 1 - q) <= tail) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return AtRanks(*sorted, q, level, lower, BinomialSf(n, n, q, 1 - q) <= tail ? low : n + 1,
                 "order_statistics");
}

Computed<QuantileInterval> BatchedQuantileInterval(std::span<const double> in_time_order, double q,
                                                   double level) {
  const Computed<std::vector<double>> sorted = Sorted(in_time_order, q, level);
  if (!sorted) return tl::unexpected(sorted.error());
  const auto n = static_cast<std::int64_t>(sorted->size());
  if (n < 2 * kBatches) return Undefined("too_few", "an interval by batches needs 40 values or more");
  const double value = (*sorted)[static_cast<std::size_t>(NearestRank(q, n) - 1)];
  // Batches of one size; what is left over at the start belongs to none.
  const std::int64_t size = n / kBatches;
  const std::int64_t start = n - size * kBatches;
  std::vector<double> means(kBatches);
  double mean = 0;
  for (std::int64_t b = 0; b < kBatches; ++b) {
    std::int64_t below = 0;
    for (std::int64_t i = 0; i < size; ++i)
      below += in_time_order[static_cast<std::size_t>(start + b * size + i)] <= value ? 1 : 0;
    means[static_cast<std::size_t>(b)] = static_cast<double>(below) / static_cast<double>(size);
    mean += means[static_cast<std::size_t>(b)] / kBatches;
  }
  double squares = 0;
  for (const double m : means) squares += (m - mean) * (m - mean);
  const double variance = std::max(static_cast<double>(size) * squares / (kBatches - 1), q * (1 - q));
  const double t = StudentUpperQuantile((1 - level) / 2, kBatches - 1);
  const auto count = static_cast<double>(n);
  const double half = t * std::sqrt(variance / count);
  return AtRanks(*sorted, q, level, static_cast<std::int64_t>(std::floor(count * (q - half))),
                 static_cast<std::int64_t>(std::ceil(count * (q + half))) + 1, "order_statistics_batched");
}

std::int64_t SmallestSampleForQuantile(double q, double level) {
  const double tail = (1 - level) / 2;
  const double log_largest = std::log(std::max(q, 1 - q));
  return static_cast<std::int64_t>(std::ceil(std::log(tail) / log_largest - 1e-12));
}

}  // namespace minslice::stats
