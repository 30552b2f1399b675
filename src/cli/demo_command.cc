// minslice demo: the whole way on this machine, by the same commands that a user types.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "cli/schemas.h"
#include "cli/session.h"
#include "demo/demo_suite.h"
#include "io/file_system.h"
#include "mock/mock_server.h"

namespace minslice::cli {
namespace {

struct DemoOptions {
  std::string dir = "demo-out";
};

// What a demo of an earlier day may have left in the folder; nothing else is touched.
constexpr const char* kEarlierLogs[] = {"incumbent.jsonl", "candidate.jsonl"};

// Prints the command as a user would type it, runs it, and gives its exit code.
int Step(Session& session, const std::vector<std::string>& words,
         const std::vector<std::string>& hidden = {}) {
  std::string line = "$ minslice";
  for (const std::string& word : words) line += " " + word;
  session.out << line << "\n";
  session.out.flush();
  std::vector<std::string> args{session.program, "--quiet"};
  args.insert(args.end(), words.begin(), words.end());
  args.insert(args.end(), hidden.begin(), hidden.end());
  const int code = Run(args, session.out, session.err, session.out_is_terminal, session.err_is_terminal);
  session.out << fmt::format("(exit {})\n\n", code);
  return code;
}

void RunDemo(const DemoOptions& options, Session& session) {
  const std::filesystem::path dir(options.dir);
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error)
    return session.Report(
        Fail(fmt::format("--dir: cannot make the folder {}: {}", options.dir, error.message())).value());
  for (const char* name : kEarlierLogs) std::filesystem::remove(dir / name, error);
  io::FileSystem& files = io::RealFileSystem();
  for (const demo::DemoFile& file : demo::DemoFiles()) {
    const Result<void> written = files.WriteFile((dir / file.name).string(), file.text);
    if (!written) return session.Report(written.error());
  }
  // For editors: the suite and the policies name these on their first line.
  if (const auto made = files.MakeDirectories((dir / "schemas").string()); !made)
    return session.Report(made.error());
  for (const char* name : kSchemaNames) {
    const std::string file = std::string(name) + ".schema.json";
    const Result<void> written = files.WriteFile((dir / "schemas" / file).string(), SchemaFile(file));
    if (!written) return session.Report(written.error());
  }

  Result<mock::MockConfig> config = mock::LoadMockConfig((dir / "mock.yaml").string());
  if (!config) return session.Report(config.error());
  config->port = 0;
  mock::MockServer server(*config);
  const Result<int> port = server.Start();
  if (!port) return session.Report(port.error());

  const auto path = [&](const char* name) { return (dir / name).string(); };
  session.out << fmt::format(
      "A team wants to replace its support agent's model. 1,200 tool-calling cases in five flows, two models "
      "behind a\n"
      "provider on this machine ({}), every prompt logged. All files are in {}/\n\n",
      server.base_url(), options.dir);
  for (const char* side : {"incumbent", "candidate"}) {
    const int code =
        Step(session,
             {"run", path("suite.yaml"), "--target", side, "-o", path(fmt::format("{}.jsonl", side).c_str())},
             {"--base-url", server.base_url()});
    if (code != kExitOk) {
      session.exit_code = code;
      return;
    }
  }
  server.Stop();

  session.out << "What most teams gate on, the mean:\n\n";
  const std::vector<std::string> logs{"--incumbent", path("incumbent.jsonl"), "--candidate",
                                      path("candidate.jsonl")};
  const auto gate = [&](std::vector<std::string> words) {
    words.insert(words.end(), logs.begin(), logs.end());
    return words;
  };
  const int mean = Step(session, gate({"gate", path("mean-only.yaml")}));
  session.out << "The same two logs, every flow gated for itself:\n\n";
  std::vector<std::string> by_slice = gate({"gate", path("gate.yaml")});
  by_slice.insert(by_slice.end(), {"--out", path("report")});
  const int sliced = Step(session, by_slice);

  session.out << fmt::format(
      "The mean {}; slice by slice the verdict is {}.\n\n"
      "reports (open the first in a browser)\n  {}\n  {}\n  {}\n  {}\n\n"
      "next\n"
      "  {} show {} refund_flow --broke\n"
      "  {} compare {} {} --by flow\n"
      "  {} mde --pilot {} {} --margin 0.01\n",
      mean == kExitOk ? "would have waved the candidate through" : "alone would not have promoted it",
      sliced == kExitBlocked ? "blocked" : fmt::format("exit {}", sliced), path("report/report.html"),
      path("report/report.md"), path("report/report.txt"), path("report/verdict.json"), session.program,
      path("report/verdict.json"), session.program, path("incumbent.jsonl"), path("candidate.jsonl"),
      session.program, path("incumbent.jsonl"), path("candidate.jsonl"));
  if (mean != kExitOk || sliced != kExitBlocked) {
    session.err << fmt::format(
        "minslice: demo: expected promote (0) by the mean and blocked (12) by slice, got {} and {}\n", mean,
        sliced);
    session.exit_code = kExitInternal;
  }
}

}  // namespace

void AddDemoCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command =
      app.add_subcommand("demo", "the whole way on this machine: mock provider, two models, gate, reports");
  command->add_option("--dir", options->dir, "where its files go")->capture_default_str();
  command->footer(
      "Example:\n  minslice demo --dir /tmp/minslice-demo\n\nEnds with 0 when the gate reached the verdict "
      "that it should reach (blocked).");
  command->callback([options, &session] { RunDemo(*options, session); });
}

}  // namespace minslice::cli
