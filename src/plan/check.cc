#include "plan/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "gate/pairs_needed.h"
#include "gate/rules.h"
#include "gate/sentences.h"
#include "gate/slice_names.h"
#include "minslice/stats/power.h"
#include "minslice/stats/proportion.h"
#include "plan/slice_power.h"

namespace minslice::plan {
namespace {

std::string Size(double fraction) {
  std::string text = fmt::format("{:.2f}", fraction * 100);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + " pt";
}

// Counts are enumerated where the formulas are rough; the scores of a graded metric have no table to sum.
bool Enumerated(const Policy& policy, std::int64_t n, double psi) {
  return !policy.scale.graded && stats::ConnorIsRough(n, psi);
}

std::optional<double> Mde(const Policy& policy, std::int64_t n, double psi, std::string* method) {
  if (method != nullptr)
    *method = !Enumerated(policy, n, psi)         ? "Connor"
              : policy.p_method == "mcnemar_midp" ? "exact (mid-p)"
                                                  : "exact";
  const auto mde = gate::DetectableDifference(policy, n, psi, !policy.scale.graded);
  if (!mde) return std::nullopt;
  return *mde;
}

// The smallest margin certified with the asked power where nothing changes: the formula, or every table
// summed with Tango's test where it is rough.
std::optional<double> Resolvable(const Policy& policy, std::int64_t n, double psi, std::string* method) {
  const ErrorRates& rates = policy.error_rates;
  const auto formula = stats::ResolvableMargin(static_cast<double>(n), psi, rates.alpha_promote, rates.power);
  if (!formula) return std::nullopt;
  if (method != nullptr) *method = "normal formula";
  if (!Enumerated(policy, n, psi) || n > 2000) return *formula;
  const auto enough = [&](double margin) {
    const auto power = stats::NonInferiorityExactPower(n, psi, 0, margin, rates.alpha_promote);
    return power && *power >= rates.power;
  };
  double high = std::min(0.999, *formula);
  while (!enough(high)) {
    if (high >= 0.999) return std::nullopt;
    high = std::min(0.999, high * 1.3);
  }
  double low = 0;
  while (high - low > 1e-4) {
    const double middle = (low + high) / 2;
    (enough(middle) ? high : low) = middle;
  }
  if (method != nullptr) *method = "exact (Tango)";
  return high;
}

// Pairs at which `margin` is certified with the asked power where nothing changes. The formula forgets that
// Tango's bound is z^2 / (n + z^2) even with no discordance at all; where it is rough, the least n that
// enumeration finds enough, larger n being enough too for all that the lattice allows.
std::optional<std::int64_t> PairsForMargin(double psi, double margin, const ErrorRates& rates) {
  const auto formula = gate::PairsForMargin(psi, margin, rates);
  constexpr std::int64_t kMostEnumerated = 1500;
  if (!formula || *formula > kMostEnumerated || !stats::ConnorIsRough(*formula, psi)) return formula;
  const auto enough = [&](std::int64_t n) {
    const auto power = stats::NonInferiorityExactPower(n, psi, 0, margin, rates.alpha_promote);
    return power && *power >= rates.power;
  };
  std::int64_t high = *formula;
  while (!enough(high)) {
    high += std::max<std::int64_t>(1, high / 4);
    if (high > kMostEnumerated) return formula;
  }
  std::int64_t low = 1;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

class Checker {
 public:
  Checker(const Policy& policy, const SuiteShape& shape, const PlanPsi& psi, const CheckOptions& options)
      : policy_(policy), shape_(CutShape(policy.segments, ClusterShape(policy, shape))) {
    report_.suite = shape.suite;
    report_.n = shape.n;
    report_.clusters = shape_.clusters;
    report_.psi = psi;
    report_.power = policy.error_rates.power;
    report_.drop = options.drop;
    report_.short_form = policy.gating.has_value();
    report_.repeats = RunsAsked(policy);
    report_.pair_psi = PairPsi(psi.value);
    if (shape_.clusters > 0) {
      report_.icc = options.icc.value_or(kAssumedIcc);
      report_.icc_assumed = !options.icc;
      report_.design_effect = 1 + (shape_.cluster_size - 1) * *report_.icc;
    }
  }

  CheckReport Run() {
    if (shape_.n == 0) {
      Problem("no_cases", true, "there are no cases");
      return std::move(report_);
    }
    const gate::Outcome outline = gate::ApplyRules(policy_, InputOf(policy_, shape_));
    if (!report_.short_form) Goal();
    Slices(outline);
    Families(outline);
    Absent(outline);
    Problems();
    std::stable_partition(report_.problems.begin(), report_.problems.end(),
                          [](const CheckProblem& problem) { return problem.decides; });
    report_.answerable = report_.problems.empty() || !report_.problems.front().decides;
    return std::move(report_);
  }

 private:
  void Problem(const char* code, bool decides, std::string text) {
    report_.problems.push_back({code, decides, std::move(text)});
  }

  double PairPsi(double psi) const {
    const double noise = std::min(psi, report_.psi.noise.value_or(0));
    return psi - noise * (1 - 1.0 / report_.repeats);
  }
  // Independent pairs that so many pairs are worth.
  std::int64_t Worth(std::int64_t n) const {
    return std::max<std::int64_t>(std::min<std::int64_t>(n, 1),
                                  std::llround(std::floor(static_cast<double>(n) / report_.design_effect)));
  }
  // Pairs that so many independent ones take.
  std::optional<std::int64_t> Taken(std::optional<std::int64_t> pairs) const {
    if (!pairs) return pairs;
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(*pairs) * report_.design_effect));
  }

  void Goal() {
    CheckGoal& goal = report_.goal;
    const ErrorRates& rates = policy_.error_rates;
    const PlanPsi& psi = report_.psi;
    const bool gain = policy_.goal == minslice::Goal::kSuperiority;
    goal.what = gain ? "gain" : "margin";
    goal.target = gain ? policy_.target_mde : policy_.margin;
    const auto solve = [&](double rate, std::string* method) -> std::optional<double> {
      const std::int64_t n = Worth(shape_.n);
      rate = PairPsi(rate);
      return gain ? Mde(policy_, n, rate, method) : Resolvable(policy_, n, rate, method);
    };
    goal.resolvable = solve(psi.value, &goal.method);
    goal.resolvable_low = psi.low == psi.value ? goal.resolvable : solve(psi.low, nullptr);
    goal.resolvable_high = psi.high == psi.value ? goal.resolvable : solve(psi.high, nullptr);
    goal.pairs_needed = Taken(gain ? gate::PairsForGain(report_.pair_psi, goal.target, rates)
                                   : PairsForMargin(report_.pair_psi, goal.target, rates));
    goal.resolved = goal.resolvable && *goal.resolvable <= goal.target + gate::kSlack;
    if (goal.resolved) return;
    std::string text =
        goal.resolvable ? fmt::format("{} pairs resolve {} of {}, not {}", gate::Count(shape_.n),
                                      gain ? "a gain" : "a margin", Size(*goal.resolvable), Size(goal.target))
                        : fmt::format("{} pairs resolve no {} at psi {:.3g}", gate::Count(shape_.n),
                                      goal.what, report_.pair_psi);
    if (goal.pairs_needed) text += fmt::format("; {} pairs would", gate::Count(*goal.pairs_needed));
    Problem("goal_unresolved", true, text);
  }

  double LevelOf(const gate::Slice& asked, const gate::Outcome& outline) {
    const auto [known, is_new] = level_of_size_.try_emplace(asked.dimension);
    if (is_new) {
      std::vector<std::int64_t> sizes;
      for (const gate::Slice& slice : outline.slices) {
        if (!slice.tested()) continue;
        if (policy_.segments.joint || slice.dimension == asked.dimension)
          sizes.push_back(Worth(slice.analysis.n));
      }
      // Jointly, the exact level of disjoint slices is a floor: overlap only raises it. In the order of
      // families a slice has Bonferroni's; a family that falls as a whole is seen earlier.
      const std::string& dimension_method = outline.dimensions[asked.dimension].multiplicity;
      const std::string method = policy_.segments.joint ? "wy_discrete" : dimension_method;
      const std::vector<double> levels = BlockLevels(sizes, report_.pair_psi, *asked.alpha, method);
      for (std::size_t i = 0; i < sizes.size(); ++i) known->second.emplace(sizes[i], levels[i]);
    }
    return known->second.at(Worth(asked.analysis.n));
  }

  struct Seen {
    std::optional<double> mde;
    std::optional<std::int64_t> smallest;
  };

  void Slices(const gate::Outcome& outline) {
    std::map<std::tuple<std::int64_t, double, double>, Seen> seen;
    std::map<std::pair<double, double>, std::optional<std::int64_t>> pairs_for_drop;
    std::map<std::int64_t, std::optional<double>> margins;
    const ErrorRates& rates = policy_.error_rates;
    std::map<double, std::optional<std::int64_t>> pairs_for_margin;
    for (const gate::Slice& slice : outline.slices) {
      if (!slice.gate && !slice.required) continue;
      CheckSlice row;
      row.dimension = outline.dimensions[slice.dimension].name;
      row.value = slice.value;
      row.n = slice.analysis.n;
      row.gated = slice.tested();
      row.under_floor = slice.under_floor;
      row.pooled = slice.pooled;
      row.members = slice.pooled ? static_cast<std::int64_t>(slice.members.size()) : 0;
      row.required = slice.required;
      for (const RequiredSlice& required : policy_.segments.required) {
        if (slice.required && row.place.empty() &&
            gate::Names(required, row.dimension, row.value, slice.family))
          row.place = gate::Place(required.where);
      }
      if (row.gated && slice.alpha) {
        row.alpha = slice.alpha;
        row.block_level = LevelOf(slice, outline);
        const SliceTest test{Worth(row.n), report_.pair_psi, *row.block_level, slice.margin,
                             policy_.segments.strict};
        const auto [known, is_new] = seen.try_emplace({row.n, *row.block_level, slice.margin});
        if (is_new) {
          known->second.mde = BlockMde(test, rates.power);
          known->second.smallest = SmallestBroke(test);
        }
        row.block_mde = known->second.mde;
        row.smallest_broke = known->second.smallest;
        row.sees_drop = row.block_mde && *row.block_mde <= report_.drop + gate::kSlack;
        const auto [needed, first] = pairs_for_drop.try_emplace({*row.block_level, slice.margin});
        if (first) needed->second = Taken(PairsForDrop(test, report_.drop, rates.power));
        row.pairs_for_drop = needed->second;
      }
      if (!report_.short_form) {
        const auto [margin, first] = margins.try_emplace(row.n);
        if (first) margin->second = Resolvable(policy_, Worth(row.n), report_.pair_psi, nullptr);
        row.resolvable_margin = margin->second;
        const auto [pairs, unknown] = pairs_for_margin.try_emplace(slice.margin);
        if (unknown) pairs->second = Taken(PairsForMargin(report_.pair_psi, slice.margin, rates));
        row.pairs_for_margin = pairs->second;
        row.margin = slice.margin;
        row.floor = slice.floor;
        if (slice.floor) row.floor_rate = FloorRate(Worth(row.n), *slice.floor);
      }
      report_.slices.push_back(std::move(row));
    }
    std::stable_sort(report_.slices.begin(), report_.slices.end(),
                     [](const CheckSlice& a, const CheckSlice& b) {
                       return std::tie(a.dimension, a.pooled, a.n) < std::tie(b.dimension, b.pooled, b.n);
                     });
  }

  // Families that are tested as one: Meinshausen's share of the level, halved since a family's test is twice
  // the smaller of two p (gate/family_tests.h). What is said is of a fall of all its cases alike; a fall of
  // one slice is seen by the slice's own row at the latest.
  void Families(const gate::Outcome& outline) {
    if (policy_.segments.families.method != "hierarchical") return;
    for (const gate::Family& family : outline.families) {
      if (family.slices.empty() || !family.alpha) continue;
      std::int64_t leaves = 0;
      for (const gate::Slice& slice : outline.slices)
        leaves += slice.tested() && slice.dimension == family.dimension ? 1 : 0;
      CheckFamily row;
      row.dimension = outline.dimensions[family.dimension].name;
      row.name = family.name;
      row.n = family.analysis.n;
      row.slices = static_cast<std::int64_t>(family.slices.size());
      // A family of one slice is that slice's own test.
      row.block_level = *family.alpha * static_cast<double>(row.slices) / static_cast<double>(leaves) /
                        (row.slices > 1 ? 2 : 1);
      const SliceTest test{Worth(row.n), report_.pair_psi, row.block_level, policy_.segments.margin};
      row.block_mde = BlockMde(test, report_.power);
      row.smallest_broke = SmallestBroke(test);
      row.sees_drop = row.block_mde && *row.block_mde <= report_.drop + gate::kSlack;
      report_.families.push_back(std::move(row));
    }
  }

  // The lowest rate of n whose one-sided exact bound (Clopper, Pearson) lies above the floor; with n of n at
  // best.
  std::optional<double> FloorRate(std::int64_t n, double floor) const {
    const auto above = [&](std::int64_t x) {
      const auto interval = stats::ClopperPearsonInterval(x, n, 1 - 2 * policy_.error_rates.alpha_block);
      return interval && interval->lower >= floor;
    };
    if (n == 0 || !above(n)) return std::nullopt;
    std::int64_t low = 0;
    std::int64_t high = n;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (above(middle)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return static_cast<double>(low) / static_cast<double>(n);
  }

  // What the rules say of names that no case carries.
  void Absent(const gate::Outcome& outline) {
    for (const gate::RuleReason& found : outline.reasons) {
      const std::string& code = found.reason.code;
      if (code == "required_slice_absent") Problem("required_absent", true, found.reason.text);
      if (code == "slice_absent") Problem("slice_absent", true, found.reason.text);
      if (code == "nothing_gated") Problem("nothing_gated", true, found.reason.text);
    }
  }

  void Problems() {
    const SegmentPolicy& segments = policy_.segments;
    std::int64_t tested = 0;
    std::int64_t blind = 0;
    std::int64_t under = 0;
    std::int64_t under_pairs = 0;
    std::int64_t no_floor = 0;
    std::optional<std::int64_t> enough;
    for (const CheckSlice& slice : report_.slices) {
      if (slice.required) {
        const bool shown = !slice.under_floor && slice.resolvable_margin &&
                           *slice.resolvable_margin <= slice.margin + gate::kSlack;
        if (!shown) {
          std::string text =
              fmt::format("required slice {} has {}", slice.value, gate::Many(slice.n, "pair"));
          if (slice.under_floor) text += fmt::format(", under min_cases {}", segments.min_cases);
          if (slice.resolvable_margin)
            text += fmt::format(", and resolves a margin of {}, not {}", Size(*slice.resolvable_margin),
                                Size(slice.margin));
          if (slice.pairs_for_margin)
            text +=
                fmt::format("; {} pairs would do",
                            gate::Count(std::max<std::int64_t>(*slice.pairs_for_margin, segments.min_cases)));
          Problem("required_unresolved", true, text + slice.place);
        }
      }
      if (slice.pooled) continue;
      if (slice.under_floor) {
        ++under;
        under_pairs += slice.n;
      }
      if (!slice.gated) continue;
      ++tested;
      if (slice.floor && !report_.short_form && !slice.floor_rate) ++no_floor;
      if (slice.alpha && !slice.sees_drop) {
        ++blind;
        if (slice.pairs_for_drop) enough = std::max(enough.value_or(0), *slice.pairs_for_drop);
      }
    }
    if (blind > 0) {
      std::string text = fmt::format("{} of {} {} not see a drop of {} at {:.0f} % power", blind,
                                     gate::Many(tested, "gated slice"), blind == 1 ? "does" : "do",
                                     Size(report_.drop), report_.power * 100);
      if (enough) text += fmt::format("; {} pairs in a slice would", gate::Count(*enough));
      if (report_.drop <= segments.margin)
        text += fmt::format("; no drop up to the slice margin of {} ever blocks", Size(segments.margin));
      Problem("blind_slices", false, text);
    }
    if (under > 0) {
      Problem("under_floor", false,
              fmt::format("{} with {} {} under min_cases {}: low confidence, not gated alone{}",
                          gate::Many(under, "slice"), gate::Many(under_pairs, "pair"),
                          under == 1 ? "lies" : "lie", segments.min_cases,
                          segments.under_floor == "pool" ? ", pooled by dimension" : ""));
    }
    if (no_floor > 0) {
      Problem("floor_unresolvable", false,
              fmt::format("{} too small to be shown above {} floor even if every prompt passes",
                          no_floor == 1 ? "1 slice is" : fmt::format("{} slices are", no_floor),
                          no_floor == 1 ? "its" : "their"));
    }
    if (!report_.short_form && tested == 0) {
      Problem("no_gated_dimension", false,
              segments.dimensions.empty()
                  ? "the policy names no segments.dimensions: slices are reported, none is gated"
                  : "no slice is gated: none of the policy's dimensions has a slice with min_cases pairs");
    }
    if (policy_.scale.graded)
      Problem("graded", false, GradedSentence(policy_) + "; blocks from and sees drop are of pass or fail");
    if (report_.repeats > 1 && !report_.psi.noise) {
      Problem(
          "runs", false,
          fmt::format(
              "the policy takes the mean of {} runs a side: how much that helps shows in logs with repeats "
              "(--incumbent); these figures are of one run, so they are on the safe side",
              report_.repeats));
    }
    if (report_.clusters > 0) {
      Problem("clusters", false,
              fmt::format("the cases lie in {} clusters: at an intraclass correlation of {:.2f}{} {} pairs "
                          "count as {} in "
                          "all that follows",
                          report_.clusters, *report_.icc, report_.icc_assumed ? " (assumed; --icc)" : "",
                          gate::Count(report_.n), gate::Count(Worth(report_.n))));
    }
  }

  const Policy& policy_;
  const SuiteShape shape_;
  CheckReport report_;
  std::map<std::size_t, std::map<std::int64_t, double>> level_of_size_;  // by dimension
};

}  // namespace

std::string GradedSentence(const Policy& policy) {
  return fmt::format(
      "the primary metric {} is graded: in psi's place stands the mean square of a case's difference, as a "
      "share of its range squared, which is mostly far below a discordance rate; an earlier verdict "
      "has it (planning.psi of verdict.json), give it as --psi",
      policy.metric);
}

CheckReport Check(const Policy& policy, const SuiteShape& shape, const PlanPsi& psi,
                  const CheckOptions& options) {
  return Checker(policy, shape, psi, options).Run();
}

}  // namespace minslice::plan
