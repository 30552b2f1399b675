#include "minslice/stats/nondeterminism.h"

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "minslice/stats/proportion.h"
#include "stats/normal.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

double NormalDensity(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }

// Trapezoid rule over a smooth integrand that dies at both ends: exact to rounding (1e-12) at this step.
constexpr double kReach = 10;
constexpr double kStep = 1.0 / 16;

// P(range <= w) = K integral phi(z) (Phi(z + w) - Phi(z))^(K - 1) dz, z the smallest of the K.
double NormalRangeCdf(std::int64_t k, double w) {
  double sum = 0;
  for (double z = -kReach; z <= kReach; z += kStep) {
    // From the side on which the tails do not cancel.
    const double between = z > 0 ? NormalSf(z) - NormalSf(z + w) : NormalCdf(z + w) - NormalCdf(z);
    sum += NormalDensity(z) * std::pow(between, static_cast<double>(k - 1));
  }
  return std::min(1.0, static_cast<double>(k) * sum * kStep);
}

}  // namespace

double NormalRangeMean(std::int64_t k) {
  // E range = integral 1 - Phi^K - (1 - Phi)^K.
  const double power = static_cast<double>(k);
  double sum = 0;
  for (double z = -kReach; z <= kReach; z += kStep) {
    sum += -std::expm1(power * std::log1p(-NormalSf(z))) - std::pow(NormalSf(z), power);
  }
  return sum * kStep;
}

double NormalRangeQuantile(std::int64_t k, double p) {
  const auto excess = [k, p](double w) { return NormalRangeCdf(k, w) - p; };
  double high = 4;
  while (excess(high) < 0 && high < 64) high *= 1.5;
  std::uintmax_t evaluations = 60;
  const auto [low, up] = boost::math::tools::toms748_solve(
      excess, 0.0, high, boost::math::tools::eps_tolerance<double>(46), evaluations);
  return (low + up) / 2;
}

Computed<Nondeterminism> CheckNondeterminism(std::span<const double> scores, std::int64_t repeats,
                                             const NondeterminismOptions& options) {
  if (repeats < 2)
    return Undefined("one_repeat", "one run cannot disagree with itself; at least 2 are needed");
  const auto k = static_cast<std::size_t>(repeats);
  if (scores.size() % k != 0)
    return Undefined("shape", std::to_string(scores.size()) + " scores are no multiple of the runs");
  Nondeterminism result;
  result.repeats = repeats;
  std::vector<double> run(k, 0.0);
  double prompts2 = 0, total = 0;  // sums of L_i^2 and of L_i, L_i = passes of prompt i
  const double real_k = static_cast<double>(repeats);
  for (std::size_t i = 0; i < scores.size() / k; ++i) {
    const std::span<const double> row = scores.subspan(i * k, k);
    if (std::any_of(row.begin(), row.end(), [](double score) { return std::isnan(score); })) continue;
    double passes = 0;
    for (const double score : row) {
      if (score != 0 && score != 1) return Undefined("not_binary", "scores must be 0 or 1");
      passes += score;
    }
    for (std::size_t r = 0; r < k; ++r) run[r] += row[r];
    ++result.n;
    total += passes;
    prompts2 += passes * passes;
    if (passes > 0 && passes < real_k) ++result.flipped;
  }
  if (result.n == 0) return Undefined("no_prompts", "no prompt has all its runs");
  const double n = static_cast<double>(result.n);
  const double denominator = real_k * total - prompts2;
  // The mean of p (1 - p) K / (K - 1), from whole numbers: the order of the prompts changes no digit.
  result.variance = denominator / (real_k * (real_k - 1)) / n;
  if (denominator > 0) {
    double squares = 0;
    for (const double passes : run) squares += passes * passes;
    result.cochran_q = (real_k - 1) * (real_k * squares - total * total) / denominator;
    result.cochran_p = ChiSquaredSf(result.cochran_q, real_k - 1);
  }
  result.flip_rate = *WilsonInterval(result.flipped, result.n, options.level);
  const auto [least, most] = std::minmax_element(run.begin(), run.end());
  result.lowest_rate = *least / n;
  result.highest_rate = *most / n;
  result.spread = (*most - *least) / n;
  const double scale = std::sqrt(result.variance / n);
  result.expected_spread = NormalRangeMean(repeats) * scale;
  result.spread_limit = NormalRangeQuantile(repeats, options.level) * scale;
  result.nondeterministic = result.spread > options.max_spread || result.cochran_p < options.cochran_q;
  result.noise_explains_it = result.spread <= result.spread_limit;
  return result;
}

Computed<Estimate> TotalAgreement(std::span<const std::uint64_t> hashes, std::int64_t repeats, double level) {
  if (repeats < 2)
    return Undefined("one_repeat", "one run cannot disagree with itself; at least 2 are needed");
  const auto k = static_cast<std::size_t>(repeats);
  if (hashes.size() % k != 0)
    return Undefined("shape", std::to_string(hashes.size()) + " answers are no multiple of the runs");
  std::int64_t n = 0, agree = 0;
  for (std::size_t i = 0; i < hashes.size(); i += k, ++n) {
    const std::span<const std::uint64_t> row = hashes.subspan(i, k);
    if (std::all_of(row.begin(), row.end(), [&](std::uint64_t hash) { return hash == row[0]; })) ++agree;
  }
  if (n == 0) return Undefined("no_prompts", "there are no prompts");
  return WilsonInterval(agree, n, level);
}

Computed<double> PassHatK(std::int64_t passes, std::int64_t runs, std::int64_t k) {
  if (passes < 0 || passes > runs || k < 1 || k > runs)
    return Undefined("counts", "0 <= passes <= runs and 1 <= k <= runs");
  double all = 1;  // C(passes, k) / C(runs, k)
  for (std::int64_t i = 0; i < k; ++i)
    all *= static_cast<double>(std::max<std::int64_t>(0, passes - i)) / static_cast<double>(runs - i);
  return all;
}

Computed<double> PassAtK(std::int64_t passes, std::int64_t runs, std::int64_t k) {
  if (passes < 0 || passes > runs || k < 1 || k > runs)
    return Undefined("counts", "0 <= passes <= runs and 1 <= k <= runs");
  const Computed<double> none = PassHatK(runs - passes, runs, k);
  return 1 - *none;
}

}  // namespace minslice::stats
