// Cases through the gateway: every (case, repeat) is asked until it has an answer or its attempts are used
// up, always of the same model, and each gives one row of the log as it comes. Never prints.
#ifndef MINSLICE_RUN_RUNNER_H_
#define MINSLICE_RUN_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/client.h"
#include "io/clock.h"
#include "log/log_writer.h"
#include "minslice/result.h"
#include "run/backoff.h"
#include "run/budget.h"
#include "run/dialect.h"
#include "score/grader.h"
#include "suite/case_source.h"
#include "suite/suite.h"

namespace minslice::run {

struct Counts {
  std::int64_t pass = 0;
  std::int64_t fail = 0;
  std::int64_t model_error = 0;
  std::int64_t infra_error = 0;

  std::int64_t total() const { return pass + fail + model_error + infra_error; }
  std::int64_t answered() const { return pass + fail + model_error; }
  void Add(Outcome outcome, std::int64_t n = 1);
  void Add(const Counts& other);
};

// What was there before, and what is wanted. Rows are addressed by item = (repeat - 1) * cases + index of the
// case, so that all cases have their first repeat before any has its second.
struct Plan {
  std::vector<bool> done;  // by item; empty: nothing is done
  Counts counts;           // rows that stay as they are
  double spent_usd = 0;
  bool any_cost = false;
  Spending spent;                          // for the budget: tokens and requests
  std::int64_t unpriced_input_tokens = 0;  // of rows without a cost
  std::int64_t unpriced_output_tokens = 0;
  std::map<std::string, std::int64_t> response_models;
};

struct Progress {
  std::int64_t total = 0;   // rows of a complete log
  std::int64_t asked = 0;   // rows that this run wrote
  std::int64_t to_ask = 0;  // rows that this run set out to write
  std::int64_t requests = 0;
  std::int64_t retries = 0;
  std::int64_t tokens = 0;  // of prompts and answers, as far as they are named
  std::size_t in_flight = 0;
  std::size_t waiting = 0;  // for their next attempt
  Counts counts;            // with those of the log that is resumed
  double spent_usd = 0;
  bool any_cost = false;
  double elapsed_s = 0;
};

enum class End : std::uint8_t {
  kComplete,
  kInterrupted,  // asked to stop
  kUnreachable,  // nobody answers at the gateway's address
  kRefused,      // key, model, quota or address: no request will be taken
  kRejected,     // every request so far was refused as malformed or not allowed
  kBudget,
  kDecided,  // what is there answers the question
};

struct Summary {
  End end = End::kComplete;
  std::string why;                                      // one sentence where end is not kComplete
  Progress progress;                                    // at the end
  std::map<std::string, std::int64_t> response_models;  // rows by the model that answered
  std::vector<std::string> notes;
  bool cost_assumed =
      false;  // a budget in USD is set, and neither the gateway nor a table says what answers cost
  GatewayKind gateway = GatewayKind::kUnknown;  // named or recognised
  std::int64_t not_fresh = 0;                   // answers of a cache, a fallback or a gateway's own retry
  std::int64_t pauses = 0;                      // of all requests, because the gateway turned them away
  std::size_t narrowest = 0;                    // fewest requests that were allowed in flight
};

struct RunOptions {
  std::string model;
  std::string base_url;              // without a final slash
  std::string gateway_name;          // how messages name it: no credentials
  http::Headers headers;             // expanded; content-type is added
  std::vector<std::string> secrets;  // taken out of what servers say before it is written anywhere
  int repeats = 1;
  int concurrency = 16;
  double timeout_s = 120;
  int max_attempts = 5;
  BudgetOptions budget;
  GatewayKind gateway = GatewayKind::kUnknown;  // kUnknown: recognised by its answers
  std::string run_id;                           // begins the ids of the requests
  std::uint64_t seed = 0;                       // of the jitter
  BackoffOptions backoff;
  const std::atomic<int>* stop =
      nullptr;  // 1: send nothing more and wait for what is in flight; 2: leave at once
  std::function<void(const Progress&)> on_progress;  // at least every 100 ms
};

// Asks `cases`, with the settings of `suite`. Appends the rows; writes the end record if the log is complete
// then. A failure is the machine's (the log cannot be written) or the settings'.
Result<Summary> Run(const suite::Suite& suite, suite::CaseSource& cases, const score::Grader& grader,
                    const Plan& plan, const RunOptions& options, log::LogWriter& log, http::Client& client,
                    io::Clock& clock);

// Looks at every row that is written, and may have seen enough.
class EarlyStop {
 public:
  virtual ~EarlyStop() = default;
  virtual void Add(std::size_t target, const CaseRecord& row) = 0;
  virtual bool decided() const = 0;
  virtual std::string Why() const = 0;  // one sentence
  virtual SequentialStop Facts() const = 0;
};

// One target of several that are asked in turn, so that what drifts in time drifts for all of them; each has
// its own log, its own concurrency and its own limits. Where one ends before its log is complete, all do.
struct TargetRun {
  const Plan* plan = nullptr;
  const RunOptions* options = nullptr;
  log::LogWriter* log = nullptr;
};
// `order`: indices of the cases as they are asked within each repeat; empty: as the suite has them.
struct Course {
  std::vector<std::size_t> order;
  EarlyStop* early_stop = nullptr;
};
Result<std::vector<Summary>> RunTargets(const suite::Suite& suite, suite::CaseSource& cases,
                                        const score::Grader& grader, std::span<const TargetRun> targets,
                                        http::Client& client, io::Clock& clock, const Course& course = {});

}  // namespace minslice::run

#endif  // MINSLICE_RUN_RUNNER_H_
