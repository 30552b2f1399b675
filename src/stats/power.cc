#include "minslice/stats/power.h"

#include <algorithm>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdio>
#include <string>

#include "stats/boost_policy.h"
#include "stats/normal.h"
#include "stats/power_checks.h"

namespace minslice::stats {
namespace {

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

// The root of a rising function in [low, high]; f(low) <= 0 <= f(high).
template <class F>
double RisingRoot(F f, double low, double high) {
  const double at_low = f(low);
  const double at_high = f(high);
  if (at_low >= 0) return low;
  if (at_high <= 0) return high;
  std::uintmax_t iterations = 200;
  const auto bracket = boost::math::tools::toms748_solve(f, low, high, at_low, at_high,
                                                         boost::math::tools::eps_tolerance<double>(50),
                                                         iterations, BoostPolicy());
  return 0.5 * (bracket.first + bracket.second);
}

double PairedTBothTails(double d, double n, double alpha, int sides, bool both) {
  const double df = n - 1;
  const boost::math::students_t_distribution<double, BoostPolicy> central(df);
  const double critical = boost::math::quantile(boost::math::complement(central, alpha / sides));
  const boost::math::non_central_t_distribution<double, BoostPolicy> shifted(df, std::abs(d) * std::sqrt(n));
  double power = boost::math::cdf(boost::math::complement(shifted, critical));
  if (both && sides == 2) power += boost::math::cdf(shifted, -critical);
  return power;
}

}  // namespace

namespace power_checks {

std::optional<Reason> Check(const PowerOptions& options) {
  if (!(options.alpha > 0 && options.alpha < 1)) return Reason{"bad_alpha", "alpha must lie between 0 and 1"};
  if (options.sides != 1 && options.sides != 2) return Reason{"bad_sides", "sides must be 1 or 2"};
  if (!(options.power > 0 && options.power < 1))
    return Reason{"bad_power", "the power must lie between 0 and 1"};
  return std::nullopt;
}

std::optional<Reason> CheckPsi(double psi) {
  if (psi == 0) {
    return Reason{"psi_zero",
                  "no discordant pairs were seen (psi = 0), so that no planning figure exists; state a psi "
                  "from history"};
  }
  if (!(psi > 0 && psi <= 1))
    return Reason{"bad_psi", "psi, the share of discordant pairs, must lie in (0, 1]"};
  return std::nullopt;
}

std::optional<Reason> CheckDelta(double psi, double delta) {
  // The last digits of a psi and a delta computed from the same two rates may disagree.
  if (!(std::abs(delta) <= psi * (1 + 1e-12))) {
    return Reason{"delta_above_psi", "a difference of " + Number(delta) +
                                         " needs at least that share of discordant pairs, and psi is " +
                                         Number(psi)};
  }
  return std::nullopt;
}

std::optional<Reason> CheckPairs(double n_pairs) {
  if (!(n_pairs >= 1 && n_pairs <= 1e15)) return Reason{"no_pairs", "the number of pairs must be at least 1"};
  return std::nullopt;
}

}  // namespace power_checks

using power_checks::Check;
using power_checks::CheckDelta;
using power_checks::CheckPairs;
using power_checks::CheckPsi;

double PrintedPsi(double psi) {
  if (!(psi > 0) || !std::isfinite(psi)) return psi;
  char text[32];
  std::snprintf(text, sizeof text, "%.2e", psi);
  return std::strtod(text, nullptr);
}

Computed<double> McNemarPairsNeeded(double psi, double delta, const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  if (const auto reason = CheckDelta(psi, delta)) return tl::unexpected(*reason);
  if (delta == 0) return Undefined("delta_zero", "a difference of 0 is never seen; give one that matters");
  const double z_alpha = NormalUpperQuantile(options.alpha / options.sides);
  const double z_power = NormalQuantile(options.power);
  const double root = z_alpha * std::sqrt(psi) + z_power * std::sqrt(psi - delta * delta);
  return root > 0 ? root * root / (delta * delta) : 0;
}

Computed<double> McNemarPower(double n_pairs, double psi, double delta, const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (const auto reason = CheckPairs(n_pairs)) return tl::unexpected(*reason);
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  if (const auto reason = CheckDelta(psi, delta)) return tl::unexpected(*reason);
  const double z_alpha = NormalUpperQuantile(options.alpha / options.sides);
  const double shift = std::abs(delta) * std::sqrt(n_pairs) - z_alpha * std::sqrt(psi);
  const double spread = psi - delta * delta;
  if (spread <= 0) return shift >= 0 ? 1.0 : 0.0;
  return NormalCdf(shift / std::sqrt(spread));
}

Computed<double> McNemarMde(double n_pairs, double psi, const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (const auto reason = CheckPairs(n_pairs)) return tl::unexpected(*reason);
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  const double z_alpha = NormalUpperQuantile(options.alpha / options.sides);
  const double z_power = NormalQuantile(options.power);
  // d sqrt(n) = z_alpha sqrt(psi) + z_power sqrt(psi - d^2): a quadratic in d, whose larger root has the sign
  // of z_power right (the smaller one for a power below one half).
  const double a = n_pairs + z_power * z_power;
  const double h = z_alpha * std::sqrt(psi) * std::sqrt(n_pairs);
  // h^2 - a psi (z_alpha^2 - z_power^2), multiplied out: exactly 0 at a power of one half, where rounding
  // could make it negative.
  const double discriminant = psi * z_power * z_power * (a - z_alpha * z_alpha);
  double d = (h + (z_power >= 0 ? 1 : -1) * std::sqrt(std::max(0.0, discriminant))) / a;
  if (d < 0) d = 0;
  if (!(discriminant >= 0 && d <= psi)) {
    const double needed = *McNemarPairsNeeded(psi, psi, options);
    return Undefined("mde_above_psi", "with psi = " + Number(PrintedPsi(psi)) +
                                          " even the largest possible difference, psi itself, needs " +
                                          Number(std::ceil(needed)) + " pairs");
  }
  return d;
}

Computed<double> McNemarPowerMiettinen(double n_pairs, double psi, double delta,
                                       const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (const auto reason = CheckPairs(n_pairs)) return tl::unexpected(*reason);
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  if (const auto reason = CheckDelta(psi, delta)) return tl::unexpected(*reason);
  const double z_alpha = NormalUpperQuantile(options.alpha / options.sides);
  const double shift = std::abs(delta) * std::sqrt(n_pairs * psi) - z_alpha * psi;
  const double spread = psi * psi - delta * delta * (3 + psi) / 4;
  if (spread <= 0) return shift >= 0 ? 1.0 : 0.0;
  return NormalCdf(shift / std::sqrt(spread));
}

Computed<double> McNemarPairsNeededMiettinen(double psi, double delta, const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  if (const auto reason = CheckDelta(psi, delta)) return tl::unexpected(*reason);
  if (delta == 0) return Undefined("delta_zero", "a difference of 0 is never seen; give one that matters");
  const double z_alpha = NormalUpperQuantile(options.alpha / options.sides);
  const double z_power = NormalQuantile(options.power);
  const double root =
      z_alpha * psi + z_power * std::sqrt(std::max(0.0, psi * psi - delta * delta * (3 + psi) / 4));
  return root > 0 ? root * root / (psi * delta * delta) : 0;
}

Computed<double> NonInferiorityPairsNeeded(double psi, double margin, double alpha, double power) {
  if (const auto reason = Check({.alpha = alpha, .sides = 1, .power = power})) return tl::unexpected(*reason);
  if (!(margin > 0 && margin < 1)) return Undefined("bad_margin", "the margin must lie between 0 and 1");
  const double z_alpha = NormalUpperQuantile(alpha);
  // With no discordant pair at all Tango's bound is z^2 / (n + z^2): fewer pairs are never enough, though the
  // normal formula falls to nothing with psi.
  const double floor = z_alpha > 0 ? z_alpha * z_alpha * (1 - margin) / margin : 0;
  if (psi == 0) return floor;
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  const double sum = std::max(0.0, z_alpha + NormalQuantile(power));
  return std::max(floor, sum * sum * psi / (margin * margin));
}

Computed<double> ResolvableMargin(double n_pairs, double psi, double alpha, double power) {
  if (const auto reason = Check({.alpha = alpha, .sides = 1, .power = power})) return tl::unexpected(*reason);
  if (const auto reason = CheckPairs(n_pairs)) return tl::unexpected(*reason);
  const double z_alpha = NormalUpperQuantile(alpha);
  // No margin below this can be certified, not even with no discordant pair at all.
  const double floor = std::max(0.0, z_alpha) * std::max(0.0, z_alpha) / (n_pairs + z_alpha * z_alpha);
  if (psi == 0) return floor;
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  const double margin =
      std::max(floor, std::max(0.0, z_alpha + NormalQuantile(power)) * std::sqrt(psi / n_pairs));
  if (margin >= 1) {
    return Undefined("margin_above_one", "no margin below 100 points can be certified with so few pairs");
  }
  return margin;
}

Computed<double> NonInferiorityPower(double n_pairs, double psi, double delta, double margin, double alpha) {
  if (const auto reason = Check({.alpha = alpha, .sides = 1, .power = 0.5})) return tl::unexpected(*reason);
  if (const auto reason = CheckPairs(n_pairs)) return tl::unexpected(*reason);
  if (const auto reason = CheckPsi(psi)) return tl::unexpected(*reason);
  if (const auto reason = CheckDelta(psi, delta)) return tl::unexpected(*reason);
  if (!(margin >= 0 && margin < 1)) return Undefined("bad_margin", "the margin must lie in [0, 1)");
  const double spread = psi - delta * delta;
  const double z_alpha = NormalUpperQuantile(alpha);
  if (spread <= 0) return delta > -margin ? 1.0 : 0.0;
  return NormalCdf((delta + margin) * std::sqrt(n_pairs / spread) - z_alpha);
}

Computed<TwoProportionPower> UnpairedPower(double p1, double p2, double n_per_group, double alpha,
                                           int sides) {
  if (const auto reason = Check({.alpha = alpha, .sides = sides, .power = 0.5}))
    return tl::unexpected(*reason);
  if (const auto reason = CheckPairs(n_per_group)) return tl::unexpected(*reason);
  if (!(p1 >= 0 && p1 <= 1 && p2 >= 0 && p2 <= 1))
    return Undefined("bad_rate", "the rates must lie in [0, 1]");
  const double z = NormalUpperQuantile(alpha / sides);
  const double shift = std::abs(p2 - p1) * std::sqrt(n_per_group);
  const double pooled = z * std::sqrt((p1 + p2) * (1 - (p1 + p2) / 2));
  const double spread = std::sqrt(p1 * (1 - p1) + p2 * (1 - p2));
  if (!(spread > 0)) return Undefined("no_spread", "both rates are 0 or 1: the formula has no spread");
  const double h =
      std::abs(2 * std::asin(std::sqrt(p2)) - 2 * std::asin(std::sqrt(p1))) * std::sqrt(n_per_group / 2);
  const double wrong = sides == 2 ? 1 : 0;
  TwoProportionPower power;
  power.pooled_one_tail = NormalCdf((shift - pooled) / spread);
  power.pooled_both_tails = power.pooled_one_tail + wrong * NormalCdf((-shift - pooled) / spread);
  power.arcsine_both_tails = NormalCdf(h - z) + wrong * NormalCdf(-h - z);
  return power;
}

Computed<double> UnpairedNeeded(double p1, double p2, const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (!(p1 >= 0 && p1 <= 1 && p2 >= 0 && p2 <= 1))
    return Undefined("bad_rate", "the rates must lie in [0, 1]");
  if (p1 == p2) return Undefined("delta_zero", "a difference of 0 is never seen; give one that matters");
  const double root =
      NormalUpperQuantile(options.alpha / options.sides) * std::sqrt((p1 + p2) * (1 - (p1 + p2) / 2)) +
      NormalQuantile(options.power) * std::sqrt(p1 * (1 - p1) + p2 * (1 - p2));
  return root > 0 ? root * root / ((p2 - p1) * (p2 - p1)) : 0;
}

Computed<double> UnpairedMde(double p1, double n_per_group, const PowerOptions& options, bool upwards) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (const auto reason = CheckPairs(n_per_group)) return tl::unexpected(*reason);
  if (!(p1 > 0 && p1 < 1)) return Undefined("bad_rate", "the base rate must lie between 0 and 1");
  const double room = upwards ? 1 - p1 : p1;
  const double sign = upwards ? 1 : -1;
  const auto gap = [&](double d) {
    return UnpairedPower(p1, std::clamp(p1 + sign * d, 0.0, 1.0), n_per_group, options.alpha, options.sides)
               ->pooled_one_tail -
           options.power;
  };
  if (gap(room) < 0) {
    return Undefined("mde_above_room",
                     "even a change to " + Number(upwards ? 1 : 0) + " is not seen with the asked power");
  }
  return RisingRoot(gap, 0, room);
}

Computed<PairedTPower> PairedTTestPower(double d, double n_pairs, double alpha, int sides) {
  if (const auto reason = Check({.alpha = alpha, .sides = sides, .power = 0.5}))
    return tl::unexpected(*reason);
  if (!(n_pairs >= 2 && n_pairs <= 1e12))
    return Undefined("too_few_pairs", "a t test needs at least 2 pairs");
  if (!std::isfinite(d)) return Undefined("bad_effect", "the effect must be finite");
  return PairedTPower{.both_tails = PairedTBothTails(d, n_pairs, alpha, sides, true),
                      .one_tail = PairedTBothTails(d, n_pairs, alpha, sides, false)};
}

Computed<double> PairedTPairsNeeded(double d, const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (!(std::abs(d) > 0) || !std::isfinite(d))
    return Undefined("effect_zero", "an effect of 0 is never seen; give one that matters");
  const auto gap = [&](double n) {
    return PairedTBothTails(d, n, options.alpha, options.sides, true) - options.power;
  };
  double high = 4;
  while (high < 1e12 && gap(high) < 0) high *= 2;
  return RisingRoot(gap, 2, high);
}

Computed<double> PairedTMde(double n_pairs, const PowerOptions& options) {
  if (const auto reason = Check(options)) return tl::unexpected(*reason);
  if (!(n_pairs >= 2 && n_pairs <= 1e12))
    return Undefined("too_few_pairs", "a t test needs at least 2 pairs");
  const auto gap = [&](double d) {
    return PairedTBothTails(d, n_pairs, options.alpha, options.sides, true) - options.power;
  };
  double high = 8 / std::sqrt(n_pairs);
  while (high < 1e6 && gap(high) < 0) high *= 2;
  return RisingRoot(gap, 0, high);
}

}  // namespace minslice::stats
