#include "demo/demo_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "demo/demo_texts.h"

namespace minslice::demo {
namespace {

using Json = nlohmann::ordered_json;

struct DemoCase {
  std::string id;
  Json line;
  std::string incumbent_output, candidate_output;
  std::uint64_t order;
};

std::uint64_t Scatter(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

// Thirteen cases in Portuguese: a slice too small to be gated, which the report shows all the same.
std::string_view Language(int running_number) {
  if (running_number % 90 == 17) return "pt";
  if (running_number % 10 == 3) return "fr";
  if (running_number % 5 == 1) return "de";
  return "en";
}

constexpr std::string_view kSuiteYaml =
    R"(# yaml-language-server: $schema=schemas/suite.schema.json
# The demo's suite: 1,200 tool-calling cases in five flows. Format: docs/formats/suite.md
version: 1
name: support-agent
cases: [cases.jsonl]
segments: [flow, language]          # every case carries both
grader: {type: json_match}          # keys in any order, numbers by value
request:
  temperature: 0
  max_tokens: 256
  system: "You are a support agent. Answer with one tool call."
gateway:
  base_url: "http://127.0.0.1:28900/v1"
targets:
  - {name: incumbent, model: @INCUMBENT@}
  - {name: candidate, model: @CANDIDATE@}
repeats: 1
concurrency: 64
)";

constexpr std::string_view kMockYaml =
    R"(# Two scripted models for `minslice mock`. Format: docs/formats/mock.md
version: 1
suite: suite.yaml
models:
  - {name: @INCUMBENT@, answers_as: support-large-2026-03-14, outputs: incumbent.outputs.jsonl}
  - {name: @CANDIDATE@, answers_as: support-ft-17-2026-11-20, outputs: candidate.outputs.jsonl}
latency: {ms: 5}
)";

constexpr std::string_view kMeanOnlyYaml =
    R"(# yaml-language-server: $schema=schemas/policy.schema.json
# What most teams gate on: the mean. Not worse than the incumbent by 2 points or more, over all cases.
version: 1
goal: non_inferiority
metrics:
  - {name: pass, role: primary, type: binary, margin: 0.02}
)";

constexpr std::string_view kGateYaml =
    R"(# yaml-language-server: $schema=schemas/policy.schema.json
# The same goal for the mean, and every flow for itself. Format: docs/formats/policy.md
version: 1
goal: non_inferiority
metrics:
  - {name: pass, role: primary, type: binary, margin: 0.02}
segments:
  dimensions:
    - flow                              # gated: false-block rate over all flows <= alpha_block (.05)
    - {key: language, role: report}     # shown, not gated
  min_cases: 20                         # smaller slices are shown as low confidence, never gated alone
  margin: 0.05                          # a slice blocks when it fell by 5 points or more and that is no noise
  floors: {pass_rate: 0.80, on_unresolved: hold}
)";

std::string Filled(std::string_view yaml) {
  std::string text(yaml);
  for (const auto& [mark, value] :
       {std::pair<std::string_view, std::string_view>{"@INCUMBENT@", kIncumbentModel},
        {"@CANDIDATE@", kCandidateModel}}) {
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark))
      text.replace(at, mark.size(), value);
  }
  return text;
}

std::vector<DemoCase> MakeCases() {
  std::vector<DemoCase> cases;
  int running_number = 0;
  for (const FlowTable& table : FlowTables()) {
    // Which case of the flow falls into which cell is scattered over the flow.
    std::vector<int> numbers(static_cast<std::size_t>(table.n()));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i) + 1;
    std::sort(numbers.begin(), numbers.end(), [](int a, int b) {
      return Scatter(static_cast<std::uint64_t>(a) * 7919U) < Scatter(static_cast<std::uint64_t>(b) * 7919U);
    });
    for (int i = 0; i < table.n(); ++i) {
      const int number = numbers[static_cast<std::size_t>(i)];
      const bool broke = i < table.incumbent_only;
      const bool fixed = !broke && i < table.incumbent_only + table.candidate_only;
      const bool neither =
          !broke && !fixed && i < table.incumbent_only + table.candidate_only + table.neither;
      const CaseText text = MakeCaseText(table.flow, number, broke);
      DemoCase c;
      c.id = fmt::format("{}-{:04}", table.flow.substr(0, 1), number);
      c.line = {{"id", c.id},
                {"prompt", text.prompt},
                {"tools", Json::array({text.tool})},
                {"expected", text.expected},
                {"segments", {{"flow", table.flow}, {"language", Language(running_number)}}}};
      const std::string right = text.expected.dump();
      const std::string wrong = text.wrong.dump();
      c.incumbent_output = fixed || neither ? wrong : right;
      c.candidate_output = broke || neither ? wrong : right;
      c.order = Scatter(static_cast<std::uint64_t>(++running_number) * 104729U);
      cases.push_back(std::move(c));
    }
  }
  std::sort(cases.begin(), cases.end(),
            [](const DemoCase& a, const DemoCase& b) { return a.order < b.order; });
  return cases;
}

}  // namespace

const std::vector<FlowTable>& FlowTables() {
  static const std::vector<FlowTable> kTables{
      {.flow = "refund_flow", .both = 35, .incumbent_only = 8, .candidate_only = 1, .neither = 3},
      {.flow = "invoice_parse", .both = 174, .incumbent_only = 2, .candidate_only = 17, .neither = 17},
      {.flow = "contract_review", .both = 135, .incumbent_only = 3, .candidate_only = 4, .neither = 14},
      {.flow = "escalation_routing", .both = 72, .incumbent_only = 2, .candidate_only = 3, .neither = 12},
      {.flow = "account_update", .both = 581, .incumbent_only = 33, .candidate_only = 27, .neither = 57},
  };
  return kTables;
}

std::vector<DemoFile> DemoFiles() {
  std::string cases;
  std::string incumbent;
  std::string candidate;
  for (const DemoCase& c : MakeCases()) {
    cases += c.line.dump() + "\n";
    incumbent += Json{{"id", c.id}, {"output", c.incumbent_output}}.dump() + "\n";
    candidate += Json{{"id", c.id}, {"output", c.candidate_output}}.dump() + "\n";
  }
  return {{"suite.yaml", Filled(kSuiteYaml)},
          {"cases.jsonl", std::move(cases)},
          {"mock.yaml", Filled(kMockYaml)},
          {"incumbent.outputs.jsonl", std::move(incumbent)},
          {"candidate.outputs.jsonl", std::move(candidate)},
          {"mean-only.yaml", std::string(kMeanOnlyYaml)},
          {"gate.yaml", std::string(kGateYaml)}};
}

}  // namespace minslice::demo
