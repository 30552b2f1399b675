#include "stats/ratio_distribution.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <optional>

#include "stats/fourier.h"
#include "stats/lattice.h"
#include "stats/mean_distribution.h"
#include "stats/sample.h"

namespace minslice::stats {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 21;

std::size_t Wrap(std::int64_t value, std::size_t size) {
  const auto modulus = static_cast<std::int64_t>(size);
  const std::int64_t rest = value % modulus;
  return static_cast<std::size_t>(rest < 0 ? rest + modulus : rest);
}

// Window of the sum of G draws of integers: where it starts, and a power of two that holds all but 1e-19 of
// it.
struct Window {
  std::int64_t first = 0;
  std::size_t size = 1;
};

template <class Int>
Window WindowOf(std::span<const Int> values) {
  double n = static_cast<double>(values.size()), sum = 0, squares = 0;
  for (const Int value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double mean = sum / n;
  const double full = n * static_cast<double>(*most - *least) + 1;
  const double largest = std::max(static_cast<double>(*most) - mean, mean - static_cast<double>(*least));
  const double reach =
      std::ceil(2 * BernsteinReach(n, std::max(0.0, squares / n - mean * mean), largest)) + 4;
  Window window;
  window.size = PowerOfTwoAtLeast(static_cast<std::size_t>(std::min(full, reach)));
  window.first = full <= static_cast<double>(window.size)
                     ? static_cast<std::int64_t>(n) * static_cast<std::int64_t>(*least)
                     : std::llround(sum) - static_cast<std::int64_t>(window.size / 2);
  return window;
}

}  // namespace

RatioDistribution::RatioDistribution(std::span<const double> sums, std::span<const std::int64_t> sizes)
    : sums_(sums.begin(), sums.end()), sizes_(sizes.begin(), sizes.end()) {
  double total = 0, items = 0, meat = 0;
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    total += sums_[k];
    items += static_cast<double>(sizes_[k]);
  }
  estimate_ = total / items;
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    meat += std::pow(sums_[k] - estimate_ * static_cast<double>(sizes_[k]), 2);
  }
  deviation_ = std::sqrt(meat) / items;
  columns_ = WindowOf<std::int64_t>(sizes_).size;
  const auto most_rows = static_cast<std::int64_t>(kMostCells / columns_);
  if (most_rows >= 4096) {
    std::optional<Lattice> lattice = FindLattice(sums_, most_rows);
    if (!lattice &&
        *std::min_element(sums_.begin(), sums_.end()) == *std::max_element(sums_.begin(), sums_.end())) {
      lattice = Lattice{sums_[0], 1, std::vector<std::int64_t>(sums_.size(), 0), 0};
    }
    if (lattice && WindowOf<std::int64_t>(lattice->index).size * columns_ <= kMostCells) {
      origin_ = lattice->origin;
      step_ = lattice->step;
      BuildTable(lattice->index);
      return;
    }
  }
  if (sums_.size() >= 64 || most_rows < 4096) {
    kind_ = Kind::kCharacteristicFunction;
    return;
  }
  // Few clusters with real-valued sums: round the sums so that the table just fits.
  kind_ = Kind::kRoundedTable;
  const CentralSums of_sums = SumDeviations(sums_);
  const auto [least, most] = std::minmax_element(sums_.begin(), sums_.end());
  const double n = static_cast<double>(sums_.size());
  const double largest = std::max(*most - of_sums.mean, of_sums.mean - *least);
  const double reach = 2 * BernsteinReach(n, of_sums.second / n, largest);
  step_ = std::min(reach, n * (*most - *least)) / (static_cast<double>(most_rows) - 8 - n);
  origin_ = *least;
  std::vector<std::int64_t> cell;
  double lost = 0;
  for (const double sum : sums_) {
    cell.push_back(std::llround((sum - *least) / step_));
    lost += (sum - *least) - step_ * static_cast<double>(cell.back());
  }
  origin_ += lost / n;
  BuildTable(cell);
}

void RatioDistribution::BuildTable(std::span<const std::int64_t> cell) {
  const Window of_sums = WindowOf<std::int64_t>(cell);
  const Window of_items = WindowOf<std::int64_t>(sizes_);
  rows_ = of_sums.size;
  columns_ = of_items.size;
  first_ = of_sums.first;
  least_items_ = of_items.first;
  const double g = static_cast<double>(cell.size());
  double mean_cell = 0, mean_size = 0;
  for (std::size_t k = 0; k < cell.size(); ++k) {
    mean_cell += static_cast<double>(cell[k]) / g;
    mean_size += static_cast<double>(sizes_[k]) / g;
  }
  const std::int64_t cell_centre = std::llround(mean_cell);
  const std::int64_t size_centre = std::llround(mean_size);
  // Two-dimensional transform, G-th power, back. values[m * rows + s].
  std::vector<std::complex<double>> values(rows_ * columns_);
  for (std::size_t k = 0; k < cell.size(); ++k) {
    values[Wrap(sizes_[k] - size_centre, columns_) * rows_ + Wrap(cell[k] - cell_centre, rows_)] += 1 / g;
  }
  const Fourier down(rows_), across(columns_);
  std::vector<std::complex<double>> line(columns_);
  const auto columns = [&](int sign) {
    for (std::size_t m = 0; m < columns_; ++m)
      down.Transform(std::span(values).subspan(m * rows_, rows_), sign);
  };
  const auto rows = [&](int sign) {
    for (std::size_t s = 0; s < rows_; ++s) {
      for (std::size_t m = 0; m < columns_; ++m) line[m] = values[m * rows_ + s];
      across.Transform(line, sign);
      for (std::size_t m = 0; m < columns_; ++m) values[m * rows_ + s] = line[m];
    }
  };
  columns(+1);
  rows(+1);
  for (std::complex<double>& value : values) {
    const double square = std::norm(value);
    const double log_size = square > 0 ? g * std::log(square) / 2 : -1000;
    value = log_size > -80 ? std::polar(std::exp(log_size), g * std::arg(value)) : 0;
  }
  rows(-1);
  columns(-1);
  cumulated_.resize(rows_ * columns_);
  const double scale = 1 / static_cast<double>(rows_ * columns_);
  const auto count = static_cast<std::int64_t>(cell.size());
  for (std::size_t m = 0; m < columns_; ++m) {
    const std::size_t from =
        Wrap(least_items_ + static_cast<std::int64_t>(m) - count * size_centre, columns_) * rows_;
    double sum = 0;
    for (std::size_t s = 0; s < rows_; ++s) {
      sum += std::max(0.0,
                      values[from + Wrap(first_ + static_cast<std::int64_t>(s) - count * cell_centre, rows_)]
                          .real()) *
             scale;
      cumulated_[m * rows_ + s] = sum;
    }
  }
}

double RatioDistribution::TableCdf(double ratio, bool strictly) const {
  const double g = static_cast<double>(sums_.size());
  double probability = 0;
  for (std::size_t m = 0; m < columns_; ++m) {
    const double items = static_cast<double>(least_items_ + static_cast<std::int64_t>(m));
    if (items <= 0) continue;
    const double cell = (ratio * items - g * origin_) / step_ - static_cast<double>(first_);
    const double last = strictly ? std::ceil(cell - 1e-7) - 1 : std::floor(cell + 1e-7);
    if (last < 0) continue;
    probability +=
        cumulated_[m * rows_ + static_cast<std::size_t>(std::min(last, static_cast<double>(rows_ - 1)))];
  }
  return std::min(1.0, probability);
}

// sum / items <= r exactly where the sum of (sum - r size) over the draws is <= 0.
double RatioDistribution::SmoothCdf(double ratio) const {
  std::vector<double> excess(sums_.size());
  for (std::size_t k = 0; k < sums_.size(); ++k)
    excess[k] = sums_[k] - ratio * static_cast<double>(sizes_[k]);
  return MeanDistribution(excess, SumDeviations(excess)).Cdf(0);
}

double RatioDistribution::Cdf(double ratio) const {
  return kind_ == Kind::kCharacteristicFunction ? SmoothCdf(ratio) : TableCdf(ratio, false);
}

double RatioDistribution::Below(double ratio) const {
  return kind_ == Kind::kCharacteristicFunction ? SmoothCdf(ratio) : TableCdf(ratio, true);
}

double RatioDistribution::Quantile(double p) const {
  constexpr double kReached = 1e-11;
  double low = estimate_ - 2 * deviation_, high = estimate_ + 2 * deviation_;
  for (int i = 0; i < 60 && Cdf(low) >= p - kReached && Cdf(low) > 0; ++i) low -= (estimate_ - low);
  for (int i = 0; i < 60 && Cdf(high) < p - kReached; ++i) high += (high - estimate_);
  const int halvings = kind_ == Kind::kCharacteristicFunction ? 36 : 60;
  for (int i = 0; i < halvings && high - low > 1e-12 * deviation_; ++i) {
    const double middle = (low + high) / 2;
    (Cdf(middle) >= p - kReached ? high : low) = middle;
  }
  if (kind_ == Kind::kCharacteristicFunction) return (low + high) / 2;
  // The attainable ratio at the jump. TableCdf forgives 1e-7 of a cell, so the jump is that much early at
  // most.
  const double g = static_cast<double>(sums_.size());
  double best = high, nearest = INFINITY;
  for (std::size_t m = 0; m < columns_; ++m) {
    const double items = static_cast<double>(least_items_ + static_cast<std::int64_t>(m));
    if (items <= 0) continue;
    const double at_high = (high * items - g * origin_) / step_;
    const double cell = std::floor(at_high + 2e-7);
    if (at_high - cell > 2e-7) continue;
    const double ratio = (g * origin_ + step_ * cell) / items;
    const auto row = static_cast<std::int64_t>(cell) - first_;
    if (row < 0 || row >= static_cast<std::int64_t>(rows_)) continue;
    const std::size_t at = m * rows_ + static_cast<std::size_t>(row);
    const double mass = cumulated_[at] - (row > 0 ? cumulated_[at - 1] : 0);
    if (mass > 1e-15 && std::abs(ratio - high) < nearest) {
      nearest = std::abs(ratio - high);
      best = ratio;
    }
  }
  return best;
}

}  // namespace minslice::stats
