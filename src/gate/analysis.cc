#include "gate/analysis.h"

#include <algorithm>
#include <cmath>

#include "minslice/stats/mcnemar.h"
#include "minslice/stats/paired_interval.h"
#include "stats/normal.h"

namespace minslice::gate {
namespace {

double TwoSidedP(const stats::PairedCounts& counts, const std::string& method) {
  if (method == "mcnemar_exact") return stats::McNemarExact(counts).p;
  if (method == "mcnemar_asymptotic") return stats::McNemarAsymptotic(counts).p;
  if (method == "mcnemar_corrected") return stats::McNemarCorrected(counts).p;
  return stats::McNemarMidP(counts).p;
}

}  // namespace

double DisplayLevel(const Policy& policy) {
  const double alpha = policy.error_rates.alpha_promote;
  return policy.goal == Goal::kSuperiority ? 1 - alpha : std::max(0.95, 1 - 2 * alpha);
}

bool ShowsGain(const Policy& policy, const Analysis& a) {
  const bool by_interval = a.ci_low && *a.ci_low > 0;
  const bool by_p = a.p_value && a.delta && *a.delta > 0 && *a.p_value < policy.error_rates.alpha_promote;
  return policy.claim == Claim::kAll ? by_interval && by_p : by_interval || by_p;
}

double BeyondP(const stats::PairedCounts& counts, double margin) {
  return stats::NormalCdf(stats::TangoScore(counts, -margin));
}

Analysis AnalyseCounts(const stats::PairedCounts& counts, double margin, const Policy& policy,
                       bool intervals) {
  Analysis analysis;
  analysis.n = counts.n();
  analysis.counts = counts;
  analysis.level = DisplayLevel(policy);
  analysis.method = policy.ci_method;
  if (analysis.n == 0) {
    analysis.warnings.emplace_back("incumbent_rate, candidate_rate, delta, ci, p_value: no complete pair");
    return analysis;
  }
  const auto n = static_cast<double>(analysis.n);
  analysis.incumbent_rate = static_cast<double>(counts.both + counts.incumbent_only) / n;
  analysis.candidate_rate = static_cast<double>(counts.both + counts.candidate_only) / n;
  analysis.delta = counts.delta();
  analysis.p_value = TwoSidedP(counts, policy.p_method);
  analysis.p_harm = stats::McNemarHarmExact(counts).p;
  analysis.min_attainable_p = std::exp2(-static_cast<double>(counts.discordant()));
  if (policy.segments.strict) analysis.p_beyond = BeyondP(counts, margin);
  analysis.variance = counts.psi();
  if (counts.discordant() == 0)
    analysis.warnings.emplace_back("no discordant pairs: no difference was seen, which is not equality");

  const auto method = stats::PairedMethodFromName(policy.ci_method).value_or(stats::PairedMethod::kTango);
  intervals = intervals || method != stats::PairedMethod::kTango;
  if (intervals) {
    const auto interval = stats::PairedInterval(counts, analysis.level, method);
    if (interval) {
      analysis.ci_low = interval->lower;
      analysis.ci_high = interval->upper;
      for (const std::string& warning : interval->warnings) analysis.warnings.push_back("ci: " + warning);
    } else {
      analysis.warnings.push_back("ci: " + interval.error().text);
    }
  }
  // The one-sided statements. For Tango's interval they are its score test, so bound and test cannot
  // disagree.
  const double alpha_promote = policy.error_rates.alpha_promote;
  const double alpha_block = policy.error_rates.alpha_block;
  Computed<Estimate> promote_bounds = Undefined("not_needed", "left out");
  if (intervals) promote_bounds = stats::PairedInterval(counts, 1 - 2 * alpha_promote, method);
  if (promote_bounds) analysis.lower_bound = promote_bounds->lower;
  if (method == stats::PairedMethod::kTango) {
    const double at_margin = stats::TangoScore(counts, -margin);
    analysis.non_inferior = at_margin > stats::NormalUpperQuantile(alpha_promote);
    analysis.inferior = at_margin < -stats::NormalUpperQuantile(alpha_block);
    analysis.worse = stats::TangoScore(counts, 0) < -stats::NormalUpperQuantile(alpha_block);
  } else {
    const auto block_bounds = alpha_block == alpha_promote
                                  ? promote_bounds
                                  : stats::PairedInterval(counts, 1 - 2 * alpha_block, method);
    analysis.non_inferior = promote_bounds && promote_bounds->lower > -margin;
    analysis.inferior = block_bounds && block_bounds->upper < -margin;
    analysis.worse = block_bounds && block_bounds->upper < 0;
  }
  analysis.superior = ShowsGain(policy, analysis);
  return analysis;
}

}  // namespace minslice::gate
