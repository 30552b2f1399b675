#include "cli/session.h"

namespace minslice::cli {

void AddMdeCommand(CLI::App&, Session&) {}

}  // namespace minslice::cli
