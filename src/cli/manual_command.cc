// minslice man and minslice completion: the command line described for man(1) and for shells, from the
// definitions that parse it.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/manual.h"
#include "cli/session.h"
#include "io/file_system.h"
#include "io/nearest_name.h"

namespace minslice::cli {
namespace {

struct ManualFlags {
  std::vector<std::string> command;
  std::string out;
};

Result<void> WritePages(const CommandTree& command, const std::string& above, const std::string& folder) {
  const std::string name = PageName(command);
  Result<void> written =
      io::RealFileSystem().WriteFile(io::JoinPath(folder, name + ".1"), ManualPage(command, above));
  for (const CommandTree& inner : command.commands) {
    if (written) written = WritePages(inner, name, folder);
  }
  return written;
}

void RunManual(const ManualFlags& flags, const CommandTree& top, Session& session) {
  if (!flags.out.empty()) {
    Result<void> written = io::RealFileSystem().MakeDirectories(flags.out);
    if (written) written = WritePages(top, "", flags.out);
    if (!written) session.Report(written.error());
    return;
  }
  const CommandTree* command = &top;
  std::string above;
  for (const std::string& word : flags.command) {
    const auto inner = std::find_if(command->commands.begin(), command->commands.end(),
                                    [&](const CommandTree& c) { return c.path.back() == word; });
    if (inner == command->commands.end()) {
      std::vector<std::string> names;
      for (const CommandTree& c : command->commands) names.push_back(c.path.back());
      session.Report(
          Fail(fmt::format("there is no command {}{}", io::Quoted(word), io::DidYouMean(word, names, 0)))
              .value());
      return;
    }
    above = PageName(*command);
    command = &*inner;
  }
  session.out << ManualPage(*command, above);
}

}  // namespace

void AddManualCommands(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ManualFlags>();
  CLI::App* manual = app.add_subcommand("man", "manual pages, in roff");
  CLI::Option* of = manual
                        ->add_option("command", flags->command,
                                     "the command, e.g. gate or suite lint; else minslice itself")
                        ->type_name("COMMAND");
  manual->add_option("--out", flags->out, "write the pages of all commands to this folder")
      ->excludes(of)
      ->type_name("DIR");
  manual->footer("Examples:\n  minslice man gate | man -l -\n  minslice man --out ~/.local/share/man/man1");
  manual->callback([flags, &app, &session] { RunManual(*flags, TreeOf(app), session); });

  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "completion script for a shell");
  completion->add_option("shell", *shell, "whose completion")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("SHELL");
  completion->footer(
      "Examples:\n"
      "  source <(minslice completion bash)\n"
      "  minslice completion fish > ~/.config/fish/completions/minslice.fish");
  completion->callback([shell, &app, &session] {
    const CommandTree tree = TreeOf(app);
    session.out << (*shell == "bash"  ? BashCompletion(tree)
                    : *shell == "zsh" ? ZshCompletion(tree)
                                      : FishCompletion(tree));
  });
}

}  // namespace minslice::cli
