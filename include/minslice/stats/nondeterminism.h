// The same suite run K times on one model: do the runs differ by more than the noise of single answers
// explains? Temperature 0 is not determinism (batching changes the arithmetic), so this is measured, not
// assumed. Sources: Cochran 1950 (Q); Atil et al. 2024 (TARa, TARr); Chen et al. 2021 (pass@k); Yao et al.
// 2024 (pass^k); range of normal variables: Tippett 1925.
#ifndef MINSLICE_STATS_NONDETERMINISM_H_
#define MINSLICE_STATS_NONDETERMINISM_H_

#include <cstdint>
#include <span>

#include "minslice/estimate.h"

namespace minslice::stats {

struct NondeterminismOptions {
  double max_spread = 0.01;  // pass rates of the runs may differ by so much
  double cochran_q = 0.01;   // level of Q
  double level = 0.95;       // of the flip rate's interval and of the spread that noise explains
};

struct Nondeterminism {
  std::int64_t n = 0;        // prompts with all K runs
  std::int64_t repeats = 0;  // K
  std::int64_t flipped = 0;  // prompts whose runs disagree
  double cochran_q = 0;      // chi-squared, K - 1 degrees of freedom; 0 where nothing flipped
  double cochran_p = 1;
  Estimate flip_rate;                        // flipped / n, Wilson
  double lowest_rate = 0, highest_rate = 0;  // pass rates of the runs
  double spread = 0;                         // highest - lowest
  double variance = 0;                       // v = mean of p_i (1 - p_i) K/(K - 1): variance of one answer
  double expected_spread = 0;                // of K runs that differ by such noise only
  double spread_limit = 0;                   // its upper quantile at `level`
  bool nondeterministic = false;             // spread > max_spread or Q's p < cochran_q
  bool noise_explains_it = false;            // spread <= spread_limit
};

// scores: 0 or 1, row-major, `repeats` per prompt; prompts with a NaN are left out.
// Reasons: "shape", "one_repeat", "no_prompts", "not_binary".
Computed<Nondeterminism> CheckNondeterminism(std::span<const double> scores, std::int64_t repeats,
                                             const NondeterminismOptions& options);

// Total agreement rate: share of prompts whose K runs are all equal, by the hash of the parsed answer
// (TARa@K) or of the raw text (TARr@K). Wilson interval. Reasons: "shape", "one_repeat", "no_prompts".
Computed<Estimate> TotalAgreement(std::span<const std::uint64_t> hashes, std::int64_t repeats, double level);

// From c passes in K runs of one prompt: unbiased probability that all of k fresh runs pass (pass^k), that at
// least one does (pass@k). 1 <= k <= K. Reasons: "counts".
Computed<double> PassHatK(std::int64_t passes, std::int64_t runs, std::int64_t k);
Computed<double> PassAtK(std::int64_t passes, std::int64_t runs, std::int64_t k);

// Range of K independent standard normals: its mean (1.693 at K = 3) and quantile (3.314 at .95). K >= 2.
double NormalRangeMean(std::int64_t k);
double NormalRangeQuantile(std::int64_t k, double p);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_NONDETERMINISM_H_
