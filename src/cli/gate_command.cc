// minslice gate: policy + two sides' logs -> verdict, reports, exit code.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "cli/common_flags.h"
#include "cli/gate_context.h"
#include "cli/html_report.h"
#include "cli/open_log_argument.h"
#include "cli/report_files.h"
#include "cli/session.h"
#include "cli/store_flag.h"
#include "gate/beyond_counts.h"
#include "gate/gate.h"
#include "gate/policy_reader.h"
#include "io/file_system.h"
#include "io/staged_file.h"
#include "pair/counted.h"
#include "pair/pair.h"
#include "reduce/counts_file.h"
#include "report/dashboard.h"
#include "report/machine.h"
#include "report/report.h"

namespace minslice::cli {
namespace {

struct GateOptions {
  std::string policy;
  std::string counts;
  std::vector<std::string> incumbent;
  std::vector<std::string> candidate;
  std::string out;
  std::string format = "text";
  std::string store;
};

struct Logs {
  std::vector<RunLog> incumbent, candidate;
};

constexpr const char* kEarlier = "earlier";
constexpr const char* kDashboard = "report.html";

// What gate --out writes, by name.
std::vector<std::string> ReportNames(const std::string& folder) {
  std::vector<std::string> names;
  for (const ReportKind& kind : ReportKinds()) names.emplace_back(kind.file);
  names.emplace_back("prompts.csv");
  names.emplace_back(kDashboard);
  for (std::size_t n = 1;
       std::filesystem::exists(std::filesystem::path(folder) / report::SidePageName("report", n)); ++n)
    names.push_back(report::SidePageName("report", n));
  return names;
}

// Reports of an earlier run must not be taken for this one's should it fail: they are moved aside before
// anything is read, and stay there until this run has written its own.
bool ClearOut(const GateOptions& options, Session& session) {
  const std::vector<std::string> names = ReportNames(options.out);
  std::vector<std::string> outputs;
  for (const std::string& name : names) outputs.push_back(io::JoinPath(options.out, name));
  std::vector<std::string> inputs = options.incumbent;
  inputs.insert(inputs.end(), options.candidate.begin(), options.candidate.end());
  inputs.push_back(options.policy);
  if (!OutputsAreNoInputs(outputs, inputs, session)) return false;
  const Result<std::vector<std::string>> moved = io::MoveAside(options.out, names, kEarlier);
  if (!moved) session.Report(moved.error());
  return moved.has_value();
}

bool WriteReports(const Verdict& verdict, const Logs& logs, const std::string& folder, Session& session) {
  std::optional<std::string> prompts;
  std::optional<std::vector<io::PendingFile>> files =
      DashboardFiles(verdict,
                     {.path = io::JoinPath(folder, kDashboard),
                      .verdict_path = io::JoinPath(folder, "verdict.json"),
                      .shown_path = "verdict.json",
                      .evidence_is_optional = true,
                      .prompts_csv = &prompts},
                     session);
  if (!files) return false;
  // Logs that cannot be read again have given their rows without the outputs.
  if (!prompts) prompts = report::PromptsCsv(verdict, logs.incumbent, logs.candidate);
  files->push_back({io::JoinPath(folder, "prompts.csv"), *std::move(prompts)});
  for (const ReportKind& kind : ReportKinds())
    files->push_back({io::JoinPath(folder, kind.file), kind.render(verdict, "verdict.json")});
  Result<void> written = io::RealFileSystem().MakeDirectories(folder);
  if (written) written = io::WriteTogether(*files);
  if (!written) {
    session.Report(written.error());
    return false;
  }
  // What was moved aside is out of date now.
  std::error_code ignored;
  for (const std::string& name : ReportNames((std::filesystem::path(folder) / kEarlier).string()))
    std::filesystem::remove(std::filesystem::path(folder) / kEarlier / name, ignored);
  std::filesystem::remove(std::filesystem::path(folder) / kEarlier,
                          ignored);  // only if nothing else is in it
  return true;
}

// A pipe gives its bytes once.
bool CanBeReadAgain(const GateOptions& options) {
  const auto regular = [](const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
  };
  return std::all_of(options.incumbent.begin(), options.incumbent.end(), regular) &&
         std::all_of(options.candidate.begin(), options.candidate.end(), regular);
}

// The process ends with the verdict: pages that were given back would only be asked for again.
void KeepPages() {
#ifdef __GLIBC__
  constexpr int kLargest = 1 << 25;  // what mallopt takes
  mallopt(M_MMAP_THRESHOLD, kLargest);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

// The sides as they were asked for: logs, or counts of both.
bool TakeCounts(GateOptions& options, Session& session) {
  if (options.counts.empty() == (options.incumbent.empty() && options.candidate.empty())) {
    session.Report(Failure{Failure::Kind::kInput,
                           {{{}, "gate takes --incumbent and --candidate, or --counts, and not both"}}});
    return false;
  }
  if (!options.counts.empty()) {
    // One log given here would be compared with itself.
    if (!reduce::IsCountsFile(options.counts)) {
      if (const auto read = reduce::ReadCounts(options.counts); !read) {
        session.Report(read.error());
        return false;
      }
    }
    options.incumbent = options.candidate = {options.counts};
  }
  if (!options.incumbent.empty() && !options.candidate.empty()) return true;
  session.Report(Failure{Failure::Kind::kInput,
                         {{{},
                           options.incumbent.empty() ? "--incumbent is required beside --candidate"
                                                     : "--candidate is required beside --incumbent"}}});
  return false;
}

void RunGate(GateOptions& options, Session& session) {
  KeepPages();
  if (!TakeCounts(options, session)) return;
  std::optional<store::Address> store;
  if (!options.store.empty()) {
    Result<store::Address> address = ReadStoreFlag(options.store);
    if (!address) return session.Report(address.error());
    store = std::move(*address);
  }
  if (!options.out.empty() && !ClearOut(options, session)) return;
  Result<Policy> policy = gate::LoadPolicy(options.policy);
  if (!policy) session.Report(policy.error());
  Logs logs;
  std::vector<RunLog>& incumbent = logs.incumbent;
  std::vector<RunLog>& candidate = logs.candidate;
  bool good = policy.has_value();
  // The list of prompts takes the rows of some cases: they are read a second time, where that is possible.
  good = ReadSides(options.incumbent, options.candidate, incumbent, candidate, session,
                   {.columns = options.out.empty() || CanBeReadAgain(options)}) &&
         good;
  if (!good) return;
  if (pair::CountsOf(incumbent.front()) != nullptr) {
    std::vector<Diagnostic> errors;
    for (const std::string& beyond : gate::BeyondCounts(*policy))
      errors.push_back({{options.policy, 0, 0}, beyond});
    if (!errors.empty()) return session.Report(FailAll(errors).value());
  }

  const pair::PairResult paired = pair::Pair(incumbent, candidate, policy->metric);
  GateContext context;
  if (store && policy->ledger && policy->ledger->path.empty()) {
    Result<std::unique_ptr<SharedLedger>> ledger = OpenStoredLedger(*store);
    if (!ledger) return session.Report(ledger.error());
    context.shared = std::move(*ledger);
  }
  if (!LoadContext(*policy, session, context)) return;
  std::optional<Verdict> decided = DecideWithLedger(*policy, paired, incumbent, candidate, session, context);
  if (!decided) return;
  const Verdict& verdict = *decided;

  const bool counted = pair::CountsOf(incumbent.front()) != nullptr;
  if (!options.out.empty() && !counted) {
    const std::unordered_set<std::string_view> listed = report::PromptsListed(verdict);
    if (!ReadRowsOf(options.incumbent, listed, incumbent, session) ||
        !ReadRowsOf(options.candidate, listed, candidate, session))
      return;
  }
  if (!options.out.empty() && !WriteReports(verdict, logs, options.out, session)) return;
  if (!AppendToLedger(verdict, candidate, session, context)) return;
  if (store) {
    std::vector<std::string> paths;
    if (!counted) {  // counts have no rows to keep
      paths = options.incumbent;
      paths.insert(paths.end(), options.candidate.begin(), options.candidate.end());
    }
    RecordInStore(*store, paths, &verdict, session);
  }
  if (options.format == "text") {
    report::TextOptions text{.color = session.color, .width = session.width};
    if (!options.out.empty()) text.verdict_path = io::JoinPath(options.out, "verdict.json");
    session.out << report::VerdictText(verdict, text);
  } else {
    session.out << FindReportKind(options.format)->render(verdict, "");
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
      ->type_name("LOG");
  command->add_option("--candidate", options->candidate, "log of the model that would replace it")
      ->type_name("LOG");
  command->add_option("--counts", options->counts, "instead of both: what minslice reduce made of them")
      ->type_name("COUNTS");
  command
      ->add_option(
          "--out", options->out,
          "folder for verdict.json and every report; an earlier run's are moved to DIR/earlier first")
      ->type_name("DIR");
  AddStoreFlag(*command, options->store,
               "keep the verdict, its slices and its logs: sqlite:FILE, or postgres://USER@HOST/DATABASE");
  AddFormatFlag(*command, options->format, ReportFormats());
  command->footer(
      "Example:\n"
      "  minslice gate gates/default.yaml --incumbent incumbent.jsonl \\\n"
      "    --candidate candidate.jsonl --out report/\n"
      "  minslice gate gates/default.yaml \\\n"
      "    --incumbent promptfoo:out.jsonl#provider=mock-a \\\n"
      "    --candidate promptfoo:out.jsonl#provider=mock-b\n\n"
      "A log may be another tool's file, as FORMAT:FILE#flag=value with the flags of import.\n\n"
      "--out writes verdict.json, report.html (the dashboard), report.txt,\n"
      "report.md (a pull request comment), summary.md (a CI job's summary), junit.xml,\n"
      "annotations.txt, slices.csv, prompts.csv and minslice.prom; all or none.\n\n"
      "Ends with 0 promote, 10 hold, 11 inconclusive, 12 blocked, 13 invalid;\n"
      "2 and 1 are failures and no verdict.");
  command->callback([options, &session] { RunGate(*options, session); });
}

}  // namespace minslice::cli
