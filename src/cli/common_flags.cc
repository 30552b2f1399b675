#include "cli/common_flags.h"

namespace minslice::cli {

void AddFormatFlag(CLI::App& command, std::string& format, const std::vector<std::string>& formats) {
  command.add_option("--format", format, "what goes to standard output")
      ->check(CLI::IsMember(formats))
      ->type_name("FORMAT")
      ->capture_default_str();
}

void AddSeedFlag(CLI::App& command, std::uint64_t& seed) {
  command.add_option("--seed", seed, "of the draws; the same digits at any number of threads")
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
