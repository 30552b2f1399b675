#include "gate/policy_blocks.h"

#include <nlohmann/json.hpp>

#include "gate/dates.h"
#include "gate/policy_fields.h"
#include "gate/quarantine.h"
#include "io/file_system.h"
#include "io/nearest_name.h"

namespace minslice::gate {
namespace {

constexpr int kMostRuns = 10'000;

Consequence ReadConsequence(const yaml::Map& map, const char* key, Consequence fallback,
                            const std::vector<std::string>& choices) {
  const std::string name = map.GetChoice(key, ConsequenceName(fallback), choices);
  for (const Consequence consequence :
       {Consequence::kInvalid, Consequence::kHold, Consequence::kWarn, Consequence::kIgnore}) {
    if (name == ConsequenceName(consequence)) return consequence;
  }
  return fallback;
}

int Count(const yaml::Map& map, const char* key, int fallback) {
  return static_cast<int>(map.GetInt(key, fallback, {.min = 1, .max = kMostRuns}));
}

}  // namespace

void ReadRuns(const yaml::Map& root, Policy& policy) {
  const yaml::Map map = root.GetMap("runs");
  policy.runs.incumbent = Count(map, "incumbent", policy.runs.incumbent);
  policy.runs.candidate = Count(map, "candidate", policy.runs.candidate);
  policy.runs.combine = map.GetChoice("combine", policy.runs.combine, {"mean", "first", "majority"});
  map.Finish();
}

void ReadNondeterminism(const yaml::Map& root, NondeterminismPolicy& policy) {
  const yaml::Map map = root.GetMap("nondeterminism");
  policy.runs = Count(map, "runs", policy.runs);
  policy.max_spread = map.GetDouble("max_spread", policy.max_spread, {.min = 0, .max = 1});
  policy.cochran_q = OpenFraction(map, "cochran_q", policy.cochran_q, 0, 0.5, "cochran_q");
  policy.on_fail = ReadConsequence(map, "on_fail", policy.on_fail, {"invalid", "hold", "warn"});
  map.Finish();
}

void ReadDrift(const yaml::Map& root, DriftPolicy& policy) {
  const yaml::Map map = root.GetMap("drift");
  const std::vector<std::string> loud = {"invalid", "hold", "warn"};
  const std::vector<std::string> all = {"invalid", "hold", "warn", "ignore"};
  policy.models = ReadConsequence(map, "models", policy.models, loud);
  policy.pin = ReadConsequence(map, "pin", policy.pin, loud);
  policy.fingerprint = ReadConsequence(map, "fingerprint", policy.fingerprint, all);
  policy.alias = ReadConsequence(map, "alias", policy.alias, all);
  map.Finish();
}

void ReadFlaky(const yaml::Map& root, const std::string& folder, io::Diagnostics& diagnostics,
               FlakyPolicy& policy) {
  const yaml::Map map = root.GetMap("flaky");
  policy.policy = map.GetChoice("policy", policy.policy, {"keep", "quarantine"});
  policy.quarantine_file = map.FindString("quarantine_file").value_or("");
  policy.expires_days =
      static_cast<int>(map.GetInt("expires_days", policy.expires_days, {.min = 1, .max = 3650}));
  if (policy.policy == "quarantine") {
    if (policy.quarantine_file.empty()) {
      map.Error("quarantine_file", "policy quarantine needs quarantine_file: which cases, since when");
    } else {
      const std::string path = io::JoinPath(folder, policy.quarantine_file);
      const Result<std::string> text = io::RealFileSystem().ReadFile(path);
      const Result<Quarantine> file =
          text ? ParseQuarantine(*text, path) : Result<Quarantine>(tl::unexpected(text.error()));
      if (file) {
        policy.quarantine = *file;
        policy.quarantine.path = policy.quarantine_file;
      } else {
        diagnostics.AddAll(file.error());
      }
    }
  } else if (!policy.quarantine_file.empty()) {
    map.Error("quarantine_file", "policy keep takes no quarantine_file; write policy: quarantine");
  }
  map.Finish();
}

void ReadAnchor(const yaml::Map& root, Policy& policy) {
  if (!root.Has("anchor")) return;
  const yaml::Map map = root.GetMap("anchor");
  AnchorPolicy anchor;
  anchor.run = map.RequireString("run");
  anchor.margin = OpenFraction(map, "margin", anchor.margin, 0, 1, "anchor.margin");
  map.Finish();
  policy.anchor = std::move(anchor);
}

void ReadLedger(const yaml::Map& root, Policy& policy) {
  if (!root.Has("ledger")) return;
  const yaml::Map map = root.GetMap("ledger");
  LedgerPolicy ledger;
  ledger.path = map.FindString("path").value_or("");
  ledger.candidates = static_cast<int>(map.GetInt("candidates", ledger.candidates, {.min = 1, .max = 1e6}));
  map.Finish();
  policy.ledger = std::move(ledger);
}

void ReadSequential(const yaml::Map& root, Policy& policy) {
  if (!root.Has("sequential")) return;
  const yaml::Map map = root.GetMap("sequential");
  SequentialPolicy sequential;
  if (map.Has("stop_for")) {
    sequential.stop_for_gain = sequential.stop_for_harm = false;
    const std::vector<std::string> names = map.GetStrings("stop_for");
    for (const std::string& what : names) {
      if (what == "gain") {
        sequential.stop_for_gain = true;
      } else if (what == "harm") {
        sequential.stop_for_harm = true;
      } else {
        map.Error("stop_for", "expected gain, harm or both, found " + io::Quoted(what));
      }
    }
    if (names.empty()) map.Error("stop_for", "names nothing to stop for; expected gain, harm or both");
  }
  sequential.min_pairs = map.GetInt("min_pairs", sequential.min_pairs, {.min = 1, .max = 1e9});
  sequential.seed =
      static_cast<std::uint64_t>(map.GetInt("seed", static_cast<std::int64_t>(sequential.seed), {.min = 0}));
  map.Finish();
  policy.sequential = sequential;
}

std::string PathOf(const Policy& policy, const std::string& written) {
  return io::JoinPath(io::FolderOf(policy.path), written);
}

void PutBlocks(const Policy& policy, nlohmann::json& resolved) {
  resolved["runs"] = {{"incumbent", policy.runs.incumbent},
                      {"candidate", policy.runs.candidate},
                      {"combine", policy.runs.combine}};
  resolved["nondeterminism"] = {{"runs", policy.nondeterminism.runs},
                                {"max_spread", policy.nondeterminism.max_spread},
                                {"cochran_q", policy.nondeterminism.cochran_q},
                                {"on_fail", ConsequenceName(policy.nondeterminism.on_fail)}};
  resolved["drift"] = {{"models", ConsequenceName(policy.drift.models)},
                       {"pin", ConsequenceName(policy.drift.pin)},
                       {"fingerprint", ConsequenceName(policy.drift.fingerprint)},
                       {"alias", ConsequenceName(policy.drift.alias)}};
  const auto or_null = [](const std::string& text) {
    return text.empty() ? nlohmann::json() : nlohmann::json(text);
  };
  resolved["flaky"] = {{"policy", policy.flaky.policy},
                       {"quarantine_file", or_null(policy.flaky.quarantine_file)},
                       {"quarantine_sha256", or_null(policy.flaky.quarantine.sha256)},
                       {"expires_days", policy.flaky.expires_days}};
  resolved["anchor"] = policy.anchor
                           ? nlohmann::json{{"run", policy.anchor->run}, {"margin", policy.anchor->margin}}
                           : nlohmann::json();
  if (policy.sequential) {
    nlohmann::json stop_for = nlohmann::json::array();
    if (policy.sequential->stop_for_gain) stop_for.push_back("gain");
    if (policy.sequential->stop_for_harm) stop_for.push_back("harm");
    resolved["sequential"] = {{"stop_for", stop_for},
                              {"min_pairs", policy.sequential->min_pairs},
                              {"seed", policy.sequential->seed}};
  } else {
    resolved["sequential"] = nullptr;
  }
  resolved["ledger"] = policy.ledger ? nlohmann::json{{"path", or_null(policy.ledger->path)},
                                                      {"candidates", policy.ledger->candidates}}
                                     : nlohmann::json();
}

}  // namespace minslice::gate
