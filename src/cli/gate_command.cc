#include "cli/session.h"

namespace minslice::cli {

void AddGateCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
