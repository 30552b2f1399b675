#include "minslice/stats/max_t.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "rng/philox_words.h"
#include "stats/disjoint_min_p.h"
#include "stats/flip_planes.h"
#include "stats/flip_sums.h"
#include "stats/flip_table.h"
#include "stats/purposes.h"
#include "stats/resampler.h"
#include "stats/sign_flip_distribution.h"

namespace minslice::stats {
namespace {

// All patterns are counted up to 65,536 of them, and up to 2^22 where patterns times slices stay below 1e8: a
// second or so.
constexpr std::size_t kAlwaysExact = 16;
constexpr std::size_t kNeverExact = 22;
constexpr double kExactWork = 1e8;
constexpr std::size_t kPart = 1024;  // groups whose signs are drawn at a time; even

// Bit f of word k says whether group k keeps its sign in pattern 64 block + f.
class Patterns {
 public:
  Patterns(const FlipTable& table, const JointOptions& options)
      : seed_(options.seed), draw_(table.draw), changing_(table.groups(), 0) {
    std::size_t changing = 0;
    for (std::size_t k = 0; k < table.groups(); ++k)
      changing_[k] = table.start[k] < table.start[k + 1] ? ++changing : 0;
    exact_ = changing <= kAlwaysExact ||
             (changing <= kNeverExact &&
              std::exp2(static_cast<double>(changing)) * static_cast<double>(table.slices) <= kExactWork);
    count_ = exact_ ? std::int64_t{1} << changing : options.replicates;
  }

  bool exact() const { return exact_; }
  std::int64_t count() const { return count_; }
  std::int64_t blocks() const {
    return (count_ + static_cast<std::int64_t>(kFlips) - 1) / static_cast<std::int64_t>(kFlips);
  }
  std::size_t InBlock(std::int64_t block) const {
    return static_cast<std::size_t>(
        std::min<std::int64_t>(kFlips, count_ - block * static_cast<std::int64_t>(kFlips)));
  }

  // The words of the groups first, first + 1, ...: a part at a time, so that they stay in the cache next to
  // the sums that they choose. Two groups a draw: `first` and the number of words are even.
  void Words(std::int64_t block, std::size_t first, std::span<std::uint64_t> words) const {
    if (!exact_) {
      rng::PhiloxWords(seed_, static_cast<std::uint64_t>(block), kPurposeSignFlip,
                       draw_.subspan(first / 2, words.size() / 2), words.data());
      return;
    }
    constexpr std::uint64_t kCounting[6] = {0xAAAAAAAAAAAAAAAAU, 0xCCCCCCCCCCCCCCCCU, 0xF0F0F0F0F0F0F0F0U,
                                            0xFF00FF00FF00FF00U, 0xFFFF0000FFFF0000U, 0xFFFFFFFF00000000U};
    for (std::size_t k = 0; k < words.size(); ++k) {
      const std::size_t bit = changing_[first + k];
      if (bit == 0) {
        words[k] = 0;
      } else if (bit <= 6) {
        words[k] = kCounting[bit - 1];
      } else {
        words[k] = (static_cast<std::uint64_t>(block) >> (bit - 7) & 1U) != 0 ? ~std::uint64_t{0} : 0;
      }
    }
  }

 private:
  std::uint64_t seed_;
  std::span<const std::uint32_t> draw_;
  std::vector<std::size_t>
      changing_;  // 1-based number among the groups that can change sign; 0: none of its sums does
  bool exact_ = false;
  std::int64_t count_ = 0;
};

// How often the maximum over slices reached each slice's own statistic; larger is more extreme.
class Counts {
 public:
  explicit Counts(std::size_t n) : raw_(n, 0), single_(n, 0), down_(n, 0) {}

  void Add(const Counts& other) {
    for (std::size_t h = 0; h < raw_.size(); ++h) {
      raw_[h] += other.raw_[h];
      single_[h] += other.single_[h];
      down_[h] += other.down_[h];
    }
  }
  // One draw. `order` has the slices by their statistics, largest first; at(h) is the drawn statistic of a
  // slice.
  template <class At>
  void Count(const std::vector<std::size_t>& order, const std::vector<double>& reach, At at) {
    double best = -INFINITY;
    for (std::size_t k = order.size(); k-- > 0;) {
      const std::size_t h = order[k];
      const double drawn = at(h);
      raw_[h] += drawn >= reach[h];
      best = std::max(best, drawn);
      down_[k] += best >= reach[h];
    }
    for (std::size_t h = 0; h < order.size(); ++h) single_[h] += best >= reach[h];
  }
  // The same for `n` draws at a time; statistics(h, drawn) writes those of a slice. Slice by slice, so that
  // what a slice's statistics are made of stays in the cache.
  template <class Statistics>
  void CountBlock(const std::vector<std::size_t>& order, const std::vector<double>& reach, std::size_t n,
                  Statistics statistics) {
    std::array<double, kFlips> best, drawn;
    best.fill(-INFINITY);
    for (std::size_t k = order.size(); k-- > 0;) {
      const std::size_t h = order[k];
      const double own = reach[h];
      statistics(h, drawn.data());
      std::int64_t raw = 0, down = 0;
      for (std::size_t f = 0; f < n; ++f) {
        raw += drawn[f] >= own;
        best[f] = std::max(best[f], drawn[f]);
        down += best[f] >= own;
      }
      raw_[h] += raw;
      down_[k] += down;
    }
    for (std::size_t h = 0; h < order.size(); ++h) {
      for (std::size_t f = 0; f < n; ++f) single_[h] += best[f] >= reach[h];
    }
  }
  // p is the share of `all` draws, or where they are a sample, with the observed one among them.
  JointAdjustment Finish(const std::vector<std::size_t>& order, const std::vector<double>& observed,
                         std::int64_t all, bool exact) const {
    const auto p = [&](std::int64_t count) {
      const double more = exact ? 0 : 1;
      return (static_cast<double>(count) + more) / (static_cast<double>(all) + more);
    };
    JointAdjustment result;
    result.statistic = observed;
    result.exact = exact;
    result.replicates = all;
    result.raw_p.resize(order.size());
    result.single_step_p.resize(order.size());
    result.step_down_p.resize(order.size());
    double running = 0;
    for (std::size_t k = 0; k < order.size(); ++k) {
      const std::size_t h = order[k];
      result.raw_p[h] = p(raw_[h]);
      result.single_step_p[h] = p(single_[h]);
      running = std::max(running, p(down_[k]));
      result.step_down_p[h] = running;
    }
    return result;
  }

 private:
  std::vector<std::int64_t> raw_, single_, down_;  // down_: by rank
};

// Slices by their statistics, largest first.
std::vector<std::size_t> Ranked(const std::vector<double>& observed) {
  std::vector<std::size_t> order(observed.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return observed[a] != observed[b] ? observed[a] > observed[b] : a < b;
  });
  return order;
}

// Larger is more extreme. Every thread makes its own of `make()`: Clear() before a block of patterns,
// Add(first, words) for the groups from `first` on, Statistics(h, drawn) for what a slice comes to.
template <class Make>
JointAdjustment StepDown(const FlipTable& table, const Patterns& patterns,
                         const std::vector<double>& observed, Make make) {
  const std::size_t n = table.slices;
  const std::vector<std::size_t> order = Ranked(observed);
  // A tie in exact arithmetic is a tie.
  std::vector<double> reach(n);
  for (std::size_t h = 0; h < n; ++h) {
    // t is infinite where all differences of a slice are equal.
    reach[h] = std::isinf(observed[h]) ? observed[h] : observed[h] - 1e-9 * std::abs(observed[h]);
  }
  Counts counts(n);
#pragma omp parallel
  {
    Counts own(n);
    std::vector<std::uint64_t> words(std::min(table.groups(), kPart));
    auto sums = make();
#pragma omp for schedule(static)
    for (std::int64_t block = 0; block < patterns.blocks(); ++block) {
      sums.Clear();
      for (std::size_t first = 0; first < table.groups(); first += words.size()) {
        const auto part = std::span(words).first(std::min(words.size(), table.groups() - first));
        patterns.Words(block, first, part);
        sums.Add(first, part);
      }
      own.CountBlock(order, reach, patterns.InBlock(block),
                     [&](std::size_t h, double* drawn) { sums.Statistics(h, drawn); });
    }
#pragma omp critical
    counts.Add(own);
  }
  return counts.Finish(order, observed, patterns.count(), patterns.exact());
}

// `of` turns the sum of one slice under one pattern into the statistic.
template <class Of>
class DoubleSums {
 public:
  DoubleSums(const FlipTable& table, const Of& of)
      : table_(table), of_(of), total_(table.slices, 0.0), sums_(table.slices) {
    for (std::size_t e = 0; e < table.slice.size(); ++e) total_[table.slice[e]] += table.value[e];
  }
  void Clear() { std::fill(sums_.begin(), sums_.end(), FlipSums{}); }
  void Add(std::size_t first, std::span<const std::uint64_t> words) {
    AddPlusSigns(table_.start.data() + first, words.size(), table_.slice.data(), table_.value.data(),
                 words.data(), sums_.data());
  }
  void Statistics(std::size_t h, double* drawn) const {
    for (std::size_t f = 0; f < kFlips; ++f) drawn[f] = of_(h, 2 * sums_[h].by_flip[f] - total_[h]);
  }

 private:
  const FlipTable& table_;
  const Of& of_;
  std::vector<double> total_;
  std::vector<FlipSums> sums_;
};

// The smallest p: -P(T <= t) of each slice, its t in whole steps of the slice's lattice.
double HarmStatistic(const SignFlipDistribution& distribution, double t) { return -distribution.AtLeast(-t); }

// The statistics of a slice by its units that come out positive; none of a slice of very many.
std::vector<std::vector<double>> HarmTables(const FlipPlanes& planes,
                                            std::span<const SignFlipDistribution> distribution) {
  constexpr std::int64_t kLongest = 1 << 16;
  std::vector<std::vector<double>> tables(distribution.size());
  for (std::size_t h = 0; h < distribution.size(); ++h) {
    const std::int64_t total = planes.total(h);
    if (total > kLongest) continue;
    for (std::int64_t positive = 0; positive <= total; ++positive)
      tables[h].push_back(HarmStatistic(distribution[h], static_cast<double>(2 * positive - total)));
  }
  return tables;
}

class PlaneSums {
 public:
  PlaneSums(const FlipPlanes& planes, std::span<const SignFlipDistribution> distribution,
            std::span<const std::vector<double>> tables)
      : planes_(planes), distribution_(distribution), tables_(tables), sums_(planes.planes()) {}
  void Clear() { std::fill(sums_.begin(), sums_.end(), 0U); }
  void Add(std::size_t first, std::span<const std::uint64_t> words) {
    planes_.Add(first, words, sums_.data());
  }
  void Statistics(std::size_t h, double* drawn) const {
    std::array<std::uint32_t, kFlips> positive;
    planes_.Read(sums_.data(), h, positive.data());
    const std::vector<double>& table = tables_[h];
    for (std::size_t f = 0; f < kFlips; ++f) {
      drawn[f] = table.empty()
                     ? HarmStatistic(distribution_[h],
                                     static_cast<double>(2 * std::int64_t{positive[f]} - planes_.total(h)))
                     : table[positive[f]];
    }
  }

 private:
  const FlipPlanes& planes_;
  std::span<const SignFlipDistribution> distribution_;
  std::span<const std::vector<double>> tables_;
  std::vector<std::uint64_t> sums_;
};

Computed<bool> Checked(const JointOptions& options) {
  if (options.replicates < 99 || options.replicates > 10'000'000) {
    return Undefined("replicates",
                     "between 99 and 10,000,000 replicates, asked for " + std::to_string(options.replicates));
  }
  return true;
}

// t of a sum T of g differences with sum of squares q: sign flips leave q alone, so t needs nothing else.
double StudentT(double sum, double squares, double g) {
  const double spread = squares - sum * sum / g;
  if (!(squares > 0) || g < 2) return 0;
  if (!(spread > 1e-14 * squares)) return sum > 0 ? INFINITY : -INFINITY;
  return sum / std::sqrt(spread * g / (g - 1));
}

}  // namespace

Computed<JointAdjustment> SignFlipMaxT(const SliceTable& table, const JointOptions& options) {
  if (auto ok = Checked(options); !ok) return tl::unexpected<Reason>(ok.error());
  const std::size_t n = table.slices();
  std::vector<double> sum(n, 0.0), squares(n, 0.0);
  for (std::size_t e = 0; e < table.slice().size(); ++e) {
    sum[table.slice()[e]] += table.value()[e];
    squares[table.slice()[e]] += table.value()[e] * table.value()[e];
  }
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const auto statistic = [&](std::size_t h, double t) {
    const double value = StudentT(t, squares[h], static_cast<double>(table.members()[h]));
    return two_sided ? std::abs(value) : -value;
  };
  std::vector<double> observed(n);
  for (std::size_t h = 0; h < n; ++h) observed[h] = statistic(h, sum[h]);
  const FlipTable flips(table);
  JointAdjustment result =
      StepDown(flips, Patterns(flips, options), observed, [&] { return DoubleSums(flips, statistic); });
  for (std::size_t h = 0; h < n; ++h) {
    if (squares[h] > 0 && table.members()[h] >= 2) continue;
    result.raw_p[h] = result.single_step_p[h] = result.step_down_p[h] = 1;
  }
  return result;
}

Computed<JointAdjustment> SignFlipMinP(const SliceTable& table, const JointOptions& options) {
  if (auto ok = Checked(options); !ok) return tl::unexpected<Reason>(ok.error());
  const std::size_t n = table.slices();
  const FlipTable flips(table);
  std::vector<std::vector<double>> values(n);
  for (std::size_t e = 0; e < flips.slice.size(); ++e) values[flips.slice[e]].push_back(flips.value[e]);
  std::vector<SignFlipDistribution> distribution;
  distribution.reserve(n);
  std::vector<double> observed(n), p(n);
  for (std::size_t h = 0; h < n; ++h) {
    distribution.emplace_back(values[h]);
    if (distribution[h].kind() != SignFlipDistribution::Kind::kLattice) {
      return Undefined("not_on_lattice",
                       "the differences of slice " + std::to_string(h) + " lie on no lattice; use max-T");
    }
    p[h] = distribution[h].AtLeast(-distribution[h].observed());
    observed[h] = -p[h];  // larger is more extreme
  }
  const Patterns patterns(flips, options);
  JointAdjustment result;
  if (!patterns.exact() && AreDisjoint(flips)) {
    DisjointMinP disjoint = DisjointStepDown(p, distribution);
    result.single_step_p = std::move(disjoint.single_step_p);
    result.step_down_p = std::move(disjoint.step_down_p);
    result.exact = true;
  } else if (const auto planes = FlipPlanes::Of(flips, distribution)) {
    const std::vector<std::vector<double>> tables = HarmTables(*planes, distribution);
    result = StepDown(flips, patterns, observed, [&] { return PlaneSums(*planes, distribution, tables); });
  } else {
    const auto statistic = [&](std::size_t h, double sum) {
      return HarmStatistic(distribution[h], std::round(sum / distribution[h].step()));
    };
    result = StepDown(flips, patterns, observed, [&] { return DoubleSums(flips, statistic); });
  }
  result.statistic = p;
  result.raw_p = p;
  for (std::size_t h = 0; h < n; ++h) {
    if (values[h].empty()) result.single_step_p[h] = result.step_down_p[h] = 1;
  }
  return result;
}

Computed<JointAdjustment> RomanoWolf(const SliceTable& table, const JointOptions& options) {
  if (auto ok = Checked(options); !ok) return tl::unexpected<Reason>(ok.error());
  const std::size_t n = table.slices();
  if (table.groups() >= (std::size_t{1} << 31)) return Undefined("too_many_pairs", "at most 2^31 - 1 pairs");
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  // t = (mean - centre) / (sd / sqrt(g)) from g, the sum and the sum of squares; 0 where it does not exist.
  const auto student = [two_sided](double g, double sum, double squares, double centre) {
    if (g < 2) return 0.0;
    const double spread = squares - sum * sum / g;
    if (!(spread > 1e-12 * squares)) return 0.0;
    const double t = (sum / g - centre) / std::sqrt(spread / (g - 1) / g);
    return two_sided ? std::abs(t) : -t;
  };
  std::vector<double> sum(n, 0.0), squares(n, 0.0), mean(n, 0.0), observed(n, 0.0);
  for (std::size_t e = 0; e < table.slice().size(); ++e) {
    sum[table.slice()[e]] += table.value()[e];
    squares[table.slice()[e]] += table.value()[e] * table.value()[e];
  }
  for (std::size_t h = 0; h < n; ++h) {
    const double g = static_cast<double>(table.members()[h]);
    if (g > 0) mean[h] = sum[h] / g;
    observed[h] = student(g, sum[h], squares[h], 0);
  }
  const std::vector<std::size_t> order = Ranked(observed);
  const Resampler resampler(static_cast<std::int64_t>(table.groups()));
  Counts counts(n);
#pragma omp parallel
  {
    Counts own(n);
    std::vector<std::uint8_t> weights((table.groups() + 31) / 32 * 32);
    std::vector<double> drawn(3 * n);  // groups, sum, squares
#pragma omp for schedule(static)
    for (std::int64_t r = 0; r < options.replicates; ++r) {
      resampler.Weights(weights, options.seed, static_cast<std::uint64_t>(r), kPurposeStepDown);
      std::fill(drawn.begin(), drawn.end(), 0.0);
      for (std::size_t k = 0; k < table.groups(); ++k) {
        const double weight = weights[k];  // 0 as well: a branch on it would cost more than the additions
        for (std::size_t e = table.start()[k]; e < table.start()[k + 1]; ++e) {
          double* const at = drawn.data() + 3 * table.slice()[e];
          const double product = weight * table.value()[e];
          at[0] += weight;
          at[1] += product;
          at[2] += product * table.value()[e];
        }
      }
      own.Count(order, observed, [&](std::size_t h) {
        return student(drawn[3 * h], drawn[3 * h + 1], drawn[3 * h + 2], mean[h]);
      });
    }
#pragma omp critical
    counts.Add(own);
  }
  return counts.Finish(order, observed, options.replicates, false);
}

}  // namespace minslice::stats
