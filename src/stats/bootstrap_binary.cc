// Efron, Tibshirani, An Introduction to the Bootstrap (1993), chapters 12 to 14.
#include "minslice/stats/bootstrap_binary.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "rng/binomial.h"
#include "rng/philox.h"
#include "stats/bca.h"
#include "stats/difference_distribution.h"
#include "stats/normal.h"

namespace minslice::stats {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// Below this the threads cost more than they save.
constexpr std::int64_t kParallelFrom = 20000;

Computed<BootstrapIntervals> Start(const PairedCounts& counts, double level) {
  if (counts.n() <= 0) return Undefined("no_pairs", "there are no pairs (n = 0); at least one is needed");
  if (!(level > 0 && level < 1)) return Undefined("bad_level", "the level must lie between 0 and 1");
  if (counts.discordant() == 0) {
    return Undefined("no_discordant_pairs",
                     "no pair is discordant, so that every resample gives 0: [0, 0] would be false "
                     "certainty; see the Tango interval");
  }
  if (counts.incumbent_only == counts.n() || counts.candidate_only == counts.n()) {
    return Undefined(
        "no_spread",
        "every pair moved the same way, so that every resample gives the same; see the Tango interval");
  }
  BootstrapIntervals intervals;
  intervals.level = level;
  intervals.n = counts.n();
  const double n = static_cast<double>(counts.n());
  const double delta = counts.delta();
  const double psi = counts.psi();
  const double variance = std::max(0.0, psi - delta * delta);
  intervals.standard_error = std::sqrt(variance / n);
  const double third = delta - 3 * delta * psi + 2 * delta * delta * delta;
  intervals.acceleration = variance > 0 ? third / (6 * variance * std::sqrt(variance) * std::sqrt(n)) : 0;
  intervals.studentised = {kNone, kNone};
  return intervals;
}

// Fills the intervals from a distribution of offsets (see DifferenceDistribution): below(k) = P(offset <= k)
// and quantile(p), the inverse CDF.
template <class Quantile>
void Fill(const PairedCounts& counts, double p_below, double p_equal, Quantile quantile,
          BootstrapIntervals& intervals) {
  const double n = static_cast<double>(counts.n());
  const std::int64_t difference = counts.candidate_only - counts.incumbent_only;
  const auto delta_at = [&](double p) { return static_cast<double>(difference + quantile(p)) / n; };
  const double tail = (1 - intervals.level) / 2;
  intervals.percentile = {delta_at(tail), delta_at(1 - tail)};
  // 2 delta - quantile, in integers.
  intervals.basic = {static_cast<double>(difference - quantile(1 - tail)) / n,
                     static_cast<double>(difference - quantile(tail)) / n};
  intervals.z0 = NormalQuantile(p_below + p_equal / 2);
  intervals.z0_strict = NormalQuantile(p_below);
  intervals.bca_alpha = BcaAlphas(intervals.z0, intervals.acceleration, intervals.level);
  intervals.bca_strict_alpha = BcaAlphas(intervals.z0_strict, intervals.acceleration, intervals.level);
  intervals.bca = {delta_at(intervals.bca_alpha.lower), delta_at(intervals.bca_alpha.upper)};
  intervals.bca_strict = {delta_at(intervals.bca_strict_alpha.lower),
                          delta_at(intervals.bca_strict_alpha.upper)};
}

// Counts of replicates by offset within a window that practically always holds them, and the rest one by one.
struct Histogram {
  std::int64_t low = 0;
  std::vector<std::int64_t> counts;
  std::vector<std::int64_t> below;  // outside of the window, unordered
  std::vector<std::int64_t> above;

  void Add(std::int64_t offset) {
    if (offset < low) {
      below.push_back(offset);
    } else if (offset >= low + static_cast<std::int64_t>(counts.size())) {
      above.push_back(offset);
    } else {
      ++counts[static_cast<std::size_t>(offset - low)];
    }
  }
  void Merge(const Histogram& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    below.insert(below.end(), other.below.begin(), other.below.end());
    above.insert(above.end(), other.above.begin(), other.above.end());
  }
  // The `rank`-th smallest, from 1. below and above are sorted.
  std::int64_t OrderStatistic(std::int64_t rank) const {
    if (rank <= static_cast<std::int64_t>(below.size())) return below[static_cast<std::size_t>(rank - 1)];
    rank -= static_cast<std::int64_t>(below.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (rank <= counts[i]) return low + static_cast<std::int64_t>(i);
      rank -= counts[i];
    }
    return above[static_cast<std::size_t>(rank - 1)];
  }
};

// The studentised statistic of one replicate, (delta* - delta) / se*; se* = 0 (a replicate of equal pairs)
// gives +-infinity or, where delta* = delta, 0.
double Studentised(double n, double delta, double broke, double fixed) {
  const double delta_star = (fixed - broke) / n;
  const double variance = std::max(0.0, (broke + fixed) / n - delta_star * delta_star) / n;
  const double shift = delta_star - delta;
  if (variance > 0) return shift / std::sqrt(variance);
  return shift > 0   ? std::numeric_limits<double>::infinity()
         : shift < 0 ? -std::numeric_limits<double>::infinity()
                     : 0;
}

}  // namespace

Computed<BootstrapIntervals> BootstrapBinaryExact(const PairedCounts& counts, double level) {
  Computed<BootstrapIntervals> started = Start(counts, level);
  if (!started) return started;
  BootstrapIntervals& intervals = *started;
  const DifferenceDistribution distribution(counts.n(), counts.incumbent_only, counts.candidate_only);
  const double at_most = distribution.Cdf(0);
  const double below = distribution.Cdf(-1);
  Fill(counts, below, at_most - below, [&](double p) { return distribution.Quantile(p); }, intervals);
  const std::int64_t zero = counts.incumbent_only - counts.candidate_only;
  intervals.p_not_above_zero = distribution.Cdf(zero);
  intervals.p_below_zero = distribution.Cdf(zero - 1);
  return started;
}

Computed<BootstrapIntervals> BootstrapBinary(const PairedCounts& counts, const BootstrapOptions& options) {
  if (options.replicates < 100 || options.replicates > 100'000'000) {
    return Undefined("bad_replicates", "the number of replicates must lie between 100 and 100,000,000");
  }
  Computed<BootstrapIntervals> started = Start(counts, options.level);
  if (!started) return started;
  BootstrapIntervals& intervals = *started;
  const std::int64_t replicates = options.replicates;
  intervals.replicates = replicates;
  intervals.seed = options.seed;

  const std::int64_t n = counts.n();
  const std::int64_t difference = counts.candidate_only - counts.incumbent_only;
  const double nn = static_cast<double>(n);
  const double delta = counts.delta();
  const double fixed_share =
      static_cast<double>(counts.candidate_only) / static_cast<double>(counts.discordant());
  const rng::BinomialSampler discordant(n, counts.psi());

  const auto reach = static_cast<std::int64_t>(12 * nn * intervals.standard_error + 64);
  Histogram total;
  total.low = std::max(-reach, -n - difference);
  total.counts.assign(static_cast<std::size_t>(std::min(reach, n - difference) - total.low + 1), 0);
  std::vector<float> studentised(options.studentised ? static_cast<std::size_t>(replicates) : 0);
#pragma omp parallel if (replicates >= kParallelFrom)
  {
    Histogram own;
    own.low = total.low;
    own.counts.assign(total.counts.size(), 0);
#pragma omp for schedule(static)
    for (std::int64_t r = 0; r < replicates; ++r) {
      rng::Stream stream(options.seed, static_cast<std::uint64_t>(r));
      const std::int64_t both_kinds = discordant.Draw(stream);
      const std::int64_t fixed = rng::BinomialSampler(both_kinds, fixed_share).Draw(stream);
      const std::int64_t broke = both_kinds - fixed;
      own.Add(fixed - broke - difference);
      if (options.studentised) {
        studentised[static_cast<std::size_t>(r)] = static_cast<float>(
            Studentised(nn, delta, static_cast<double>(broke), static_cast<double>(fixed)));
      }
    }
#pragma omp critical
    total.Merge(
        own);  // sums of integers and, after the sort below, multisets: the order of threads is not seen
  }
  std::sort(total.below.begin(), total.below.end());
  std::sort(total.above.begin(), total.above.end());

  const auto b = static_cast<double>(replicates);
  const auto share_below = [&](std::int64_t offset) {  // of replicates with a smaller offset
    auto count = std::lower_bound(total.below.begin(), total.below.end(), offset) - total.below.begin();
    for (std::int64_t k = total.low;
         k < offset && k - total.low < static_cast<std::int64_t>(total.counts.size()); ++k) {
      count += total.counts[static_cast<std::size_t>(k - total.low)];
    }
    count += std::lower_bound(total.above.begin(), total.above.end(), offset) - total.above.begin();
    return static_cast<double>(count) / b;
  };
  // Type 1: the ceil(B p)-th smallest; the guard keeps B p = 250.00000000000003 at 250.
  const auto rank_of = [replicates, b](double p) {
    return std::clamp(static_cast<std::int64_t>(std::ceil(b * p - 1e-9)), std::int64_t{1}, replicates);
  };
  const double below = share_below(0);
  // z0 of an extreme sample is infinite; half a replicate keeps the limits at the sample's end instead.
  const double safe_below = std::clamp(below, 0.5 / b, 1 - 0.5 / b);
  const double equal = share_below(1) - below;
  Fill(
      counts, safe_below, std::min(equal, 1 - safe_below),
      [&](double p) { return total.OrderStatistic(rank_of(p)); }, intervals);
  intervals.p_not_above_zero = share_below(1 - difference);
  intervals.p_below_zero = share_below(-difference);

  if (!options.studentised) return started;
  const double tail = (1 - intervals.level) / 2;
  const auto order = [&](double p) {
    const auto at = studentised.begin() + (rank_of(p) - 1);
    std::nth_element(studentised.begin(), at, studentised.end());
    return static_cast<double>(*at);
  };
  const double upper = order(1 - tail);
  const double lower = order(tail);
  intervals.studentised = {std::clamp(delta - upper * intervals.standard_error, -1.0, 1.0),
                           std::clamp(delta - lower * intervals.standard_error, -1.0, 1.0)};
  return started;
}

}  // namespace minslice::stats
