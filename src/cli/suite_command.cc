#include "cli/session.h"

namespace minslice::cli {

void AddSuiteCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
