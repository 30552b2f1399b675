#include "stats/mean_distribution.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <optional>

#include "stats/clones.h"
#include "stats/fourier.h"
#include "stats/lattice.h"
#include "stats/normal.h"

namespace minslice::stats {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 18;  // of the sum's window
constexpr std::size_t kSmallTable = 2048;  // up to here the whole table is cheaper than the band
constexpr std::size_t kMostFrequencies = std::size_t{1} << 16;
constexpr double kLogNegligible = -40;  // 4e-18
// With this many values that occur once, |characteristic function|^n does not come back after its first
// decay: the others may all fall into step, but these do not, and (1 - s/n)^n is about e^-s.
constexpr std::size_t kSinglesInGeneralPosition = 24;
// From here on an attainable step of the mean is below a hundredth of its standard error, whatever the values
// are.
constexpr double kManyValues = 10000;

constexpr int kMoments = 24;  // 2^24/24! < 3e-17: the series of exp(itx) for |tx| <= 2
constexpr double kSeriesRadius = 2;
constexpr std::size_t kBlock = 4 * kLanes;

typedef double Vector __attribute__((vector_size(kLanes * sizeof(double))));

// sums[j] = sum over i of (scale (values[i] - centre))^(j + 1), leaving out values further than 1 after
// scaling; their deviations are appended to far. n a multiple of kBlock or less than it.
MINSLICE_CLONES void PowerSums(const double* values, std::size_t n, double centre, double scale,
                               double* sums) {
  Vector accumulated[kMoments] = {};
  const std::size_t blocks = n / kBlock * kBlock;
  for (std::size_t i = 0; i < blocks; i += kBlock) {
    Vector u[4], power[4];
    for (std::size_t b = 0; b < 4; ++b) {
      __builtin_memcpy(&u[b], values + i + b * kLanes, sizeof(Vector));
      u[b] = (u[b] - centre) * scale;
      u[b] = ((u[b] <= 1.0) & (u[b] >= -1.0)) ? u[b] : Vector{};
      power[b] = u[b];
    }
    accumulated[0] += (power[0] + power[1]) + (power[2] + power[3]);
    for (int j = 1; j < kMoments; ++j) {
      for (std::size_t b = 0; b < 4; ++b) power[b] *= u[b];
      accumulated[j] += (power[0] + power[1]) + (power[2] + power[3]);
    }
  }
  for (int j = 0; j < kMoments; ++j) {
    const Vector& a = accumulated[j];
    sums[j] = ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]));
  }
  for (std::size_t i = blocks; i < n; ++i) {
    const double u = (values[i] - centre) * scale;
    if (!(u <= 1 && u >= -1)) continue;
    double power = 1;
    for (int j = 0; j < kMoments; ++j) {
      power *= u;
      sums[j] += power;
    }
  }
}

// How many of (at most 1,024, evenly taken) values occur once, projected to all of them.
std::size_t Singles(std::span<const double> values) {
  const std::size_t stride = (values.size() + 1023) / 1024;
  std::vector<double> sample;
  sample.reserve(1024);
  for (std::size_t i = 0; i < values.size(); i += stride) sample.push_back(values[i]);
  std::sort(sample.begin(), sample.end());
  std::size_t singles = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const bool left = i > 0 && sample[i - 1] == sample[i];
    const bool right = i + 1 < sample.size() && sample[i + 1] == sample[i];
    if (!left && !right) ++singles;
  }
  return singles * stride;
}

std::size_t CellsNeeded(double n, double variance, double largest, double full) {
  return static_cast<std::size_t>(std::min(full, std::ceil(2 * BernsteinReach(n, variance, largest)) + 4));
}

}  // namespace

double BernsteinReach(double n, double variance, double largest) {
  // exp(-t^2 / (2 (n variance + largest t / 3))) = e^-44.
  constexpr double kLog = 44;
  const double linear = largest * kLog / 3;
  return linear + std::sqrt(linear * linear + 2 * kLog * n * variance);
}

void CharacteristicFunction(std::span<const double> values, double centre, double unit, std::size_t count,
                            std::vector<double>& real, std::vector<double>& imaginary) {
  real.assign(count, 0.0);
  imaginary.assign(count, 0.0);
  const double n = static_cast<double>(values.size());
  const double scale =
      unit * static_cast<double>(count) / kSeriesRadius;  // |values - centre| <= 1 / scale: by series
  std::array<double, kMoments> sums;
  PowerSums(values.data(), values.size(), centre, scale, sums.data());
  double factorial = 1;
  for (int j = 0; j < kMoments; ++j) {
    factorial *= j + 1;
    sums[static_cast<std::size_t>(j)] /= factorial * n;
  }
  for (std::size_t k = 0; k < count; ++k) {
    const double t = kSeriesRadius * static_cast<double>(k + 1) / static_cast<double>(count);
    double even = 0, odd = 0;
    // sums[j] belongs to t^(j + 1) i^(j + 1) / (j + 1)!.
    for (int j = kMoments - 1; j >= 1; j -= 2) even = sums[static_cast<std::size_t>(j)] - t * t * even;
    for (int j = kMoments - 2; j >= 0; j -= 2) odd = sums[static_cast<std::size_t>(j)] - t * t * odd;
    real[k] = -t * t * even;
    imaginary[k] = t * odd;
  }
  for (const double value : values) {
    const double scaled = (value - centre) * scale;
    if (scaled <= 1 && scaled >= -1) continue;
    // cos(kx) - 1 and sin(kx) by rotation, restarted so that errors do not pile up.
    const double angle = (value - centre) * unit;
    const double c = std::cos(angle), s = std::sin(angle);
    double x = 1, y = 0;
    for (std::size_t k = 0; k < count; ++k) {
      if (k % 64 == 63) {
        x = std::cos(angle * static_cast<double>(k + 1));
        y = std::sin(angle * static_cast<double>(k + 1));
      } else {
        const double next = x * c - y * s;
        y = x * s + y * c;
        x = next;
      }
      real[k] += (x - 1) / n;
      imaginary[k] += y / n;
    }
  }
}

MeanDistribution::MeanDistribution(std::span<const double> values, const CentralSums& sums) {
  n_ = static_cast<double>(sums.n);
  mean_ = sums.mean;
  const double variance = sums.second / n_;
  deviation_ = std::sqrt(variance / n_);
  third_ = sums.third / n_ / (variance * std::sqrt(variance)) / std::sqrt(n_);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double largest = std::max(*most - mean_, mean_ - *least);
  if (const std::optional<Lattice> lattice = FindLattice(values, static_cast<std::int64_t>(kMostCells))) {
    origin_ = lattice->origin;
    step_ = lattice->step;
    const double cell_variance = variance / step_ / step_;
    const std::size_t cells =
        CellsNeeded(n_, cell_variance, largest / step_, n_ * static_cast<double>(lattice->highest) + 1);
    if (cells > kSmallTable && BuildBand(lattice->index, lattice->highest, cell_variance, largest / step_))
      return;
    if (cells <= kMostCells) {
      BuildTable(lattice->index, lattice->highest);
      return;
    }
    if (BuildFrequencies(values, 1, false)) return;
  } else if ((n_ >= kManyValues || Singles(values) >= kSinglesInGeneralPosition) &&
             BuildFrequencies(values, 1, false)) {
    return;
  }
  step_ = 2 * BernsteinReach(n_, variance, largest) / (static_cast<double>(kMostCells) - 4);
  step_ = std::max(step_, (*most - *least) / static_cast<double>(kMostCells));
  rounding_ = step_;
  std::vector<std::int64_t> index;
  index.reserve(values.size());
  double lost = 0;
  for (const double value : values) {
    index.push_back(std::llround((value - *least) / step_));
    lost += (value - *least) - step_ * static_cast<double>(index.back());
  }
  origin_ = *least + lost / n_;  // the mean stays where it is
  BuildTable(index, *std::max_element(index.begin(), index.end()));
  kind_ = Kind::kRoundedLattice;
}

bool MeanDistribution::BuildBand(const std::vector<std::int64_t>& index, std::int64_t highest,
                                 double variance, double largest) {
  const std::size_t size = PowerOfTwoAtLeast(static_cast<std::size_t>(8 * highest));
  if (size > kMostCells) return false;
  std::vector<double> cells(index.size());
  double sum = 0;
  for (std::size_t i = 0; i < index.size(); ++i) {
    cells[i] = static_cast<double>(index[i]);
    sum += cells[i];
  }
  sum_cells_ = sum;
  period_ = 2 * std::ceil(BernsteinReach(n_, variance, largest) + 2);
  edge_ = period_ / 2 - 0.5;  // half-way between two cells
  const double mean = mean_;
  mean_ = sum / n_;
  const bool decays = BuildFrequencies(cells, 1 / step_, true);
  mean_ = mean;
  if (!decays) return false;
  // |transform|^2 is a trigonometric polynomial of degree `highest`: sampled 8 times as densely, a peak is
  // missed by at most (pi/8)^2/2 = 7.7 % of its height. Beyond the band it must be too small to matter to the
  // n-th power: falling all the way on the shoulder of the band, and low everywhere else.
  std::vector<std::complex<double>> transform(size);
  for (const std::int64_t k : index) transform[static_cast<std::size_t>(k) % size] += 1 / n_;
  Fourier(size).Transform(transform, +1);
  const double low = 0.92 * std::exp(2 * kLogNegligible / n_);
  const double grid = 2 * std::numbers::pi / static_cast<double>(size);
  auto j = static_cast<std::size_t>(frequencies_.back().angle / grid) + 1;
  double previous = 1;
  for (; j <= size / 2; ++j) {
    const double square = std::norm(transform[j]);
    if (square < low) break;
    if (square > previous || n_ * std::log(square) / 2 > kLogNegligible + 4) return false;
    previous = square;
  }
  for (; j <= size / 2; ++j) {
    if (std::norm(transform[j]) >= low) return false;
  }
  kind_ = Kind::kLattice;
  return true;
}

void MeanDistribution::BuildTable(std::span<const std::int64_t> index, std::int64_t highest) {
  kind_ = Kind::kLattice;
  frequencies_.clear();
  double sum = 0, squares = 0;
  for (const std::int64_t k : index) {
    sum += static_cast<double>(k);
    squares += static_cast<double>(k) * static_cast<double>(k);
  }
  const double mean = sum / n_;
  const double variance = std::max(0.0, squares / n_ - mean * mean);
  const double full = n_ * static_cast<double>(highest) + 1;
  const double largest = std::max(mean, static_cast<double>(highest) - mean);
  const std::size_t size = PowerOfTwoAtLeast(CellsNeeded(n_, variance, largest, full));
  const auto total = static_cast<std::int64_t>(std::llround(sum));
  const auto n = static_cast<std::int64_t>(n_);
  first_ = static_cast<double>(size) >= full ? 0 : total - static_cast<std::int64_t>(size / 2);
  // Cells are taken modulo the window and relative to the mean, so that phases stay small.
  const auto centre = static_cast<std::int64_t>(std::llround(mean));
  const auto wrap = [size](std::int64_t cell) {
    const auto modulus = static_cast<std::int64_t>(size);
    const std::int64_t rest = cell % modulus;
    return static_cast<std::size_t>(rest < 0 ? rest + modulus : rest);
  };
  std::vector<std::complex<double>> transform(size);
  for (const std::int64_t k : index) transform[wrap(k - centre)] += 1 / n_;
  const Fourier fourier(size);
  fourier.Transform(transform, +1);
  for (std::size_t j = 0; j <= size / 2; ++j) {
    const double square = std::norm(transform[j]);
    const double log_size = n_ * std::log(square) / 2;
    std::complex<double> power = 0;
    if (square > 0 && log_size > -80) power = std::polar(std::exp(log_size), n_ * std::arg(transform[j]));
    transform[j] = power;
    if (j > 0) transform[size - j] = std::conj(power);
  }
  fourier.Transform(transform, -1);
  cdf_.resize(size);
  double cumulated = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t cell = first_ + static_cast<std::int64_t>(i) - n * centre;
    cumulated += std::max(0.0, transform[wrap(cell)].real()) / static_cast<double>(size);
    cdf_[i] = std::min(1.0, cumulated);
  }
}

// discrete: the values are integers and period_ and edge_ are set; else they are set here.
bool MeanDistribution::BuildFrequencies(std::span<const double> values, double scale, bool discrete) {
  kind_ = Kind::kCharacteristicFunction;
  scale_ = scale;
  const double deviation = deviation_ * n_ * scale;  // of the sum
  if (!discrete) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    period_ = 2 * BernsteinReach(n_, deviation * deviation / n_, std::max(*most - mean_, mean_ - *least));
    edge_ = period_ / 2;
  }
  const double unit = 2 * std::numbers::pi / period_;
  auto count = static_cast<std::size_t>(std::ceil(9.2 / deviation / unit)) + 2;
  std::vector<double> real, imaginary;
  for (; count <= kMostFrequencies; count *= 2) {
    if (discrete && static_cast<double>(count) > period_ / 2) return false;
    CharacteristicFunction(values, mean_, unit, count, real, imaginary);
    frequencies_.clear();
    for (std::size_t k = 0; k < count; ++k) {
      // real holds Re - 1: log1p keeps what n magnifies.
      const double log_size =
          n_ * std::log1p(2 * real[k] + real[k] * real[k] + imaginary[k] * imaginary[k]) / 2;
      if (log_size < kLogNegligible) {
        at_edge_ = Wave(-edge_);
        return true;
      }
      const double phase = n_ * std::atan2(imaginary[k], 1 + real[k]);
      const double angle = unit * static_cast<double>(k + 1);
      // A sum over cells instead of an integral: 2 sin(angle / 2) in the place of angle.
      const double factor = std::exp(log_size) * 2 / period_ / (discrete ? 2 * std::sin(angle / 2) : angle);
      frequencies_.push_back({angle, factor * std::cos(phase), factor * std::sin(phase)});
    }
  }
  frequencies_.clear();
  return false;
}

double MeanDistribution::Wave(double offset) const {
  double sum = offset / period_;
  const double angle = offset * 2 * std::numbers::pi / period_;
  const double c = std::cos(angle), s = std::sin(angle);
  double x = 1, y = 0;
  for (std::size_t k = 0; k < frequencies_.size(); ++k) {
    if (k % 64 == 63) {
      x = std::cos(angle * static_cast<double>(k + 1));
      y = std::sin(angle * static_cast<double>(k + 1));
    } else {
      const double next = x * c - y * s;
      y = x * s + y * c;
      x = next;
    }
    sum += frequencies_[k].real * y - frequencies_[k].imaginary * x;
  }
  return sum;
}

double MeanDistribution::SmoothCdf(double offset) const {
  if (offset <= -edge_) return 0;
  if (offset >= period_ - edge_) return 1;
  return std::clamp(Wave(offset) - at_edge_, 0.0, 1.0);
}

// The offset at which the smooth CDF is p, 0 < p < 1.
double MeanDistribution::SmoothRoot(double p) const {
  // Cornish-Fisher, then regula falsi (Illinois) within a bracket.
  const double z = NormalQuantile(p);
  const double scale = deviation_ * n_ * scale_;
  const double start = scale * (z + third_ * (z * z - 1) / 6);
  double low = start - 0.05 * scale, high = start + 0.05 * scale;
  double f_low = SmoothCdf(low) - p, f_high = SmoothCdf(high) - p;
  for (double width = 0.1 * scale; f_low > 0; width *= 2) {
    high = low;
    f_high = f_low;
    low -= width;
    f_low = SmoothCdf(low) - p;
  }
  for (double width = 0.1 * scale; f_high < 0; width *= 2) {
    low = high;
    f_low = f_high;
    high += width;
    f_high = SmoothCdf(high) - p;
  }
  int side = 0;
  for (int i = 0; i < 100 && high - low > 1e-13 * scale && f_low != f_high; ++i) {
    double middle = (low * f_high - high * f_low) / (f_high - f_low);
    if (!(middle > low && middle < high)) middle = (low + high) / 2;
    const double f = SmoothCdf(middle) - p;
    if (std::abs(f) < 1e-15) return middle;
    if (f > 0) {
      high = middle;
      f_high = f;
      if (side == 1) f_low /= 2;
      side = 1;
    } else {
      low = middle;
      f_low = f;
      if (side == -1) f_high /= 2;
      side = -1;
    }
  }
  return (low + high) / 2;
}

std::int64_t MeanDistribution::CellAtOrBelow(double mean, bool strictly) const {
  const double cell = (mean - origin_) / step_ * n_;
  return strictly ? static_cast<std::int64_t>(std::ceil(cell - 1e-6)) - 1
                  : static_cast<std::int64_t>(std::floor(cell + 1e-6));
}

double MeanDistribution::CdfAtCell(std::int64_t cell) const {
  if (cdf_.empty()) return SmoothCdf(static_cast<double>(cell) - sum_cells_ + 0.5);
  if (cell < first_) return 0;
  const auto i = static_cast<std::size_t>(cell - first_);
  return i < cdf_.size() ? cdf_[i] : 1;
}

double MeanDistribution::Cdf(double mean) const {
  if (kind_ == Kind::kCharacteristicFunction) return SmoothCdf((mean - mean_) * n_ * scale_);
  return CdfAtCell(CellAtOrBelow(mean, false));
}

double MeanDistribution::Below(double mean) const {
  if (kind_ == Kind::kCharacteristicFunction) return SmoothCdf((mean - mean_) * n_ * scale_);
  return CdfAtCell(CellAtOrBelow(mean, true));
}

double MeanDistribution::Quantile(double p) const {
  // A CDF that equals p in exact arithmetic must count as reaching it.
  constexpr double kReached = 1e-12;
  if (kind_ == Kind::kCharacteristicFunction) {
    if (p <= 0) return mean_ - edge_ / n_;
    if (p >= 1) return mean_ + (period_ - edge_) / n_;
    return mean_ + SmoothRoot(p) / n_;
  }
  std::int64_t cell = 0;
  if (cdf_.empty()) {
    const double target = std::clamp(p - kReached, 1e-15, 1 - 1e-15);
    cell = static_cast<std::int64_t>(std::ceil(SmoothRoot(target) + sum_cells_ - 0.5));
    while (CdfAtCell(cell - 1) >= p - kReached && CdfAtCell(cell - 1) > 0) --cell;
    while (CdfAtCell(cell) < p - kReached && CdfAtCell(cell) < 1) ++cell;
  } else {
    const auto found = std::lower_bound(cdf_.begin(), cdf_.end(), std::min(p, 1.0) - kReached);
    cell = first_ + std::min<std::int64_t>(found - cdf_.begin(), static_cast<std::int64_t>(cdf_.size()) - 1);
  }
  return origin_ + step_ * static_cast<double>(cell) / n_;
}

}  // namespace minslice::stats
