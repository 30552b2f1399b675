#include "cli/session.h"

namespace minslice::cli {

void AddReportCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
