// What planning says before the money is spent, as data: whether a suite can answer a policy's question, and
// how often the gate errs on it. Fractions, not points. What could not be computed is nullopt.
#ifndef MINSLICE_PLAN_H_
#define MINSLICE_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "minslice/policy.h"
#include "minslice/verdict.h"

namespace minslice {

// The discordance rate that a plan assumes. Everything that a plan says hangs on it.
struct PlanPsi {
  double value = 0.10;
  double low = 0.05, high = 0.20;    // what it may be instead
  std::string source = "default";    // given | repeats | pair | default
  std::string text;                  // one sentence on where it comes from
  std::optional<double> noise = {};  // share on which two runs of one side differ, where repeats say it
};

// ---- check

struct CheckGoal {
  std::string what;                  // "margin" (non-inferiority) or "gain" (superiority)
  double target = 0;                 // the policy's margin or target_mde
  std::optional<double> resolvable;  // the smallest that this n resolves at the policy's power
  std::string method;                // how: "connor", "exact", "tango_formula"
  std::optional<double> resolvable_low, resolvable_high;  // at psi.low and psi.high
  std::optional<std::int64_t> pairs_needed;               // for the target
  bool resolved = false;
};

struct CheckSlice {
  std::string dimension, value;
  std::int64_t n = 0;
  bool gated = false;        // tested alone
  bool under_floor = false;  // fewer than min_cases
  bool pooled = false;       // a dimension's slices under min_cases together
  std::int64_t members = 0;  // of a pooled slice
  bool required = false;
  double margin = 0;  // that the slice is held against
  std::optional<double> floor;
  std::string place;                  // " (file:line:col)" of what requires it, for messages
  std::optional<double> alpha;        // of its family
  std::optional<double> block_level;  // p for harm at which it blocks, over its family, at the assumed psi
  std::optional<std::int64_t> smallest_broke;  // with none fixed, how many broken prompts block
  std::optional<double> block_mde;             // the drop that is blocked with the policy's power
  bool sees_drop = false;                      // block_mde <= CheckReport::drop
  std::optional<std::int64_t> pairs_for_drop;
  std::optional<double> resolvable_margin;  // non-inferiority
  std::optional<std::int64_t> pairs_for_margin;
  std::optional<double> floor_rate;  // the lowest pass rate that n shows to be above the absolute floor
};

// A family that is tested as one, where the policy orders the tests by families.
struct CheckFamily {
  std::string dimension, name;
  std::int64_t n = 0, slices = 0;  // pairs of its tested slices, and how many
  double block_level = 0;          // p for harm of all its cases at which it blocks
  std::optional<std::int64_t> smallest_broke;
  std::optional<double> block_mde;  // the fall of all its cases that is blocked with the policy's power
  bool sees_drop = false;
};

struct CheckProblem {
  // goal_unresolved, required_unresolved, required_absent, slice_absent, nothing_gated, blind_slices,
  // under_floor, no_gated_dimension, clusters, floor_unresolvable, runs, graded
  std::string code;
  bool decides = false;  // the goal cannot be shown: exit 11
  std::string text;
};

struct CheckReport {
  std::string suite;
  std::int64_t n = 0;
  std::int64_t clusters = 0;  // 0: none
  PlanPsi psi;
  double power = 0.80;
  double drop = 0.15;  // of one slice, which the gate should see
  CheckGoal goal;
  bool short_form = false;    // gating: decides on point estimates, there is no goal
  int repeats = 1;            // runs a side that the policy asks for
  double pair_psi = 0.10;     // psi of one run a side whose differences vary as those of the means do
  std::optional<double> icc;  // of clusters; how much alike the differences within one are
  bool icc_assumed = true;
  double design_effect = 1;
  std::vector<CheckSlice> slices;  // gated dimensions first, by n
  std::vector<CheckFamily> families;
  std::vector<CheckProblem> problems;  // those that decide first
  bool answerable = false;
};

// ---- simulate

struct SimulatedRow {
  std::string truth;  // "no change (A/A)", "-2 pt everywhere", ...
  std::string key;    // no_change, better, at_margin, twice_margin, slice, slice_twice, better_but_slice
  double everywhere = 0, slice = 0;                                   // shifts of the candidate's pass rate
  std::int64_t promote = 0, hold = 0, blocked = 0, inconclusive = 0;  // of runs
  std::int64_t suspected = 0;        // slices that were suspected, over all runs
  std::int64_t bad_slice_named = 0;  // runs in which the bad slice was blocked or suspected
};

struct SimulatedBound {
  std::string name;   // "false block", "false promote", "false holds"
  std::string truth;  // the row that it is measured on
  double rate = 0, standard_error = 0, bound = 0;
  bool kept = true;  // rate <= bound + 3 standard errors
};

struct SimulatedTable {
  std::string name;  // of the setting
  std::int64_t n = 0;
  std::int64_t slices = 0;  // tested ones
  double psi = 0;
  int repeats = 1;            // runs a side
  double noise = 0;           // share of cases on which two runs of one side differ
  std::int64_t clusters = 0;  // 0: none
  double icc = 0;             // of the differences within one
  std::string bad_dimension, bad_slice;
  std::int64_t bad_slice_n = 0;
  std::vector<SimulatedRow> rows;
  std::vector<SimulatedBound> bounds;
};

struct SimulationReport {
  std::int64_t runs = 0;
  std::uint64_t seed = 0;
  std::vector<SimulatedTable> tables;
};

// ---- calibrate

struct CalibratedRates {
  std::int64_t runs = 0;
  std::int64_t promote = 0, hold = 0, blocked = 0, inconclusive = 0;
  double blocked_low = 0, blocked_high = 0;  // Wilson, 95 %
  double alarm_low = 0, alarm_high = 0;      // blocked or held
  std::int64_t alarms() const { return hold + blocked; }
};

struct Calibration {
  std::string target, suite;
  int repeats = 0;
  std::int64_t n = 0;         // cases with every repeat
  std::int64_t left_out = 0;  // cases without
  double psi = 0;             // mean discordance of two repeats
  CalibratedRates observed;   // every ordered pair of repeats: not independent of one another
  CalibratedRates exchanged;  // random A/A: two repeats drawn for each case
  double block_bound = 0.05;  // the policy's alpha_block
  std::vector<std::string> warnings;
};

}  // namespace minslice

#endif  // MINSLICE_PLAN_H_
