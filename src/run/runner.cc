#include "run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "run/answer.h"
#include "run/limiter.h"
#include "run/plain_text.h"
#include "run/redactor.h"
#include "run/request_body.h"
#include "run/retry_queue.h"
#include "run/stream_answer.h"

namespace minslice::run {
namespace {

// So many rows in a row without any answer of the gateway, and it counts as gone; so many refusals without a
// single success, and the suite's requests count as refused.
constexpr std::int64_t kGiveUpAfter = 8;
constexpr double kPollSeconds = 0.1;
// A request's tag: whose it is, and which of its rows.
constexpr int kSlotBits = 32;
constexpr std::uint64_t kSlotMask = (std::uint64_t{1} << kSlotBits) - 1;

class Runner {
 public:
  Runner(const suite::Suite& suite, const score::Grader& grader, const Plan& plan, const RunOptions& options,
         log::LogWriter& log, http::Client& client, io::Clock& clock, std::size_t lane)
      : suite_(suite),
        grader_(grader),
        options_(options),
        log_(log),
        client_(client),
        clock_(clock),
        tag_base_(static_cast<std::uint64_t>(lane) << kSlotBits),
        limiter_(static_cast<std::size_t>(std::max(1, options.concurrency))),
        done_(plan.done) {
    progress_.total = static_cast<std::int64_t>(suite.cases.size()) * options.repeats;
    done_.resize(static_cast<std::size_t>(progress_.total));
    progress_.to_ask = static_cast<std::int64_t>(std::count(done_.begin(), done_.end(), false));
    progress_.counts = plan.counts;
    progress_.spent_usd = plan.spent_usd;
    progress_.any_cost = plan.any_cost;
    spent_before_ = plan.spent;
    spent_before_.usd += plan.spent_usd + options.budget.price.price.Of(plan.unpriced_input_tokens,
                                                                        plan.unpriced_output_tokens);
    summary_.response_models = plan.response_models;
  }

  Result<void> Start() {
    Result<RequestBody> body = RequestBody::Make(options_.model, suite_.request_json);
    if (!body) return tl::unexpected(body.error());
    body_ = std::move(*body);
    http::Headers headers = options_.headers;
    headers.push_back({"content-type", "application/json"});
    headers.push_back({"accept", body_.streams() ? "text/event-stream" : "application/json"});
    base_headers_ = std::move(headers);
    redactor_ = Redactor(options_.secrets);
    BudgetOptions budget = options_.budget;
    budget.before = spent_before_;
    budget_ = Budget(budget);
    summary_.gateway = options_.gateway;
    Speak(options_.gateway);
    url_ = options_.base_url + "/chat/completions";
    start_s_ = clock_.MonotonicSeconds();
    rows_.resize(static_cast<std::size_t>(std::max(1, options_.concurrency)));
    free_since_s_.assign(rows_.size(), start_s_);
    for (std::size_t slot = rows_.size(); slot-- > 0;) free_.push_back(slot);
    return {};
  }

  bool log_failed() const { return log_failure_.has_value(); }
  // Nothing is in flight or waits, and nothing more is to be sent.
  bool idle() const { return open_ == 0; }
  // Nothing is sent for a while, but there is something to send.
  bool paused() { return NextRow() && clock_.MonotonicSeconds() < limiter_.resume_at_s(); }
  bool ending() const { return summary_.end != End::kComplete; }
  bool abandoned() const { return abandon_; }
  const std::string& target() const { return options_.model; }

  void StopSending(End end, std::string why) {
    if (ending()) return;
    summary_.end = end;
    summary_.why = std::move(why);
    if (abandon_) return;  // WriteUnasked has a row for them
    while (const std::optional<std::size_t> slot = waiting_.Drop()) Free(*slot);
  }

  void SendRetries() {
    const double now_s = clock_.MonotonicSeconds();
    if (budget_.TimeLeft(Elapsed()) == 0.0) return StopSending(End::kBudget, budget_.Why());
    if (now_s < limiter_.resume_at_s()) return;
    while (in_flight_ < limiter_.window() && waiting_.AnyDue(now_s)) {
      if (!Send(waiting_)) return;
    }
  }

  // The next row that was never sent; nothing where all were, or none is to be sent now.
  std::optional<std::size_t> NextRow() {
    while (next_item_ < done_.size() && done_[next_item_]) ++next_item_;
    if (ending() || next_item_ == done_.size()) return std::nullopt;
    return next_item_;
  }

  // Sends the next row. False where there is none or no place for it now.
  bool SendNext() {
    // While nothing can be reached the rows that wait do the probing.
    const bool outage = refused_in_a_row_ >= kGiveUpAfter && heard_ && open_ > 0;
    if (!NextRow() || outage || free_.empty() || in_flight_ >= limiter_.window()) return false;
    if (clock_.MonotonicSeconds() < limiter_.resume_at_s()) return false;
    const std::size_t slot = free_.back();
    rows_[slot].item = next_item_;
    rows_[slot].due_s = free_since_s_[slot];
    if (!Send(slot)) return false;
    free_.pop_back();
    ++next_item_;
    rows_[slot].open = true;
    ++open_;
    return true;
  }

  double SecondsToWait(double most_s) const {
    const double due_s = std::max(waiting_.NextDue(), limiter_.resume_at_s());
    return std::clamp(due_s - clock_.MonotonicSeconds(), 0.0, most_s);
  }

  // Before anything new is sent: what a kill can lose was in flight a moment ago.
  void Flush() {
    if (log_failure_) return;
    if (Result<void> flushed = log_.Flush(); !flushed) log_failure_ = flushed.error();
  }

  void OnDone(http::Response&& response) {
    --in_flight_;
    OnResponse(std::move(response));
  }

  void Report() {
    progress_.in_flight = in_flight_;
    progress_.waiting = waiting_.size();
    progress_.elapsed_s = clock_.MonotonicSeconds() - start_s_;
    if (options_.on_progress) options_.on_progress(progress_);
  }

  // After the client was told to cancel what is in flight.
  Result<Summary> TakeSummary() {
    if (!log_failure_ && abandon_) WriteUnasked();
    Report();
    if (!log_failure_) Finish();
    if (log_failure_) return tl::unexpected(*log_failure_);
    return std::move(summary_);
  }

 private:
  // A row that is being asked for; its slot is the request's tag. A row that waits for its next attempt keeps
  // its slot, so that an overloaded gateway sees fewer requests and not the same number of others.
  struct Row {
    std::size_t item = 0;
    int attempts = 0;
    bool open = false;
    bool spoken = false;  // the last request said what this gateway has to be told
    double due_s = 0;     // from then on there was a place for it
    double first_sent_s = 0;
    Budget::Reservation reserved;
    std::string last_error;
  };

  void Free(std::size_t slot) {
    rows_[slot] = Row{};
    free_.push_back(slot);
    free_since_s_[slot] = clock_.MonotonicSeconds();
    --open_;
  }

  // Requests say from now on what a gateway of that kind has to be told.
  void Speak(GatewayKind kind) {
    dialect_ = Dialect(kind, options_.timeout_s, options_.run_id);
    http::Headers headers = base_headers_;
    for (const http::Header& header : dialect_.headers()) {
      const bool own = std::any_of(headers.begin(), headers.end(),
                                   [&](const http::Header& h) { return Lower(h.name) == header.name; });
      if (!own) headers.push_back(header);
    }
    headers_ = std::make_shared<const http::Headers>(std::move(headers));
    if (kind != GatewayKind::kUnknown) log_.DescribeGateway(GatewayKindName(kind), HiddenBy(kind));
  }

  void Recognise(const http::Response& response) {
    if (summary_.gateway != GatewayKind::kUnknown) return;
    const GatewayKind kind = RecogniseGateway(response.headers);
    if (kind == GatewayKind::kUnknown) return;
    summary_.gateway = kind;
    Speak(kind);
  }

  double Elapsed() const { return clock_.MonotonicSeconds() - start_s_; }

  bool Send(RetryQueue& queue) {
    const std::size_t slot = queue.Pop();
    if (Send(slot)) return true;
    if (ending()) {
      Free(slot);
    } else {
      queue.PutBack(rows_[slot].first_sent_s, slot);
    }
    return false;
  }

  // False, and nothing was sent, where the budget has no room now.
  bool Send(std::size_t slot) {
    Row& row = rows_[slot];
    http::Request request;
    request.body = body_.For(suite_.cases[row.item % suite_.cases.size()]);
    dialect_.Complete(request.body);
    const double elapsed_s = Elapsed();
    const Budget::Room room = budget_.Reserve(request.body.size(), elapsed_s, &row.reserved);
    if (room != Budget::Room::kYes) {
      if (room == Budget::Room::kNo) StopSending(End::kBudget, budget_.Why());
      return false;
    }
    request.url = url_;
    request.headers = headers_;
    request.own_headers = dialect_.RequestId(row.item, row.attempts + 1);
    request.timeout_s =
        std::min(options_.timeout_s, budget_.TimeLeft(elapsed_s).value_or(options_.timeout_s));
    request.arrivals = body_.streams();
    request.tag = tag_base_ | slot;
    if (row.attempts == 0) row.first_sent_s = clock_.MonotonicSeconds();
    row.spoken = dialect_.kind() != GatewayKind::kUnknown;
    ++row.attempts;
    ++progress_.requests;
    if (row.attempts > 1) ++progress_.retries;
    ++in_flight_;
    client_.Submit(std::move(request));
    return true;
  }

  void OnResponse(http::Response&& response) {
    if (log_failure_ || abandon_) return;
    const std::size_t slot = response.tag & kSlotMask;
    const std::optional<StreamTimes> stream = GatherStream(response);
    redactor_.Clean(response);
    Answer answer = reader_.Read(response, clock_.UnixSeconds());
    Recognise(response);
    if (answer.pushed_back) {
      limiter_.PushedBack(clock_.MonotonicSeconds(), answer.retry_after_s,
                          Jitter(options_.seed, rows_[slot].item, -rows_[slot].attempts));
    } else if (response.error == http::TransportError::kNone) {
      limiter_.Answered();
    }
    Settle(slot, answer, response);
    if (response.error == http::TransportError::kNone || response.status != 0) {  // cut short is heard too
      heard_ = true;
      last_heard_s_ = clock_.MonotonicSeconds();
      unreached_ = 0;
      refused_in_a_row_ = 0;
    }
    // One prompt that a guard refuses must not end a run whose key works.
    if (answer.kind == AnswerKind::kEndRun && response.status == 403 && succeeded_ > 0) {
      answer.kind = AnswerKind::kRejected;
    }
    // A handshake that failed once is no wrong address where others have worked.
    if (answer.end_reason == EndReason::kTls && heard_) {
      answer.kind = AnswerKind::kRetry;
      answer.end_reason = EndReason::kNone;
    }
    switch (answer.kind) {
      case AnswerKind::kText:
      case AnswerKind::kModelError:
        ++succeeded_;
        Answered(slot, std::move(answer), response.latency_ms, stream);
        break;
      case AnswerKind::kNotFresh:
        ++summary_.not_fresh;
        // Asked before the gateway was known, and so without a word on its cache: once more, with it.
        if (!rows_[slot].spoken && summary_.gateway != GatewayKind::kUnknown) {
          Retry(slot, answer, response.error);
        } else {
          Failed(slot, answer.error, answer.via);
        }
        break;
      case AnswerKind::kRetry:
        Retry(slot, answer, response.error);
        break;
      case AnswerKind::kRejected:
        Failed(slot, answer.error, answer.via);
        ++rejected_;
        if (succeeded_ == 0 && rejected_ >= std::min(kGiveUpAfter, progress_.to_ask)) {
          StopSending(End::kRejected, fmt::format("gateway {} refuses every request for model \"{}\": {}",
                                                  options_.gateway_name, options_.model, answer.error));
        }
        break;
      case AnswerKind::kEndRun:
        StopSending(End::kRefused, Refusal(answer));
        Free(slot);
        break;
    }
  }

  // What the request did cost takes the place of what was reserved for it.
  void Settle(std::size_t slot, Answer& answer, const http::Response& response) {
    Budget::Usage usage;
    usage.answered =
        response.error == http::TransportError::kNone || response.error == http::TransportError::kConnect ||
        response.error == http::TransportError::kResolve || response.error == http::TransportError::kTls;
    usage.completed = usage.answered && response.status >= 200 && response.status < 300;
    usage.cost_usd = answer.cost_usd;
    usage.input_tokens = answer.input_tokens;
    usage.output_tokens = answer.output_tokens;
    budget_.Settle(rows_[slot].reserved, usage);
    const suite::FoundPrice& price = options_.budget.price;
    if (!answer.cost_usd && usage.completed && answer.input_tokens && answer.output_tokens && price.known()) {
      answer.cost_usd = price.price.Of(*answer.input_tokens, *answer.output_tokens);
    }
    if (answer.cost_usd) {
      progress_.spent_usd += *answer.cost_usd;
      progress_.any_cost = true;
    } else if (usage.completed && options_.budget.limits.usd) {
      summary_.cost_assumed = true;
    }
  }

  void Retry(std::size_t slot, const Answer& answer, http::TransportError error) {
    Row& row = rows_[slot];
    row.last_error = answer.error;
    if (ending()) return Free(slot);
    const double now_s = clock_.MonotonicSeconds();
    const bool unconnected =
        error == http::TransportError::kConnect || error == http::TransportError::kResolve;
    if (unconnected) ++refused_in_a_row_;
    const bool outage = unconnected && heard_ && now_s - last_heard_s_ < options_.backoff.outage_patience_s;
    const bool patient =
        answer.pushed_back && now_s - row.first_sent_s < options_.backoff.push_back_patience_s;
    if (row.attempts < options_.max_attempts || outage || patient) {
      double wait_s = WaitSeconds(options_.backoff, row.attempts, heard_, answer.retry_after_s,
                                  Jitter(options_.seed, row.item, row.attempts));
      if (outage) wait_s = std::min(wait_s, options_.backoff.outage_cap_s);
      waiting_.Push(now_s + wait_s, row.first_sent_s, slot);
      return;
    }
    Failed(slot, answer.error, answer.via);
    if (error != http::TransportError::kNone && !ending()) CountUnreached(answer.error, unconnected);
  }

  std::string Refusal(const Answer& answer) const {
    const auto text = [&](const char* what) {
      return fmt::format("gateway {} {} \"{}\": {}", options_.gateway_name, what, options_.model,
                         answer.error);
    };
    switch (answer.end_reason) {
      case EndReason::kKey:
        return text("does not accept the key for model");
      case EndReason::kModel:
        return text("has no model");
      case EndReason::kTls:
        return fmt::format("gateway {} cannot be reached by TLS: {}", options_.gateway_name, answer.error);
      case EndReason::kQuota:
        return text("refuses for lack of quota or budget, model");
      default:
        break;
    }
    std::string message = text("knows no such address; asked for model");
    if (!options_.base_url.ends_with("/v1")) message += " (base_url usually ends in /v1)";
    return message;
  }

  void CountUnreached(const std::string& error, bool unconnected) {
    ++unreached_;
    // A gateway that takes connections and stays silent costs a whole timeout an attempt: fewer rows are
    // enough then. One that had its time to come back has been waited for by every row.
    std::int64_t enough = std::min(kGiveUpAfter, progress_.to_ask);
    if (!heard_ && clock_.MonotonicSeconds() - start_s_ > 30) {
      enough = std::min(enough, std::int64_t{options_.concurrency});
    }
    if (heard_ && unconnected) enough = 1;
    if (unreached_ < enough) return;
    abandon_ = true;
    unreachable_error_ = error;
    StopSending(End::kUnreachable,
                fmt::format("gateway {} {}: {}", options_.gateway_name,
                            heard_ ? "can no longer be reached" : "cannot be reached", error));
  }

  // A row for everything that was not answered, so that the log names what is missing and why.
  void WriteUnasked() {
    const std::string unsent = "not sent: gateway cannot be reached: " + unreachable_error_;
    for (const Row& row : rows_) {
      if (!row.open || log_failure_) continue;
      CaseRecord record = Record(row);
      record.outcome = Outcome::kInfraError;
      record.error = row.last_error.empty() ? unreachable_error_ : row.last_error;
      Write(row.item, record);
    }
    for (; next_item_ < done_.size() && !log_failure_; ++next_item_) {
      if (done_[next_item_]) continue;
      Row row;
      row.item = next_item_;
      CaseRecord record = Record(row);
      record.outcome = Outcome::kInfraError;
      record.error = unsent;
      Write(next_item_, record);
    }
  }

  CaseRecord Record(const Row& row) const {
    const Case& c = suite_.cases[row.item % suite_.cases.size()];
    CaseRecord record;
    record.case_id = c.id;
    record.repeat = static_cast<int>(row.item / suite_.cases.size()) + 1;
    record.segments = c.segments;
    record.cluster = c.cluster;
    record.prompt_sha256 = c.prompt_sha256;
    record.attempts = row.attempts;
    return record;
  }

  void Answered(std::size_t slot, Answer&& answer, double latency_ms,
                const std::optional<StreamTimes>& stream) {
    const Row& row = rows_[slot];
    CaseRecord record = Record(row);
    if (answer.kind == AnswerKind::kText) {
      const score::Grade grade =
          grader_.GradeOutput(suite_.cases[row.item % suite_.cases.size()], answer.output);
      record.outcome = grade.model_error ? Outcome::kModelError
                       : grade.pass      ? Outcome::kPass
                                         : Outcome::kFail;
      if (grade.model_error)
        record.error = OneLine(grade.note.empty() ? "the answer cannot be read" : grade.note);
    } else {
      record.outcome = Outcome::kModelError;
      record.error = std::move(answer.error);
    }
    record.scores.emplace_back("pass", record.outcome == Outcome::kPass ? 1 : 0);
    record.finish_reason = std::move(answer.finish_reason);
    record.system_fingerprint = std::move(answer.system_fingerprint);
    record.input_tokens = answer.input_tokens;
    record.output_tokens = answer.output_tokens;
    record.cost_usd = answer.cost_usd;
    record.latency_ms = latency_ms;
    // A stall is seen by every row that it kept waiting, not only by those in flight.
    record.due_latency_ms = std::max(latency_ms, (clock_.MonotonicSeconds() - row.due_s) * 1000);
    if (stream) {
      record.ttft_ms = stream->ttft_ms;
      record.tokens_per_s = stream->TokensPerSecond(answer.output_tokens);
    }
    record.via = std::move(answer.via);
    if (answer.has_output) record.output = std::move(answer.output);
    if (answer.response_model) ++summary_.response_models[*answer.response_model];
    record.response_model = std::move(answer.response_model);
    Write(row.item, record);
    Free(slot);
  }

  void Failed(std::size_t slot, const std::string& error, const std::shared_ptr<const GatewayFacts>& via) {
    CaseRecord record = Record(rows_[slot]);
    record.via = via;
    record.outcome = Outcome::kInfraError;
    record.error = error;
    Write(rows_[slot].item, record);
    Free(slot);
  }

  void Write(std::size_t item, const CaseRecord& record) {
    if (Result<void> written = log_.Append(record); !written) {
      log_failure_ = written.error();
      return;
    }
    done_[item] = true;
    ++progress_.asked;
    progress_.counts.Add(record.outcome);
  }

  static const char* StopReason(End end) {
    switch (end) {
      case End::kInterrupted:
        return "interrupted";
      case End::kUnreachable:
        return "unreachable";
      case End::kRefused:
        return "refused";
      case End::kRejected:
        return "rejected";
      case End::kBudget:
        return "budget_exhausted";
      case End::kComplete:
        break;
    }
    return "unfinished";
  }

  void Finish() {
    summary_.progress = progress_;
    Result<void> written;
    // An interrupt that came when everything had been answered interrupts nothing.
    const bool complete =
        progress_.counts.total() == progress_.total &&
        (summary_.end == End::kComplete || summary_.end == End::kInterrupted || summary_.end == End::kBudget);
    if (complete) {
      summary_.end = End::kComplete;
      summary_.why.clear();
      EndRecord end;
      end.cases = static_cast<std::int64_t>(suite_.cases.size());
      end.repeats = options_.repeats;
      if (progress_.any_cost) end.spent_usd = progress_.spent_usd;
      end.ended_at = clock_.NowRfc3339();
      written = log_.End(end);
    } else {
      StopRecord stop;
      stop.reason = StopReason(summary_.end);
      stop.text = summary_.why;
      stop.answered = progress_.counts.answered();
      stop.missing = progress_.total - stop.answered;
      if (progress_.any_cost) stop.spent_usd = progress_.spent_usd;
      stop.stopped_at = clock_.NowRfc3339();
      written = log_.Stop(stop);
    }
    summary_.pauses = limiter_.pauses();
    summary_.narrowest = limiter_.narrowest();
    if (!written) log_failure_ = written.error();
  }

  const suite::Suite& suite_;
  const score::Grader& grader_;
  const RunOptions& options_;
  log::LogWriter& log_;
  http::Client& client_;
  io::Clock& clock_;
  std::uint64_t tag_base_;

  RequestBody body_;
  AnswerReader reader_;
  Redactor redactor_;
  http::Headers base_headers_;  // without those of the gateway's kind
  std::shared_ptr<const http::Headers> headers_;
  Dialect dialect_;
  Limiter limiter_;
  Budget budget_;
  Spending spent_before_;
  std::string url_;
  std::vector<bool> done_;
  std::size_t next_item_ = 0;
  std::vector<Row> rows_;
  std::vector<std::size_t> free_;
  std::vector<double> free_since_s_;  // by slot
  std::size_t in_flight_ = 0;
  std::size_t open_ = 0;
  RetryQueue waiting_;

  double start_s_ = 0;
  bool heard_ = false;          // the gateway has given an answer of any kind
  std::int64_t unreached_ = 0;  // rows given up for want of a connection since the last answer
  double last_heard_s_ = 0;
  std::int64_t refused_in_a_row_ = 0;  // connections, since the last answer
  std::int64_t rejected_ = 0;
  std::int64_t succeeded_ = 0;
  bool abandon_ = false;
  std::string unreachable_error_;
  std::optional<Failure> log_failure_;
  Progress progress_;
  Summary summary_;
};

}  // namespace

void Counts::Add(const Counts& other) {
  pass += other.pass;
  fail += other.fail;
  model_error += other.model_error;
  infra_error += other.infra_error;
}

void Counts::Add(Outcome outcome, std::int64_t n) {
  switch (outcome) {
    case Outcome::kPass:
      pass += n;
      break;
    case Outcome::kFail:
      fail += n;
      break;
    case Outcome::kModelError:
      model_error += n;
      break;
    case Outcome::kInfraError:
      infra_error += n;
      break;
  }
}

namespace {

// Rows of all targets in turn: of those that have a place, the one that is furthest behind goes first, and
// where two are level, now the one and now the other. A target that cannot send holds the others up, so that
// what changes in time (load, another model behind a name) changes for all of them.
void SendInTurn(std::vector<std::unique_ptr<Runner>>& runners) {
  for (;;) {
    Runner* chosen = nullptr;
    std::size_t least = 0;
    const std::size_t n = runners.size();
    for (std::size_t k = 0; k < n; ++k) {
      Runner* runner = runners[k].get();
      const std::optional<std::size_t> next = runner->NextRow();
      if (!next) continue;
      const bool before = chosen == nullptr || *next < least || (*next == least && *next % 2 == 1);
      if (!before) continue;
      chosen = runner;
      least = *next;
    }
    if (chosen == nullptr || !chosen->SendNext()) return;
  }
}

}  // namespace

Result<std::vector<Summary>> RunTargets(const suite::Suite& suite, const score::Grader& grader,
                                        std::span<const TargetRun> targets, http::Client& client,
                                        io::Clock& clock) {
  std::vector<std::unique_ptr<Runner>> runners;
  for (const TargetRun& target : targets) {
    runners.push_back(std::make_unique<Runner>(suite, grader, *target.plan, *target.options, *target.log,
                                               client, clock, runners.size()));
    if (Result<void> started = runners.back()->Start(); !started) return tl::unexpected(started.error());
  }
  const std::atomic<int>* stop = targets.front().options->stop;
  const http::CompletionHandler on_done = [&](http::Response&& response) {
    runners[response.tag >> kSlotBits]->OnDone(std::move(response));
  };
  const auto all = [&](auto holds) { return std::all_of(runners.begin(), runners.end(), holds); };
  for (;;) {
    const int stopped = stop == nullptr ? 0 : stop->load();
    if (stopped >= 1) {
      for (auto& runner : runners) runner->StopSending(End::kInterrupted, "interrupted");
    }
    if (stopped >= 2 ||
        std::any_of(runners.begin(), runners.end(), [](const auto& r) { return r->log_failed(); }))
      break;
    // Rows of one side alone compare nothing.
    for (const auto& ended : runners) {
      if (!ended->ending()) continue;
      for (auto& runner : runners)
        runner->StopSending(End::kInterrupted, "stopped with the target \"" + ended->target() + "\"");
      break;
    }
    if (all([](const auto& r) { return r->abandoned() || r->idle(); }) &&
        std::any_of(runners.begin(), runners.end(), [](const auto& r) { return r->abandoned(); }))
      break;
    for (auto& runner : runners) {
      if (!runner->abandoned()) runner->SendRetries();
    }
    SendInTurn(runners);
    if (all([](const auto& r) { return r->idle() && !r->paused(); })) break;
    double wait_s = kPollSeconds;
    for (const auto& runner : runners) {
      if (!runner->idle() || runner->paused()) wait_s = std::min(wait_s, runner->SecondsToWait(kPollSeconds));
    }
    client.Poll(wait_s, on_done);
    for (auto& runner : runners) {
      runner->Flush();
      runner->Report();
    }
  }
  client.CancelAll();
  std::vector<Summary> summaries;
  std::optional<Failure> failure;
  for (auto& runner : runners) {
    Result<Summary> summary = runner->TakeSummary();
    if (summary) {
      summaries.push_back(std::move(*summary));
    } else if (!failure) {
      failure = summary.error();
    }
  }
  if (failure) return tl::unexpected(*failure);
  return summaries;
}

Result<Summary> Run(const suite::Suite& suite, const score::Grader& grader, const Plan& plan,
                    const RunOptions& options, log::LogWriter& log, http::Client& client, io::Clock& clock) {
  const TargetRun target{&plan, &options, &log};
  Result<std::vector<Summary>> summaries = RunTargets(suite, grader, {&target, 1}, client, clock);
  if (!summaries) return tl::unexpected(summaries.error());
  return std::move(summaries->front());
}

}  // namespace minslice::run
