#include <csignal>

#include "cli/file_limit.h"
#include "cli/session.h"
#include "mock/mock_server.h"

namespace minslice::cli {
namespace {

struct MockFlags {
  std::string config;
  std::string suite;
  int port = -1;
};

void RunMock(const MockFlags& flags, Session& session) {
  mock::MockConfig config;
  if (!flags.config.empty()) {
    Result<mock::MockConfig> loaded = mock::LoadMockConfig(flags.config);
    if (!loaded) return session.Report(loaded.error());
    config = std::move(*loaded);
  }
  if (!flags.suite.empty()) config.suite_path = flags.suite;
  if (flags.port >= 0) config.port = flags.port;
  if (config.suite_path.empty()) {
    return session.Report(
        {Failure::Kind::kInput,
         {{{}, "mock: expected a suite, by --suite or in --config; its models answer by case"}}});
  }
  if (const Result<void> raised = RaiseFileLimit(20000, true); !raised) return session.Report(raised.error());

  // Blocked before the server's thread starts, so that only sigwait below sees them.
  sigset_t stop;
  sigset_t before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, &before);
  mock::MockServer server(config);
  const Result<int> port = server.Start();
  if (port) {
    session.out << server.base_url() << '\n' << std::flush;  // scripts wait for this line
    session.Note("mock provider for " + config.suite_path +
                 "; models mock-perfect and mock-<rate>, e.g. mock-0.85" +
                 (config.models.empty() ? "" : ", and those of the configuration") + "; stop with Ctrl-C");
    int signal = 0;
    sigwait(&stop, &signal);
    server.Stop();
  } else {
    session.Report(port.error());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void AddMockCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<MockFlags>();
  CLI::App* command =
      app.add_subcommand("mock", "OpenAI-compatible provider with scripted models, latency and faults");
  command->add_option("--suite", flags->suite, "suite whose cases are answered (else the configuration's)");
  command->add_option("--config", flags->config, "models, latency and faults: docs/formats/mock.md");
  command->add_option("--port", flags->port, "on 127.0.0.1; 0 (the default) takes a free one")
      ->check(CLI::Range(0, 65535));
  command->footer(
      "Prints its base_url on standard output when it is ready and serves until it is interrupted.\n"
      "Without --config it knows the models mock-perfect and mock-<rate>.\n\n"
      "Example:\n"
      "  minslice mock --suite suite.yaml --port 8090 &\n"
      "  minslice run suite.yaml --target candidate --model mock-0.85 \\\n"
      "    --base-url http://127.0.0.1:8090/v1 -o try.jsonl");
  command->callback([flags, &session] { RunMock(*flags, session); });
}

}  // namespace minslice::cli
