#include "gate/sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "gate/prepare.h"
#include "io/sha256.h"
#include "minslice/paired_table.h"
#include "minslice/stats/sequential.h"

namespace minslice::gate {
namespace {

constexpr double kLookShare =
    200;  // a look whenever a 200th more pairs are there: the crossing is found exactly

struct Wealth {
  double largest = 0;           // logarithm
  std::int64_t crossed_at = 0;  // 1-based; 0: not yet
};

// Of a gambler against E x <= -margin.
Wealth Bet(std::span<const double> x, double margin, double alpha) {
  Wealth wealth;
  const auto bet = stats::SequentialNonInferiority(x, margin, alpha);
  if (!bet) return wealth;
  for (const double value : bet->log_wealth) wealth.largest = std::max(wealth.largest, value);
  wealth.crossed_at = bet->rejected_at;
  return wealth;
}

// Of a gambler against E d >= -margin: y = (-d - margin) / (1 + margin) lies in [-1, 1] and has E y <= 0
// then.
Wealth BetOnHarm(std::span<const double> d, double margin, double alpha) {
  std::vector<double> y(d.size());
  for (std::size_t i = 0; i < d.size(); ++i) y[i] = std::clamp((-d[i] - margin) / (1 + margin), -1.0, 1.0);
  return Bet(y, 0, alpha);
}

// The e-process of the discordant pairs, two-sided; crosses only where the candidate is ahead.
Wealth MixtureOf(std::span<const double> d, double alpha) {
  Wealth wealth;
  std::int64_t broke = 0;
  std::int64_t fixed = 0;
  for (std::size_t i = 0; i < d.size(); ++i) {
    if (d[i] == 0) continue;
    ++(d[i] < 0 ? broke : fixed);
    const double log_e = stats::LogBetaMixtureE(fixed, broke + fixed, 0.5, 1, 1);
    if (fixed <= broke) continue;
    wealth.largest = std::max(wealth.largest, log_e);
    if (wealth.crossed_at == 0 && log_e >= -std::log(alpha))
      wealth.crossed_at = static_cast<std::int64_t>(i) + 1;
  }
  return wealth;
}

}  // namespace

std::vector<std::size_t> SequentialOrder(std::span<const std::string> ids, std::uint64_t seed) {
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const std::string& id : ids) keys.push_back(io::Sha256Hex(fmt::format("{}\n{}", seed, id)));
  std::vector<std::size_t> order(ids.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(keys[a], ids[a]) < std::tie(keys[b], ids[b]);
  });
  return order;
}

SequentialTest::SequentialTest(const Policy& policy) : policy_(policy) {}

void SequentialTest::Add(double difference) {
  if (!state_.decided.empty()) return;
  differences_.push_back(difference);
  ++state_.n;
  if (difference < 0) ++state_.broke;
  if (difference > 0) ++state_.fixed;
  if (state_.n >= next_look_) Look();
}

void SequentialTest::Look() {
  if (!state_.decided.empty() || differences_.empty()) return;
  const auto n = static_cast<std::int64_t>(differences_.size());
  next_look_ = n + std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(n) / kLookShare));
  const ErrorRates& rates = policy_.error_rates;
  const SequentialPolicy& rule = *policy_.sequential;
  const bool gain = policy_.goal == Goal::kSuperiority;
  const Wealth goal = !gain                  ? Bet(differences_, policy_.margin, rates.alpha_promote)
                      : policy_.scale.graded ? Bet(differences_, 0, rates.alpha_promote)
                                             : MixtureOf(differences_, rates.alpha_promote);
  const Wealth harm = BetOnHarm(differences_, policy_.margin, rates.alpha_block);
  state_.log_e = goal.largest;
  state_.log_e_harm = harm.largest;
  // The first to cross decides, but not before the policy's least number of pairs.
  const auto due = [&](const Wealth& wealth, bool wanted) {
    return wanted && wealth.crossed_at > 0 ? std::max<std::int64_t>(wealth.crossed_at, rule.min_pairs) : 0;
  };
  const std::int64_t at_goal = due(goal, rule.stop_for_gain);
  const std::int64_t at_harm = due(harm, rule.stop_for_harm);
  const bool goal_now = at_goal > 0 && at_goal <= n;
  const bool harm_now = at_harm > 0 && at_harm <= n;
  if (!goal_now && !harm_now) return;
  const bool by_harm = harm_now && (!goal_now || at_harm <= at_goal);
  state_.decided = by_harm ? "harm" : gain ? "gain" : "non_inferior";
  state_.decided_at = by_harm ? at_harm : at_goal;
  state_.n = state_.decided_at;
  state_.broke = state_.fixed = 0;
  for (std::int64_t i = 0; i < state_.n; ++i) {
    const double d = differences_[static_cast<std::size_t>(i)];
    if (d < 0) ++state_.broke;
    if (d > 0) ++state_.fixed;
  }
}

double SequentialWatch::ScoreOf(const CaseRecord& row) const {
  if (row.outcome == Outcome::kInfraError) return kMissing;
  if (row.outcome == Outcome::kModelError) return 0;
  if (policy_.metric == "pass") return Oriented(policy_.scale, row.outcome == Outcome::kPass ? 1 : 0);
  for (const auto& [name, value] : row.scores) {
    if (name == policy_.metric && std::isfinite(value))
      return std::clamp(Oriented(policy_.scale, value), 0.0, 1.0);
  }
  return kMissing;
}

Result<SequentialWatch> SequentialWatch::Make(const Policy& policy, std::span<const std::string> ids) {
  if (!policy.sequential)
    return FailAt({policy.path, 0, 0}, "the policy has no sequential block: it does not allow to stop early");
  SequentialWatch watch(policy);
  watch.cases_ = ids.size();
  watch.place_.reserve(ids.size());
  for (const std::size_t i : SequentialOrder(ids, policy.sequential->seed))
    watch.place_.emplace(ids[i], watch.place_.size());
  for (std::vector<double>& scores : watch.scores_) scores.resize(ids.size(), kMissing);
  for (std::vector<bool>& has_row : watch.has_row_) has_row.resize(ids.size());
  return watch;
}

Result<SequentialWatch> SequentialWatch::Make(const Policy& policy, const RunLog& incumbent) {
  if (!incumbent.end) return FailAt({incumbent.path, 0, 0}, "is unfinished; nothing can be compared with it");
  std::vector<std::string> ids;
  std::set<std::string> clusters;
  for (const CaseRecord& row : incumbent.cases) {
    if (row.repeat > 1)
      return FailAt({incumbent.path, 0, 0}, "has several runs a case; stopping early is for one run a side");
    if (row.cluster && !clusters.insert(*row.cluster).second)
      return FailAt({incumbent.path, 0, 0},
                    "has cases that share a cluster; stopping early takes them to be independent");
    ids.push_back(row.case_id);
  }
  Result<SequentialWatch> watch = Make(policy, ids);
  if (!watch) return watch;
  for (const CaseRecord& row : incumbent.cases) watch->Add(Side::kIncumbent, row);
  return watch;
}

bool SequentialWatch::Add(Side side, const CaseRecord& row) {
  const SequentialState& state = test_.state();
  const auto found = place_.find(row.case_id);
  if (!state.decided.empty() || found == place_.end()) return !state.decided.empty();
  const auto s = static_cast<std::size_t>(side);
  scores_[s][found->second] = ScoreOf(row);
  has_row_[s][found->second] = true;
  for (; next_ < cases_ && state.decided.empty() && has_row_[0][next_] && has_row_[1][next_]; ++next_) {
    const double difference = scores_[1][next_] - scores_[0][next_];
    if (!std::isnan(difference)) test_.Add(difference);
  }
  return !state.decided.empty();
}

std::string SequentialSentence(const SequentialState& state, std::int64_t cases) {
  const std::string what = state.decided == "harm"   ? "harm is shown"
                           : state.decided == "gain" ? "a gain is shown"
                                                     : "non-inferiority is shown";
  return fmt::format("{} after {} of {} pairs ({} broke, {} fixed)", what, state.decided_at, cases,
                     state.broke, state.fixed);
}

}  // namespace minslice::gate
