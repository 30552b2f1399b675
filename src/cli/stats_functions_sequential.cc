// Looking while results come in: e-processes, betting, confidence sequences. Results are given at the sample
// sizes "t".
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cli/stats_registry.h"
#include "minslice/stats/group_sequential.h"
#include "minslice/stats/sequential.h"

namespace minslice::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Differences in [-1, 1] are mapped to [0, 1] where the case says so ("map") or has negative values.
std::vector<double> UnitField(const json& in) {
  std::vector<double> x = NumbersField(in, "x");
  const std::string map = TextField(in, "map", "");
  const bool negative = std::any_of(x.begin(), x.end(), [](double value) { return value < 0; });
  if (map == "(x+1)/2" || (map.empty() && negative)) {
    for (double& value : x) value = (value + 1) / 2;
  } else if (!map.empty() && map != "identity") {
    throw StatsInputError("expected 'identity' or '(x+1)/2' for 'map', found '" + map + "'");
  }
  return x;
}

std::vector<std::int64_t> TimesField(const json& in, std::size_t n) {
  std::vector<std::int64_t> times;
  for (const double value : NumbersField(in, "t")) {
    if (!(value >= 1 && value <= static_cast<double>(n)) || value != std::floor(value)) {
      throw StatsInputError("expected sample sizes from 1 to " + std::to_string(n) + " in 't'");
    }
    times.push_back(static_cast<std::int64_t>(value));
  }
  return times;
}

std::vector<std::int64_t> Successes(const std::vector<double>& x) {
  std::vector<std::int64_t> sums{0};
  for (const double value : x) {
    if (value != 0 && value != 1) throw StatsInputError("expected 0 or 1 in 'x'");
    sums.push_back(sums.back() + (value == 1 ? 1 : 0));
  }
  return sums;
}

std::vector<double> At(const std::vector<double>& path, const std::vector<std::int64_t>& times) {
  std::vector<double> values;
  for (const std::int64_t t : times) values.push_back(path[static_cast<std::size_t>(t - 1)]);
  return values;
}

// A field strictly between `low` and `high`; of several, the caller checks each before any is used.
double Between(const json& in, const char* name, double fallback, double low, double high) {
  const double value = std::isnan(fallback) ? NumberField(in, name) : NumberField(in, name, fallback);
  if (!(value > low && value < high)) {
    throw StatsInputError(fmt::format("expected a number between {} and {} for '{}', found {}", low, high,
                                      name, in.contains(name) ? in[name].dump() : "none"));
  }
  return value;
}

constexpr double kNeeded = std::numeric_limits<double>::quiet_NaN();
constexpr double kMost = 1e15;

ordered_json Bounds(const stats::Sequence& sequence) {
  return {{"lower", NumbersJson(sequence.lower)}, {"upper", NumbersJson(sequence.upper)}};
}

ordered_json BetaMixture(const json& in) {
  const std::vector<double> x = NumbersField(in, "x");
  const std::vector<std::int64_t> successes = Successes(x);
  const double p0 = Between(in, "p0", 0.5, 0, 1);
  const double a = Between(in, "a", 1, 0, kMost), b = Between(in, "b", 1, 0, kMost);
  std::vector<double> log_e;
  for (const std::int64_t t : TimesField(in, x.size())) {
    log_e.push_back(stats::LogBetaMixtureE(successes[static_cast<std::size_t>(t)], t, p0, a, b));
  }
  return {{"log_e", NumbersJson(log_e)}};
}

ordered_json Bernoulli(const json& in) {
  const std::vector<double> x = NumbersField(in, "x");
  const std::vector<std::int64_t> successes = Successes(x);
  const double alpha = Between(in, "alpha", 0.05, 0, 1), alpha_opt = Between(in, "alpha_opt", 0.05, 0, 1);
  const double t_opt = Between(in, "t_opt", kNeeded, 0, kMost);
  stats::Sequence sequence;
  for (const std::int64_t t : TimesField(in, x.size())) {
    const Interval interval =
        stats::BernoulliSequence(successes[static_cast<std::size_t>(t)], t, alpha, t_opt, alpha_opt);
    sequence.lower.push_back(interval.lower);
    sequence.upper.push_back(interval.upper);
  }
  return Bounds(sequence);
}

ordered_json Fixed(const json& in) {
  const std::vector<double> x = UnitField(in);
  const std::vector<std::int64_t> times = TimesField(in, x.size());
  const stats::FixedBet bet =
      ValueOrThrow(stats::FixedBetCapital(x, NumberField(in, "m", 0.5), NumberField(in, "lam")));
  return {{"log_capital_up", NumbersJson(At(bet.log_capital_up, times))},
          {"log_capital_down", NumbersJson(At(bet.log_capital_down, times))}};
}

stats::HedgedOptions HedgedFields(const json& in) {
  return {.alpha = NumberField(in, "alpha", 0.05),
          .theta = NumberField(in, "theta", 0.5),
          .trunc_scale = NumberField(in, "trunc_scale", 0.5)};
}

ordered_json Hedged(const json& in) {
  const std::vector<double> x = UnitField(in);
  const std::vector<std::int64_t> times = TimesField(in, x.size());
  const stats::HedgedCapital capital =
      ValueOrThrow(stats::HedgedBetCapital(x, NumberField(in, "m", 0.5), HedgedFields(in)));
  return {{"lambda_untruncated", NumbersJson(At(capital.bet, times))},
          {"capital_max", NumbersJson(At(capital.max, times))},
          {"capital_convex", NumbersJson(At(capital.convex, times))}};
}

ordered_json Betting(const json& in) {
  const std::vector<double> x = UnitField(in);
  return Bounds(ValueOrThrow(stats::BettingSequenceAt(x, TimesField(in, x.size()), HedgedFields(in))));
}

ordered_json EmpiricalBernstein(const json& in) {
  const std::vector<double> x = UnitField(in);
  const std::vector<std::int64_t> times = TimesField(in, x.size());
  const stats::Sequence sequence = ValueOrThrow(stats::EmpiricalBernsteinSequence(
      x, NumberField(in, "alpha", 0.05), NumberField(in, "truncation", 0.5), false));
  return Bounds({At(sequence.lower, times), At(sequence.upper, times)});
}

ordered_json NormalMixture(const json& in) {
  const auto one_sided = in.find("one_sided");
  if (one_sided != in.end() && !one_sided->is_boolean())
    throw StatsInputError("expected true or false for 'one_sided', found " + one_sided->dump());
  const bool one = one_sided != in.end() && one_sided->get<bool>();
  const double v = NumberField(in, "v");
  if (!(v >= 0 && v < kMost)) throw StatsInputError("expected 'v' not below 0, found " + in["v"].dump());
  // The one-sided bound is tuned at twice alpha_opt.
  const double highest = one ? 0.5 : 1;
  const double alpha = Between(in, "alpha", 0.05, 0, highest);
  const double alpha_opt = Between(in, "alpha_opt", 0.05, 0, highest);
  const double v_opt = Between(in, "v_opt", kNeeded, 0, kMost);
  return {{"bound", NumberJson(stats::NormalMixtureBound(v, alpha, v_opt, alpha_opt, one))}};
}

ordered_json NonInferior(const json& in) {
  const std::vector<double> d = NumbersField(in, "d");
  const stats::NonInferiorityBet bet = ValueOrThrow(
      stats::SequentialNonInferiority(d, NumberField(in, "margin"), NumberField(in, "alpha", 0.05)));
  return {{"log_wealth", NumbersJson(bet.log_wealth)}, {"rejected_at", bet.rejected_at}};
}

ordered_json GroupSequential(const json& in) {
  const std::string name = TextField(in, "boundary", "obrien_fleming");
  if (name != "obrien_fleming" && name != "pocock") {
    throw StatsInputError("expected 'obrien_fleming' or 'pocock' for 'boundary', found '" + name + "'");
  }
  const std::int64_t looks = IntegerField(in, "looks", 5);
  const std::int64_t sides = IntegerField(in, "sides", 2);
  if (looks < 1 || looks > 100 || sides < 1 || sides > 2)
    throw StatsInputError("expected 1 to 100 'looks' and 1 or 2 'sides'");
  const stats::GroupSequentialPlan plan = ValueOrThrow(stats::PlanGroupSequential(
      static_cast<int>(looks), NumberField(in, "alpha", 0.05), static_cast<int>(sides),
      name == "pocock" ? stats::Boundary::kPocock : stats::Boundary::kOBrienFleming,
      NumberField(in, "power", 0.8)));
  return {{"critical", NumbersJson(plan.critical)},
          {"nominal_p", NumbersJson(plan.nominal_p)},
          {"spent", NumbersJson(plan.spent)},
          {"inflation", NumberJson(plan.inflation)}};
}

}  // namespace

void RegisterSequentialFunctions(StatsRegistry& registry) {
  registry.Add("eprocess_beta_mixture", BetaMixture);
  registry.Add("cs_bernoulli_beta_binomial", Bernoulli);
  registry.Add("eprocess_fixed_bet", Fixed);
  registry.Add("eprocess_predmix_hedged", Hedged);
  registry.Add("cs_betting_hedged", Betting);
  registry.Add("cs_predmix_empirical_bernstein", EmpiricalBernstein);
  registry.Add("cs_normal_mixture_bound", NormalMixture);
  registry.Add("sequential_noninferiority", NonInferior);
  registry.Add("group_sequential", GroupSequential);
}

}  // namespace minslice::cli
