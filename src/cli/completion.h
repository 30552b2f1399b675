// Completion scripts for bash, zsh and fish. Commands, flags and the values that a flag alone takes are
// completed; every other value is completed as a file name.
#ifndef MINSLICE_CLI_COMPLETION_H_
#define MINSLICE_CLI_COMPLETION_H_

#include <string>

#include "cli/command_tree.h"

namespace minslice::cli {

std::string BashCompletion(const CommandTree& tree);
std::string ZshCompletion(const CommandTree& tree);
std::string FishCompletion(const CommandTree& tree);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_COMPLETION_H_
