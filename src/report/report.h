// Renders a verdict. Nothing is computed here; model text is escaped for each sink.
#ifndef MINSLICE_REPORT_REPORT_H_
#define MINSLICE_REPORT_REPORT_H_

#include <cstddef>
#include <string>

#include "minslice/result.h"
#include "minslice/verdict.h"

namespace minslice::report {

struct TextOptions {
  bool color = false;
  int width = 96;      // columns; >= 60
  bool ascii = false;  // no characters outside ASCII
  std::string verdict_path =
      {};  // where verdict.json lies, for the commands to type next; empty: it was not written
};

std::string VerdictText(const Verdict& verdict, const TextOptions& options);
// The whole text stays within the budget: by default that of a GitHub comment (65,536 characters) with room
// for a line of the bot.
std::string VerdictMarkdown(const Verdict& verdict, std::size_t budget_bytes = 65000);
std::string VerdictJson(const Verdict& verdict);  // verdict.json, pretty, trailing newline
Result<Verdict> ParseVerdictJson(const std::string& text, const std::string& path);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_REPORT_H_
