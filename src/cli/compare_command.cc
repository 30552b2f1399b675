#include "cli/session.h"

namespace minslice::cli {

void AddCompareCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
