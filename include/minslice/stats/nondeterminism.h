// How far the repeats of one arm disagree, and how far they would by the prompts' own noise (methods 2.7).
// Sources: Cochran 1950 (Q); range of K normal values: Tippett 1925; pass@k: Chen et al. 2021; pass^k: Yao et
// al. 2024; total agreement (TAR): Atil et al. 2024.
//
// A flat rule on the spread (one point, say) false-alarms on small suites and sleeps on large ones: with 3 %
// flaky prompts three repeats of 200 cases spread by .95 points on average, of 840 cases by .46.
#ifndef MINSLICE_STATS_NONDETERMINISM_H_
#define MINSLICE_STATS_NONDETERMINISM_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::stats {

// scores: n_cases x repeats, row-major, each 0 or 1. H0: every repeat has the same pass rate, case by case.
// Chi-squared with repeats - 1 degrees of freedom. Reasons: "shape", "repeats" (fewer than 2), "no_cases",
// "not_binary", "no_changes" (no case differs between repeats, so Q is 0/0).
Computed<Test> CochranQ(std::span<const double> scores, int repeats);

// The largest minus the smallest of `k` independent standard normal values; 2 <= k <= 10,000.
double NormalRangeMean(int k);                // 1.6926 at k = 3
double NormalRangeQuantile(int k, double p);  // 3.3145 at k = 3, p = .95; p in (0, 1)

struct RepeatSpread {
  int repeats = 0;
  std::int64_t n = 0;          // cases that have a score in every repeat: all below is over them
  std::vector<double> rates;   // by repeat
  double spread = 0;           // largest minus smallest of rates
  double variance = 0;         // v: mean over cases of the within-case sample variance, p (1 - p) K / (K - 1)
  double expected_spread = 0;  // if every case drew its repeats independently: mean ...
  double spread_95 = 0;        // ... and 95 % point. Normal approximation; both 0 where no case changed
  std::int64_t flipped = 0;    // cases whose repeats do not all agree
  std::int64_t all_pass = 0;   // pass^K: cases with 1 in every repeat
  std::int64_t any_pass = 0;   // pass@K: cases with 1 in some repeat
};

// scores as above, any values in [0, 1]; NaN = no score. Cases without all scores are left out. Reasons:
// "shape", "repeats", "no_cases" (none has all scores).
Computed<RepeatSpread> SpreadOfRepeats(std::span<const double> scores, int repeats);

// Of k draws without replacement from `runs` runs of a case of which `passes` passed: P(all pass), P(any
// passes). Unbiased for the case's p^k and 1 - (1 - p)^k. 0 <= passes <= runs, 1 <= k <= runs.
double PassAll(std::int64_t passes, std::int64_t runs, std::int64_t k);
double PassAny(std::int64_t passes, std::int64_t runs, std::int64_t k);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_NONDETERMINISM_H_
