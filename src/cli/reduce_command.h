#ifndef MINSLICE_CLI_REDUCE_COMMAND_H_
#define MINSLICE_CLI_REDUCE_COMMAND_H_

#include "cli/session.h"

namespace minslice::cli {

void AddReduceCommand(CLI::App& app, Session& session);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_REDUCE_COMMAND_H_
