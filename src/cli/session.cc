#include "cli/session.h"

#include <fmt/format.h>

#include "io/nearest_name.h"

namespace minslice::cli {

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
    err << "minslice: " << diagnostic.ToString() << '\n';
}

void Session::Note(const std::string& text) {
  if (!quiet) err << text << '\n';
}

}  // namespace minslice::cli
