// The rows of log.jsonl, log_version 1 (docs/formats/log.md): one run record, case records, one end record.
#ifndef MINSLICE_RECORD_H_
#define MINSLICE_RECORD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "minslice/case.h"

namespace minslice {

namespace log {
class RowColumns;  // log/row_columns.h
}

enum class Outcome : std::uint8_t {
  kPass,
  kFail,
  kModelError,  // the model's own failing: refusal, truncation, unreadable answer, context overflow
  kInfraError,  // 5xx, timeout, 429 after the last retry: says nothing about the model
};

constexpr const char* OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kFail:
      return "fail";
    case Outcome::kModelError:
      return "model_error";
    case Outcome::kInfraError:
      return "infra_error";
  }
  return "";
}

// Which of the parts of a run, 1 to `of`; a case's part is a hash of its id (log/shard.h).
struct Shard {
  int index = 1;
  int of = 1;
  bool operator==(const Shard&) const = default;
};

struct RunRecord {
  int log_version = 1;
  std::string suite;                        // name
  std::optional<std::string> suite_sha256;  // lower-case hex; absent for imported results that know no suite
  std::string target;
  std::string request_model;                // the model asked for
  std::string gateway;                      // scheme, host and port only: no path, no credentials
  std::string request_json;                 // object: every request setting that reached the wire
  int repeats = 1;                          // >= 1
  std::optional<std::int64_t> cases;        // how many cases one repeat has, where known
  std::optional<Shard> shard;               // absent: the log is of all cases
  std::optional<std::int64_t> suite_cases;  // of a shard: how many cases the suite has
  std::string started_at;                   // RFC 3339, UTC
  std::string minslice;                     // version of the writer
  std::string imported_from;                // empty: we ran it ourselves
  std::string gateway_kind;  // openai, litellm, portkey, bifrost; empty: neither named nor recognised
  std::vector<std::string> gateway_hides;  // what an answer through it does not show, one sentence each
  std::string price_json;  // object: USD a million tokens, where the gateway named no cost; empty = none
};

// What a gateway said of one answer, in its headers and its body.
struct GatewayFacts {
  std::optional<std::string> provider;
  std::optional<std::string> model;       // the deployment or the resolved model, as the gateway names it
  std::optional<std::string> deployment;  // its id
  std::optional<std::string> request_id;  // by which the gateway's own logs know the request
  std::optional<std::string> cache;       // "hit", "miss", "disabled", ... in lower case
  std::optional<std::int64_t> retries;    // of the gateway's own
  std::optional<std::int64_t> fallbacks;

  bool empty() const {
    return !provider && !model && !deployment && !request_id && !cache && !retries && !fallbacks;
  }
  friend bool operator==(const GatewayFacts&, const GatewayFacts&) = default;
};

struct CaseRecord {
  std::string case_id;
  int repeat = 1;  // 1-based
  Outcome outcome = Outcome::kInfraError;
  std::vector<std::pair<std::string, double>> scores;  // by name, ascending; "pass" is 0 or 1
  std::vector<Segment> segments;                       // ascending by dimension
  std::optional<std::string> cluster;
  std::optional<std::string> prompt_sha256;
  std::optional<std::string> response_model;  // the model that answered, as the response says
  std::optional<std::string> system_fingerprint;
  std::optional<std::string> finish_reason;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<double> cost_usd;
  std::optional<double> latency_ms;      // of the request that was answered, from when it was sent
  std::optional<double> due_latency_ms;  // from when the row could have been sent: what it waited for, too
  std::optional<double> ttft_ms;         // of a streamed answer: its first text
  std::optional<double> tokens_per_s;    // of a streamed answer, from its first text on
  int attempts = 1;                      // requests sent for this row
  std::optional<std::string> output;
  std::optional<std::string> error;
  std::shared_ptr<const GatewayFacts> via;  // null: the gateway said nothing of itself
};

struct EndRecord {
  std::int64_t cases = 0;
  int repeats = 1;
  std::optional<double> spent_usd;
  std::string ended_at;
};

// Of a run that stopped once its pairs had decided (gate/sequential.h): the first `looked_at` cases of the
// order that the seed gives have a row on both sides.
struct SequentialStop {
  std::uint64_t seed = 0;
  std::int64_t looked_at = 0;
};

// Why a run ended before every row was there. Rows after it mean that the run was resumed.
struct StopRecord {
  std::string reason;  // interrupted, unreachable, refused, rejected, budget_exhausted, decided
  std::string text;    // one sentence
  std::int64_t answered = 0;
  std::int64_t missing = 0;  // rows without an answer
  std::optional<double> spent_usd;
  std::optional<SequentialStop> sequential;  // where reason is "decided"
  std::string stopped_at;
};

// A whole log, as read. `sha256` is over the file's bytes.
struct RunLog {
  std::string path;
  std::string sha256;
  RunRecord run;
  std::vector<CaseRecord>
      cases;  // in the file's order; rows that a later row superseded are gone (see log/log_reader.h)
  // Instead of `cases` where only pairing follows: the same rows in a tenth of the memory.
  std::shared_ptr<const log::RowColumns> columns;
  std::optional<EndRecord> end;    // absent: the log is unfinished
  std::optional<StopRecord> stop;  // only where it is the last record
  std::int64_t superseded = 0;     // infra_error rows that a resumed run asked again
  bool torn_tail = false;          // the last line has no newline or is cut
};

}  // namespace minslice

#endif  // MINSLICE_RECORD_H_
