// One target of a run: what of it is asked next, what its answers mean, and what goes to its log.
#ifndef MINSLICE_RUN_LANE_H_
#define MINSLICE_RUN_LANE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "run/answer.h"
#include "run/limiter.h"
#include "run/redactor.h"
#include "run/request_body.h"
#include "run/retry_queue.h"
#include "run/runner.h"
#include "run/stream_answer.h"

namespace minslice::run {

// A request's tag: whose it is, and which of its rows.
constexpr int kSlotBits = 32;
constexpr std::uint64_t kSlotMask = (std::uint64_t{1} << kSlotBits) - 1;

class Lane {
 public:
  Lane(const suite::Suite& suite, suite::CaseSource& cases, const score::Grader& grader, const Plan& plan,
       const RunOptions& options, log::LogWriter& log, http::Client& client, io::Clock& clock,
       const Course& course, std::size_t lane);

  Result<void> Start();

  bool log_failed() const { return log_failure_.has_value(); }
  // Nothing is in flight or waits, and nothing more is to be sent.
  bool idle() const { return open_ == 0; }
  // Nothing is sent for a while, but there is something to send.
  bool paused() { return NextRow() && clock_.MonotonicSeconds() < limiter_.resume_at_s(); }
  bool ending() const { return summary_.end != End::kComplete; }
  bool abandoned() const { return abandon_; }
  const std::string& target() const { return options_.model; }

  void StopSending(End end, std::string why);

  void SendRetries();

  // The next row that was never sent; nothing where all were, or none is to be sent now.
  std::optional<std::size_t> NextRow();

  // Sends the next row. False where there is none or no place for it now.
  bool SendNext();

  double SecondsToWait(double most_s) const;

  // Before anything new is sent: what a kill can lose was in flight a moment ago.
  void Flush();

  void OnDone(http::Response&& response);

  void Report();

  // After the client was told to cancel what is in flight.
  Result<Summary> TakeSummary();

 private:
  // A row that is being asked for; its slot is the request's tag. A row that waits for its next attempt keeps
  // its slot, so that an overloaded gateway sees fewer requests and not the same number of others.
  struct Row {
    std::size_t item = 0;
    Case c;
    bool whole = false;  // the case has its prompt
    int attempts = 0;
    bool open = false;
    bool spoken = false;  // the last request said what this gateway has to be told
    double due_s = 0;     // from then on there was a place for it
    double first_sent_s = 0;
    Budget::Reservation reserved;
    std::string last_error;
  };

  void Free(std::size_t slot);

  // Requests say from now on what a gateway of that kind has to be told.
  void Speak(GatewayKind kind);

  void Recognise(const http::Response& response);

  // The row that is asked as the n-th.
  std::size_t ItemAt(std::size_t n) const;

  double Elapsed() const { return clock_.MonotonicSeconds() - start_s_; }

  bool Send(RetryQueue& queue);

  // False, and nothing was sent, where the budget has no room now.
  bool Send(std::size_t slot);

  // Where the case cannot be read any more, the run ends.
  bool Load(Row& row);

  void OnResponse(http::Response&& response);

  // What the request did cost takes the place of what was reserved for it.
  void Settle(std::size_t slot, Answer& answer, const http::Response& response);

  void Retry(std::size_t slot, const Answer& answer, http::TransportError error);

  void CountUnreached(const std::string& error, bool unconnected);

  // A row for everything that was not answered, so that the log names what is missing and why.
  void WriteUnasked();

  CaseRecord Record(const Row& row) const;

  void Answered(std::size_t slot, Answer&& answer, double latency_ms,
                const std::optional<StreamTimes>& stream);

  void Failed(std::size_t slot, const std::string& error, const std::shared_ptr<const GatewayFacts>& via);

  void Write(std::size_t item, const CaseRecord& record);

  void Finish();

  const suite::Suite& suite_;
  suite::CaseSource& cases_;
  const score::Grader& grader_;
  const RunOptions& options_;
  const Course& course_;
  std::size_t lane_;
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
  std::size_t next_ = 0;  // in the order in which rows are asked
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

}  // namespace minslice::run

#endif  // MINSLICE_RUN_LANE_H_
