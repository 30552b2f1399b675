// The command line as a whole: registers the commands, maps CLI11's exits to ours, catches what should never
// come.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>

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

}  // namespace

void Session::Report(const Failure& failure) {
  for (const Diagnostic& diagnostic : failure.diagnostics)
    err << "minslice: " << diagnostic.ToString() << '\n';
  exit_code = failure.kind == Failure::Kind::kInput ? kExitUsage : kExitInternal;
}

void Session::Note(const std::string& text) {
  if (!quiet) err << text << '\n';
}

int Run(const std::vector<std::string>& args, std::ostream& out, std::ostream& err, bool out_is_terminal,
        bool err_is_terminal) {
  Session session{.out = out, .err = err};
  session.out_is_terminal = out_is_terminal;
  session.err_is_terminal = err_is_terminal;
  session.color = WantsColor(out_is_terminal);
  session.width = TerminalWidth(out_is_terminal);
  if (!args.empty()) session.program = args[0];
  try {
    CLI::App app{
        "minslice says whether a candidate model may replace the incumbent, slice by slice, and when the "
        "data\n"
        "cannot say. Start with: minslice demo"};
    app.name("minslice");
    app.set_version_flag("--version", std::string("minslice ") + kVersion);
    app.require_subcommand(1);
    app.fallthrough();
    app.add_flag("--quiet,-q", session.quiet, "no progress and no notes on standard error");
    app.footer(
        "Exit codes: 0 promote or success, 10 hold, 11 inconclusive, 12 blocked, 13 invalid, 2 usage or "
        "input, 1 internal.");
    AddDemoCommand(app, session);
    AddSuiteCommand(app, session);
    AddRunCommand(app, session);
    AddImportCommand(app, session);
    AddLogCommand(app, session);
    AddCompareCommand(app, session);
    AddGateCommand(app, session);
    AddShowCommand(app, session);
    AddReportCommand(app, session);
    AddMdeCommand(app, session);
    AddStatsCommand(app, session);
    AddRepeatCommand(app, session);
    AddDriftCommand(app, session);
    AddCheckCommand(app, session);
    AddSimulateCommand(app, session);
    AddCalibrateCommand(app, session);
    AddMockCommand(app, session);

    std::vector<std::string> reversed(args.rbegin(), args.rend());
    if (!reversed.empty()) reversed.pop_back();
    try {
      app.parse(reversed);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
        app.exit(error, out, err);  // --help, --version
        return kExitOk;
      }
      err << "minslice: " << error.what() << '\n';
      if (args.size() > 1 && !args[1].starts_with('-')) {
        std::vector<std::string> names;
        for (const CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
          names.push_back(command->get_name());
        if (std::find(names.begin(), names.end(), args[1]) != names.end()) {
          err << "minslice: see: minslice " << args[1] << " --help\n";
        } else {
          err << "minslice: there is no command " << io::Quoted(args[1]) << io::DidYouMean(args[1], names, 0)
              << "; see: minslice --help\n";
        }
      } else {
        err << "minslice: see: minslice --help\n";
      }
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
