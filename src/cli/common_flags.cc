#include "cli/common_flags.h"

#include "io/nearest_name.h"

namespace minslice::cli {

CLI::Validator WholeNumber() {
  return {[](std::string& text) {
            const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
            return digits ? std::string() : "expected a whole number from 0, found " + io::Quoted(text);
          },
          ""};
}

void AddFormatFlag(CLI::App& command, std::string& format, const std::vector<std::string>& formats) {
  command.add_option("--format", format, "what goes to standard output")
      ->check(CLI::IsMember(formats))
      ->type_name("FORMAT")
      ->capture_default_str();
}

void AddSeedFlag(CLI::App& command, std::uint64_t& seed) {
  command.add_option("--seed", seed, "of the draws; the same digits at any number of threads")
      ->check(WholeNumber())
      ->type_name("N")
      ->capture_default_str();
}

void AddRowsFlag(CLI::App& command, const std::string& name, std::int64_t& rows,
                 const std::string& description) {
  command.add_option(name, rows, description + "; 0: all")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1000000000}))
      ->type_name("N")
      ->capture_default_str();
}

}  // namespace minslice::cli
