#include "run/lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "run/endings.h"
#include "run/plain_text.h"

namespace minslice::run {
namespace {

// So many rows in a row without any answer of the gateway, and it counts as gone; so many refusals without a
// single success, and the suite's requests count as refused.
constexpr std::int64_t kGiveUpAfter = 8;

}  // namespace

Lane::Lane(const suite::Suite& suite, suite::CaseSource& cases, const score::Grader& grader, const Plan& plan,
           const RunOptions& options, log::LogWriter& log, http::Client& client, io::Clock& clock,
           const Course& course, std::size_t lane)
    : suite_(suite),
      cases_(cases),
      grader_(grader),
      options_(options),
      course_(course),
      lane_(lane),
      log_(log),
      client_(client),
      clock_(clock),
      tag_base_(static_cast<std::uint64_t>(lane) << kSlotBits),
      limiter_(static_cast<std::size_t>(std::max(1, options.concurrency))),
      done_(plan.done) {
  progress_.total = static_cast<std::int64_t>(cases.size()) * options.repeats;
  done_.resize(static_cast<std::size_t>(progress_.total));
  progress_.to_ask = static_cast<std::int64_t>(std::count(done_.begin(), done_.end(), false));
  progress_.counts = plan.counts;
  progress_.tokens = plan.spent.tokens;
  progress_.spent_usd = plan.spent_usd;
  progress_.any_cost = plan.any_cost;
  spent_before_ = plan.spent;
  spent_before_.usd +=
      plan.spent_usd + options.budget.price.price.Of(plan.unpriced_input_tokens, plan.unpriced_output_tokens);
  summary_.response_models = plan.response_models;
}

Result<void> Lane::Start() {
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

void Lane::StopSending(End end, std::string why) {
  if (ending()) return;
  summary_.end = end;
  summary_.why = std::move(why);
  if (abandon_) return;  // WriteUnasked has a row for them
  while (const std::optional<std::size_t> slot = waiting_.Drop()) Free(*slot);
}

void Lane::SendRetries() {
  const double now_s = clock_.MonotonicSeconds();
  if (budget_.TimeLeft(Elapsed()) == 0.0) return StopSending(End::kBudget, budget_.Why());
  if (now_s < limiter_.resume_at_s()) return;
  while (in_flight_ < limiter_.window() && waiting_.AnyDue(now_s)) {
    if (!Send(waiting_)) return;
  }
}

std::optional<std::size_t> Lane::NextRow() {
  while (next_ < done_.size() && done_[ItemAt(next_)]) ++next_;
  if (ending() || next_ == done_.size()) return std::nullopt;
  return next_;
}

bool Lane::SendNext() {
  // While nothing can be reached the rows that wait do the probing.
  const bool outage = refused_in_a_row_ >= kGiveUpAfter && heard_ && open_ > 0;
  if (!NextRow() || outage || free_.empty() || in_flight_ >= limiter_.window()) return false;
  if (clock_.MonotonicSeconds() < limiter_.resume_at_s()) return false;
  const std::size_t slot = free_.back();
  rows_[slot].item = ItemAt(next_);
  rows_[slot].due_s = free_since_s_[slot];
  if (!Send(slot)) return false;
  free_.pop_back();
  ++next_;
  rows_[slot].open = true;
  ++open_;
  return true;
}

double Lane::SecondsToWait(double most_s) const {
  const double due_s = std::max(waiting_.NextDue(), limiter_.resume_at_s());
  return std::clamp(due_s - clock_.MonotonicSeconds(), 0.0, most_s);
}

void Lane::Flush() {
  if (log_failure_) return;
  if (Result<void> flushed = log_.Flush(); !flushed) log_failure_ = flushed.error();
}

void Lane::OnDone(http::Response&& response) {
  --in_flight_;
  OnResponse(std::move(response));
}

void Lane::Report() {
  progress_.in_flight = in_flight_;
  progress_.waiting = waiting_.size();
  progress_.elapsed_s = clock_.MonotonicSeconds() - start_s_;
  if (options_.on_progress) options_.on_progress(progress_);
}

Result<Summary> Lane::TakeSummary() {
  if (!log_failure_ && abandon_) WriteUnasked();
  Report();
  if (!log_failure_) Finish();
  if (log_failure_) return tl::unexpected(*log_failure_);
  return std::move(summary_);
}

void Lane::Free(std::size_t slot) {
  rows_[slot] = Row{};
  free_.push_back(slot);
  free_since_s_[slot] = clock_.MonotonicSeconds();
  --open_;
}

void Lane::Speak(GatewayKind kind) {
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

void Lane::Recognise(const http::Response& response) {
  if (summary_.gateway != GatewayKind::kUnknown) return;
  const GatewayKind kind = RecogniseGateway(response.headers);
  if (kind == GatewayKind::kUnknown) return;
  summary_.gateway = kind;
  Speak(kind);
}

std::size_t Lane::ItemAt(std::size_t n) const {
  if (course_.order.empty() || n >= done_.size()) return n;
  return n - n % cases_.size() + course_.order[n % cases_.size()];
}

bool Lane::Send(RetryQueue& queue) {
  const std::size_t slot = queue.Pop();
  if (Send(slot)) return true;
  if (ending()) {
    Free(slot);
  } else {
    queue.PutBack(rows_[slot].first_sent_s, slot);
  }
  return false;
}

bool Lane::Send(std::size_t slot) {
  Row& row = rows_[slot];
  http::Request request;
  if (!Load(row)) return false;
  request.body = body_.For(row.c);
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
  request.timeout_s = std::min(options_.timeout_s, budget_.TimeLeft(elapsed_s).value_or(options_.timeout_s));
  request.arrivals = body_.streams();
  request.tag = tag_base_ | slot;
  if (row.attempts == 0) row.first_sent_s = clock_.MonotonicSeconds();
  row.spoken = dialect_.kind() != GatewayKind::kUnknown;
  ++row.attempts;
  ++progress_.requests;
  if (row.attempts > 1) ++progress_.retries;
  ++in_flight_;
  client_.Submit(std::move(request));
  // What the grader does not need is read again where the request is sent again.
  row.whole = false;
  row.c.messages_json = {};
  row.c.tools_json = {};
  row.c.metadata_json = {};
  return true;
}

bool Lane::Load(Row& row) {
  if (row.whole) return true;
  Result<Case> c = cases_.At(row.item % cases_.size());
  if (!c) {
    log_failure_ = c.error();
    return false;
  }
  row.c = std::move(*c);
  row.whole = true;
  return true;
}

void Lane::OnResponse(http::Response&& response) {
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
      StopSending(End::kRefused, Refusal(options_, answer));
      Free(slot);
      break;
  }
}

void Lane::Settle(std::size_t slot, Answer& answer, const http::Response& response) {
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

void Lane::Retry(std::size_t slot, const Answer& answer, http::TransportError error) {
  Row& row = rows_[slot];
  row.last_error = answer.error;
  if (ending()) return Free(slot);
  const double now_s = clock_.MonotonicSeconds();
  const bool unconnected = error == http::TransportError::kConnect || error == http::TransportError::kResolve;
  if (unconnected) ++refused_in_a_row_;
  const bool outage = unconnected && heard_ && now_s - last_heard_s_ < options_.backoff.outage_patience_s;
  const bool patient = answer.pushed_back && now_s - row.first_sent_s < options_.backoff.push_back_patience_s;
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

void Lane::CountUnreached(const std::string& error, bool unconnected) {
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

void Lane::WriteUnasked() {
  const std::string unsent = "not sent: gateway cannot be reached: " + unreachable_error_;
  for (const Row& row : rows_) {
    if (!row.open || log_failure_) continue;
    CaseRecord record = Record(row);
    record.outcome = Outcome::kInfraError;
    record.error = row.last_error.empty() ? unreachable_error_ : row.last_error;
    Write(row.item, record);
  }
  for (; next_ < done_.size() && !log_failure_; ++next_) {
    if (done_[ItemAt(next_)]) continue;
    Row row;
    row.item = ItemAt(next_);
    if (!Load(row)) return;
    CaseRecord record = Record(row);
    record.outcome = Outcome::kInfraError;
    record.error = unsent;
    Write(row.item, record);
  }
}

CaseRecord Lane::Record(const Row& row) const {
  CaseRecord record;
  record.case_id = row.c.id;
  record.repeat = static_cast<int>(row.item / cases_.size()) + 1;
  record.segments = row.c.segments;
  record.cluster = row.c.cluster;
  record.prompt_sha256 = row.c.prompt_sha256;
  record.attempts = row.attempts;
  return record;
}

void Lane::Answered(std::size_t slot, Answer&& answer, double latency_ms,
                    const std::optional<StreamTimes>& stream) {
  const Row& row = rows_[slot];
  CaseRecord record = Record(row);
  if (answer.kind == AnswerKind::kText) {
    const score::Grade grade = grader_.GradeOutput(row.c, answer.output);
    record.outcome = grade.model_error ? Outcome::kModelError : grade.pass ? Outcome::kPass : Outcome::kFail;
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

void Lane::Failed(std::size_t slot, const std::string& error,
                  const std::shared_ptr<const GatewayFacts>& via) {
  CaseRecord record = Record(rows_[slot]);
  record.via = via;
  record.outcome = Outcome::kInfraError;
  record.error = error;
  Write(rows_[slot].item, record);
  Free(slot);
}

void Lane::Write(std::size_t item, const CaseRecord& record) {
  if (Result<void> written = log_.Append(record); !written) {
    log_failure_ = written.error();
    return;
  }
  done_[item] = true;
  ++progress_.asked;
  progress_.counts.Add(record.outcome);
  progress_.tokens += record.input_tokens.value_or(0) + record.output_tokens.value_or(0);
  if (course_.early_stop != nullptr) course_.early_stop->Add(lane_, record);
}

void Lane::Finish() {
  summary_.progress = progress_;
  Result<void> written;
  // An interrupt that came when everything had been answered interrupts nothing.
  const bool complete = progress_.counts.total() == progress_.total &&
                        (summary_.end == End::kComplete || summary_.end == End::kInterrupted ||
                         summary_.end == End::kBudget || summary_.end == End::kDecided);
  if (complete) {
    summary_.end = End::kComplete;
    summary_.why.clear();
    EndRecord end;
    end.cases = static_cast<std::int64_t>(cases_.size());
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
    if (summary_.end == End::kDecided) stop.sequential = course_.early_stop->Facts();
    stop.stopped_at = clock_.NowRfc3339();
    written = log_.Stop(stop);
  }
  summary_.pauses = limiter_.pauses();
  summary_.narrowest = limiter_.narrowest();
  if (!written) log_failure_ = written.error();
}

}  // namespace minslice::run
