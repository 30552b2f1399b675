// minslice drift: did the model that answers change? For a nightly job over the logs of one target.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/common_flags.h"
#include "cli/document.h"
#include "cli/figures.h"
#include "cli/open_log_argument.h"
#include "cli/session.h"
#include "gate/drift.h"
#include "json/json.h"
#include "report/escape.h"

namespace minslice::cli {
namespace {

constexpr std::size_t kWidth = 80;

struct DriftFlags {
  std::vector<std::string> logs;
  bool strict = false;
  std::string format = "text";
};

json::Value ToJson(const std::vector<gate::Answering>& list) {
  json::Value values = json::Value::array();
  for (const gate::Answering& answering : list) {
    values.push_back({{"name", answering.name},
                      {"rows", answering.rows},
                      {"by_repeat", answering.by_repeat},
                      {"first_case", answering.first_case},
                      {"first_repeat", answering.first_repeat}});
  }
  return values;
}

json::Value DocumentOf(const gate::DriftReport& report, int exit_code) {
  json::Value document;
  document["drift_version"] = 1;
  document["drift"] = report.drifted();
  document["exit_code"] = exit_code;
  document["findings"] = json::Value::array();
  for (const gate::DriftFinding& finding : report.findings) {
    document["findings"].push_back(
        {{"code", finding.code}, {"drift", finding.drift}, {"log", finding.path}, {"text", finding.text}});
  }
  document["logs"] = json::Value::array();
  for (const gate::LogServing& log : report.logs) {
    document["logs"].push_back({{"path", log.path},
                                {"suite", log.suite},
                                {"target", log.target},
                                {"request_model", log.request_model},
                                {"started_at", log.started_at},
                                {"repeats", log.repeats},
                                {"pinned", log.pinned},
                                {"echoed", log.echoed},
                                {"answered", log.answered},
                                {"unnamed", log.unnamed},
                                {"response_models", ToJson(log.models)},
                                {"model_switches", log.model_switches},
                                {"system_fingerprints", ToJson(log.fingerprints)}});
  }
  return document;
}

// No row of any log says which model answered: nothing was looked at.
bool NothingNamed(const gate::DriftReport& report) {
  return std::all_of(report.logs.begin(), report.logs.end(),
                     [](const gate::LogServing& log) { return log.models.empty(); });
}

std::string Names(const std::vector<gate::Answering>& list) {
  if (list.empty()) return "none named";
  std::string text;
  for (std::size_t i = 0; i < list.size() && i < 4; ++i) {
    text += fmt::format("{}{} ({} rows)", i > 0 ? ", " : "", list[i].name, CountText(list[i].rows));
  }
  if (list.size() > 4) text += fmt::format(" and {} more", list.size() - 4);
  return text;
}

void WriteText(const gate::DriftReport& report, bool failed, Session& session) {
  std::ostream& out = session.out;
  const auto show = [](const std::string& text) { return report::EscapeTerminal(text); };
  std::size_t warnings = 0;
  for (const gate::DriftFinding& finding : report.findings) warnings += finding.drift ? 0 : 1;
  const bool blind = NothingNamed(report);
  const std::string word = report.drifted() ? "DRIFT"
                           : blind          ? "NOTHING TO COMPARE"
                           : failed         ? "DRIFT NOT EXCLUDED"
                                            : "NO DRIFT SEEN";
  std::string line =
      fmt::format("{}: {} log{}, {} finding{}, {} warning{}", word, report.logs.size(),
                  report.logs.size() == 1 ? "" : "s", report.findings.size() - warnings,
                  report.findings.size() - warnings == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
  if (session.color)
    line = std::string("\x1b[") +
           (blind    ? "1;33"
            : failed ? "1;31"
                     : "1;32") +
           "m" + word + "\x1b[0m" + line.substr(word.size());
  out << line << '\n';
  for (const gate::DriftFinding& finding : report.findings) {
    out << Wrapped(show(fmt::format("{} {}: {}: {}", finding.drift ? "x" : "-", finding.code, finding.path,
                                    finding.text)),
                   kWidth, "  ")
        << '\n';
  }
  for (const gate::LogServing& log : report.logs) {
    out << '\n' << Wrapped(show(log.path), kWidth, "  ") << '\n';
    const auto row = [&](const std::string& name, const std::string& text) {
      out << Wrapped(fmt::format("{:<14}", name) + show(text), kWidth, std::string(14, ' ')) << '\n';
    };
    row("run", fmt::format("{}, {} repeat{}, {}", log.target, log.repeats, log.repeats == 1 ? "" : "s",
                           log.started_at.empty() ? "no start time" : log.started_at));
    row("asked for",
        fmt::format("{} ({})", log.request_model, log.pinned ? "names a version" : "names no version"));
    row("answered by", Names(log.models));
    if (!log.fingerprints.empty()) row("fingerprint", Names(log.fingerprints));
  }
}

void RunDrift(const DriftFlags& flags, Session& session) {
  std::vector<RunLog> logs;
  if (!ReadLogs(flags.logs, logs, session, {.columns = true})) return;
  const gate::DriftReport report = gate::CheckDrift(logs);
  const bool failed = report.drifted() || (flags.strict && !report.findings.empty());
  session.exit_code = failed ? kExitInvalid : NothingNamed(report) ? kExitInconclusive : kExitOk;
  if (flags.format != "text") {
    WriteDocument(DocumentOf(report, session.exit_code), flags.format, session.out);
  } else {
    WriteText(report, failed, session);
  }
}

}  // namespace

void AddDriftCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<DriftFlags>();
  CLI::App* command = app.add_subcommand("drift", "did the model that answers change?");
  command->add_option("logs", flags->logs, "logs in the order of time; those of one target are compared")
      ->required()
      ->type_name("LOG");
  command->add_flag("--strict", flags->strict,
                    "warnings (alias, hidden, fingerprint_changed, ...) end with 13 too");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Example:\n"
      "  minslice drift monday.jsonl tuesday.jsonl\n\n"
      "Ends with 0 (no drift seen), 13 (another model answered), 11 (no row says which\n"
      "model answered: cannot tell); 2 and 1 are failures.");
  command->callback([flags, &session] { RunDrift(*flags, session); });
}

}  // namespace minslice::cli
