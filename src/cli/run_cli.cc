// The command line as a whole: registers the commands, maps CLI11's exits to ours, catches what should never
// come.
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>

#include "cli/help_formatter.h"
#include "cli/reduce_command.h"
#include "cli/session.h"
#include "io/nearest_name.h"
#include "minslice/version.h"

namespace minslice::cli {
namespace {

int TerminalWidth(bool is_terminal) {
  if (const char* columns = std::getenv("COLUMNS")) {
    const int n = std::atoi(columns);
    if (n >= 60 && n <= 1000) return n;
  }
  winsize size{};
  if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 60) return size.ws_col;
  return 96;
}

bool WantsColor(bool is_terminal) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return is_terminal && (term == nullptr || std::string_view(term) != "dumb");
}

const CLI::App* FindCommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

// The first word, and the second behind a command that only holds others ("suite lnt").
bool ReportUnknownCommand(const CLI::App& app, const std::vector<std::string>& args, std::ostream& err) {
  const CLI::App* command = &app;
  std::string path = "minslice";
  for (std::size_t i = 1; i < args.size() && command->get_require_subcommand_min() > 0; ++i) {
    if (args[i].starts_with('-')) {
      if (args[i] == "-q" || args[i] == "--quiet") continue;
      return false;
    }
    const CLI::App* inner = args[i].empty() ? nullptr : FindCommand(*command, args[i]);
    if (inner == nullptr) {
      std::vector<std::string> names;
      for (const CLI::App* one : command->get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(one->get_name());
      err << "minslice: there is no command " << io::Quoted((path + " " + args[i]).substr(9))
          << io::DidYouMean(args[i], names, command == &app ? 0 : names.size()) << "; see: " << path
          << " --help\n";
      return true;
    }
    path += " " + args[i];
    command = inner;
  }
  return false;
}

// CLI11 names unknown flags last and in reverse, behind what it misses; a typo is named first here, with what
// it may have meant. True if there was one.
bool ReportUnknownFlags(const CLI::App& app, const std::vector<std::string>& args, std::ostream& err) {
  const CLI::App* command = &app;
  bool any = false;
  for (std::size_t i = 1; i < args.size() && args[i] != "--"; ++i) {
    if (!args[i].starts_with("--")) {
      if (const CLI::App* inner = args[i].empty() ? nullptr : FindCommand(*command, args[i])) command = inner;
      continue;
    }
    const std::string flag = args[i].substr(0, args[i].find('='));
    if (flag == "--help" || flag == "--version" || flag == "--quiet") continue;
    std::vector<std::string> known;
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    if (std::find(known.begin(), known.end(), flag) != known.end()) continue;
    err << "minslice: unknown flag " << io::Quoted(flag) << io::DidYouMean(flag, known, 0) << "\n";
    any = true;
  }
  if (any)
    err << "minslice: see: minslice " << (command == &app ? "" : command->get_name() + " ") << "--help\n";
  return any;
}

// An empty value is a variable that was not set: it must not read as "flag not given".
bool ReportEmptyValues(const std::vector<std::string>& args, std::ostream& err) {
  for (std::size_t i = 1; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (!arg.empty() && !(arg.starts_with("--") && arg.ends_with("=") && arg.size() > 3)) continue;
    const bool of_flag = arg.empty() && args[i - 1].starts_with("--");
    const std::string flag = arg.empty() ? (of_flag ? args[i - 1] : "argument " + std::to_string(i))
                                         : arg.substr(0, arg.size() - 1);
    err << "minslice: " << flag << ": expected a value, found an empty one\n";
    return true;
  }
  return false;
}

}  // namespace

int Run(const std::vector<std::string>& given, std::ostream& out, std::ostream& err, bool out_is_terminal,
        bool err_is_terminal) {
  Session session{.out = out, .err = err};
  session.out_is_terminal = out_is_terminal;
  session.err_is_terminal = err_is_terminal;
  session.color = WantsColor(out_is_terminal);
  session.width = TerminalWidth(out_is_terminal);
  if (!given.empty()) session.program = given[0];
  try {
    CLI::App app{
        "minslice says whether a candidate model may replace the incumbent, slice by slice, and when the "
        "data cannot say. Start with: minslice demo"};
    app.formatter(std::make_shared<HelpFormatter>());
    app.name("minslice");
    app.set_version_flag("--version", std::string("minslice ") + kVersion);
    app.require_subcommand(1);
    app.fallthrough();
    app.add_flag("--quiet,-q", session.quiet, "no progress and no notes on standard error");
    app.footer(
        "One command's flags and an example: minslice help COMMAND\n\n"
        "Exit codes:\n"
        "   0  promote, or success\n"
        "  10  hold: a person decides\n"
        "  11  inconclusive: this suite cannot tell\n"
        "  12  blocked\n"
        "  13  invalid: the evidence is not sound\n"
        "   2  wrong flags or input; no verdict\n"
        "   1  a failure of minslice or of the machine; no verdict");
    AddDemoCommand(app, session);
    AddSuiteCommand(app, session);
    AddRunCommand(app, session);
    AddImportCommand(app, session);
    AddLogCommand(app, session);
    AddCompareCommand(app, session);
    AddGateCommand(app, session);
    AddShowCommand(app, session);
    AddReportCommand(app, session);
    AddHistoryCommand(app, session);
    AddMdeCommand(app, session);
    AddStatsCommand(app, session);
    AddReduceCommand(app, session);
    AddRepeatCommand(app, session);
    AddDriftCommand(app, session);
    AddCheckCommand(app, session);
    AddSimulateCommand(app, session);
    AddCalibrateCommand(app, session);
    AddMockCommand(app, session);
    AddOverheadCommand(app, session);
    AddSchemaCommand(app, session);
    AddManualCommands(app, session);

    // "help COMMAND" is "COMMAND --help".
    std::vector<std::string> args = given;
    if (args.size() > 1 && args[1] == "help") {
      args.erase(args.begin() + 1);
      args.emplace_back("--help");
    }
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    if (!reversed.empty()) reversed.pop_back();
    // CLI11 would print the general help for an unknown command that is followed by --help.
    if (ReportUnknownCommand(app, args, err)) return kExitUsage;
    if (ReportEmptyValues(args, err)) return kExitUsage;
    try {
      app.parse(reversed);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
        app.exit(error, out, err);  // --help, --version
        return kExitOk;
      }
      if (ReportUnknownFlags(app, args, err)) return kExitUsage;
      std::string text = error.what();
      // "Could not convert: --pairs = ten", as we say it elsewhere.
      const std::string unread = "Could not convert: ";
      const std::size_t equals = text.find(" = ");
      if (text.starts_with(unread) && equals != std::string::npos) {
        text = fmt::format("{}: expected a number (a whole one where --help says INT), found {}",
                           text.substr(unread.size(), equals - unread.size()),
                           io::Quoted(text.substr(equals + 3)));
      }
      err << "minslice: " << text << '\n';
      const bool named = args.size() > 1 && !args[1].starts_with('-');
      err << "minslice: see: minslice " << (named ? args[1] + " " : "") << "--help\n";
      return kExitUsage;
    }
  } catch (const std::exception& error) {
    err << "minslice: internal error: " << error.what()
        << "\nminslice: this is a bug; no verdict was reached\n";
    return kExitInternal;
  }
  return session.exit_code;
}

}  // namespace minslice::cli
