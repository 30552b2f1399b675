#include "cli/session.h"

namespace minslice::cli {

void AddRunCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
