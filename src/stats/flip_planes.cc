#include "stats/flip_planes.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "stats/flip_sums.h"

namespace minslice::stats {
namespace {

// Set bits an entry, on average, up to which planes are faster than sums in doubles.
constexpr std::size_t kMostBits = 2;
constexpr std::int64_t kMostUnits = std::int64_t{1} << 30;
// Of a step: what a slice's sum of doubles may be away from its whole units. Half a step would round away.
constexpr double kMostError = 0.1;

}  // namespace

std::optional<FlipPlanes> FlipPlanes::Of(const FlipTable& table,
                                         std::span<const SignFlipDistribution> lattice) {
  const std::size_t n = table.slices;
  FlipPlanes result;
  result.entry_.resize(table.value.size());
  std::vector<double> error(n, 0.0), entries(n, 0.0);
  result.total_.assign(n, 0);
  std::size_t bits = 0;
  for (std::size_t e = 0; e < table.value.size(); ++e) {
    const std::size_t h = table.slice[e];
    const double step = lattice[h].step();
    const double steps = std::round(table.value[e] / step);
    if (!(std::abs(steps) < static_cast<double>(kMostUnits))) return std::nullopt;
    result.entry_[e].units = static_cast<std::int32_t>(steps);
    const auto size = static_cast<std::uint32_t>(std::abs(result.entry_[e].units));
    result.total_[h] += size;
    error[h] += std::abs(table.value[e] - steps * step) / step;
    ++entries[h];
    bits += static_cast<std::size_t>(std::popcount(size));
  }
  if (bits > kMostBits * table.value.size()) return std::nullopt;
  result.first_.push_back(0);
  for (std::size_t h = 0; h < n; ++h) {
    const std::int64_t total = result.total_[h];
    if (total != lattice[h].total() || total > kMostUnits) return std::nullopt;
    // Every addition of the doubles rounds by at most 2^-53 of what stands there.
    if (!(error[h] + 0x1p-51 * entries[h] * static_cast<double>(total) < kMostError)) return std::nullopt;
    const auto width = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(total)));
    result.first_.push_back(result.first_.back() + width);
  }
  for (std::size_t e = 0; e < table.value.size(); ++e)
    result.entry_[e].plane = static_cast<std::uint32_t>(result.first_[table.slice[e]]);
  result.start_ = table.start;
  return result;
}

void FlipPlanes::Add(std::size_t first, std::span<const std::uint64_t> words, std::uint64_t* planes) const {
  for (std::size_t k = 0; k < words.size(); ++k) {
    for (std::size_t e = start_[first + k]; e < start_[first + k + 1]; ++e) {
      const Entry& entry = entry_[e];
      const std::uint64_t positive = entry.units < 0 ? ~words[k] : words[k];
      std::uint64_t* plane = planes + entry.plane;
      for (auto size = static_cast<std::uint32_t>(std::abs(entry.units)); size != 0; size >>= 1, ++plane) {
        std::uint64_t carry = (size & 1U) != 0 ? positive : 0;
        for (std::uint64_t* to = plane; carry != 0; ++to) {
          const std::uint64_t old = *to;
          *to = old ^ carry;
          carry &= old;
        }
      }
    }
  }
}

void FlipPlanes::Read(const std::uint64_t* planes, std::size_t slice, std::uint32_t* positive) const {
  std::fill_n(positive, kFlips, 0U);
  for (std::size_t plane = first_[slice]; plane < first_[slice + 1]; ++plane) {
    const std::uint64_t word = planes[plane];
    const std::size_t bit = plane - first_[slice];
    for (std::size_t f = 0; f < kFlips; ++f) positive[f] |= static_cast<std::uint32_t>(word >> f & 1U) << bit;
  }
}

}  // namespace minslice::stats
