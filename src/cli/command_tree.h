// The commands as data, read from the definitions that parse them: what manual pages and shell completions
// are made of, so that neither can name a flag that does not exist.
#ifndef MINSLICE_CLI_COMMAND_TREE_H_
#define MINSLICE_CLI_COMMAND_TREE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace minslice::cli {

struct CommandFlag {
  std::vector<std::string> names;  // as typed: "-o", "--output"; a positional has its one name without dashes
  std::string value;               // what stands behind it, "LOG"; empty: nothing does
  std::vector<std::string> choices;  // the only values that are taken; empty: any
  std::string description;
  std::string default_text;
  bool required = false;
  bool many = false;  // takes several values
};

struct CommandTree {
  std::vector<std::string> path;  // empty at the top, else {"suite", "lint"}
  std::string description;
  std::string footer;
  std::vector<CommandFlag>
      flags;  // this command's own, then those of the commands above it that it takes too
  std::vector<CommandFlag> positionals;
  std::vector<CommandTree> commands;
};

// Commands and flags that --help does not show are left out here too.
CommandTree TreeOf(const CLI::App& app);

// The path with `separator` between its words, e.g. "suite lint".
std::string Joined(const std::vector<std::string>& words, const char* separator = " ");

// "LOG", "LOG ...", "json|text"; for a flag the way its value is shown, for a positional the way it is asked
// for.
std::string ValueText(const CommandFlag& flag);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_COMMAND_TREE_H_
