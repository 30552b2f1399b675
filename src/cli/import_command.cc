#include "cli/session.h"

namespace minslice::cli {

void AddImportCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
