#include "minslice/stats/repeats.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "stats/normal.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

constexpr double kNegligibleNoise = 0.10;

struct PromptRuns {
  std::int64_t count = 0;
  double mean = 0;
  double squares = 0;  // sum (score - mean)^2
};

PromptRuns RunsOf(const RepeatedScores& side, std::size_t prompt) {
  const auto k = static_cast<std::size_t>(side.repeats);
  PromptRuns runs;
  for (const double score : side.scores.subspan(prompt * k, k)) {
    if (std::isnan(score)) continue;
    ++runs.count;
    runs.mean += score;
  }
  if (runs.count == 0) return runs;
  runs.mean /= static_cast<double>(runs.count);
  for (const double score : side.scores.subspan(prompt * k, k)) {
    if (!std::isnan(score)) runs.squares += (score - runs.mean) * (score - runs.mean);
  }
  return runs;
}

// The number of prompts, or a reason.
Computed<std::size_t> PromptCount(const RepeatedScores& incumbent, const RepeatedScores& candidate) {
  for (const RepeatedScores* side : {&incumbent, &candidate}) {
    if (side->repeats < 1 || side->scores.size() % static_cast<std::size_t>(side->repeats) != 0) {
      return Undefined("shape", std::to_string(side->scores.size()) + " scores are no multiple of " +
                                    std::to_string(side->repeats) + " runs");
    }
  }
  const std::size_t n = incumbent.scores.size() / static_cast<std::size_t>(incumbent.repeats);
  if (n != candidate.scores.size() / static_cast<std::size_t>(candidate.repeats)) {
    return Undefined("shape", "incumbent and candidate have different numbers of prompts");
  }
  return n;
}

}  // namespace

Computed<std::vector<double>> PromptDifferences(const RepeatedScores& incumbent,
                                                const RepeatedScores& candidate) {
  const Computed<std::size_t> n = PromptCount(incumbent, candidate);
  if (!n) return tl::unexpected<Reason>(n.error());
  std::vector<double> d;
  for (std::size_t i = 0; i < *n; ++i) {
    const PromptRuns before = RunsOf(incumbent, i);
    const PromptRuns after = RunsOf(candidate, i);
    if (before.count > 0 && after.count > 0) d.push_back(after.mean - before.mean);
  }
  if (d.empty()) return Undefined("no_pairs", "no prompt has a score on both sides");
  return d;
}

Computed<VarianceSplit> SplitVariance(const RepeatedScores& incumbent, const RepeatedScores& candidate) {
  const Computed<std::size_t> prompts = PromptCount(incumbent, candidate);
  if (!prompts) return tl::unexpected<Reason>(prompts.error());
  if (incumbent.repeats < 2 || candidate.repeats < 2) {
    return Undefined("one_repeat", "noise between runs needs at least 2 runs a side");
  }
  VarianceSplit split;
  std::vector<double> d;
  // Sampling parts with the runs that each prompt really has.
  double noise = 0;
  for (std::size_t i = 0; i < *prompts; ++i) {
    const PromptRuns before = RunsOf(incumbent, i);
    const PromptRuns after = RunsOf(candidate, i);
    if (before.count < 2 || after.count < 2) continue;
    d.push_back(after.mean - before.mean);
    const double of_before = before.squares / static_cast<double>(before.count - 1);
    const double of_after = after.squares / static_cast<double>(after.count - 1);
    split.sigma2_incumbent += of_before;
    split.sigma2_candidate += of_after;
    noise += of_before / static_cast<double>(before.count) + of_after / static_cast<double>(after.count);
  }
  if (d.size() < 2) return Undefined("too_few_prompts", "fewer than 2 prompts have two runs on both sides");
  const double n = static_cast<double>(d.size());
  const CentralSums sums = SumDeviations(d);
  split.n = sums.n;
  split.mean = sums.mean;
  split.variance = sums.second / (n - 1);
  split.sigma2_incumbent /= n;
  split.sigma2_candidate /= n;
  noise /= n;
  split.omega2 = std::max(0.0, split.variance - noise);
  split.standard_error = std::sqrt(split.variance / n);
  split.noise_share = split.variance > 0 ? std::min(1.0, noise / split.variance) : 0;
  split.floor = std::sqrt(split.omega2 / n);
  const double both = split.sigma2_incumbent + split.sigma2_candidate;
  if (both == 0) {
    split.repeats_that_pay = 1;
  } else if (split.omega2 > 0) {
    // both/k <= share (omega2 + both/k).
    const double k = both / split.omega2 * (1 - kNegligibleNoise) / kNegligibleNoise;
    split.repeats_that_pay =
        k < 1e15 ? std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(k - 1e-9))) : 0;
  }
  return split;
}

double StandardErrorAt(const VarianceSplit& split, std::int64_t n, std::int64_t k) {
  return std::sqrt(
      (split.omega2 + (split.sigma2_incumbent + split.sigma2_candidate) / static_cast<double>(k)) /
      static_cast<double>(n));
}

double DetectableAt(const VarianceSplit& split, std::int64_t n, std::int64_t k, double alpha, double power) {
  return (NormalUpperQuantile(alpha / 2) + NormalQuantile(power)) * StandardErrorAt(split, n, k);
}

double PromptsNeeded(const VarianceSplit& split, double delta, std::int64_t k, double alpha, double power) {
  const double ratio = DetectableAt(split, 1, k, alpha, power) / delta;
  return ratio * ratio;
}

}  // namespace minslice::stats
