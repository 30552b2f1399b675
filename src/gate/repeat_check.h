// The nondeterminism check of methods 2.7: how far the repeats of one arm disagree, whether the prompts' own
// noise explains it, and what beside the scores differs between repeats. Pure.
#ifndef MINSLICE_GATE_REPEAT_CHECK_H_
#define MINSLICE_GATE_REPEAT_CHECK_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minslice/estimate.h"
#include "minslice/record.h"
#include "minslice/result.h"
#include "minslice/stats/nondeterminism.h"

namespace minslice::gate {

struct RepeatOptions {
  double max_spread = 0.01;  // of the pass rate, largest minus smallest repeat
  double q_level = 0.01;     // Cochran's Q
  double level = 0.95;       // of the Wilson intervals
};

enum class RepeatVerdict {
  kUnknown,           // one repeat, no case with all repeats, or a log that is not finished
  kStable,            // spread <= max_spread and Q's p >= q_level
  kNoiseExplainsIt,   // spread > max_spread, but within the 95 % point of the cases' own noise, and Q's p >=
                      // q_level
  kNondeterministic,  // Q's p < q_level, or spread > max_spread and > the 95 % point
  kMixedModels,       // several models answered: these are no repeats of one
};
constexpr const char* RepeatVerdictName(RepeatVerdict verdict) {
  switch (verdict) {
    case RepeatVerdict::kUnknown:
      return "unknown";
    case RepeatVerdict::kStable:
      return "stable";
    case RepeatVerdict::kNoiseExplainsIt:
      return "noise_explains_it";
    case RepeatVerdict::kNondeterministic:
      return "nondeterministic";
    case RepeatVerdict::kMixedModels:
      return "mixed_models";
  }
  return "";
}

struct FlippedCase {
  std::string id;
  std::string repeats;  // one letter a repeat: p pass, f fail, e model_error
  std::int64_t passes = 0;
  Estimate pass_rate;  // Wilson over the repeats
};

// What differs between repeats and may be why. Codes: "finish_reason", "model_error", "infra_error",
// "response_model", "system_fingerprint", "temperature", "error".
struct RepeatCause {
  std::string code;
  std::string text;
  std::vector<std::int64_t> by_repeat;  // cases, where the cause is a count
  std::vector<std::string> case_ids;
};

struct RepeatCheck {
  std::string suite, target, request_model;
  std::vector<std::string> paths;
  int repeats = 1;
  std::int64_t cases = 0;       // with a row in any repeat
  std::int64_t incomplete = 0;  // without a graded row in some repeat: left out
  Computed<stats::Nondeterminism> noise = Undefined("one_repeat", "");  // over the cases with every repeat
  std::vector<double> rates;                                            // by repeat, over the same cases
  std::int64_t all_pass = 0;                                  // pass^K: cases that pass every repeat
  std::int64_t any_pass = 0;                                  // pass@K: cases that pass some repeat
  Computed<Estimate> tar_answers = Undefined("repeats", "");  // TARa@K: all K graded answers agree; Wilson
  Computed<Estimate> tar_raw = Undefined("no_outputs", "");   // TARr@K: all K raw texts agree; Wilson
  std::vector<FlippedCase> flips;                             // ascending by id
  std::vector<RepeatCause> causes;                            // most cases first
  RepeatVerdict verdict = RepeatVerdict::kUnknown;
  bool no_runs = false;  // the repeats are a cache's or copies: nobody asked again
  std::string why;       // one sentence with the figures
  std::vector<std::string> warnings;
};

// The rule as a sentence with its thresholds.
std::string RepeatRule(const RepeatOptions& options);

// One check an arm, in the order in which arms first appear: logs of one suite, target and request_model are
// one arm. Several logs of an arm are further repeats where they hold the same (case, repeat) and shards
// where not, as in pairing. Fails where a log holds two rows for one (case, repeat), or the same log is given
// twice.
Result<std::vector<RepeatCheck>> CheckRepeats(std::span<const RunLog> logs, const RepeatOptions& options);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_REPEAT_CHECK_H_
