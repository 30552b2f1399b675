// Manual pages in roff (man macros), one a command: minslice(1), minslice-gate(1), minslice-suite-lint(1),
// ...
#ifndef MINSLICE_CLI_MANUAL_H_
#define MINSLICE_CLI_MANUAL_H_

#include <string>

#include "cli/command_tree.h"

namespace minslice::cli {

// "minslice", "minslice-suite-lint".
std::string PageName(const CommandTree& command);

// `above`: the page that leads here, for SEE ALSO; empty at the top.
std::string ManualPage(const CommandTree& command, const std::string& above);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_MANUAL_H_
