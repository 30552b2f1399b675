// The policy of a gate, resolved: every default filled in. Read by gate/policy_reader.h from gates/*.yaml.
// Rates, margins and levels are fractions (0.05 = 5 points).
#ifndef MINSLICE_POLICY_H_
#define MINSLICE_POLICY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "minslice/exit_code.h"
#include "minslice/policy_blocks.h"
#include "minslice/segment_policy.h"

namespace minslice {

enum class Goal { kSuperiority, kNonInferiority };
enum class Claim { kAll, kAny };  // superiority by CI and p, or by either

struct ErrorRates {
  double alpha_promote = 0.05;
  double alpha_block = 0.05;
  double power = 0.80;
  double max_expected_false_holds = 0.25;
};

// gating: {metric, aggregate: min_segment, threshold, min_cases_per_segment}: on point estimates (design.md).
struct ShortGating {
  std::string metric = "pass_rate";
  std::string aggregate = "min_segment";
  double threshold = 0;
  int min_cases_per_segment = 20;
  std::vector<std::string> segments;  // values to gate; empty = all
};

struct MissingPolicy {
  std::string model_error = "fail";     // fail | missing
  std::string infra_error = "missing";  // missing | fail
  double cap = 0.01;
  double slice_cap = 0.05;
  std::string sensitivity = "worst_case";  // worst_case | none
};

struct Policy {
  int version = 1;
  Goal goal = Goal::kSuperiority;
  ErrorRates error_rates;
  std::string metric = "pass";  // the primary one
  MetricScale scale;
  double margin = 0.02;
  double target_mde = 0.03;
  std::string ci_method = "tango";
  std::string p_method = "mcnemar_midp";
  Claim claim = Claim::kAll;
  std::int64_t bootstrap_replicates = 10000;
  std::uint64_t bootstrap_seed = 0;
  std::string cluster_by;  // the dimension whose values are the clusters; empty: the logs' own cluster field
  SegmentPolicy segments;
  TrafficWeights weights;
  std::optional<ShortGating> gating;
  MissingPolicy missing;
  RunsPolicy runs;
  NondeterminismPolicy nondeterminism;
  DriftPolicy drift;
  FlakyPolicy flaky;
  std::vector<MetricPolicy> metrics;  // beside the primary one
  std::optional<AnchorPolicy> anchor;
  std::optional<LedgerPolicy> ledger;
  std::optional<SequentialPolicy> sequential;
  std::string review_file;              // a file or a folder; empty: none
  std::map<std::string, int> exit_map;  // verdict name -> exit code
  std::string path;                     // where it was read from
};

}  // namespace minslice

#endif  // MINSLICE_POLICY_H_
