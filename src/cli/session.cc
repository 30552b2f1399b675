#include "cli/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "io/nearest_name.h"
#include "report/escape.h"

namespace minslice::cli {
namespace {

// A path, an id or a model's name may hold what a terminal obeys: only the ends of lines are ours.
std::string Shown(const std::string& text) {
  std::string shown;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    shown += report::EscapeTerminal(std::string_view(text).substr(at, end - at));
    if (end < text.size()) shown += '\n';
    at = end + 1;
  }
  return shown;
}

}  // namespace

CLI::Validator Between(double low, double high) {
  const std::string range = fmt::format("{:g} to {:g}", low, high);
  return {[low, high, range](std::string& text) -> std::string {
            double value = 0;
            const bool is_number = CLI::detail::lexical_cast(text, value);
            if (is_number && value >= low && value <= high) return "";
            return fmt::format("expected a number from {}, found {}", range, io::Quoted(text));
          },
          "[" + range + "]"};
}

void Session::Report(const Failure& failed) {
  exit_code = failed.kind == Failure::Kind::kInput ? kExitUsage : kExitInternal;
  if (failure != nullptr) {
    failure->kind = failed.kind;
    failure->diagnostics.insert(failure->diagnostics.end(), failed.diagnostics.begin(),
                                failed.diagnostics.end());
    return;
  }
  for (const Diagnostic& diagnostic : failed.diagnostics)
    err << "minslice: " << Shown(diagnostic.ToString()) << '\n';
}

void Session::Note(const std::string& text) {
  if (!quiet) err << Shown(text) << '\n';
}

}  // namespace minslice::cli
