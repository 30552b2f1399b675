// What keeps a run from sending: the limiter under push-back, the queue of rows that wait, the budget.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "run/budget.h"
#include "run/limiter.h"
#include "run/retry_after.h"
#include "run/retry_queue.h"

namespace minslice::run {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

TEST(Limiter, ARoundOfRefusalsHalvesTheWindowAndAnswersWidenItByASixteenth) {
  Limiter limiter(64);
  EXPECT_EQ(limiter.window(), 64U);
  // Half of the round refused: 64 * (1 - 1/4) = 48.
  for (int i = 0; i < 32; ++i) {
    limiter.PushedBack(0, std::nullopt, 0.5);
    limiter.Answered();
  }
  EXPECT_EQ(limiter.window(), 48U);
  EXPECT_EQ(limiter.pauses(), 0);
  for (int i = 0; i < 48; ++i) limiter.Answered();
  EXPECT_EQ(limiter.window(), 52U);
  for (int i = 0; i < 1000; ++i) limiter.Answered();
  EXPECT_EQ(limiter.window(), 64U);
  EXPECT_EQ(limiter.narrowest(), 48U);
}

TEST(Limiter, AFewRefusalsAtRandomAreNoCongestion) {
  Limiter limiter(2000);
  for (int i = 0; i < 100000; ++i) {
    if (i % 20 == 0) {
      limiter.PushedBack(i * 0.001, 1.5, 0.5);
    } else {
      limiter.Answered();
    }
  }
  EXPECT_EQ(limiter.window(), 2000U);
  EXPECT_EQ(limiter.pauses(), 0);
}

TEST(Limiter, RefusalsWithoutAnAnswerBetweenThemStopEverybody) {
  Limiter limiter(100);
  for (int i = 0; i < 7; ++i) limiter.PushedBack(10, i == 3 ? std::optional(4.0) : std::nullopt, 0);
  EXPECT_EQ(limiter.resume_at_s(), 0);
  limiter.PushedBack(10, std::nullopt, 0);
  EXPECT_DOUBLE_EQ(limiter.resume_at_s(), 14);  // the longest that was asked for
  // What was in flight already says nothing new.
  for (int i = 0; i < 50; ++i) limiter.PushedBack(11, 30, 0);
  EXPECT_DOUBLE_EQ(limiter.resume_at_s(), 14);
  EXPECT_EQ(limiter.pauses(), 1);
}

TEST(Limiter, PausesWithoutAHintDouble) {
  Limiter limiter(8);
  double now_s = 0;
  std::vector<double> pauses;
  for (int round = 0; round < 9; ++round) {
    for (int i = 0; i < 8; ++i) limiter.PushedBack(now_s, std::nullopt, 1);
    pauses.push_back(limiter.resume_at_s() - now_s);
    now_s = limiter.resume_at_s();
  }
  EXPECT_THAT(pauses, ElementsAre(0.5, 1, 2, 4, 8, 16, 32, 60, 60));
  EXPECT_EQ(limiter.window(), 1U);
  limiter.Answered();
  for (int i = 0; i < 8; ++i) limiter.PushedBack(now_s, std::nullopt, 1);
  EXPECT_DOUBLE_EQ(limiter.resume_at_s() - now_s, 0.5);  // an answer came between
}

TEST(RetryQueue, OfThoseThatAreDueTheOldestGoesFirst) {
  RetryQueue queue;
  queue.Push(5, 3.0, 1);  // due first, sent last
  queue.Push(6, 1.0, 2);
  queue.Push(7, 2.0, 3);
  queue.Push(90, 0.0, 4);  // the oldest of all, and not due
  EXPECT_FALSE(queue.AnyDue(4.9));
  EXPECT_DOUBLE_EQ(queue.NextDue(), 5);
  ASSERT_TRUE(queue.AnyDue(10));
  EXPECT_EQ(queue.Pop(), 2U);
  EXPECT_EQ(queue.Pop(), 3U);
  queue.PutBack(2.0, 3);
  ASSERT_TRUE(queue.AnyDue(10));
  EXPECT_EQ(queue.Pop(), 3U);
  EXPECT_EQ(queue.Pop(), 1U);
  EXPECT_FALSE(queue.AnyDue(10));
  EXPECT_DOUBLE_EQ(queue.NextDue(), 90);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_THAT(queue.Drop(), Optional(4U));
  EXPECT_FALSE(queue.Drop().has_value());
  EXPECT_TRUE(queue.empty());
}

BudgetOptions WithPrice(double usd) {
  BudgetOptions options;
  options.limits.usd = usd;
  options.price = {{1, 10}, "2026-11-21", "m"};  // USD a million tokens
  options.max_output_tokens = 100;
  return options;
}

Budget::Usage Billed(std::optional<std::int64_t> input, std::optional<std::int64_t> output,
                     std::optional<double> cost_usd = std::nullopt) {
  return {true, true, cost_usd, input, output};
}
Budget::Usage TurnedAway() { return {true, false, std::nullopt, std::nullopt, std::nullopt}; }

TEST(Budget, ReservesTheMostThatARequestCanCost) {
  // 1,000 bytes and 100 tokens: 0.001 + 0.001 = 0.002 USD; the cap holds 2 of them and no third.
  Budget budget(WithPrice(0.005));
  Budget::Reservation first, second, third;
  EXPECT_EQ(budget.Reserve(1000, 0, &first), Budget::Room::kYes);
  EXPECT_DOUBLE_EQ(first.usd, 0.002);
  EXPECT_EQ(first.tokens, 1100);
  EXPECT_EQ(budget.Reserve(1000, 0, &second), Budget::Room::kYes);
  EXPECT_EQ(budget.Reserve(1000, 0, &third), Budget::Room::kWait);
  // It cost 250 tokens of prompt and 10 of answer: 0.00035. There is room again.
  budget.Settle(first, Billed(250, 10));
  EXPECT_EQ(budget.Reserve(1000, 0, &third), Budget::Room::kYes);
  // A refusal costs nothing; a request without an answer may have cost everything.
  budget.Settle(second, TurnedAway());
  budget.Settle(third, {});
  Budget::Reservation fourth, fifth;
  EXPECT_EQ(budget.Reserve(1000, 0, &fourth), Budget::Room::kYes);  // 0.00035 + 0.002 + 0.002
  budget.Settle(fourth, {});
  EXPECT_EQ(budget.Reserve(1000, 0, &fifth), Budget::Room::kNo);
  EXPECT_THAT(budget.Why(),
              HasSubstr("the budget of 0.005 USD has no room for another request (0.00435 USD spent, "
                        "up to 0.004 of it on requests that were sent and not answered)"));
}

TEST(Budget, TheGatewaysOwnCostCounts) {
  Budget budget(WithPrice(1));
  Budget::Reservation reservation;
  ASSERT_EQ(budget.Reserve(1000, 0, &reservation), Budget::Room::kYes);
  budget.Settle(reservation, Billed(1, 1, 0.999));
  EXPECT_EQ(budget.Reserve(1000, 0, &reservation), Budget::Room::kNo);
}

TEST(Budget, CountsRequestsTokensAndSeconds) {
  BudgetOptions options;
  options.limits.requests = 2;
  options.before.requests = 1;
  Budget requests(options);
  Budget::Reservation reservation;
  EXPECT_EQ(requests.Reserve(10, 0, &reservation), Budget::Room::kYes);
  EXPECT_EQ(requests.Reserve(10, 0, &reservation), Budget::Room::kNo);
  EXPECT_EQ(requests.Why(), "the budget of 2 requests is used up");

  options = {};
  options.limits.wall_s = 5;
  Budget wall(options);
  EXPECT_EQ(wall.Reserve(10, 4.9, &reservation), Budget::Room::kYes);
  EXPECT_THAT(wall.TimeLeft(4), Optional(1.0));
  EXPECT_EQ(wall.Reserve(10, 5, &reservation), Budget::Room::kNo);

  options = {};
  options.limits.tokens = 1000;
  options.max_output_tokens = 100;
  Budget tokens(options);
  Budget::Reservation first, second;
  EXPECT_EQ(tokens.Reserve(500, 0, &first), Budget::Room::kYes);
  EXPECT_EQ(tokens.Reserve(500, 0, &second), Budget::Room::kWait);
  tokens.Settle(first, Billed(120, 30));
  EXPECT_EQ(tokens.Reserve(500, 0, &second), Budget::Room::kYes);
  // No counts came: what was reserved is the most there can have been, 150 + 600.
  tokens.Settle(second, Billed(std::nullopt, std::nullopt));
  EXPECT_EQ(tokens.Reserve(500, 0, &second), Budget::Room::kNo);
  EXPECT_EQ(tokens.Why(), "the budget of 1000 tokens has no room for another request (750 used)");
}

// Random requests, answers, losses: the sum of what they did cost never passes the cap, and the run ends near
// it.
TEST(Budget, TheCapHoldsWhateverIsInFlight) {
  std::uint64_t state = 1;
  const auto draw = [&](std::uint64_t n) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % n;
  };
  for (int round = 0; round < 200; ++round) {
    const double cap = 0.01 + 0.001 * static_cast<double>(draw(100));
    Budget budget(WithPrice(cap));
    struct Flying {
      Budget::Reservation reservation;
      std::size_t bytes;
    };
    std::vector<Flying> flying;
    double spent = 0;
    for (int step = 0; step < 100000; ++step) {
      const std::size_t bytes = 100 + draw(3000);
      Flying next{{}, bytes};
      const Budget::Room room =
          flying.size() < 50 ? budget.Reserve(bytes, 0, &next.reservation) : Budget::Room::kWait;
      if (room == Budget::Room::kNo) break;
      if (room == Budget::Room::kYes) flying.push_back(next);
      if (room == Budget::Room::kWait || draw(2) == 0) {
        const std::size_t i = draw(flying.size());
        const auto input = static_cast<std::int64_t>(1 + draw(flying[i].bytes));
        const auto output = static_cast<std::int64_t>(draw(101));
        const bool lost = draw(50) == 0;  // billed, and no answer came
        spent += (static_cast<double>(input) + 10 * static_cast<double>(output)) * 1e-6;
        budget.Settle(flying[i].reservation, lost ? Budget::Usage{} : Billed(input, output));
        flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    EXPECT_TRUE(flying.empty());
    EXPECT_LE(spent, cap * (1 + 1e-9));
    EXPECT_GE(spent, cap * 0.5 - 0.005);
  }
}

http::Response Refused(int status, http::Headers headers) {
  http::Response response;
  response.status = status;
  response.headers = std::move(headers);
  return response;
}

TEST(AskedToWait, KnowsTheNamesThatServersGiveIt) {
  constexpr std::int64_t kNow = 1'000'000'000;  // 2001-09-09T01:46:40Z
  const auto asked = [&](http::Headers headers, const char* message = "") {
    return AskedToWait(Refused(429, std::move(headers)), message, kNow);
  };
  EXPECT_THAT(asked({{"retry-after", "7"}}), Optional(7.0));
  EXPECT_THAT(asked({{"retry-after", "7"}, {"retry-after-ms", "1500"}}), Optional(1.5));
  EXPECT_THAT(asked({{"llm_provider-retry-after", "3"}}), Optional(3.0));
  EXPECT_THAT(asked({{"x-ms-retry-after-ms", "250"}}), Optional(0.25));
  EXPECT_THAT(asked({{"x-ratelimit-reset-requests", "1m2.5s"}}), Optional(62.5));
  EXPECT_THAT(asked({{"x-ratelimit-reset-tokens", "20ms"}}), Optional(0.02));
  EXPECT_THAT(asked({{"llm_provider-x-ratelimit-reset-tokens", "6m0s"}}), Optional(360.0));
  // The limit that is used up, not the one that has room.
  EXPECT_THAT(asked({{"x-ratelimit-reset-requests", "9s"},
                     {"x-ratelimit-remaining-requests", "12"},
                     {"x-ratelimit-reset-tokens", "2s"},
                     {"x-ratelimit-remaining-tokens", "0"}}),
              Optional(2.0));
  EXPECT_THAT(asked({{"anthropic-ratelimit-tokens-reset", "2001-09-09T01:46:52Z"}}), Optional(12.0));
  EXPECT_THAT(asked({{"x-ratelimit-reset", "1000000004"}}), Optional(4.0));     // seconds since 1970
  EXPECT_THAT(asked({{"x-ratelimit-reset", "1000000004500"}}), Optional(4.5));  // milliseconds
  EXPECT_THAT(asked({{"ratelimit-reset", "11"}}), Optional(11.0));
  EXPECT_THAT(asked({}, "Rate limit reached. Please try again in 1.2s. Visit ..."), Optional(1.2));
  EXPECT_THAT(asked({}, "Please retry after 30 seconds."), Optional(30.0));
  EXPECT_EQ(asked({}, "try again in a while"), std::nullopt);
  EXPECT_EQ(asked({{"retry-after", "soon"}, {"x-ratelimit-reset", "-3"}}), std::nullopt);
  // Limits that are reported with every answer say nothing of a 500.
  EXPECT_EQ(AskedToWait(Refused(500, {{"x-ratelimit-reset", "11"}}), "", kNow), std::nullopt);
  EXPECT_THAT(AskedToWait(Refused(503, {{"retry-after", "11"}}), "", kNow), Optional(11.0));
}

}  // namespace
}  // namespace minslice::run
