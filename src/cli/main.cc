#include <unistd.h>

#include <cstring>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/session.h"

namespace {

// The list of processes shows a command line to everybody: what stands in it as a header's value is
// overwritten.
void HideHeaders(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word(argv[i]);
    const bool before = word == "--header" && i + 1 < argc;
    if (!before && !word.starts_with("--header=")) continue;
    char* value = argv[before ? ++i : i];
    if (std::strstr(value, "${") != nullptr) continue;  // a name, not the value
    char* colon = std::strchr(value, ':');
    if (colon == nullptr) continue;
    for (char* c = colon + 1; *c != '\0'; ++c) *c = '*';
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> args(argv, argv + argc);
  HideHeaders(argc, argv);
  const int code =
      minslice::cli::Run(args, std::cout, std::cerr, isatty(STDOUT_FILENO) != 0, isatty(STDERR_FILENO) != 0);
  std::cout.flush();
  // A report that could not be written whole must not leave with a verdict's exit code.
  if (!std::cout) {
    std::cerr << "minslice: cannot write to standard output\n";
    return minslice::kExitInternal;
  }
  return code;
}
