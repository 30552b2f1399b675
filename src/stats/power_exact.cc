// Power by enumeration. Given m discordant pairs the fixes are Bin(m, p01 / psi), and m is Bin(n, psi).
#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "minslice/stats/counts.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/power.h"
#include "stats/binomial.h"
#include "stats/boost_policy.h"
#include "stats/normal.h"
#include "stats/power_checks.h"

namespace minslice::stats {
namespace {

using power_checks::Check;
using power_checks::CheckDelta;
using power_checks::CheckPairs;
using power_checks::CheckPsi;

// Outside of [low, high] Bin(n, p) has less than about 1e-18.
struct Window {
  std::int64_t low, high;
};
Window BinomialWindow(std::int64_t n, double p) {
  const double mean = static_cast<double>(n) * p;
  const double half = 9.2 * std::sqrt(mean * (1 - p)) + 30;
  return {std::max<std::int64_t>(0, static_cast<std::int64_t>(mean - half)),
          std::min<std::int64_t>(n, static_cast<std::int64_t>(mean + half) + 1)};
}

// Significant results of one test at m discordant pairs: min(b, c) <= critical (two-sided) or b <= critical
// (one-sided, for a gain).
class Criterion {
 public:
  Criterion(McNemarTest test, const PowerOptions& options)
      : test_(test), tail_(options.alpha / options.sides), z_(NormalUpperQuantile(tail_)) {}

  // The largest significant count of the rarer kind, -1 if none is. `start` is any lower bound.
  std::int64_t Critical(std::int64_t m, std::int64_t start) const {
    std::int64_t critical = start;
    while (2 * (critical + 1) < m && Significant(critical + 1, m)) ++critical;
    return critical;
  }

 private:
  bool Significant(std::int64_t k, std::int64_t m) const {
    if (test_ == McNemarTest::kAsymptotic) {
      return static_cast<double>(m - 2 * k) >= z_ * std::sqrt(static_cast<double>(m));
    }
    const HalfTail tail = BinomialHalfTail(k, m);
    const double p = test_ == McNemarTest::kMidP ? tail.cdf - tail.pmf / 2 : tail.cdf;
    // A p-value that equals alpha but for the last bits counts as attained.
    return p <= tail_ * (1 + 1e-12);
  }

  McNemarTest test_;
  double tail_;
  double z_;
};

// The critical counts over the window of m, which do not depend on delta.
struct Plan {
  std::int64_t n = 0;
  double psi = 0;
  int sides = 2;
  Window window{};
  std::vector<std::int64_t> critical;
  std::vector<double> weight;  // P(m)
};

Plan MakePlan(std::int64_t n, double psi, McNemarTest test, const PowerOptions& options) {
  Plan plan{.n = n,
            .psi = psi,
            .sides = options.sides,
            .window = BinomialWindow(n, psi),
            .critical = {},
            .weight = {}};
  const Criterion criterion(test, options);
  // Near the smallest m the critical count lies about z sqrt(m) / 2 below the middle: start the upward walk
  // safely below that.
  const auto m0 = static_cast<double>(plan.window.low);
  std::int64_t critical =
      std::max<std::int64_t>(-1, static_cast<std::int64_t>(std::floor(m0 / 2 - 20 * std::sqrt(m0) - 20)));
  for (std::int64_t m = plan.window.low; m <= plan.window.high; ++m) {
    // From m to m + 1 the tail at the same count shrinks: the critical count never falls.
    critical = criterion.Critical(m, critical);
    plan.critical.push_back(critical);
    plan.weight.push_back(BinomialPmf(m, n, psi, 1 - psi));
  }
  return plan;
}

// E of 1 and of (c - b) over the significant results with few b's: `broke_share` = P(b | discordant).
struct TailSum {
  double mass = 0;
  double gain = 0;  // E[(m - 2 b) 1(b <= critical)]
};
TailSum Sum(std::int64_t critical, std::int64_t m, double broke_share) {
  TailSum sum;
  if (critical < 0) return sum;
  const double q = 1 - broke_share;
  sum.mass = BinomialCdf(critical, m, broke_share, q);
  // E[b; b <= k] = m p P(Bin(m - 1, p) <= k - 1).
  const double broke =
      critical == 0 ? 0
                    : static_cast<double>(m) * broke_share * BinomialCdf(critical - 1, m - 1, broke_share, q);
  sum.gain = static_cast<double>(m) * sum.mass - 2 * broke;
  return sum;
}

ExactPower Evaluate(const Plan& plan, double delta) {
  const double magnitude = std::abs(delta);
  const double share =
      std::max(0.0, 0.5 * (1 - magnitude / plan.psi));  // of discordant pairs that go against delta
  double right = 0;
  double wrong = 0;
  double gain = 0;
  double size = 0;
  for (std::size_t i = 0; i < plan.critical.size(); ++i) {
    const std::int64_t m = plan.window.low + static_cast<std::int64_t>(i);
    const std::int64_t critical = plan.critical[i];
    if (critical < 0) continue;
    const double weight = plan.weight[i];
    const TailSum with = Sum(critical, m, share);
    right += weight * with.mass;
    gain += weight * with.gain;
    size += weight * plan.sides * BinomialHalfTail(critical, m).cdf;
    if (plan.sides == 2) {
      const TailSum against = Sum(critical, m, 1 - share);
      wrong += weight * against.mass;
      gain += weight * against.gain;
    }
  }
  ExactPower power;
  power.power = std::min(1.0, right + wrong);
  power.size = std::min(1.0, size);
  const bool defined = magnitude > 0 && power.power > 0;
  const double none = std::numeric_limits<double>::quiet_NaN();
  power.type_m = defined ? gain / (static_cast<double>(plan.n) * (right + wrong) * magnitude) : none;
  power.type_s = defined ? wrong / (right + wrong) : none;
  return power;
}

std::optional<Reason> CheckCount(std::int64_t n_pairs) {
  if (n_pairs > 10'000'000) {
    return Reason{"too_many_pairs",
                  "exact power is summed up to 10,000,000 pairs; beyond, Connor's formula agrees with it"};
  }
  return CheckPairs(static_cast<double>(n_pairs));
}

}  // namespace

Computed<ExactPower> McNemarExactPower(std::int64_t n_pairs, double psi, double delta, McNemarTest test,
                                       const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (const auto reason = CheckCount(n_pairs)) return tl::unexpected(*reason);
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  if (const auto reason = CheckDelta(psi, delta)) return tl::unexpected(*reason);
  return Evaluate(MakePlan(n_pairs, psi, test, options), delta);
}

Computed<double> McNemarExactMde(std::int64_t n_pairs, double psi, McNemarTest test,
                                 const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (const auto reason = CheckCount(n_pairs)) return tl::unexpected(*reason);
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  const Plan plan = MakePlan(n_pairs, psi, test, options);
  const auto gap = [&](double d) { return Evaluate(plan, d).power - options.power; };
  const double at_zero = gap(0);
  const double at_psi = gap(psi);
  if (at_zero >= 0) return 0;
  if (at_psi < 0) {
    return Undefined("mde_above_psi",
                     "even the largest possible difference, psi itself, is not seen with the asked power");
  }
  std::uintmax_t iterations = 100;
  const auto bracket = boost::math::tools::toms748_solve(gap, 0.0, psi, at_zero, at_psi,
                                                         boost::math::tools::eps_tolerance<double>(46),
                                                         iterations, BoostPolicy());
  return 0.5 * (bracket.first + bracket.second);
}

bool ConnorIsRough(std::int64_t n_pairs, double psi) {
  return n_pairs < 200 || psi * static_cast<double>(n_pairs) < 25;
}

Computed<double> McNemarPlanningMde(std::int64_t n_pairs, double psi, McNemarTest test,
                                    const PowerOptions& options) {
  return ConnorIsRough(n_pairs, psi) ? McNemarExactMde(n_pairs, psi, test, options)
                                     : McNemarMde(static_cast<double>(n_pairs), psi, options);
}

Computed<double> NonInferiorityExactPower(std::int64_t n_pairs, double psi, double delta, double margin,
                                          double alpha) {
  if (const auto reason = Check({.alpha = alpha, .sides = 1, .power = 0.5})) return tl::unexpected(*reason);
  if (const auto reason = CheckPairs(static_cast<double>(n_pairs))) return tl::unexpected(*reason);
  if (n_pairs > 20'000)
    return Undefined("too_many_pairs",
                     "non-inferiority power is enumerated up to 20,000 pairs; use the formula");
  if (!(psi >= 0 && psi <= 1))
    return Undefined("bad_psi", "psi, the share of discordant pairs, must lie in [0, 1]");
  if (const auto reason = CheckDelta(psi, delta)) return tl::unexpected(*reason);
  if (!(margin >= 0 && margin < 1)) return Undefined("bad_margin", "the margin must lie in [0, 1)");
  const double z = NormalUpperQuantile(alpha);
  const double p_broke = std::max(0.0, (psi - delta) / 2);
  const double p_fixed = std::max(0.0, (psi + delta) / 2);
  const double fixed_of_rest = p_broke < 1 ? std::min(1.0, p_fixed / (1 - p_broke)) : 0;
  // The more regressions, the more fixes it takes: the smallest certifying c never falls with b.
  const Window window = BinomialWindow(n_pairs, p_broke);
  std::int64_t needed = 0;
  double power = 0;
  for (std::int64_t b = window.low; b <= window.high; ++b) {
    const auto certifies = [&](std::int64_t c) {
      return TangoScore({.both = n_pairs - b - c, .incumbent_only = b, .candidate_only = c, .neither = 0},
                        -margin) > z;
    };
    while (needed <= n_pairs - b && !certifies(needed)) ++needed;
    if (needed > n_pairs - b) break;
    power += BinomialPmf(b, n_pairs, p_broke, 1 - p_broke) *
             BinomialSf(needed, n_pairs - b, fixed_of_rest, p_broke < 1 ? (1 - psi) / (1 - p_broke) : 1);
  }
  return std::min(1.0, power);
}

}  // namespace minslice::stats
