// What a run may spend. Before a request is sent the most that it can cost is reserved; when its answer comes
// the reservation gives way to what it did cost. So the cap holds whatever is in flight, and near the cap
// fewer requests are in flight, not one too many.
//
// The most that a request can cost: its body has at least as many bytes as its prompt has tokens, and its
// answer at most max_tokens. A request that was sent and never answered (timeout, cut connection) may have
// been billed: its reservation stays spent.
#ifndef MINSLICE_RUN_BUDGET_H_
#define MINSLICE_RUN_BUDGET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "suite/prices.h"
#include "suite/suite.h"

namespace minslice::run {

struct Spending {
  double usd = 0;
  std::int64_t tokens = 0;
  std::int64_t requests = 0;
};

struct BudgetOptions {
  suite::BudgetSpec limits;
  suite::FoundPrice price;
  std::optional<std::int64_t> max_output_tokens;  // of one answer, as the request says
  Spending before;                                // by the rows of a resumed log
};

class Budget {
 public:
  // Of the answers of a request that sets no max_tokens, until a longer one has been seen.
  static constexpr std::int64_t kAssumedOutputTokens = 4096;

  Budget() = default;
  explicit Budget(const BudgetOptions& options);

  bool any() const { return options_.limits.any(); }

  enum class Room : std::uint8_t {
    kYes,
    kWait,  // not while so much is in flight
    kNo,    // nothing that comes back makes room again
  };
  struct Reservation {
    double usd = 0;
    std::int64_t tokens = 0;
  };
  // Whether a request of `body_bytes` may be sent `elapsed_s` after the start; kYes reserves.
  Room Reserve(std::size_t body_bytes, double elapsed_s, Reservation* reservation);

  struct Usage {
    bool answered = false;   // the gateway gave an answer of any kind
    bool completed = false;  // a completion, which costs
    std::optional<double> cost_usd;
    std::optional<std::int64_t> input_tokens;
    std::optional<std::int64_t> output_tokens;
  };
  void Settle(const Reservation& reservation, const Usage& usage);

  // Seconds that are left; nullopt: unlimited.
  std::optional<double> TimeLeft(double elapsed_s) const;
  // Why there is no room: "the budget of 1.5 USD is spent (...)".
  std::string Why() const;

 private:
  Reservation Most(std::size_t body_bytes) const;

  BudgetOptions options_;
  Spending spent_;
  Spending reserved_;
  double unanswered_usd_ = 0;  // of spent_: requests that may have been billed
  std::int64_t longest_answer_ = 0;
  double dearest_usd_ = 0;            // a completion's cost, where no token counts came with it
  double dearest_usd_per_token_ = 0;  // of a gateway's own costs
  const char* exhausted_ = "";        // which limit refused last
};

}  // namespace minslice::run

#endif  // MINSLICE_RUN_BUDGET_H_
