// One row of a verdict: what the policy's methods say of a set of pairs. From the four counts where each case
// ran once a side, from the mean differences by case where it ran several times, where cases share clusters,
// or where the score is graded.
#ifndef MINSLICE_GATE_ANALYSIS_H_
#define MINSLICE_GATE_ANALYSIS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minslice/estimate.h"
#include "minslice/policy.h"
#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/counts.h"

namespace minslice::gate {

struct Analysis {
  std::int64_t n = 0;                         // pairs
  std::optional<std::int64_t> clusters;       // where they are the independent units
  std::optional<std::int64_t> effective_n;    // with clusters of sizes m: (sum m)^2 / sum m^2, Kish 1965
  std::optional<stats::PairedCounts> counts;  // absent for differences
  std::optional<double> incumbent_rate, candidate_rate;
  std::optional<double> delta, ci_low, ci_high;
  double level = 0.95;
  std::string method;
  std::optional<double> p_value;           // two-sided
  std::optional<double> p_harm;            // one-sided, H0: no harm
  std::optional<double> min_attainable_p;  // of p_harm
  std::optional<double> p_beyond;          // one-sided, H0: delta >= -margin; with segments.strict
  std::optional<double> lower_bound;       // one-sided at alpha_promote
  bool non_inferior = false;               // delta > -margin shown at alpha_promote
  bool inferior = false;                   // delta < -margin shown at alpha_block
  bool worse = false;                      // delta < 0 shown at alpha_block
  bool superior = false;                   // a gain shown as the policy's claim asks, by interval, p or both
  std::optional<double> variance;          // of one pair's difference: psi for counts (what planning takes)
  std::vector<std::string> warnings;       // "field: why it is null"
};

// The two-sided level of the intervals that are shown: 1 - alpha_promote where superiority is claimed from
// them; for non-inferiority, whose test is one-sided, 95 % or what contains the test's bound.
double DisplayLevel(const Policy& policy);

// Whether interval and p show a gain, as methods.claim asks.
bool ShowsGain(const Policy& policy, const Analysis& analysis);

// One-sided p of H0: delta >= -margin, by Tango's score.
double BeyondP(const stats::PairedCounts& counts, double margin);

// margin: what non_inferior and inferior are held against.
// Without `intervals` the limits that no rule needs are left out (ci and lower_bound of a method whose tests
// are its own).
Analysis AnalyseCounts(const stats::PairedCounts& counts, double margin, const Policy& policy,
                       bool intervals = true);

// difference[i] = candidate mean - incumbent mean of pair i; cluster empty, or one index a pair.
struct Differences {
  std::span<const double> difference;
  std::span<const std::uint32_t> cluster;
  double incumbent_sum = 0;  // of the sides' means over the pairs
  double candidate_sum = 0;
};
Analysis AnalyseDifferences(const Differences& differences, double margin, const Policy& policy);
// The seeded bootstrap of the mean difference, of whole clusters where there are any.
Computed<stats::BootstrapIntervals> BootstrapDifferences(const Differences& differences, double level,
                                                         const Policy& policy);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_ANALYSIS_H_
