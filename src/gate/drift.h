// Did the model that answers change? Reads what the responses say of themselves: within a log, between
// repeats, between logs given in the order of time, and against the model that was asked for. Pure.
#ifndef MINSLICE_GATE_DRIFT_H_
#define MINSLICE_GATE_DRIFT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minslice/record.h"

namespace minslice::gate {

// A model that answered, or a system_fingerprint, with its rows in the log's order, which is the order of
// time.
struct Answering {
  std::string name;
  std::int64_t rows = 0;
  std::string first_case;  // the first row that it answered
  int first_repeat = 1;
  std::vector<std::int64_t> by_repeat;
};

struct LogServing {
  std::string path, suite, target, request_model, started_at;
  int repeats = 1;
  std::int64_t answered = 0;            // rows that a model answered, i.e. no infra_error
  std::int64_t unnamed = 0;             // of them: without a response_model
  std::vector<Answering> models;        // in order of first appearance
  std::int64_t model_switches = 0;      // between neighbouring rows
  std::vector<Answering> fingerprints;  // in order of first appearance
  std::string gateway_kind;             // as the run record says
  std::vector<std::string> hidden;      // what answers through it do not show
  std::vector<Answering> deployments;   // by the gateway's own ids, in order of first appearance
  bool pinned = false;                  // request_model names one version (a date, a revision)
  bool echoed = false;                  // every response_model is request_model itself, letter for letter
};

// Codes that are drift: "model_switched" (within a log), "repeats_differ" (each repeat one model, not the
// same), "logs_differ" (another model than in the log before, same target), "not_the_pin" (request_model
// names a version, another one answered). Codes that are warnings: "fingerprint_changed", "alias"
// (request_model names no version), "hidden" (an alias, and the gateway writes the alias into the response:
// drift could not be seen), "echoed" (a version, but in the gateway's own spelling: the pin is only its
// word), "gateway_hides" (what the gateway of the run record does not show), "deployment_changed" (the
// gateway asked several deployments), "resolved" (what an alias stands for), "unnamed" (rows without a
// response_model), "request_changed" (the logs of a target ask for different models).
struct DriftFinding {
  std::string code;
  bool drift = false;
  std::string text;
  std::string path;  // of the log, the later one where two are compared
};

struct DriftReport {
  std::vector<LogServing> logs;
  std::vector<DriftFinding> findings;  // drift first, then in the order of the logs
  bool drifted() const { return !findings.empty() && findings.front().drift; }
};

DriftReport CheckDrift(std::span<const RunLog> logs);

// Whether a model's name pins a version: a date (2024-07-18, 20240718, -0613), a numbered release (-002), or
// a revision after '@'. "latest" never does.
bool NamesVersion(std::string_view model);
// The name without the provider's or gateway's prefix, in lower case: openai/GPT-4o -> gpt-4o.
std::string BareModel(std::string_view model);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_DRIFT_H_
