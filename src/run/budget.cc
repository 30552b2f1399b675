#include "run/budget.h"

#include <fmt/format.h>

#include <algorithm>

namespace minslice::run {

Budget::Budget(const BudgetOptions& options) : options_(options), spent_(options.before) {}

Budget::Reservation Budget::Most(std::size_t body_bytes) const {
  const auto input = static_cast<std::int64_t>(body_bytes);
  const std::int64_t output =
      options_.max_output_tokens.value_or(std::max(kAssumedOutputTokens, 2 * longest_answer_));
  Reservation most;
  most.tokens = input + output;
  // A gateway that names costs, of a model that no table knows: the dearest token so far, for all of them.
  if (!options_.price.known() && dearest_usd_per_token_ > 0) {
    most.usd = dearest_usd_per_token_ * static_cast<double>(most.tokens);
  } else if (!options_.price.known() && dearest_usd_ > 0) {
    most.usd = dearest_usd_;
  } else {
    most.usd = options_.price.price.Of(input, output);
  }
  return most;
}

Budget::Room Budget::Reserve(std::size_t body_bytes, double elapsed_s, Reservation* reservation) {
  const suite::BudgetSpec& limits = options_.limits;
  *reservation = {};
  if (!limits.any()) return Room::kYes;
  const Reservation most = Most(body_bytes);
  const auto refuse = [&](const char* what, bool waiting_helps) {
    exhausted_ = what;
    return waiting_helps ? Room::kWait : Room::kNo;
  };
  if (limits.wall_s && elapsed_s >= *limits.wall_s) return refuse("wall_s", false);
  if (limits.requests && spent_.requests >= *limits.requests) return refuse("requests", false);
  if (limits.tokens && spent_.tokens + reserved_.tokens + most.tokens > *limits.tokens) {
    return refuse("tokens", reserved_.tokens > 0);
  }
  // The sum is of rounded amounts.
  if (limits.usd && spent_.usd + reserved_.usd + most.usd > *limits.usd * (1 + 1e-12)) {
    return refuse("usd", reserved_.requests > 0);
  }
  *reservation = most;
  reserved_.usd += most.usd;
  reserved_.tokens += most.tokens;
  ++reserved_.requests;
  ++spent_.requests;
  return Room::kYes;
}

void Budget::Settle(const Reservation& reservation, const Usage& usage) {
  if (!options_.limits.any()) return;
  --reserved_.requests;
  reserved_.usd = reserved_.requests == 0 ? 0 : reserved_.usd - reservation.usd;
  reserved_.tokens -= reservation.tokens;
  if (usage.answered && !usage.completed) {  // refused: billed only where the gateway says so
    spent_.usd += usage.cost_usd.value_or(0);
    return;
  }
  const bool counted = usage.input_tokens && usage.output_tokens;
  if (usage.output_tokens) longest_answer_ = std::max(longest_answer_, *usage.output_tokens);
  const std::int64_t tokens = counted ? *usage.input_tokens + *usage.output_tokens : reservation.tokens;
  if (usage.cost_usd) {
    if (counted && tokens > 0) {
      dearest_usd_per_token_ =
          std::max(dearest_usd_per_token_, *usage.cost_usd / static_cast<double>(tokens));
    } else {
      dearest_usd_ = std::max(dearest_usd_, *usage.cost_usd);
    }
    spent_.usd += *usage.cost_usd;
  } else if (counted) {
    spent_.usd += options_.price.price.Of(*usage.input_tokens, *usage.output_tokens);
  } else {
    spent_.usd += reservation.usd;
  }
  // A gateway that names no token counts: what was reserved for them is the most there can have been.
  spent_.tokens += tokens;
  if (!usage.answered) unanswered_usd_ += reservation.usd;
}

std::optional<double> Budget::TimeLeft(double elapsed_s) const {
  if (!options_.limits.wall_s) return std::nullopt;
  return std::max(0.0, *options_.limits.wall_s - elapsed_s);
}

std::string Budget::Why() const {
  const suite::BudgetSpec& limits = options_.limits;
  const std::string_view what = exhausted_;
  if (what == "wall_s" || what.empty())
    return fmt::format("the budget of {:g} s is used up", limits.wall_s.value_or(0));
  if (what == "requests")
    return fmt::format("the budget of {} requests is used up", limits.requests.value_or(0));
  if (what == "tokens") {
    return fmt::format("the budget of {} tokens has no room for another request ({} used)",
                       limits.tokens.value_or(0), spent_.tokens);
  }
  std::string text = fmt::format("the budget of {:.6g} USD has no room for another request ({:.6g} USD spent",
                                 limits.usd.value_or(0), spent_.usd);
  if (unanswered_usd_ > 0) {
    text += fmt::format(", up to {:.6g} of it on requests that were sent and not answered", unanswered_usd_);
  }
  text += ")";
  if (!options_.price.known()) {
    text += fmt::format(
        "; no table has a price for the model: {:g} and {:g} USD a million tokens were assumed "
        "where the gateway named no cost (--prices)",
        options_.price.price.input, options_.price.price.output);
  }
  return text;
}

}  // namespace minslice::run
