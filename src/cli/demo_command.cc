#include "cli/session.h"

namespace minslice::cli {

void AddDemoCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
