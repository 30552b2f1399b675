#include "stats/sign_flip_distribution.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <cstddef>
#include <map>
#include <numbers>
#include <optional>

#include "stats/boost_policy.h"
#include "stats/lattice.h"
#include "stats/normal.h"

namespace minslice::stats {
namespace {

// A table is worth its counting up to this many additions.
constexpr double kMostWork = 4e8;
constexpr std::size_t kRoundedUpTo = 2000;
constexpr double kRoundedWork = 4e7;
constexpr double kVanishing = 1e-307;

// P(Bin(n, 1/2) = k) for k = first ... first + size - 1, where it is at least 1e-307.
struct HalfBinomial {
  std::int64_t first = 0;
  std::vector<double> mass;
};

HalfBinomial HalfBinomialOf(std::int64_t n) {
  HalfBinomial result;
  std::vector<double> upper;  // from the middle up
  const std::int64_t middle = n / 2;
  const double real = static_cast<double>(n);
  double mass = boost::math::ibeta_derivative(static_cast<double>(middle) + 1,
                                              static_cast<double>(n - middle) + 1, 0.5, BoostPolicy()) /
                (real + 1);
  for (std::int64_t k = middle; k <= n && mass >= kVanishing; ++k) {
    upper.push_back(mass);
    mass *= static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  const std::int64_t highest = middle + static_cast<std::int64_t>(upper.size()) - 1;
  result.first = n - highest;
  result.mass.resize(static_cast<std::size_t>(highest - result.first + 1));
  for (std::int64_t k = middle; k <= highest; ++k) {
    const double value = upper[static_cast<std::size_t>(k - middle)];
    result.mass[static_cast<std::size_t>(k - result.first)] = value;
    result.mass[static_cast<std::size_t>(n - k - result.first)] = value;
  }
  return result;
}

// The distribution of U, cut where it vanishes.
struct Table {
  std::int64_t first = 0;
  std::vector<double> mass{1};

  void Cut() {
    std::size_t from = 0, to = mass.size();
    while (from < to && mass[from] < kVanishing) ++from;
    while (to > from && mass[to - 1] < kVanishing) --to;
    first += static_cast<std::int64_t>(from);
    mass = std::vector<double>(mass.begin() + static_cast<std::ptrdiff_t>(from),
                               mass.begin() + static_cast<std::ptrdiff_t>(to));
  }

  void AddOne(std::int64_t size) {
    const auto step = static_cast<std::size_t>(size);
    const std::size_t old = mass.size();
    std::vector<double> next(old + step);
    for (std::size_t i = 0; i < old; ++i) next[i] = 0.5 * mass[i];
    for (std::size_t i = 0; i < old; ++i) next[i + step] += 0.5 * mass[i];
    mass = std::move(next);
  }

  void AddMany(std::int64_t size, std::int64_t count) {
    const HalfBinomial binomial = HalfBinomialOf(count);
    const auto step = static_cast<std::size_t>(size);
    std::vector<double> next(mass.size() + step * (binomial.mass.size() - 1), 0.0);
    for (std::size_t k = 0; k < binomial.mass.size(); ++k) {
      const double weight = binomial.mass[k];
      double* const out = next.data() + k * step;
      for (std::size_t i = 0; i < mass.size(); ++i) out[i] += weight * mass[i];
    }
    first += binomial.first * size;
    mass = std::move(next);
  }
};

}  // namespace

SignFlipDistribution::SignFlipDistribution(std::span<const double> d) {
  std::vector<double> values;
  double spread = 0, absolute = 0;
  for (const double value : d) {
    if (value == 0) continue;
    values.push_back(value);
    spread = std::max(spread, std::abs(value));
    absolute += std::abs(value);
  }
  // Signs do not mind a common factor, but products of the smallest doubles do.
  if (spread > 0 && spread < 1e-100) {
    for (double& value : values) value /= spread;
    absolute = 0;
    for (const double value : values) absolute += std::abs(value);
  }
  nonzero_ = static_cast<std::int64_t>(values.size());
  if (values.empty()) {
    at_least_ = {1};
    return;
  }
  if (const std::optional<Lattice> lattice = FindLattice(values, std::int64_t{1} << 18, true)) {
    std::map<std::int64_t, std::int64_t> counts;
    for (const std::int64_t k : lattice->index) {
      if (k != 0) ++counts[std::abs(k)];
    }
    double work = 0, length = 1;
    for (const auto& [size, count] : counts) {
      const double terms = std::min(static_cast<double>(count), 40 * std::sqrt(static_cast<double>(count)));
      length += terms * static_cast<double>(size);
      work += std::max(1.0, terms) * length;
    }
    if (work <= kMostWork) {
      step_ = lattice->step;
      std::vector<std::int64_t> sizes;
      std::int64_t sum = 0;
      nonzero_ = 0;
      for (const std::int64_t k : lattice->index) {
        sum += k;
        if (k == 0) continue;
        ++nonzero_;
        sizes.push_back(std::abs(k));
      }
      observed_ = static_cast<double>(sum);
      Count(std::move(sizes));
      return;
    }
  }
  if (values.size() < kRoundedUpTo) {
    kind_ = Kind::kRoundedLattice;
    const double n = static_cast<double>(values.size());
    step_ = absolute / std::min(kRoundedWork / n, 131072.0);
    std::vector<std::int64_t> sizes;
    std::int64_t sum = 0;
    for (const double value : values) {
      const std::int64_t k = std::llround(value / step_);
      sum += k;
      if (k != 0) sizes.push_back(std::abs(k));
    }
    observed_ = static_cast<double>(sum);
    Count(std::move(sizes));
    return;
  }
  kind_ = Kind::kCharacteristicFunction;
  for (const double value : values) {
    sizes_.push_back(std::abs(value));
    observed_ += value;
  }
  Transform();
}

void SignFlipDistribution::Count(std::vector<std::int64_t> sizes) {
  std::map<std::int64_t, std::int64_t> counts;
  for (const std::int64_t size : sizes) {
    ++counts[size];
    total_ += size;
    sizes_.push_back(static_cast<double>(size));
  }
  Table table;
  for (const auto& [size, count] : counts) {
    if (count < 8) {
      for (std::int64_t i = 0; i < count; ++i) table.AddOne(size);
    } else {
      table.AddMany(size, count);
    }
    table.Cut();
  }
  first_ = table.first;
  at_least_.resize(table.mass.size());
  double sum = 0;
  for (std::size_t i = table.mass.size(); i-- > 0;) {
    sum += table.mass[i];
    at_least_[i] = std::min(1.0, sum);
  }
}

// P(T > t) = 1/2 - (t/half)/2 ... as a Fourier series on a period that holds all but 1e-19: T is symmetric,
// so only sines.
void SignFlipDistribution::Transform() {
  double squares = 0, largest = 0;
  for (const double size : sizes_) {
    squares += size * size;
    largest = std::max(largest, size);
  }
  // Bernstein's inequality at e^-44.
  const double linear = largest * 44 / 3;
  half_ = linear + std::sqrt(linear * linear + 88 * squares);
  for (int k = 1; k <= 1 << 16; ++k) {
    const double angle = std::numbers::pi * k / half_;
    double log_size = 0;
    double product = 1;
    for (const double size : sizes_) {
      product *= std::cos(angle * size);
      if (std::abs(product) < 1e-280) {
        log_size += std::log(std::abs(product));
        product = product < 0 ? -1 : 1;
        if (log_size < -745) break;
      }
    }
    const double value = product * std::exp(log_size);
    wave_.push_back(value / (std::numbers::pi * k));
    if (std::abs(value) < 1e-18) return;
  }
}

double SignFlipDistribution::Smooth(double t) const {
  if (t <= -half_) return 1;
  if (t >= half_) return 0;
  double sum = 0.5 - t / (2 * half_);
  for (std::size_t k = 0; k < wave_.size(); ++k) {
    sum -= wave_[k] * std::sin(std::numbers::pi * static_cast<double>(k + 1) * t / half_);
  }
  return std::clamp(sum, 0.0, 1.0);
}

double SignFlipDistribution::AtLeast(double t) const {
  if (kind_ == Kind::kCharacteristicFunction) return Smooth(t);
  // T = 2 U - total >= t.
  const double u = std::ceil((t + static_cast<double>(total_)) / 2 - 1e-9);
  const double i = u - static_cast<double>(first_);
  if (i <= 0) return 1;
  return i < static_cast<double>(at_least_.size()) ? at_least_[static_cast<std::size_t>(i)] : 0;
}

double SignFlipDistribution::Above(double t) const {
  if (kind_ == Kind::kCharacteristicFunction) return Smooth(t);
  const double u = std::floor((t + static_cast<double>(total_)) / 2 + 1e-9) + 1;
  const double i = u - static_cast<double>(first_);
  if (i <= 0) return 1;
  return i < static_cast<double>(at_least_.size()) ? at_least_[static_cast<std::size_t>(i)] : 0;
}

double SignFlipDistribution::LargestTailNotAbove(double most) const {
  const auto at =
      std::partition_point(at_least_.begin(), at_least_.end(), [most](double tail) { return tail > most; });
  return at == at_least_.end() ? 0 : *at;
}

double SignFlipDistribution::LogSaddlePointTail(double t) const {
  double whole = 0;
  for (const double size : sizes_) whole += size;
  // All signs alike: one pattern of 2^n.
  if (t >= whole * (1 - 1e-12)) return -static_cast<double>(sizes_.size()) * std::numbers::ln2;
  // K'(s) = sum size tanh(s size) = t.
  const auto slope = [&](double s) {
    double sum = 0;
    for (const double size : sizes_) sum += size * std::tanh(s * size);
    return sum;
  };
  double low = 0, high = 1 / (whole / static_cast<double>(sizes_.size()));
  while (slope(high) < t && high < 1e300) high *= 2;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (slope(middle) < t ? low : high) = middle;
  }
  const double s = (low + high) / 2;
  double k = 0, k2 = 0;
  for (const double size : sizes_) {
    const double x = s * size;
    k += x + std::log1p(std::exp(-2 * x)) - std::numbers::ln2;
    const double sech = 1 / std::cosh(std::min(x, 350.0));
    k2 += size * size * sech * sech;
  }
  const double w = std::sqrt(std::max(0.0, 2 * (s * t - k)));
  const double u = s * std::sqrt(k2);
  if (!(w > 0 && u > 0)) return LogNormalSf(t / std::sqrt(k2));
  // log of [Q(w) + phi(w) (1/u - 1/w)], with phi(w) taken out.
  const double log_phi = -w * w / 2 - std::log(2 * std::numbers::pi) / 2;
  const double mills = std::exp(LogNormalSf(w) - log_phi);
  return log_phi + std::log(std::max(mills + 1 / u - 1 / w, 1e-300));
}

}  // namespace minslice::stats
