#include "minslice/stats/max_t.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>

#include "rng/philox.h"
#include "stats/flip_sums.h"
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
constexpr std::size_t kPart = 1024;  // groups whose signs are drawn at a time

// Bit f of word k says whether group k keeps its sign in pattern 64 block + f.
class Patterns {
 public:
  Patterns(const SliceTable& table, const JointOptions& options)
      : seed_(options.seed), changing_(table.groups(), 0) {
    std::size_t changing = 0;
    for (std::size_t k = 0; k < table.groups(); ++k) {
      const bool any = std::any_of(table.value().begin() + static_cast<std::ptrdiff_t>(table.start()[k]),
                                   table.value().begin() + static_cast<std::ptrdiff_t>(table.start()[k + 1]),
                                   [](double value) { return value != 0; });
      changing_[k] = any ? ++changing : 0;
    }
    exact_ = changing <= kAlwaysExact ||
             (changing <= kNeverExact &&
              std::exp2(static_cast<double>(changing)) * static_cast<double>(table.slices()) <= kExactWork);
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

  // Hands out the words of a block from the first group on, a part of the groups at a time, so that they stay
  // in the cache next to the sums that they choose.
  class Reader {
   public:
    Reader(const Patterns& patterns, std::int64_t block)
        : patterns_(patterns),
          block_(block),
          stream_(patterns.seed_, static_cast<std::uint64_t>(block), kPurposeSignFlip) {}

    void Next(std::size_t first, std::span<std::uint64_t> words) {
      if (!patterns_.exact_) {
        for (std::uint64_t& word : words) word = stream_.Next64();
        return;
      }
      constexpr std::uint64_t kCounting[6] = {0xAAAAAAAAAAAAAAAAU, 0xCCCCCCCCCCCCCCCCU, 0xF0F0F0F0F0F0F0F0U,
                                              0xFF00FF00FF00FF00U, 0xFFFF0000FFFF0000U, 0xFFFFFFFF00000000U};
      for (std::size_t k = 0; k < words.size(); ++k) {
        const std::size_t bit = patterns_.changing_[first + k];
        if (bit == 0) {
          words[k] = 0;
        } else if (bit <= 6) {
          words[k] = kCounting[bit - 1];
        } else {
          words[k] = (static_cast<std::uint64_t>(block_) >> (bit - 7) & 1U) != 0 ? ~std::uint64_t{0} : 0;
        }
      }
    }

   private:
    const Patterns& patterns_;
    std::int64_t block_;
    rng::Stream stream_;
  };

 private:
  std::uint64_t seed_;
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

// Larger is more extreme. `of` turns the sum of one slice under one pattern into the statistic.
template <class Statistic>
JointAdjustment StepDown(const SliceTable& table, const Patterns& patterns,
                         const std::vector<double>& observed, Statistic of) {
  const std::size_t n = table.slices();
  const std::vector<std::size_t> order = Ranked(observed);
  std::vector<double> total(n, 0.0);
  for (std::size_t e = 0; e < table.slice().size(); ++e) total[table.slice()[e]] += table.value()[e];
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
    std::vector<FlipSums> sums(n);
#pragma omp for schedule(static)
    for (std::int64_t block = 0; block < patterns.blocks(); ++block) {
      std::fill(sums.begin(), sums.end(), FlipSums{});
      Patterns::Reader reader(patterns, block);
      for (std::size_t first = 0; first < table.groups(); first += words.size()) {
        const std::size_t part = std::min(words.size(), table.groups() - first);
        reader.Next(first, std::span(words).first(part));
        AddPlusSigns(table.start().data() + first, part, table.slice().data(), table.value().data(),
                     words.data(), sums.data());
      }
      for (std::size_t f = 0; f < patterns.InBlock(block); ++f) {
        own.Count(order, reach, [&](std::size_t h) { return of(h, 2 * sums[h].by_flip[f] - total[h]); });
      }
    }
#pragma omp critical
    counts.Add(own);
  }
  return counts.Finish(order, observed, patterns.count(), patterns.exact());
}

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
  JointAdjustment result = StepDown(table, Patterns(table, options), observed, statistic);
  for (std::size_t h = 0; h < n; ++h) {
    if (squares[h] > 0 && table.members()[h] >= 2) continue;
    result.raw_p[h] = result.single_step_p[h] = result.step_down_p[h] = 1;
  }
  return result;
}

Computed<JointAdjustment> SignFlipMinP(const SliceTable& table, const JointOptions& options) {
  if (auto ok = Checked(options); !ok) return tl::unexpected<Reason>(ok.error());
  const std::size_t n = table.slices();
  std::vector<std::vector<double>> values(n);
  for (std::size_t e = 0; e < table.slice().size(); ++e) {
    if (table.value()[e] != 0) values[table.slice()[e]].push_back(table.value()[e]);
  }
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
  JointAdjustment result =
      StepDown(table, Patterns(table, options), observed, [&](std::size_t h, double sum) {
        return -distribution[h].AtLeast(-std::round(sum / distribution[h].step()));
      });
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
