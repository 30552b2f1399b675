// minslice gate: policy + two sides' logs -> verdict, reports, exit code.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/open_log_argument.h"
#include "cli/session.h"
#include "gate/gate.h"
#include "gate/policy_reader.h"
#include "io/file_system.h"
#include "pair/pair.h"
#include "report/report.h"

namespace minslice::cli {
namespace {

struct GateOptions {
  std::string policy;
  std::vector<std::string> incumbent;
  std::vector<std::string> candidate;
  std::string out;
  std::string format = "text";
};

void RunGate(const GateOptions& options, Session& session) {
  Result<Policy> policy = gate::LoadPolicy(options.policy);
  if (!policy) session.Report(policy.error());
  std::vector<RunLog> incumbent;
  std::vector<RunLog> candidate;
  bool good = policy.has_value();
  good = ReadLogs(options.incumbent, incumbent, session) && good;
  good = ReadLogs(options.candidate, candidate, session) && good;
  if (!good) return;

  const pair::PairResult paired = pair::Pair(incumbent, candidate, policy->metric);
  const Verdict verdict = gate::Decide(*policy, paired, incumbent, candidate);

  std::string json;
  if (!options.out.empty() || options.format == "json") json = report::VerdictJson(verdict);
  if (!options.out.empty()) {
    io::FileSystem& files = io::RealFileSystem();
    const auto write = [&](const char* name, const std::string& text) -> Result<void> {
      return files.WriteFile(io::JoinPath(options.out, name), text);
    };
    Result<void> written = files.MakeDirectories(options.out);
    if (written) written = write("report.md", report::VerdictMarkdown(verdict));
    if (written)
      written = write("report.txt", report::VerdictText(verdict, {.verdict_path = "verdict.json"}));
    if (written) written = write("verdict.json", json);
    if (!written) {
      session.Report(written.error());
      return;
    }
  }
  if (options.format == "json") {
    session.out << json;
  } else if (options.format == "markdown") {
    session.out << report::VerdictMarkdown(verdict);
  } else {
    report::TextOptions text{.color = session.color, .width = session.width};
    if (!options.out.empty()) text.verdict_path = io::JoinPath(options.out, "verdict.json");
    session.out << report::VerdictText(verdict, text);
  }
  session.exit_code = verdict.exit_code;
}

}  // namespace

void AddGateCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<GateOptions>();
  CLI::App* command = app.add_subcommand("gate", "verdict on a candidate: reports and an exit code");
  command->add_option("policy", options->policy, "policy file (gates/*.yaml)")
      ->required()
      ->type_name("POLICY");
  command
      ->add_option("--incumbent", options->incumbent,
                   "log of the model in service; several: repeats or shards")
      ->required()
      ->type_name("LOG");
  command->add_option("--candidate", options->candidate, "log of the model that would replace it")
      ->required()
      ->type_name("LOG");
  command->add_option("--out", options->out, "folder for verdict.json, report.md and report.txt")
      ->type_name("DIR");
  command->add_option("--format", options->format, "what goes to standard output")
      ->check(CLI::IsMember({"text", "json", "markdown"}))
      ->capture_default_str();
  command->footer(
      "Example:\n"
      "  minslice gate gates/default.yaml --incumbent logs/incumbent.jsonl --candidate logs/candidate.jsonl "
      "--out out\n\n"
      "Ends with 0 promote, 10 hold, 11 inconclusive, 12 blocked, 13 invalid; 2 and 1 are failures and no "
      "verdict.");
  command->callback([options, &session] { RunGate(*options, session); });
}

}  // namespace minslice::cli
