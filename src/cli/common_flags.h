// Flags that several commands share, declared once so that they look and read alike everywhere.
#ifndef MINSLICE_CLI_COMMON_FLAGS_H_
#define MINSLICE_CLI_COMMON_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace minslice::cli {

// --format FORMAT, one of `formats`.
void AddFormatFlag(CLI::App& command, std::string& format,
                   const std::vector<std::string>& formats = {"text", "json", "markdown", "csv"});

// --seed N.
// The library reads -1 as 2^64 - 1 where a number has no sign.
CLI::Validator WholeNumber();
void AddSeedFlag(CLI::App& command, std::uint64_t& seed);

// A number of lines, 0 for all: --rows N, --flips N.
void AddRowsFlag(CLI::App& command, const std::string& name, std::int64_t& rows,
                 const std::string& description);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_COMMON_FLAGS_H_
