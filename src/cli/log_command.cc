#include "cli/session.h"

namespace minslice::cli {

void AddLogCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
