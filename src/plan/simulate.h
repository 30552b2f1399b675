// The gate's own error rates on a suite: outcomes are drawn for its slices and judged by gate::ApplyRules,
// the very rules that judge logs. Same digits at any thread count (methods, operating characteristics).
#ifndef MINSLICE_PLAN_SIMULATE_H_
#define MINSLICE_PLAN_SIMULATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "minslice/estimate.h"
#include "minslice/plan.h"
#include "minslice/policy.h"
#include "plan/case_draw.h"
#include "plan/shape.h"

namespace minslice::plan {

struct SimulateOptions {
  std::int64_t runs = 1000;  // a row
  std::uint64_t seed = 0;
  double psi = 0.10;
  double incumbent_rate = 0.85;          // of cells that know none; matters to absolute floors only
  std::string bad_dimension, bad_slice;  // empty: the tested slice whose size is nearest `bad_size`
  double bad_size = 47;
  std::string name;      // of the table
  CaseModel model = {};  // runs and clusters; with one run, or without noise, and without clusters: by counts
};

// The probabilities of one pair's outcome where the candidate's true shift is d, as the published table draws
// them: P(broke) = (psi - d)/2 and P(fixed) = P(broke) + d while |d| <= psi; beyond, P(broke) = psi/2 - d.
struct PairLaw {
  double broke = 0, fixed = 0;
};
PairLaw LawOf(double psi, double d);

// Rows: no change; better by the margin; worse by the margin, and by twice as much, everywhere; one slice
// worse by 3 and by 6 slice margins; better by the margin but one slice worse by 3 slice margins. At the
// default margins of 2 and 5 points: 0, +2, -2, -4, -15, -30, +2 and -15. Rows about a slice are left out
// where none is tested. Reasons: "no_such_slice", "no_cases".
Computed<SimulatedTable> Simulate(const Policy& policy, const SuiteShape& shape,
                                  const SimulateOptions& options);

// The setting of the published table: 40 slices of 20 + floor((n - 800) w_s / sum w), w_s = s^-0.7.
SuiteShape PublishedShape(std::int64_t asked);
Policy PublishedPolicy();
struct PublishedSetting {
  std::int64_t asked;
  double psi;
  const char* name;
};
inline constexpr PublishedSetting kPublishedSettings[] = {
    {1200, 0.05, "N=1,180 psi .05"}, {1200, 0.10, "N=1,180 psi .10"}, {4000, 0.10, "N=3,979 psi .10"}};
inline constexpr char kPublishedSettingText[] =
    "40 disjoint slices of n_s = 20 + floor((N - 800) w_s / sum w) pairs, w_s = s^-0.7 (N asked: 1,200 and "
    "4,000). In each slice "
    "the broken, the fixed and the rest are multinomial, with P(broke) = (psi - d)/2 and P(fixed) = P(broke) "
    "+ d while |d| <= "
    "psi, else P(broke) = psi/2 - d. The one slice is the one whose n is nearest 47 (45, 45, 52). One run a "
    "side, no "
    "absolute floor, no "
    "missing row; goal non_inferiority at 2 points, everything else by default.";

}  // namespace minslice::plan

#endif  // MINSLICE_PLAN_SIMULATE_H_
