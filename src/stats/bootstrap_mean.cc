#include "minslice/stats/bootstrap_mean.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "stats/bca.h"
#include "stats/lattice.h"
#include "stats/normal.h"
#include "stats/purposes.h"
#include "stats/replicates.h"
#include "stats/resampler.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

std::optional<Reason> Unusable(std::span<const double> d, const BootstrapOptions& options,
                               const CentralSums& sums) {
  if (d.empty()) return Reason{"no_pairs", "there are no pairs; at least 2 are needed"};
  if (!AllFinite(d)) return Reason{"not_finite", "a difference is NaN, infinite or beyond 1e100"};
  if (!(options.level > 0 && options.level < 1)) return Reason{"level", "the level must lie between 0 and 1"};
  if (options.replicates < 100 || options.replicates > 100'000'000) {
    return Reason{"replicates",
                  "between 100 and 100,000,000 replicates, asked for " + std::to_string(options.replicates)};
  }
  if (d.size() == 1) return Reason{"too_few_pairs", "one pair resamples to itself; at least 2 are needed"};
  if (d.size() >= (std::size_t{1} << 31)) return Reason{"too_many_pairs", "at most 2^31 - 1 pairs"};
  if (!(std::sqrt(sums.second / static_cast<double>(sums.n)) > 1e-14 * std::abs(sums.mean))) {
    return Reason{"no_variation", "all " + std::to_string(sums.n) +
                                      " differences are equal: resampling cannot see what else could be"};
  }
  return std::nullopt;
}

// What is resampled: lattice cells, so that sums are exact and ties are ties, or deviations from the mean.
struct Units {
  std::vector<double> value;
  double origin = 0, step = 1;  // d = origin + step * value
};

Units ToUnits(std::span<const double> d, const CentralSums& sums) {
  Units units;
  units.value.reserve(d.size());
  if (const std::optional<Lattice> lattice = FindLattice(d, std::int64_t{1} << 20)) {
    units.origin = lattice->origin;
    units.step = lattice->step;
    for (const std::int64_t cell : lattice->index) units.value.push_back(static_cast<double>(cell));
  } else {
    units.origin = sums.mean;
    for (const double value : d) units.value.push_back(value - sums.mean);
  }
  return units;
}

}  // namespace

Computed<MeanBootstrap> BootstrapMean(std::span<const double> d, const BootstrapOptions& options) {
  const CentralSums sums = SumDeviations(d);
  if (auto reason = Unusable(d, options, sums)) return tl::unexpected<Reason>(*reason);
  const Units units = ToUnits(d, sums);
  const Resampler resampler(units.value);
  std::vector<double> totals(static_cast<std::size_t>(options.replicates));
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < options.replicates; ++r) {
    totals[static_cast<std::size_t>(r)] =
        resampler.Draw(options.seed, static_cast<std::uint64_t>(r), kPurposeMean).x;
  }
  const double n = static_cast<double>(sums.n);
  const double replicates = static_cast<double>(options.replicates);
  // The share of replicates whose total is at most (below, if strictly) the given one.
  const auto rank = [&](double total, bool strictly) {
    const auto count = std::count_if(totals.begin(), totals.end(),
                                     [=](double value) { return strictly ? value < total : value <= total; });
    return static_cast<double>(count) / replicates;
  };
  MeanBootstrap result;
  result.estimate = sums.mean;
  result.method = "resampled";
  BootstrapIntervals& intervals = result.intervals;
  intervals.level = options.level;
  intervals.n = sums.n;
  intervals.replicates = options.replicates;
  intervals.seed = options.seed;
  const CentralSums of_totals = SumDeviations(totals);
  intervals.standard_error = units.step * std::sqrt(of_totals.second / (replicates - 1)) / n;
  intervals.acceleration = sums.third / (6 * sums.second * std::sqrt(sums.second));
  const double observed = resampler.Observed().x;
  const double below = rank(observed, true);
  const double not_above = rank(observed, false);
  intervals.z0 = NormalQuantile((below + not_above) / 2);
  result.z0_strict = NormalQuantile(below);
  result.bca_levels = BcaAlphas(intervals.z0, intervals.acceleration, options.level);
  result.bca_strict_levels = BcaAlphas(result.z0_strict, intervals.acceleration, options.level);
  const double zero = -units.origin / units.step * n;  // the total of a mean of 0
  const double noise = 1e-9 * std::abs(zero) + 1e-6 * (units.step == 1 ? 0 : 1);
  result.p_not_above_zero = rank(zero + noise, false);
  result.p_below_zero = rank(zero - noise, true);
  const double levels[] = {(1 - options.level) / 2,        (1 + options.level) / 2,
                           result.bca_levels.lower,        result.bca_levels.upper,
                           result.bca_strict_levels.lower, result.bca_strict_levels.upper};
  std::vector<double> limits = SelectQuantiles(totals, levels);
  for (double& limit : limits) limit = units.origin + units.step * limit / n;
  intervals.percentile = {limits[0], limits[1]};
  intervals.basic = {2 * sums.mean - limits[1], 2 * sums.mean - limits[0]};
  intervals.bca = {limits[2], limits[3]};
  result.bca_strict = {limits[4], limits[5]};
  if (sums.n < 50) result.warnings.push_back("n < 50: bootstrap intervals of the mean are too narrow");
  return result;
}

Computed<Estimate> BootstrapT(std::span<const double> d, const BootstrapOptions& options) {
  const CentralSums sums = SumDeviations(d);
  if (auto reason = Unusable(d, options, sums)) return tl::unexpected<Reason>(*reason);
  const double n = static_cast<double>(sums.n);
  std::vector<double> deviation, square;
  for (const double value : d) {
    deviation.push_back(value - sums.mean);
    square.push_back(deviation.back() * deviation.back());
  }
  const double negligible = 1e-12 * sums.second;
  const Resampler resampler(deviation, square);
  std::vector<double> t(static_cast<std::size_t>(options.replicates));
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < options.replicates; ++r) {
    const Resampler::Sums drawn = resampler.Draw(options.seed, static_cast<std::uint64_t>(r), kPurposeMean);
    const double spread = drawn.y - drawn.x * drawn.x / n;
    t[static_cast<std::size_t>(r)] =
        spread > negligible ? drawn.x / n / std::sqrt(spread / (n - 1) / n) : INFINITY;
  }
  std::sort(t.begin(), t.end());
  const auto finite = static_cast<std::size_t>(std::lower_bound(t.begin(), t.end(), INFINITY) - t.begin());
  const double tail = std::ceil((1 - options.level) / 2 * static_cast<double>(options.replicates) - 1e-9);
  const double constant = static_cast<double>(t.size() - finite);
  if (tail - constant < 1) {
    return Undefined("constant_resamples",
                     std::to_string(t.size() - finite) + " of " + std::to_string(t.size()) +
                         " resamples have no variance: too few different values for bootstrap-t");
  }
  const auto from_end = static_cast<std::size_t>(tail - constant);
  const double se = std::sqrt(sums.second / (n - 1) / n);
  Estimate estimate{sums.mean,
                    sums.mean - t[finite - from_end] * se,
                    sums.mean - t[from_end - 1] * se,
                    options.level,
                    sums.n,
                    "bootstrap_t",
                    {}};
  if (constant > 0)
    estimate.warnings.push_back(std::to_string(t.size() - finite) + " constant resamples widen the interval");
  return estimate;
}

}  // namespace minslice::stats
