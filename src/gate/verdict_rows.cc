#include "gate/verdict_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gate/pairs_needed.h"
#include "gate/sentences.h"
#include "minslice/stats/power.h"
#include "minslice/stats/proportion.h"

namespace minslice::gate {
namespace {

bool SuperiorityRow(const Policy& policy) { return policy.goal == Goal::kSuperiority && !policy.gating; }

void FillPlanning(const Policy& policy, bool superiority_row, const Computed<double>& mde, VerdictRow& row,
                  const Analysis& a) {
  const ErrorRates& rates = policy.error_rates;
  if (a.n == 0) {
    row.warnings.emplace_back("mde, resolvable_margin, resolution_ratio: no complete pair");
    return;
  }
  const double psi = a.variance.value_or(0);
  const auto n = static_cast<double>(a.n);
  if (mde) {
    row.mde = *mde;
  } else {
    row.warnings.push_back("mde: " + mde.error().text);
  }
  const auto resolvable = stats::ResolvableMargin(n, std::min(1.0, psi), rates.alpha_promote, rates.power);
  if (resolvable) {
    row.resolvable_margin = *resolvable;
  } else {
    row.warnings.push_back("resolvable_margin: " + resolvable.error().text);
  }
  if (superiority_row) {
    if (psi > 0) {
      const auto needed =
          stats::McNemarPairsNeeded(std::min(1.0, psi), policy.target_mde,
                                    {.alpha = rates.alpha_promote, .sides = 2, .power = rates.power});
      if (needed) {
        row.resolution_ratio = n / *needed;
      } else {
        row.warnings.push_back("resolution_ratio: " + needed.error().text);
      }
    } else {
      row.warnings.emplace_back("resolution_ratio: no discordant pairs");
    }
  } else if (psi > 0) {
    const auto needed =
        stats::NonInferiorityPairsNeeded(std::min(1.0, psi), *row.margin, rates.alpha_promote, rates.power);
    if (needed) {
      row.resolution_ratio = n / *needed;
    } else {
      row.warnings.push_back("resolution_ratio: " + needed.error().text);
    }
  } else if (const auto needed = PairsForMargin(0, *row.margin, rates)) {
    row.resolution_ratio = n / static_cast<double>(*needed);
  }
}

VerdictRow RowOf(const Analysis& a, double margin, double alpha) {
  VerdictRow row;
  row.n_pairs = a.n;
  row.n_clusters = a.clusters;
  if (a.counts) {
    row.n_both = a.counts->both;
    row.n_incumbent_only = a.counts->incumbent_only;
    row.n_candidate_only = a.counts->candidate_only;
    row.n_neither = a.counts->neither;
    if (a.n > 0) row.discordance_rate = a.counts->psi();
  } else {
    row.warnings.emplace_back(
        "n_both, n_incumbent_only, n_candidate_only, n_neither, discordance_rate: several runs, clusters or "
        "graded "
        "scores are analysed by case means");
  }
  row.incumbent_rate = a.incumbent_rate;
  row.candidate_rate = a.candidate_rate;
  if (a.counts && a.n > 0) {
    const auto incumbent = stats::WilsonInterval(a.counts->both + a.counts->incumbent_only, a.n, a.level);
    const auto candidate = stats::WilsonInterval(a.counts->both + a.counts->candidate_only, a.n, a.level);
    if (incumbent) {
      row.incumbent_low = incumbent->lower;
      row.incumbent_high = incumbent->upper;
    }
    if (candidate) {
      row.candidate_low = candidate->lower;
      row.candidate_high = candidate->upper;
    }
  }
  row.delta = a.delta;
  row.ci_low = a.ci_low;
  row.ci_high = a.ci_high;
  row.level = a.level;
  row.method = a.method;
  row.p_value = a.p_value;
  row.p_harm = a.p_harm;
  row.min_attainable_p = a.min_attainable_p;
  if (a.min_attainable_p) row.testable = *a.min_attainable_p <= alpha;
  row.margin = margin;
  row.lower_bound = a.lower_bound;
  if (a.delta) row.non_inferior = a.non_inferior;
  row.warnings.insert(row.warnings.end(), a.warnings.begin(), a.warnings.end());
  return row;
}

std::string AggregateStatus(const Analysis& a) {
  if (!a.delta) return "";
  if (a.inferior) return "inferior";
  if (a.superior) return "superior";
  if (a.non_inferior) return a.worse ? "non_inferior_worse" : "non_inferior";
  return a.worse ? "inconclusive_worse" : "inconclusive";
}

int StatusRank(const std::string& status) {
  static const std::array<const char*, 8> kOrder = {
      "block", "below_floor", "suspected",     "floor_unresolved", "required_unresolved",
      "ok",    "reported",    "low_confidence"};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), status) - kOrder.begin());
}

}  // namespace

VerdictRow AggregateRow(const Policy& policy, const Analysis& analysis) {
  VerdictRow row = RowOf(analysis, policy.margin, policy.error_rates.alpha_promote);
  row.status = AggregateStatus(analysis);
  row.warnings.emplace_back("p_adjusted: the aggregate is one test");
  FillPlanning(policy, SuperiorityRow(policy), DetectableDifference(policy, analysis), row, analysis);
  return row;
}

VerdictSegment SegmentRow(const Policy& policy, const Outcome& outcome, const Slice& slice,
                          DetectableDifferences& detectable) {
  VerdictSegment segment;
  segment.dimension = outcome.dimensions[slice.dimension].name;
  segment.value = slice.value;
  segment.role = slice.gate ? "gate" : "report";
  segment.under_floor = slice.under_floor;
  segment.pooled = slice.pooled;
  segment.members = slice.pooled ? static_cast<std::int64_t>(slice.members.size()) : 0;
  segment.required = slice.required;
  segment.no_value = slice.no_value;
  segment.family = slice.family;
  if (slice.gate)
    segment.floor = policy.gating ? std::optional<double>(policy.gating->threshold) : slice.floor;
  segment.floor_low = slice.floor_low;
  segment.floor_high = slice.floor_high;
  segment.alpha = slice.alpha;
  segment.row = RowOf(slice.analysis, slice.margin, slice.alpha.value_or(policy.error_rates.alpha_block));
  segment.row.p_adjusted = slice.p_adjusted;
  // What blocks is the adjusted p, so what can block is asked of it too.
  if (slice.smallest_adjusted && slice.alpha) segment.row.testable = *slice.smallest_adjusted <= *slice.alpha;
  segment.row.status = slice.status;
  if (!slice.p_adjusted) {
    std::string why = "reported, not gated";
    if (slice.gate && slice.under_floor) {
      why = fmt::format("{}, under {}: low confidence, not tested alone", Many(slice.analysis.n, "pair"),
                        policy.segments.min_cases);
    } else if (slice.gate) {
      why = "gating: decides on point estimates";
    }
    segment.row.warnings.push_back("p_adjusted: " + why);
  }
  if (slice.tested() && !segment.row.testable.value_or(true)) {
    segment.row.warnings.push_back(
        fmt::format("untestable: so few prompts changed that no adjusted p below {} can come out",
                    Level(RoundSignificant(
                        slice.smallest_adjusted.value_or(slice.analysis.min_attainable_p.value_or(1)), 3))));
  }
  FillPlanning(policy, false, detectable.Of(slice.analysis), segment.row, slice.analysis);
  return segment;
}

VerdictFamily FamilyRow(const Policy& policy, const Outcome& outcome, const Family& family) {
  VerdictFamily row;
  row.name = family.name;
  row.dimension = outcome.dimensions[family.dimension].name;
  row.n_slices = family.members;
  row.alpha = family.alpha;
  row.row =
      RowOf(family.analysis, policy.segments.margin, family.alpha.value_or(policy.error_rates.alpha_block));
  row.row.p_adjusted = family.p_adjusted;
  row.row.status = family.status;
  if (!family.p_adjusted) {
    row.row.warnings.emplace_back(
        family.status == "reported" ? "p_adjusted: reported, not gated"
        : family.status == "low_confidence"
            ? "p_adjusted: no slice of it has min_cases pairs"
            : "p_adjusted: families.method is none, so slices are tested, not families");
  }
  FillPlanning(policy, false, DetectableDifference(policy, family.analysis), row.row, family.analysis);
  return row;
}

namespace {

// n 2^(k/2), k = -6 ... 9: an eighth of the run to twenty times as much, with the run's own n.
std::vector<VerdictMdePoint> MdeCurve(const Policy& policy, const Analysis& aggregate, double psi) {
  std::vector<VerdictMdePoint> curve;
  for (int k = -6; k <= 9; ++k) {
    VerdictMdePoint point;
    point.n_pairs = std::llround(static_cast<double>(aggregate.n) * std::exp2(k / 2.0));
    if (point.n_pairs < 2 || (!curve.empty() && point.n_pairs <= curve.back().n_pairs)) continue;
    if (const auto mde = DetectableDifference(policy, point.n_pairs, psi, aggregate.counts.has_value()))
      point.mde = *mde;
    if (const auto margin =
            stats::ResolvableMargin(static_cast<double>(point.n_pairs), psi, policy.error_rates.alpha_promote,
                                    policy.error_rates.power))
      point.resolvable_margin = *margin;
    curve.push_back(point);
  }
  return curve;
}

}  // namespace

VerdictPlanning PlanningOf(const Policy& policy, const Analysis& aggregate) {
  VerdictPlanning planning;
  if (!aggregate.variance || *aggregate.variance <= 0) return planning;
  const bool superiority = SuperiorityRow(policy);
  const double psi = stats::PrintedPsi(*aggregate.variance);
  planning.psi = psi;
  planning.goal = superiority ? "to see a gain of " + Size(policy.target_mde)
                              : "to certify a margin of " + Size(policy.margin);
  planning.pairs_for_goal = superiority ? PairsForGain(psi, policy.target_mde, policy.error_rates)
                                        : PairsForMargin(psi, policy.margin, policy.error_rates);
  planning.mde_curve = MdeCurve(policy, aggregate, psi);
  planning.pairs_for_2_points = PairsForGain(psi, 0.02, policy.error_rates);
  planning.pairs_for_1_point = PairsForGain(psi, 0.01, policy.error_rates);
  return planning;
}

void SortSegments(std::vector<VerdictSegment>& segments) {
  std::stable_sort(segments.begin(), segments.end(), [](const VerdictSegment& a, const VerdictSegment& b) {
    if (a.dimension != b.dimension) return a.dimension < b.dimension;
    const int rank_a = StatusRank(a.row.status);
    const int rank_b = StatusRank(b.row.status);
    if (rank_a != rank_b) return rank_a < rank_b;
    return a.row.delta.value_or(0) < b.row.delta.value_or(0);
  });
}

}  // namespace minslice::gate
