// The blocks of a policy beside its segments (minslice/policy_blocks.h): read from YAML, and written into the
// resolved policy.
#ifndef MINSLICE_GATE_POLICY_BLOCKS_H_
#define MINSLICE_GATE_POLICY_BLOCKS_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/diagnostics.h"
#include "minslice/policy.h"
#include "yaml/yaml.h"

namespace minslice::gate {

void ReadRuns(const yaml::Map& root, Policy& policy);
void ReadNondeterminism(const yaml::Map& root, NondeterminismPolicy& policy);
void ReadDrift(const yaml::Map& root, DriftPolicy& policy);
// Files are read beside the policy, from `folder`.
void ReadFlaky(const yaml::Map& root, const std::string& folder, io::Diagnostics& diagnostics,
               FlakyPolicy& policy);
void ReadMetrics(const yaml::Map& root, const std::string& folder, io::Diagnostics& diagnostics,
                 Policy& policy);
void ReadAnchor(const yaml::Map& root, Policy& policy);
void ReadLedger(const yaml::Map& root, Policy& policy);
void ReadSequential(const yaml::Map& root, Policy& policy);

// All of these, each with every default; files by path and hash.
void PutBlocks(const Policy& policy, nlohmann::json& resolved);
nlohmann::json MetricsJson(const Policy& policy);

// A path of the policy, from where the program runs.
std::string PathOf(const Policy& policy, const std::string& written);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_POLICY_BLOCKS_H_
