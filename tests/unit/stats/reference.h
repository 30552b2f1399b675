// tests/data/reference/<name>.json: expected values made by the program of the same name beside it.
#ifndef MINSLICE_UNIT_STATS_REFERENCE_H_
#define MINSLICE_UNIT_STATS_REFERENCE_H_

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "minslice/stats/counts.h"

namespace minslice::stats {

inline nlohmann::json Reference(const std::string& name) {
  std::ifstream file(MINSLICE_TEST_DATA "/reference/" + name + ".json");
  return nlohmann::json::parse(file);
}

// [both, incumbent only, candidate only, neither]
inline PairedCounts TableOf(const nlohmann::json& counts) {
  return {.both = counts[0], .incumbent_only = counts[1], .candidate_only = counts[2], .neither = counts[3]};
}

}  // namespace minslice::stats

#endif  // MINSLICE_UNIT_STATS_REFERENCE_H_
