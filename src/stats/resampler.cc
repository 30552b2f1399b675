#include "stats/resampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace minslice::stats {
namespace {

using resampling::Alias;
using resampling::kBlock;
using resampling::kColumns;
using resampling::Start;
using resampling::State;
using resampling::Totals;

constexpr std::int64_t kFewValues = 32;
constexpr int kLimbBits = 16;
constexpr double kMostInteger = 0x1p45;  // of three balanced limbs, which hold 2^47

// The number k of 1 - k/sqrt(n): few values pay for single draws, many for starting over.
double Shortfall(std::int64_t n) {
  if (n < 2'000) return 1.5;
  if (n < 50'000) return 1.75;
  return n < 500'000 ? 2.25 : 2.75;
}

Alias PoissonTable(double mean) {
  double height[kColumns];
  double term = std::exp(-mean);
  for (int w = 0; w < kColumns; ++w) {
    height[w] = term * kColumns;  // the last one, for 15 and above: below 1e-13
    term *= mean / (w + 1);
  }
  // Walker's table: each column holds 1/16, its own outcome below the cut and another above.
  int other[kColumns], small[kColumns], large[kColumns], n_small = 0, n_large = 0;
  for (int w = 0; w < kColumns; ++w) {
    other[w] = w;
    if (height[w] < 1) {
      small[n_small++] = w;
    } else {
      large[n_large++] = w;
    }
  }
  while (n_small > 0 && n_large > 0) {
    const int low = small[--n_small];
    const int high = large[n_large - 1];
    other[low] = high;
    height[high] -= 1 - height[low];
    if (height[high] < 1) {
      --n_large;
      small[n_small++] = high;
    }
  }
  Alias alias;
  for (int w = 0; w < kColumns; ++w) {
    const double cells = height[w] * 4096;
    const double whole = std::min(std::floor(cells), 4095.0);
    const double fraction = std::min((cells - whole) * 4294967296.0, 4294967295.0);
    const auto column = static_cast<std::size_t>(w);
    alias.cut[column] = static_cast<std::uint16_t>((static_cast<unsigned>(whole) << 4U) | column);
    alias.fraction[column] = static_cast<std::uint32_t>(fraction);
    alias.other[column] = static_cast<std::uint16_t>(other[w]);
  }
  return alias;
}

}  // namespace

Resampler::Resampler(std::int64_t n) : n_(n), poisson_(n >= kFewValues) {
  UseMachine(resampling::BestMachine());
  if (!poisson_) return;
  const double root = std::sqrt(static_cast<double>(n));
  alias_ = PoissonTable(1 - Shortfall(n) / root);
  blocks_ = (static_cast<std::size_t>(n) + kBlock - 1) / kBlock;
  for (std::size_t i = 0; i < kBlock; ++i) {
    last_mask_[i] = (blocks_ - 1) * kBlock + i < static_cast<std::size_t>(n) ? 0xFFFF : 0;
  }
}

Resampler::Resampler(std::span<const double> x, std::span<const double> y)
    : Resampler(static_cast<std::int64_t>(x.size())) {
  x_ = MakeColumn(x);
  y_ = MakeColumn(y);
  UseMachine(resampling::BestMachine());
  const auto all = static_cast<std::size_t>(x_.limbs + y_.limbs);
  limbs_.assign(blocks_ * kBlock * all, 0);
  std::size_t first = 0;
  for (const Column* column : {&x_, &y_}) {
    if (poisson_) {
      for (std::size_t i = 0; i < column->integer.size(); ++i) {
        std::int64_t rest = column->integer[i];
        for (std::size_t limb = 0; limb < static_cast<std::size_t>(column->limbs); ++limb) {
          const auto low = static_cast<std::int16_t>(static_cast<std::uint16_t>(rest));
          limbs_[(i / kBlock * all + first + limb) * kBlock + i % kBlock] = low;
          rest = (rest - low) / (std::int64_t{1} << kLimbBits);
        }
      }
    }
    first += static_cast<std::size_t>(column->limbs);
  }
}

void Resampler::UseMachine(resampling::Machine machine) {
  with_values_ = resampling::KernelsFor(machine, x_.limbs + y_.limbs);
  without_ = resampling::KernelsFor(machine, 0);
}

Resampler::Column Resampler::MakeColumn(std::span<const double> values) {
  Column column;
  if (values.empty()) return column;
  double largest = 0;
  bool whole = true;
  for (const double value : values) {
    largest = std::max(largest, std::abs(value));
    whole = whole && value == std::floor(value);
  }
  if (!whole || largest > kMostInteger) {
    int exponent = 0;
    (void)std::frexp(largest, &exponent);
    column.unit = std::ldexp(1.0, exponent - 45);
  }
  column.integer.reserve(values.size());
  for (const double value : values) column.integer.push_back(std::llrint(value / column.unit));
  const double most = largest / column.unit;
  column.limbs = most < 0x1p15 ? 1 : most < 0x1p30 ? 2 : 3;
  return column;
}

double Resampler::Value(const Column& column, const std::int64_t* limb_sums, std::int64_t singles) {
  // Each term is a whole number below 2^53 wherever the values were whole and their sum is, so exact.
  double sum = 0;
  for (int limb = column.limbs; limb-- > 0;)
    sum = sum * (1 << kLimbBits) + static_cast<double>(limb_sums[limb]);
  return (sum + static_cast<double>(singles)) * column.unit;
}

template <class Single>
Totals Resampler::DrawWeights(std::uint64_t seed, std::uint64_t replicate, std::uint32_t purpose,
                              std::uint8_t* weights, Single single) const {
  const resampling::Kernels& kernels = weights == nullptr ? with_values_ : without_;
  Start start(seed, replicate, purpose);
  State state;
  kernels.state(start, state);
  Totals totals;
  if (poisson_) {
    do {
      totals = kernels.weights(limbs_.data(), weights, blocks_, last_mask_.data(), alias_, state, start);
    } while (totals.weights > n_);
  }
  const auto n = static_cast<std::uint32_t>(n_);
  const std::uint32_t refused = (0U - n) % n;
  std::uint32_t index[resampling::kBatch];
  for (std::int64_t left = n_ - totals.weights; left > 0;) {
    const auto drawn = static_cast<std::int64_t>(kernels.singles(start, n, refused, index));
    const std::int64_t take = std::min(left, drawn);
    for (std::int64_t i = 0; i < take; ++i) single(index[i]);
    left -= take;
  }
  return totals;
}

Resampler::Sums Resampler::Draw(std::uint64_t seed, std::uint64_t replicate, std::uint32_t purpose) const {
  std::int64_t x = 0, y = 0;
  Totals totals;
  if (y_.limbs == 0) {
    totals = DrawWeights(seed, replicate, purpose, nullptr, [&](std::uint32_t i) { x += x_.integer[i]; });
    return {Value(x_, totals.limb.data(), x), 0};
  }
  totals = DrawWeights(seed, replicate, purpose, nullptr, [&](std::uint32_t i) {
    x += x_.integer[i];
    y += y_.integer[i];
  });
  return {Value(x_, totals.limb.data(), x), Value(y_, totals.limb.data() + x_.limbs, y)};
}

Resampler::Sums Resampler::Observed() const {
  const auto total = [](const Column& column) {
    std::int64_t high = 0, low = 0;  // in two halves: the sum of 2^31 integers of 2^45 does not fit
    for (const std::int64_t integer : column.integer) {
      high += integer >> 24;
      low += integer & 0xFFFFFF;
    }
    return (static_cast<double>(high) * 0x1p24 + static_cast<double>(low)) * column.unit;
  };
  return {total(x_), total(y_)};
}

void Resampler::Weights(std::span<std::uint8_t> weights, std::uint64_t seed, std::uint64_t replicate,
                        std::uint32_t purpose) const {
  if (!poisson_) std::memset(weights.data(), 0, weights.size());
  DrawWeights(seed, replicate, purpose, weights.data(), [&](std::uint32_t i) { ++weights[i]; });
}

}  // namespace minslice::stats
