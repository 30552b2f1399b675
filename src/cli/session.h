// What a command sees of the world, and how it ends.
#ifndef MINSLICE_CLI_SESSION_H_
#define MINSLICE_CLI_SESSION_H_

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "minslice/exit_code.h"
#include "minslice/result.h"

namespace minslice::cli {

struct Session {
  std::ostream& out;  // results
  std::ostream& err;  // progress, notes, errors
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool color = false;  // for out: a terminal, NO_COLOR unset, TERM not dumb
  int width = 96;
  bool quiet = false;  // --quiet: no progress, no notes
  int exit_code = kExitOk;
  Failure* failure = nullptr;        // where set, Report adds to it and prints nothing
  std::string program = "minslice";  // argv[0], for the lines that tell a user what to type next

  // Prints every diagnostic as "minslice: <where>: <message>" to err and sets exit_code (2, or 1 for internal
  // failures).
  void Report(const Failure& failed);
  // A note to err unless --quiet.
  void Note(const std::string& text);
};

// A number from low to high for CLI11; unlike its own Range it refuses NaN, which compares false with
// everything.
CLI::Validator Between(double low, double high);

// One function a command, each in <name>_command.cc: adds its flags to `app` and a callback that does the
// work and sets session.exit_code. Flags live in a shared_ptr captured by the callback.
void AddDemoCommand(CLI::App& app, Session& session);
void AddRunCommand(CLI::App& app, Session& session);
void AddImportCommand(CLI::App& app, Session& session);
void AddCompareCommand(CLI::App& app, Session& session);
void AddGateCommand(CLI::App& app, Session& session);
void AddHistoryCommand(CLI::App& app, Session& session);
void AddMdeCommand(CLI::App& app, Session& session);
void AddShowCommand(CLI::App& app, Session& session);
void AddReportCommand(CLI::App& app, Session& session);
void AddSuiteCommand(CLI::App& app, Session& session);
void AddLogCommand(CLI::App& app, Session& session);
void AddStatsCommand(CLI::App& app, Session& session);
void AddRepeatCommand(CLI::App& app, Session& session);
void AddDriftCommand(CLI::App& app, Session& session);
void AddCheckCommand(CLI::App& app, Session& session);
void AddSimulateCommand(CLI::App& app, Session& session);
void AddCalibrateCommand(CLI::App& app, Session& session);
void AddMockCommand(CLI::App& app, Session& session);
void AddOverheadCommand(CLI::App& app, Session& session);
void AddSchemaCommand(CLI::App& app, Session& session);
void AddManualCommands(CLI::App& app, Session& session);  // man, completion

// Runs the command line and gives the exit code. Never throws; a crash inside is exit 1.
int Run(const std::vector<std::string>& args, std::ostream& out, std::ostream& err, bool out_is_terminal,
        bool err_is_terminal);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_SESSION_H_
