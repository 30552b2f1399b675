#include "gate/serving.h"

#include <fmt/format.h>

#include <algorithm>

#include "gate/drift.h"
#include "gate/nondeterminism.h"

namespace minslice::gate {
namespace {

// "a (3 rows), b (5 rows)"; four at most.
std::string Models(const Answered& answered) {
  std::string list;
  std::size_t listed = 0;
  for (const auto& [model, count] : answered.by_model) {
    if (++listed > 4) return list + ", ...";
    list += fmt::format("{}{} ({} rows)", list.empty() ? "" : ", ", model, count);
  }
  return list;
}

}  // namespace

void JudgeServing(const DriftPolicy& policy, const char* side, std::span<const RunLog> logs,
                  const Answered& answered, std::vector<VerdictDriftFinding>& findings,
                  std::vector<VerdictReason>& reasons, std::vector<std::string>& warnings) {
  const auto add = [&](Consequence consequence, const char* code, const std::string& path,
                       const std::string& text) {
    findings.push_back({side, code, ConsequenceName(consequence), path, text});
    Follow(consequence, code, text, reasons, warnings);
  };
  if (answered.cached > 0) {
    warnings.push_back(
        fmt::format("{} of {} answers of the {} came from a cache: they say what was answered then, not what "
                    "the model in service answers",
                    answered.cached, answered.rows, side));
  }
  const DriftReport report = CheckDrift(logs);
  const bool mixed = answered.by_model.size() > 1;
  if (mixed) {
    std::string text =
        fmt::format("the {} was answered by {} models: {}", side, answered.by_model.size(), Models(answered));
    for (const DriftFinding& finding : report.findings) {
      if (finding.code != "repeats_differ" && finding.code != "logs_differ") continue;
      text += fmt::format("; {}: {}", finding.path, finding.text);
      break;
    }
    add(policy.models, "response_model_mixed", logs.empty() ? "" : logs.front().path, text);
  }
  for (const DriftFinding& finding : report.findings) {
    if (finding.code == "not_the_pin") {
      add(policy.pin, "response_model_mismatch", finding.path,
          fmt::format("the {}'s log {}: {}", side, finding.path, finding.text));
    } else if (finding.code == "fingerprint_changed") {
      add(policy.fingerprint, "fingerprint_changed", finding.path,
          fmt::format("the {}'s log {}: {}", side, finding.path, finding.text));
    }
  }
  if (mixed) return;
  // An alias is resolved where every answer names one version. Foreign logs may name no model at all; that
  // nothing is known of who answered is then said by the rows that do not say.
  for (const LogServing& log : report.logs) {
    if (log.pinned || log.request_model.empty() || log.answered == 0) continue;
    if (log.unnamed == 0 && log.models.size() == 1 && NamesVersion(log.models.front().name)) continue;
    const std::string answer =
        log.models.empty() ? "its rows do not say what answered" : "the responses say " + log.models[0].name;
    add(policy.alias, "model_alias", log.path,
        fmt::format("the {} asked for {}, which names no version, and {}: what it stands for can change "
                    "without notice; ask for a dated name",
                    side, log.request_model, answer));
    return;
  }
}

}  // namespace minslice::gate
