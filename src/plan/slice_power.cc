#include "plan/slice_power.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "minslice/stats/paired_interval.h"
#include "stats/binomial.h"
#include "stats/binomial_tail.h"
#include "stats/normal.h"

namespace minslice::plan {
namespace {

constexpr double kTie = 1e-12;
// Beyond so many expected discordant pairs the attainable p-values lie so dense that F(p) = p.
constexpr double kDense = 2000;
constexpr std::int64_t kMostPairs = 10'000'000;

struct Range {
  std::int64_t low, high;
};

// All but 1e-14 of a binomial.
Range Bulk(std::int64_t n, double p) {
  const double mean = static_cast<double>(n) * p;
  const double reach = 8 * std::sqrt(mean * (1 - p)) + 12;
  return {std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(mean - reach))),
          std::min(n, static_cast<std::int64_t>(std::ceil(mean + reach)))};
}

// E[F(p; m)] for m ~ Bin(n, psi), at ascending p.
std::vector<double> MeanAttained(std::int64_t n, double psi, const std::vector<double>& grid) {
  if (static_cast<double>(n) * psi > kDense) return grid;
  std::vector<double> mean(grid.size(), 0);
  const Range range = Bulk(n, psi);
  for (std::int64_t m = range.low; m <= range.high; ++m) {
    const double weight = stats::BinomialPmf(m, n, psi, 1 - psi);
    if (weight < 1e-16) continue;
    const stats::BinomialTail tail(m);
    stats::BinomialTail::Cursor cursor(tail);
    for (std::size_t i = 0; i < grid.size(); ++i) {
      mean[i] += weight * -std::expm1(cursor.LogOneMinusLargestNotAbove(grid[i] * (1 + kTie)));
    }
  }
  return mean;
}

// Walks m upwards and keeps the smallest b with P(Bin(m, 1/2) >= b) <= level: it grows by 0 or 1 with each m.
class CriticalBroke {
 public:
  CriticalBroke(std::int64_t m, double level) : level_(level * (1 + kTie)) {
    std::int64_t low = 0;
    std::int64_t high = m + 1;  // no outcome of m pairs is enough
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (stats::BinomialSf(middle, m, 0.5, 0.5) <= level_) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    broke_ = low;
  }
  std::int64_t value() const { return broke_; }
  void Next(std::int64_t m) {
    if (stats::BinomialSf(broke_, m, 0.5, 0.5) > level_) ++broke_;
  }

 private:
  double level_;
  std::int64_t broke_ = 0;
};

// The smallest b of m discordant of n pairs with which Tango's score shows a drop beyond the margin.
std::int64_t CriticalBeyond(const SliceTest& test, std::int64_t m) {
  const double z = -stats::NormalUpperQuantile(test.level);
  std::int64_t low = 0;
  std::int64_t high = m + 1;  // no outcome of m pairs is enough
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    const stats::PairedCounts counts{
        .both = test.n - m, .incumbent_only = middle, .candidate_only = m - middle};
    if (stats::TangoScore(counts, -test.margin) <= z) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

std::int64_t LeastDrop(const SliceTest& test) {
  return static_cast<std::int64_t>(std::ceil(test.margin * static_cast<double>(test.n) - 1e-9));
}

}  // namespace

std::vector<double> BlockLevels(std::span<const std::int64_t> sizes, double psi, double alpha,
                                const std::string& multiplicity) {
  const auto slices = static_cast<double>(sizes.size());
  if (multiplicity == "none") return std::vector<double>(sizes.size(), alpha);
  if (multiplicity != "wy_discrete" && multiplicity != "tarone_holm") {
    return std::vector<double>(sizes.size(), alpha / slices);
  }
  // From Bonferroni's level up to alpha: the level is never smaller.
  constexpr int kPoints = 400;
  std::vector<double> grid;
  for (int i = 0; i <= kPoints; ++i) {
    grid.push_back(alpha / slices * std::pow(slices, static_cast<double>(i) / kPoints));
  }
  std::map<std::int64_t, std::vector<double>> none_of_size;  // log(1 - E F(p)) at each p of the grid
  std::vector<double> none(grid.size(), 0);                  // summed over the slices
  for (const std::int64_t n : sizes) {
    const auto [entry, is_new] = none_of_size.try_emplace(n);
    if (is_new) {
      entry->second = MeanAttained(n, psi, grid);
      for (double& mean : entry->second) mean = std::log1p(-std::min(mean, 1 - 1e-16));
    }
    for (std::size_t i = 0; i < grid.size(); ++i) none[i] += entry->second[i];
  }
  std::map<std::int64_t, double> level_of_size;
  for (const auto& [n, own] : none_of_size) {
    double level = grid.front();
    for (std::size_t i = 0; i < grid.size(); ++i) {
      // The bad slice has the p itself among its attainable ones.
      if (-std::expm1(none[i] - own[i] + std::log1p(-grid[i])) <= alpha) level = grid[i];
    }
    level_of_size.emplace(n, level);
  }
  std::vector<double> levels;
  levels.reserve(sizes.size());
  for (const std::int64_t n : sizes) levels.push_back(level_of_size.at(n));
  return levels;
}

double BlockPower(const SliceTest& test, double drop) {
  const double broke = std::min(1.0, test.psi / 2 + drop);
  const double fixed = std::min(test.psi / 2, 1 - broke);
  const double discordant = std::min(1.0, broke + fixed);
  if (discordant <= 0) return 0;
  const double share = broke / discordant;
  const Range range = Bulk(test.n, discordant);
  const std::int64_t least = LeastDrop(test);
  CriticalBroke critical(range.low, test.level);
  double power = 0;
  for (std::int64_t m = range.low; m <= range.high; ++m) {
    if (m > range.low) critical.Next(m);
    // (b - c) >= margin n, with c = m - b.
    const std::int64_t b =
        std::max(test.strict ? CriticalBeyond(test, m) : critical.value(), (m + least + 1) / 2);
    if (b > m) continue;
    power +=
        stats::BinomialPmf(m, test.n, discordant, 1 - discordant) * stats::BinomialSf(b, m, share, 1 - share);
  }
  return std::min(1.0, power);
}

std::optional<double> BlockMde(const SliceTest& test, double power) {
  double high = 1 - test.psi / 2;
  if (BlockPower(test, high) < power) return std::nullopt;
  double low = 0;
  while (high - low > 1e-4) {
    const double middle = (low + high) / 2;
    (BlockPower(test, middle) >= power ? high : low) = middle;
  }
  return high;
}

std::optional<std::int64_t> SmallestBroke(const SliceTest& test) {
  std::int64_t broke =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(-std::log2(test.level) - 1e-9)));
  if (test.strict) {
    broke = 1;
    while (broke <= test.n && CriticalBeyond(test, broke) > broke) ++broke;
  }
  broke = std::max(broke, LeastDrop(test));
  if (broke > test.n) return std::nullopt;
  return broke;
}

std::optional<std::int64_t> PairsForDrop(const SliceTest& test, double drop, double power) {
  if (drop <= test.margin) return std::nullopt;
  SliceTest larger = test;
  const auto seen = [&](std::int64_t n) {
    larger.n = n;
    return BlockPower(larger, drop) >= power;
  };
  std::int64_t high = 4;
  while (!seen(high)) {
    high *= 2;
    if (high > kMostPairs) return std::nullopt;
  }
  std::int64_t low = high / 2;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (seen(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace minslice::plan
