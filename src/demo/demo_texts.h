// What the demo's cases say: prompt, tool, expected call and a plausible wrong call, by flow and running
// number.
#ifndef MINSLICE_DEMO_DEMO_TEXTS_H_
#define MINSLICE_DEMO_DEMO_TEXTS_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace minslice::demo {

struct CaseText {
  std::string prompt;
  nlohmann::ordered_json tool;      // an OpenAI tool definition
  nlohmann::ordered_json expected;  // {"name", "arguments"}
  nlohmann::ordered_json wrong;     // the same tool, one argument off
};

// `large` asks for an amount of 1,000 or more: where the candidate goes wrong in refund_flow.
CaseText MakeCaseText(std::string_view flow, int number, bool large);

}  // namespace minslice::demo

#endif  // MINSLICE_DEMO_DEMO_TEXTS_H_
