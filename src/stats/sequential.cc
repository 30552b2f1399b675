#include "minslice/stats/sequential.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "stats/boost_policy.h"
#include "stats/normal.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

double LogGamma(double value) { return boost::math::lgamma(value, BoostPolicy()); }
double LogBeta(double a, double b) { return LogGamma(a) + LogGamma(b) - LogGamma(a + b); }

// Howard et al. 2021, section 3.5: the mixture that makes the normal boundary tightest at v.
double BestRho(double v, double alpha) {
  const double log_alpha = std::log(1 / alpha);
  return v / (2 * log_alpha + std::log1p(2 * log_alpha));
}

// The point between inside (excess <= 0) and outside (excess > 0) where the excess changes sign.
template <class Excess>
double Boundary(double inside, double outside, Excess excess) {
  for (int i = 0; i < 100; ++i) {
    const double middle = (inside + outside) / 2;
    if (middle == inside || middle == outside) break;
    (excess(middle) > 0 ? outside : inside) = middle;
  }
  return (inside + outside) / 2;
}

Computed<bool> Unit(std::span<const double> x) {
  if (!AllFinite(x)) return Undefined("not_finite", "a value is NaN, infinite or beyond 1e100");
  for (const double value : x) {
    if (value < 0 || value > 1)
      return Undefined("range", "values must lie in [0, 1]; map differences by (d + 1)/2");
  }
  return true;
}

// Predictable bets: lambda_t looks at x_1 ... x_{t-1} only. One imaginary observation at 1/2 with variance
// 1/4.
std::vector<double> PredictableBets(std::span<const double> x, double alpha) {
  std::vector<double> bets(x.size());
  double sum = 0, squares = 0, variance = 0.25;
  const double log_alpha = std::log(1 / alpha);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double t = static_cast<double>(i + 1);
    bets[i] = std::sqrt(2 * log_alpha / (t * std::log(1 + t) * variance));
    sum += x[i];
    const double mean = std::min((0.5 + sum) / (t + 1), 1.0);
    squares += (x[i] - mean) * (x[i] - mean);
    variance = (0.25 + squares) / (t + 1);
  }
  return bets;
}

// log of the capital that bets up (sign = 1) or down (-1) on x - m; -inf once ruined.
double LogCapital(std::span<const double> x, std::span<const double> bets, double m, double sign,
                  double trunc_scale) {
  const double room = sign > 0 ? m : 1 - m;
  double log_capital = 0;
  double product = 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double bet = room > 0 ? std::min(bets[i], trunc_scale / room) : bets[i];
    product *= 1 + sign * bet * (x[i] - m);
    if (product < 1e-100 || product > 1e100) {
      if (!(product > 0)) return -INFINITY;
      log_capital += std::log(product);
      product = 1;
    }
  }
  return log_capital + std::log(product);
}

// What each side stakes: each spends its own share of alpha.
struct HedgedBets {
  std::vector<double> up, down;
};

HedgedBets BetsOf(std::span<const double> x, const HedgedOptions& options) {
  HedgedBets bets{PredictableBets(x, options.alpha * options.theta), {}};
  bets.down = options.theta == 0.5 ? bets.up : PredictableBets(x, options.alpha * (1 - options.theta));
  return bets;
}

Computed<void> Usable(const HedgedOptions& options) {
  if (!(options.alpha > 0 && options.alpha < 1)) return Undefined("alpha", "alpha must lie between 0 and 1");
  if (!(options.theta > 0 && options.theta < 1)) return Undefined("theta", "theta must lie between 0 and 1");
  if (!(options.trunc_scale > 0 && options.trunc_scale <= 1)) {
    return Undefined("trunc_scale", "the truncation must lie in (0, 1]");
  }
  return {};
}

Interval HedgedInterval(std::span<const double> x, const HedgedBets& bets, const HedgedOptions& options) {
  // Up capital falls and down capital rises in m: the interval is where neither share has reached 1/alpha.
  const double up = std::log(1 / options.alpha) - std::log(options.theta);
  const double down = std::log(1 / options.alpha) - std::log1p(-options.theta);
  const auto up_excess = [&](double m) { return LogCapital(x, bets.up, m, 1, options.trunc_scale) - up; };
  const auto down_excess = [&](double m) {
    return LogCapital(x, bets.down, m, -1, options.trunc_scale) - down;
  };
  Interval interval{0, 1};
  if (up_excess(0) > 0) interval.lower = up_excess(1) > 0 ? 1 : Boundary(1, 0, up_excess);
  if (down_excess(1) > 0) interval.upper = down_excess(0) > 0 ? 0 : Boundary(0, 1, down_excess);
  return interval;
}

}  // namespace

double LogBetaMixtureE(std::int64_t successes, std::int64_t trials, double p0, double a, double b) {
  const double s = static_cast<double>(successes);
  const double f = static_cast<double>(trials - successes);
  return LogBeta(a + s, b + f) - LogBeta(a, b) - s * std::log(p0) - f * std::log1p(-p0);
}

Interval BernoulliSequence(std::int64_t successes, std::int64_t trials, double alpha, double t_opt,
                           double alpha_opt) {
  if (trials <= 0) return {0, 1};
  const double s = static_cast<double>(successes);
  const double n = static_cast<double>(trials);
  const double threshold = std::log(1 / alpha);
  const auto excess = [&](double p) {
    const double q = 1 - p;
    if (p <= 0 || q <= 0) return 1.0;
    const double r = std::max(BestRho(p * q * t_opt, alpha_opt) - p * q, 1e-3 * p * q);
    return LogBeta(r / p + n - s, r / q + s) - LogBeta(r / p, r / q) - s * std::log(p) -
           (n - s) * std::log1p(-p) - threshold;
  };
  const double observed = s / n;
  Interval interval{0, 1};
  if (observed > 0) interval.lower = Boundary(observed, 0, excess);
  if (observed < 1) interval.upper = Boundary(observed, 1, excess);
  return interval;
}

double NormalMixtureBound(double v, double alpha, double v_opt, double alpha_opt, bool one_sided) {
  const double threshold = std::log(1 / alpha);
  if (!one_sided) {
    const double rho = BestRho(v_opt, alpha_opt);
    return std::sqrt((v + rho) * (std::log1p(v / rho) + 2 * threshold));
  }
  const double rho = BestRho(v_opt, 2 * alpha_opt);
  const auto excess = [&](double s) {
    return std::log(4 * rho / (v + rho)) / 2 + s * s / (2 * (v + rho)) +
           std::log(NormalCdf(s / std::sqrt(v + rho))) - threshold;
  };
  double outside = std::max(1.0, std::sqrt(v + rho));
  while (excess(outside) <= 0) outside *= 2;
  return Boundary(0, outside, excess);
}

Computed<FixedBet> FixedBetCapital(std::span<const double> x, double m, double lambda) {
  if (auto ok = Unit(x); !ok) return tl::unexpected<Reason>(ok.error());
  if (!(m >= 0 && m <= 1) || !(lambda >= 0 && lambda * std::max(m, 1 - m) <= 1)) {
    return Undefined("bet",
                     "m must lie in [0, 1] and the bet in [0, 1/max(m, 1 - m)], or a single x could take "
                     "more than the capital");
  }
  FixedBet result;
  double up = 0, down = 0;
  for (const double value : x) {
    up += std::log1p(lambda * (value - m));
    down += std::log1p(-lambda * (value - m));
    result.log_capital_up.push_back(up);
    result.log_capital_down.push_back(down);
  }
  return result;
}

Computed<HedgedCapital> HedgedBetCapital(std::span<const double> x, double m, const HedgedOptions& options) {
  if (auto ok = Unit(x); !ok) return tl::unexpected<Reason>(ok.error());
  if (auto ok = Usable(options); !ok) return tl::unexpected<Reason>(ok.error());
  if (!(m >= 0 && m <= 1)) return Undefined("range", "the mean under test must lie in [0, 1]");
  HedgedBets bets = BetsOf(x, options);
  HedgedCapital result;
  double up = options.theta, down = 1 - options.theta;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double up_bet = m > 0 ? std::min(bets.up[i], options.trunc_scale / m) : bets.up[i];
    const double down_bet = m < 1 ? std::min(bets.down[i], options.trunc_scale / (1 - m)) : bets.down[i];
    up *= 1 + up_bet * (x[i] - m);
    down *= 1 - down_bet * (x[i] - m);
    result.max.push_back(std::max(up, down));
    result.convex.push_back(up + down);
  }
  result.bet = std::move(bets.up);
  return result;
}

Computed<Sequence> BettingSequenceAt(std::span<const double> x, std::span<const std::int64_t> times,
                                     const HedgedOptions& options) {
  if (auto ok = Unit(x); !ok) return tl::unexpected<Reason>(ok.error());
  if (auto ok = Usable(options); !ok) return tl::unexpected<Reason>(ok.error());
  const HedgedBets bets = BetsOf(x, options);
  Sequence sequence;
  for (const std::int64_t time : times) {
    const auto t =
        static_cast<std::size_t>(std::clamp<std::int64_t>(time, 0, static_cast<std::int64_t>(x.size())));
    const Interval interval = HedgedInterval(x.first(t), bets, options);
    sequence.lower.push_back(interval.lower);
    sequence.upper.push_back(interval.upper);
  }
  return sequence;
}

Computed<Sequence> BettingSequence(std::span<const double> x, const HedgedOptions& options, bool running) {
  std::vector<std::int64_t> times(x.size());
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = static_cast<std::int64_t>(i + 1);
  Computed<Sequence> sequence = BettingSequenceAt(x, times, options);
  if (sequence && running) {
    for (std::size_t i = 1; i < x.size(); ++i) {
      sequence->lower[i] = std::max(sequence->lower[i], sequence->lower[i - 1]);
      sequence->upper[i] = std::min(sequence->upper[i], sequence->upper[i - 1]);
    }
  }
  return sequence;
}

Computed<Sequence> EmpiricalBernsteinSequence(std::span<const double> x, double alpha, double truncation,
                                              bool running) {
  if (auto ok = Unit(x); !ok) return tl::unexpected<Reason>(ok.error());
  if (!(alpha > 0 && alpha < 1)) return Undefined("alpha", "alpha must lie between 0 and 1");
  if (!(truncation > 0 && truncation < 1)) {
    return Undefined("truncation", "the largest bet must lie between 0 and 1");
  }
  const auto lower_bounds = [&](std::span<const double> values) {
    std::vector<double> bounds(values.size());
    const std::vector<double> bets = PredictableBets(values, alpha / 2);
    double sum = 0, mean = 0, psi = 0, weight = 0, weighted = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double bet = std::min(bets[i], truncation);
      psi += (values[i] - mean) * (values[i] - mean) * (-std::log1p(-bet) - bet);
      weight += bet;
      weighted += bet * values[i];
      bounds[i] = (weighted - std::log(2 / alpha) - psi) / weight;
      sum += values[i];
      mean = sum / static_cast<double>(i + 1);
    }
    return bounds;
  };
  std::vector<double> mirrored(x.begin(), x.end());
  for (double& value : mirrored) value = 1 - value;
  Sequence sequence{lower_bounds(x), lower_bounds(mirrored)};
  for (std::size_t i = 0; i < x.size(); ++i) {
    sequence.lower[i] = std::clamp(sequence.lower[i], 0.0, 1.0);
    sequence.upper[i] = std::clamp(1 - sequence.upper[i], 0.0, 1.0);
    if (running && i > 0) {
      sequence.lower[i] = std::max(sequence.lower[i], sequence.lower[i - 1]);
      sequence.upper[i] = std::min(sequence.upper[i], sequence.upper[i - 1]);
    }
  }
  return sequence;
}

Computed<NonInferiorityBet> SequentialNonInferiority(std::span<const double> d, double margin, double alpha) {
  if (!AllFinite(d)) return Undefined("not_finite", "a difference is NaN, infinite or beyond 1e100");
  if (!(margin >= 0 && margin < 1)) return Undefined("margin", "the margin must lie in [0, 1)");
  for (const double value : d) {
    if (value < -1 || value > 1)
      return Undefined("range", "differences must lie in [-1, 1]; divide by the score's range");
  }
  NonInferiorityBet result;
  // One imaginary difference of 0 with variance 1/4 before the first.
  double sum = 0, squares = 0.25, log_wealth = 0;
  const double most = 0.5 / (1 - margin);
  for (std::size_t i = 0; i < d.size(); ++i) {
    const double t = static_cast<double>(i + 1);
    const double gain = sum / t + margin;
    const double variance = squares / t;
    const double bet = std::clamp(gain / (variance + gain * gain), 0.0, most);
    log_wealth += std::log1p(bet * (d[i] + margin));
    result.log_wealth.push_back(log_wealth);
    if (result.rejected_at == 0 && log_wealth >= -std::log(alpha))
      result.rejected_at = static_cast<std::int64_t>(i + 1);
    sum += d[i];
    const double mean = sum / (t + 1);
    squares += (d[i] - mean) * (d[i] - mean);
  }
  return result;
}

}  // namespace minslice::stats
