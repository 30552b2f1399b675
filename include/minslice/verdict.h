// The verdict as data; report/verdict_json.h writes and reads it as verdict.json (docs/formats/verdict.md).
// Fractions, not points. What could not be computed is nullopt, and a warning of the row says why.
#ifndef MINSLICE_VERDICT_H_
#define MINSLICE_VERDICT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "minslice/exit_code.h"
#include "minslice/policy.h"
#include "minslice/usage.h"

namespace minslice {

enum class Decision { kPromote, kHold, kInconclusive, kBlocked, kInvalid };

constexpr const char* DecisionName(Decision decision) {
  switch (decision) {
    case Decision::kPromote:
      return "promote";
    case Decision::kHold:
      return "hold";
    case Decision::kInconclusive:
      return "inconclusive";
    case Decision::kBlocked:
      return "blocked";
    case Decision::kInvalid:
      return "invalid";
  }
  return "";
}

constexpr int DecisionExitCode(Decision decision) {
  switch (decision) {
    case Decision::kPromote:
      return kExitOk;
    case Decision::kHold:
      return kExitHold;
    case Decision::kInconclusive:
      return kExitInconclusive;
    case Decision::kBlocked:
      return kExitBlocked;
    case Decision::kInvalid:
      return kExitInvalid;
  }
  return kExitInternal;
}

// Which of two decisions stands: the graver one.
constexpr int Gravity(Decision decision) {
  switch (decision) {
    case Decision::kPromote:
      return 0;
    case Decision::kInconclusive:
      return 1;
    case Decision::kHold:
      return 2;
    case Decision::kBlocked:
      return 3;
    case Decision::kInvalid:
      return 4;
  }
  return 4;
}

struct VerdictReason {
  std::string code;  // snake_case, stable: "slice_regression", "unfinished_log", ...
  std::string text;  // one sentence with the figures
  std::string dimension;
  std::string value;
  Decision decision = Decision::kPromote;  // the decision that this reason calls for
  std::string cleared_by;                  // the review file that clears this hold; empty: it stands
  std::vector<std::string> case_ids;
};

// Where the sides ran each case several times, or cases share clusters, a row is about the mean difference by
// case and the four counts do not exist; `broke` and `fixed` are then the cases whose mean fell or rose by
// more than half.
struct VerdictRow {
  std::int64_t n_pairs = 0;
  std::optional<std::int64_t> n_clusters;  // where cases are analysed in clusters
  std::optional<std::int64_t> n_both, n_incumbent_only, n_candidate_only, n_neither;  // binary, K = 1
  std::optional<double> incumbent_rate, candidate_rate;
  std::optional<double> incumbent_low, incumbent_high, candidate_low, candidate_high;  // Wilson
  std::optional<double> delta, ci_low, ci_high;
  double level = 0.95;
  std::string method;
  std::optional<double> p_value;     // two-sided, the policy's method
  std::optional<double> p_harm;      // one-sided for harm
  std::optional<double> p_adjusted;  // p_harm adjusted over the family
  std::optional<double> discordance_rate;
  std::optional<double> mde, resolvable_margin, resolution_ratio;
  std::optional<bool> testable;
  std::optional<double> min_attainable_p;  // one-sided, at this many discordant pairs
  std::optional<double> margin;            // the margin that this row is held against
  std::optional<double> lower_bound;       // one-sided, at alpha_promote: non_inferior if > -margin
  std::optional<bool> non_inferior;        // lower_bound > -margin
  // aggregate: superior, non_inferior, non_inferior_worse, inconclusive, inconclusive_worse, inferior
  // (Piaggio 2012); segments: ok, block, suspected, low_confidence, below_floor, floor_unresolved,
  // required_unresolved, reported
  std::string status;
  std::vector<std::string> warnings;
};

struct VerdictSegment {
  std::string dimension, value;
  std::string role = "gate";    // gate | report
  bool under_floor = false;     // fewer pairs than min_cases: low confidence, never gated alone
  bool pooled = false;          // the remainder of a dimension: its slices under min_cases together
  std::int64_t members = 0;     // of a pooled slice
  bool required = false;        // must be non-inferior
  std::optional<double> floor;  // absolute floor on the candidate's rate
  std::optional<double> floor_low, floor_high;  // one-sided bounds that the floor is held against
  std::optional<double> alpha;                  // what p_adjusted is compared with
  VerdictRow row;
  bool no_value = false;  // the cases that carry no value of the dimension
  std::string family;     // empty: none
  // Drawn towards the dimension's mean by as much as its own noise deserves: for triage, never for a
  // decision.
  std::optional<double> shrunken_delta, shrunken_low, shrunken_high;
  std::vector<std::string> broke, fixed;  // case ids
};

// Slices of a dimension that the policy puts together.
struct VerdictFamily {
  std::string name, dimension;
  std::int64_t n_slices = 0;
  std::optional<double> alpha;  // what p_adjusted is compared with
  VerdictRow row;               // of the cases of all its slices; status: block, ok, reported
  std::vector<std::string> broke, fixed;
};

// The delta where each slice (or case) counts by its share of the traffic.
struct VerdictWeighted {
  std::optional<double> delta, ci_low, ci_high;
  double level = 0.95;
  std::string method;
  std::string status;  // as of the aggregate
  std::string weights_source;
  std::string by;                 // slice | case
  std::optional<double> covered;  // share of the weights that lie on slices or cases of the suite
  std::optional<double> difference_low, difference_high;  // of weighted minus flat delta, at the same level
  std::vector<std::string> warnings;
};

// Cases whose mean changed by half or less; the largest changes first, 200 at most of each.
struct VerdictPartialCase {
  std::string case_id;
  double delta = 0;
};
struct VerdictPartial {
  std::int64_t n_fell = 0, n_rose = 0;
  std::vector<VerdictPartialCase> fell, rose;
};

// A dimension is a family of slices: p_adjusted counts the slices of one dimension.
struct VerdictDimension {
  std::string name;
  std::string role = "report";
  std::string multiplicity;     // of a gated dimension
  std::optional<double> alpha;  // its share of alpha_block
  std::int64_t gated = 0;       // slices that are tested
  std::int64_t under_floor = 0, under_floor_pairs = 0, under_floor_broke = 0;
  std::int64_t no_value_pairs = 0;  // pairs that carry no value of it
  // Heterogeneity of its slices: Cochran's Q with its p, variance between slices (DerSimonian, Laird), I^2,
  // and the mean that slices are drawn to.
  std::optional<double> q, q_p, tau2, i2, mean;
};

struct VerdictArm {
  std::string target, request_model;
  std::vector<std::string> response_models;  // distinct, ascending
  int repeats = 1;
};

struct VerdictInput {
  std::string side;  // incumbent | candidate
  std::string path, sha256;
  std::optional<std::string> suite_sha256;
  std::string suite;
  std::vector<std::string> response_models;
};

struct VerdictMissing {
  std::int64_t cases = 0;                                               // union of both logs
  std::int64_t paired = 0;                                              // complete pairs
  std::vector<std::string> incumbent_only_ids, candidate_only_ids;      // no row on the other side
  std::vector<std::string> incumbent_infra_ids, candidate_infra_ids;    // infra_error on that side
  std::int64_t incumbent_model_errors = 0, candidate_model_errors = 0;  // counted as fail
  std::optional<Decision> worst_case,
      best_case;  // the verdict with missing rows filled against / for the candidate
};

// The arm's own repeats. Absent where each case ran once.
struct VerdictRepeats {
  int repeats = 1;
  std::vector<double> rates;  // by repeat
  double spread = 0;          // largest minus smallest of rates
  std::int64_t flaky = 0;     // cases that pass in some repeats and fail in others
  // The check of methods 2.7 over the cases with every run; null where it could not be made.
  std::int64_t n = 0;
  std::string verdict;  // stable, noise_explains_it, nondeterministic, mixed_models, unknown
  std::string why;
  std::optional<double> expected_spread, spread_95;  // what the cases' own noise makes
  std::optional<double> cochran_q, cochran_p;
  std::optional<double> flip_rate, flip_low, flip_high;  // Wilson, 95 %
  std::vector<std::string> causes;                       // what else differs, the likely cause first
};
struct VerdictNondeterminism {
  std::optional<VerdictRepeats> incumbent, candidate;
  std::optional<double> noise_share;             // of the runs' noise in the variance of the mean difference
  std::optional<std::int64_t> repeats_that_pay;  // runs a side beyond which more prompts are the better buy
};

// What the policy's drift block found and what follows from it: invalid, hold, warn or ignore.
struct VerdictDriftFinding {
  std::string side, code, consequence, path, text;
};

// Which model answered. A side that was answered by several is no one model.
struct VerdictDrift {
  std::vector<VerdictDriftFinding> findings;
  bool incumbent_mixed = false, candidate_mixed = false;
  std::int64_t incumbent_unknown = 0, candidate_unknown = 0;  // answered rows without a response model
};

// Cases on which the incumbent's own runs disagree, and those that a quarantine file keeps out of the
// decision.
struct VerdictFlakyIgnored {
  std::string id, why;
};
struct VerdictFlakyDifference {
  std::int64_t n_pairs = 0;
  std::optional<double> delta, ci_low, ci_high;
  double level = 0.95;
  std::string method;
};
struct VerdictFlaky {
  std::string policy = "keep";
  std::string path, sha256;  // of the quarantine file; empty: none
  std::string run_date;      // that the dates are held against; empty: unknown
  std::vector<std::string> ids, quarantined, expired;
  std::vector<VerdictFlakyIgnored> ignored;       // entries without effect
  std::optional<VerdictFlakyDifference> with;     // all complete pairs
  std::optional<VerdictFlakyDifference> without;  // those not quarantined; under `keep` those not flaky
};

// One row a metric, the primary one first. row.status: as of the aggregate; "deteriorated" or
// "not_deteriorated".
struct VerdictMetric {
  std::string name;
  std::string role = "primary";  // primary | guardrail | deterioration | report
  MetricScale scale;
  bool judge = false;
  double margin = 0;
  std::string labels_path, labels_sha256;  // empty: none
  std::optional<std::int64_t> n_labels;    // labelled pairs
  std::optional<double> lambda;            // weight of the judge (PPI++)
  VerdictRow row;
};

struct VerdictAnchor {
  std::string path, sha256, model, started_at;
  double margin = 0;
  VerdictRow row;  // status as of the aggregate, or "unusable"
};

// How often this suite has gated before this candidate, and what that does to the level.
struct VerdictLedger {
  std::string path, state_sha256;
  std::int64_t gates_before = 0, candidates_before = 0;
  std::int64_t planned = 1;             // the policy's candidates
  std::int64_t candidates = 1;          // that the level is shared by
  std::optional<double> alpha_promote;  // what is left for each
};

// Of a policy that allows to stop early: what the processes said (gate/sequential.h).
struct VerdictSequential {
  std::string method;                // e_process | betting
  std::string decided;               // gain | non_inferior | harm; empty: not decided
  std::int64_t n_pairs = 0;          // that were looked at
  std::int64_t cases = 0;            // of the suite
  double log_e = 0, log_e_harm = 0;  // largest values; decided at log(1/alpha)
  std::optional<double> p_value;     // 1 / the goal's largest E: valid whenever one looks
  bool stopped = false;              // the run ended before every case was asked
};

struct VerdictReview {
  std::string path, sha256, reviewer, date, note;
  std::vector<std::string> cleared, ignored;
};

struct VerdictHolds {
  std::optional<double> expected_false;    // slices held for nothing, on average, where nothing changed
  double most_expected = 0;                // the policy's max_expected_false_holds
  std::int64_t slices = 0;                 // suspected
  std::int64_t standing = 0, cleared = 0;  // reasons that call for a hold
};

struct VerdictBootstrap {
  std::int64_t replicates = 0;
  std::uint64_t seed = 0;
  double percentile[2] = {0, 0};
  double bca[2] = {0, 0};
};

struct VerdictMcNemar {
  double exact = 1, midp = 1, asymptotic = 1, corrected = 1;
};

struct VerdictMdePoint {
  std::int64_t n_pairs = 0;
  std::optional<double> mde, resolvable_margin;
};

struct VerdictPlanning {
  std::vector<VerdictMdePoint> mde_curve;  // ascending by n, at psi; the run's own n among them
  std::optional<double> psi;  // discordance rate used, rounded to the three digits that are printed
  std::string goal;           // what pairs_for_goal is for, in words: "margin 2.0 pt" or "gain of 3.0 pt"
  std::optional<std::int64_t> pairs_for_goal;  // pairs that would decide the goal at the policy's power
  std::optional<std::int64_t> pairs_for_2_points, pairs_for_1_point;
};

struct Verdict {
  Decision decision = Decision::kInvalid;
  int exit_code = kExitInvalid;
  std::vector<VerdictReason> reasons;  // all that apply, gravest first
  std::string suite;
  VerdictArm incumbent, candidate;
  VerdictRow aggregate;
  std::vector<VerdictSegment> segments;  // by dimension, then worst first
  std::vector<VerdictDimension> dimensions;
  std::vector<VerdictFamily> families;
  std::optional<VerdictWeighted> weighted;
  std::optional<double> hold_level;  // p_harm at which a slice is suspected
  std::optional<VerdictBootstrap> bootstrap;
  std::optional<VerdictMcNemar> mcnemar;
  std::optional<VerdictNondeterminism> nondeterminism;
  VerdictDrift drift;
  VerdictMissing missing;
  std::optional<VerdictFlaky> flaky;  // where the incumbent ran its cases several times or a file is named
  std::vector<VerdictMetric> metrics;
  std::optional<VerdictAnchor> anchor;
  std::optional<VerdictLedger> ledger;
  std::optional<VerdictSequential> sequential;
  std::vector<VerdictReview> reviews;
  VerdictHolds holds;
  VerdictPlanning planning;
  SideUsage incumbent_usage, candidate_usage;
  std::vector<std::string> broke, fixed;  // case ids over the whole suite
  std::optional<VerdictPartial>
      partial;  // of repeats and grades, where broke and fixed are whole falls and rises
  std::vector<std::string> warnings;
  Policy policy;
  std::string policy_json;    // resolved, every default, canonical
  std::string policy_sha256;  // over policy_json
  std::vector<VerdictInput> inputs;
  std::string run_hash;  // SHA-256 over policy and input hashes: what a review file names
  std::string minslice;
};

}  // namespace minslice

#endif  // MINSLICE_VERDICT_H_
