// The blocks of a policy beside its segments: metrics, runs, what disqualifies logs, what a person signs, and
// what earlier runs have to do with this one. policy.h includes it; docs/formats/policy.md describes the
// keys. Paths are as written: relative to the policy's own folder.
#ifndef MINSLICE_POLICY_BLOCKS_H_
#define MINSLICE_POLICY_BLOCKS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace minslice {

// What follows from a finding: the verdict is invalid, held for a person, or goes on with a warning.
enum class Consequence { kInvalid, kHold, kWarn, kIgnore };
constexpr const char* ConsequenceName(Consequence consequence) {
  switch (consequence) {
    case Consequence::kInvalid:
      return "invalid";
    case Consequence::kHold:
      return "hold";
    case Consequence::kWarn:
      return "warn";
    case Consequence::kIgnore:
      return "ignore";
  }
  return "";
}

// Runs of each case that the logs must have, and what becomes of them.
struct RunsPolicy {
  int incumbent = 1, candidate = 1;
  std::string combine = "mean";  // mean | first | majority
};

struct NondeterminismPolicy {
  int runs = 1;              // that each side must have
  double max_spread = 0.01;  // of the pass rate between runs
  double cochran_q = 0.01;   // level of Cochran's Q
  Consequence on_fail = Consequence::kInvalid;
};

// Which model answered (gate/drift.h).
struct DriftPolicy {
  Consequence models = Consequence::kInvalid;    // several models answered one side, or its repeats
  Consequence pin = Consequence::kInvalid;       // another version than the one asked for
  Consequence fingerprint = Consequence::kWarn;  // several values of system_fingerprint
  Consequence alias = Consequence::kWarn;        // no name in the log says which version answered
};

// How a score becomes a number in [0, 1] where more is better: (score - low) / (high - low), and 1 minus that
// where less is better. All figures of a verdict are on this scale.
struct MetricScale {
  bool graded = false;  // scores between; else 0 and 1 only
  bool down = false;
  double low = 0, high = 1;
};

struct Label {
  double incumbent = 0, candidate = 0;  // in the metric's own range
};
// People's labels of some cases (gate/labels.h).
struct Labels {
  std::string path, sha256;  // empty: none
  std::map<std::string, Label, std::less<>> by_case;
};

// A metric beside the primary one.
struct MetricPolicy {
  std::string name;
  std::string role = "guardrail";  // guardrail | deterioration | report
  MetricScale scale;
  double margin = 0.02;
  std::string on_unresolved = "hold";  // of a guardrail: hold | inconclusive | report
  bool judge = false;                  // a model's opinion: without labels it holds and does not block
  Labels labels;
};

struct QuarantineEntry {
  std::string id, reason;
  std::int64_t since = 0;               // days since 1970-01-01
  std::optional<std::int64_t> expires;  // the last day; absent: since + expires_days
};
// gate/quarantine.h reads it.
struct Quarantine {
  std::string path, sha256;              // empty: none
  std::vector<QuarantineEntry> entries;  // in the file's order
};

struct FlakyPolicy {
  std::string policy = "keep";  // keep | quarantine
  std::string quarantine_file;  // as written
  int expires_days = 14;
  Quarantine quarantine;
};

// May a run stop before every case is asked (gate/sequential.h)?
struct SequentialPolicy {
  bool stop_for_gain = true;  // the policy's goal, superiority or non-inferiority
  bool stop_for_harm = true;
  std::int64_t min_pairs = 50;
  std::uint64_t seed = 0;  // of the order
};

// A pinned older model that the candidate must not fall behind.
struct AnchorPolicy {
  std::string run;  // its log
  double margin = 0.03;
};

struct LedgerPolicy {
  std::string path;
  int candidates = 1;  // that are tried on the same prompts
};

}  // namespace minslice

#endif  // MINSLICE_POLICY_BLOCKS_H_
