// The comparison as text (one screen of 80 columns), JSON, Markdown and CSV.
#ifndef MINSLICE_CLI_COMPARE_RENDER_H_
#define MINSLICE_CLI_COMPARE_RENDER_H_

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "cli/compare_analysis.h"

namespace minslice::cli {

struct CompareDocument {
  std::variant<Comparison, GradedComparison> figures;
  std::vector<Slice> slices;
  std::string incumbent_name, candidate_name;  // empty for four counts
  std::string metric = "pass";
  std::vector<std::string> notes;  // what did not pair, and warnings: each a sentence

  const Comparison* binary() const { return std::get_if<Comparison>(&figures); }
  const GradedComparison* graded() const { return std::get_if<GradedComparison>(&figures); }
  const CompareOptions& options() const {
    return std::visit([](const auto& either) -> const CompareOptions& { return either.options; }, figures);
  }
};

std::string CompareText(const CompareDocument& document, bool all_methods);
std::string CompareJson(const CompareDocument& document);
std::string CompareMarkdown(const CompareDocument& document, bool all_methods);
std::string CompareCsv(const CompareDocument& document);

// One key a golden function name that a 2x2 table answers.
nlohmann::ordered_json GoldenFunctions(const Comparison& comparison);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_COMPARE_RENDER_H_
