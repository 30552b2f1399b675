// What `minslice mde` computes and its JSON form. Every figure stands beside its assumptions.
#ifndef MINSLICE_CLI_MDE_REPORT_H_
#define MINSLICE_CLI_MDE_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json/json.h"
#include "minslice/estimate.h"
#include "minslice/record.h"
#include "minslice/result.h"
#include "minslice/stats/counts.h"
#include "minslice/stats/power.h"
#include "minslice/stats/repeats.h"

namespace minslice::cli {

// Enumeration costs some milliseconds up to here; beyond, the formulas agree with it to the printed digits.
inline constexpr std::int64_t kMdeEnumerateUpTo = 100'000;

struct MdeOptions {
  std::int64_t pairs = 0;
  double discordance = -1;
  double margin = -1;
  double effect = -1;
  double power = 0.80;
  double alpha = 0.05;
  int sides = 2;
  double rate = -1;
};

// Which of the options were said.
struct MdeGiven {
  bool pairs, discordance, margin, effect, rate;
};

// psi is the share of pairs that changed where each case ran once. Where cases ran several times, share
// clusters or are graded, it is what takes its place in every formula: n Var(mean d) + (mean d)^2, d the
// difference of a case's means, with the clusters' design effect in the variance.
struct MdePilot {
  std::int64_t n = 0;
  double psi = 0;
  double psi_upper = 0;  // one-sided 80 % bound: Wilson, or normal for the mean of d^2
  double incumbent_rate = 0;
  std::optional<stats::PairedCounts> counts;  // one run a side, 0 and 1, no clusters
  int repeats = 1;
  std::optional<std::int64_t> clusters;
  std::optional<stats::VarianceSplit> split;  // several runs a side
};

struct MdeRow {
  double effect = 0;
  Computed<double> pairs = 0.0;
  Computed<double> power = 0.0;  // of the pairs at hand, mid-p by enumeration where small enough, else Connor
  std::optional<stats::ExactPower> exact;
  Computed<double> unpaired = 0.0;
};

struct MdeReport {
  std::int64_t pairs = 0;
  std::string pairs_from;  // where they were asked for by what they should see
  double psi = 0, printed_psi = 0;
  stats::PowerOptions options;
  std::optional<MdePilot> pilot;
  double base_rate = 0.5;
  const char* base_rate_from = "assumed, the worst case; see --rate";
  Computed<double> mde = 0.0, mde_exact = 0.0, mde_midp = 0.0;
  bool small = false;  // enumeration is to be believed, not the formula
  Computed<double> unpaired_mde = 0.0;
  Computed<double> resolvable = 0.0;
  std::optional<double> effect, margin;
  Computed<double> effect_pairs = 0.0, margin_pairs = 0.0, margin_power = 0.0;
  Computed<double> effect_pairs_upper = 0.0, mde_upper = 0.0;  // at the pilot's upper psi
  std::vector<MdeRow> table;
};

// What the command line cannot check alone, all errors at once. `pilot`: two logs were given.
std::vector<Diagnostic> CheckMde(const MdeOptions& flags, const MdeGiven& given, bool pilot);
Result<MdePilot> PilotOf(const RunLog& incumbent, const RunLog& candidate);
// Checked options. A failure where no number of pairs shows what is asked for.
Result<MdeReport> MakeMdeReport(const MdeOptions& flags, const MdeGiven& given,
                                const std::optional<MdePilot>& pilot);
json::Value MdeJson(const MdeReport& report);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_MDE_REPORT_H_
