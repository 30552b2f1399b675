#include "cli/session.h"

namespace minslice::cli {

void AddMockCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
