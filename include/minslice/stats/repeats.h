// K runs a side of the same prompts: how much of the uncertainty is the model's own noise, and when do more
// runs stop paying. Source: Miller 2024 ("Adding error bars to evals"), Var(mean d) = (omega^2 +
// sigma_A^2/K_A + sigma_B^2/K_B)/n.
#ifndef MINSLICE_STATS_REPEATS_H_
#define MINSLICE_STATS_REPEATS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::stats {

// One side's scores: `repeats` per prompt, row-major; NaN where there is none.
struct RepeatedScores {
  std::span<const double> scores;
  std::int64_t repeats = 1;
};

// d_i = mean of the candidate's runs - mean of the incumbent's, in the order of the prompts; prompts without
// a score on either side are left out. This, not the n K runs, is what t, sign flips and the bootstrap take:
// pooling runs as if they were prompts gives 10.6 to 12.7 % false alarms at K = 3 (methods 2.3). Reasons:
// "shape" (sizes disagree), "no_pairs".
Computed<std::vector<double>> PromptDifferences(const RepeatedScores& incumbent,
                                                const RepeatedScores& candidate);

struct VarianceSplit {
  std::int64_t n = 0;           // prompts with at least two scores a side
  double mean = 0;              // of d
  double variance = 0;          // of d, n - 1
  double omega2 = 0;            // between prompts, cut at 0
  double sigma2_incumbent = 0;  // mean over prompts of the variance between runs
  double sigma2_candidate = 0;
  double standard_error = 0;  // of the mean
  double noise_share = 0;     // share of the runs' noise in the variance of the mean, in [0, 1]
  // Runs a side at which noise is at most 10 % of the variance: beyond, even infinitely many runs shorten the
  // interval by at most 5 %, and more prompts are the better buy. 0: never (omega2 = 0, so runs are as good
  // as prompts).
  std::int64_t repeats_that_pay = 0;
  double floor = 0;  // standard error with infinitely many runs of the same prompts
};
// Reasons: "shape", "one_repeat" (a side has no prompt with two runs), "too_few_prompts" (n < 2).
Computed<VarianceSplit> SplitVariance(const RepeatedScores& incumbent, const RepeatedScores& candidate);

// sqrt((omega2 + sigma2_incumbent/k + sigma2_candidate/k)/n). k >= 1.
double StandardErrorAt(const VarianceSplit& split, std::int64_t n, std::int64_t k);
// Smallest |delta| seen with the given power by a two-sided test: (z_{alpha/2} + z_power) times that.
double DetectableAt(const VarianceSplit& split, std::int64_t n, std::int64_t k, double alpha, double power);
// Prompts needed to see delta, not rounded. delta != 0.
double PromptsNeeded(const VarianceSplit& split, double delta, std::int64_t k, double alpha, double power);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_REPEATS_H_
