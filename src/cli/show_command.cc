#include "cli/session.h"

namespace minslice::cli {

void AddShowCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
