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

namespace minslice {

enum class Goal { kSuperiority, kNonInferiority };
enum class Claim { kAll, kAny };  // superiority by CI and p, or by either
enum class DimensionRole { kGate, kReport };

struct ErrorRates {
  double alpha_promote = 0.05;
  double alpha_block = 0.05;
  double power = 0.80;
  double max_expected_false_holds = 0.25;
};

struct PolicyDimension {
  std::string key;
  double weight = 1;  // share of alpha_block relative to the other gated dimensions
  DimensionRole role = DimensionRole::kGate;
  std::vector<std::string> values;  // gate only these; empty = all
};

// A slice that must be shown non-inferior. `dimension` empty: whichever dimension has the value. A value may
// end in '*'.
struct RequiredSlice {
  std::string dimension;
  std::string value;
};

struct SegmentPolicy {
  std::vector<PolicyDimension> dimensions;  // empty: every dimension of the logs is reported, none gated
  int min_cases = 20;
  std::string under_floor = "pool";  // pool | report (never drop)
  double margin = 0.05;
  std::string multiplicity = "wy_discrete";
  std::optional<double> floor_pass_rate;     // absolute floor, three states
  std::string floor_on_unresolved = "hold";  // hold | report
  std::vector<RequiredSlice> required;
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
  std::string model_error = "fail";
  std::string infra_error = "missing";
  double cap = 0.01;
  double slice_cap = 0.05;
  std::string sensitivity = "worst_case";  // worst_case | none
};

struct Policy {
  int version = 1;
  Goal goal = Goal::kSuperiority;
  ErrorRates error_rates;
  std::string metric = "pass";
  double margin = 0.02;
  double target_mde = 0.03;
  std::string ci_method = "tango";
  std::string p_method = "mcnemar_midp";
  Claim claim = Claim::kAll;
  std::int64_t bootstrap_replicates = 10000;
  std::uint64_t bootstrap_seed = 0;
  SegmentPolicy segments;
  std::optional<ShortGating> gating;
  MissingPolicy missing;
  std::map<std::string, int> exit_map;  // verdict name -> exit code
  std::string path;                     // where it was read from
};

}  // namespace minslice

#endif  // MINSLICE_POLICY_H_
