// The demo's world: 1,200 tool-calling cases in five flows, the scripted answers of two models and two
// policies. The counts are those of a well-known incident: the mean went up a little, invoice_parse up a lot,
// and refund_flow, 47 cases, fell from 43 to 36. Nothing is drawn at random: the same files on every machine.
#ifndef MINSLICE_DEMO_DEMO_SUITE_H_
#define MINSLICE_DEMO_DEMO_SUITE_H_

#include <string>
#include <string_view>
#include <vector>

#include "minslice/result.h"

namespace minslice::demo {

struct DemoFile {
  std::string name;  // relative to the demo's folder
  std::string text;
};

inline constexpr std::string_view kIncumbentModel = "acme/support-large-2026-03-14";
inline constexpr std::string_view kCandidateModel = "acme/support-ft-17-2026-11-20";

// suite.yaml, cases.jsonl, mock.yaml, incumbent.outputs.jsonl, candidate.outputs.jsonl, mean-only.yaml,
// gate.yaml.
std::vector<DemoFile> DemoFiles();

// How many cases of a flow both models, one or neither pass.
struct FlowTable {
  std::string_view flow;
  int both, incumbent_only, candidate_only, neither;
  int n() const { return both + incumbent_only + candidate_only + neither; }
};
const std::vector<FlowTable>& FlowTables();

}  // namespace minslice::demo

#endif  // MINSLICE_DEMO_DEMO_SUITE_H_
