#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "cli/session.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> args(argv, argv + argc);
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
