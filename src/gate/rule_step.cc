#include "gate/rule_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gate/sentences.h"
#include "io/nearest_name.h"

namespace minslice::gate {

std::string RuleStep::NameOf(const Slice& slice) const {
  const std::string& dimension = input_.dimensions[slice.dimension].name;
  return input_.dimensions.size() > 1 ? "segment " + slice.value + " (" + dimension + ")"
                                      : "segment " + slice.value;
}

std::string RuleStep::Fall(const Slice& slice) const {
  const Analysis& a = slice.analysis;
  std::string text = NameOf(slice) + " " + Points(slice.delta());
  if (a.counts) {
    text += fmt::format(" ({} broke, {} fixed of {})", Count(a.counts->incumbent_only),
                        Count(a.counts->candidate_only), Count(a.n));
  } else {
    text += fmt::format(" (mean of {})", Many(a.n, "case"));
  }
  return text;
}

std::string RuleStep::Nearest(const std::string& value) const {
  std::vector<std::string> known;
  for (const RuleDimension& dimension : input_.dimensions) {
    for (const RuleValue& known_value : dimension.values) {
      if (known_value.carried > 0) known.push_back(known_value.value);
    }
  }
  return io::DidYouMean(value, known, 8);
}

std::int64_t RuleStep::TestedSlices() const {
  return std::count_if(outcome_.slices.begin(), outcome_.slices.end(),
                       [](const Slice& slice) { return slice.tested(); });
}

void RuleStep::Add(Decision called, const char* code, std::string text, const Slice& slice) {
  Add(called, code, std::move(text), input_.dimensions[slice.dimension].name, slice.value);
  outcome_.reasons.back().slice = &slice - outcome_.slices.data();
}

void RuleStep::Add(Decision called, const char* code, std::string text, std::string dimension,
                   std::string value) {
  RuleReason found;
  found.reason.code = code;
  found.reason.text = std::move(text);
  found.reason.dimension = std::move(dimension);
  found.reason.value = std::move(value);
  found.reason.decision = called;
  outcome_.reasons.push_back(std::move(found));
}

}  // namespace minslice::gate
