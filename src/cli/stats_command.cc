#include "cli/session.h"

namespace minslice::cli {

void AddStatsCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
