// What `minslice compare` computes, and in which words it says what that means. No policy: nothing is
// promoted or blocked here.
#ifndef MINSLICE_CLI_COMPARE_ANALYSIS_H_
#define MINSLICE_CLI_COMPARE_ANALYSIS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "minslice/estimate.h"
#include "minslice/paired_table.h"
#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/clusters.h"
#include "minslice/stats/counts.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/power.h"
#include "minslice/stats/repeats.h"
#include "minslice/stats/sign_flip.h"

namespace minslice::cli {

struct CompareOptions {
  double level = 0.95;           // of intervals; alpha = 1 - level for tests and planning
  std::optional<double> margin;  // adds the non-inferiority test
  std::uint64_t seed = 0;
  std::int64_t replicates = 10000;
};

// A difference that planning figures are given for.
struct PlannedEffect {
  double effect = 0;
  Computed<double> pairs = 0.0;  // Connor, from the printed psi; not rounded
  // What these pairs do with a true difference of that size (mid-p test): power, exaggeration, wrong sign.
  // Binary pairs, where the enumeration takes no longer than a blink.
  std::optional<stats::ExactPower> at_hand = std::nullopt;
};

struct NonInferiorityResult {
  double margin = 0;
  Test test;
  double lower = 0;              // one-sided Tango bound at `level`
  Computed<double> pairs = 0.0;  // to certify the margin at a true difference of 0
};

// One sentence for people, one code for programs: no_discordance, better, worse, disagree, cannot_tell.
struct Conclusion {
  std::string code;
  std::string text;
};

// Binary pairs, one run a side.
struct Comparison {
  stats::PairedCounts counts;
  CompareOptions options;
  Estimate incumbent, candidate;    // Wilson
  std::vector<Estimate> intervals;  // every method, Tango first
  Test exact, midp, asymptotic, corrected, harm;
  Computed<stats::BootstrapIntervals> bootstrap, bootstrap_exact;
  std::optional<NonInferiorityResult> non_inferiority;
  stats::PowerOptions planning;
  double printed_psi = 0;
  Computed<double> mde = 0.0;                // Connor, from the exact psi
  Computed<double> resolvable_margin = 0.0;  // one-sided
  std::vector<PlannedEffect> effects;        // 2 points and 1 point
  Conclusion conclusion;

  const Estimate& tango() const { return intervals.front(); }
};
// counts.n() > 0, options checked.
Comparison Compare(const stats::PairedCounts& counts, const CompareOptions& options);

// When a method is to be trusted, in at most 39 characters.
std::string MethodNote(const std::string& method);
// Methods that do not agree on whether 0 is excluded, in one sentence; empty where all agree.
std::string Disagreement(const Comparison& comparison);

// Several runs a side, clusters, or graded scores: the unit is the case, its difference the difference of the
// means of its runs, and where cases come in clusters the cluster. Rows are never pooled. The interval is
// Student's t on the differences (bootstrap-t below 30 cases), with clusters CR2 (wild cluster bootstrap-t
// below 30 clusters); the p-value is the exact sign-flip test.
struct GradedComparison {
  std::int64_t n = 0;
  int incumbent_repeats = 1, candidate_repeats = 1;
  Estimate incumbent, candidate;  // t interval on the case means
  Estimate delta;
  Computed<stats::SignFlip> sign_flip = stats::SignFlip{};
  // Absent in slices.
  std::optional<Computed<stats::MeanBootstrap>> bootstrap, bootstrap_exact;  // of cases; without clusters
  std::optional<stats::ClusterMean> clusters;
  std::optional<stats::VarianceSplit> split;  // where both sides have repeats
  double mde = 0;                             // in points of delta: (z_alpha + z_power) standard errors
  std::vector<PlannedEffect> effects;         // cases at this many runs; empty where nothing varies
  CompareOptions options;
  Conclusion conclusion;
};
// `whole`: the aggregate, with bootstrap and planning; else a slice.
Computed<GradedComparison> CompareGraded(const PairedTable& table, const std::vector<std::size_t>& cases,
                                         const CompareOptions& options, bool whole);

// One run a side, every score 0 or 1, no clusters: the four counts say everything.
bool IsBinaryPairs(const PairedTable& table);
stats::PairedCounts CountCases(const PairedTable& table, const std::vector<std::size_t>& cases);

struct Slice {
  std::string dimension, value;
  std::vector<std::size_t> cases;
  // Binary pairs:
  stats::PairedCounts counts;
  std::optional<Estimate> tango;
  double midp = 1, harm = 1, harm_adjusted = 1;  // adjusted by wy_discrete within the dimension
  // Else:
  std::optional<GradedComparison> graded;
};
// Slices of the named dimensions (indices into table.dimensions), each dimension's worst difference first.
// Cases without a value form a slice "(none)".
std::vector<Slice> CompareSlices(const PairedTable& table, const std::vector<std::size_t>& dimensions,
                                 const CompareOptions& options);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_COMPARE_ANALYSIS_H_
