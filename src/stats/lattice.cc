#include "stats/lattice.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace minslice::stats {
namespace {

// Euclid's algorithm on lengths that carry rounding errors up to `noise`.
double CommonStep(double a, double b, double noise) {
  while (b > noise) {
    double rest = std::fmod(a, b);
    if (b - rest <= noise) rest = 0;
    a = b;
    b = rest;
  }
  return a;
}

}  // namespace

std::optional<Lattice> FindLattice(std::span<const double> values, std::int64_t max_cells,
                                   bool through_zero) {
  if (values.empty()) return std::nullopt;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double origin = through_zero ? 0.0 : *least;
  const double spread = through_zero ? std::max(std::abs(*least), std::abs(*most)) : *most - *least;
  // Below 1e-200 the tolerances underflow.
  if (!(spread > 1e-200) || !std::isfinite(spread)) return std::nullopt;
  const double noise = 1e-10 * spread;
  const double finest = spread / static_cast<double>(max_cells) * (1 - 1e-9);
  // A few hundred values refuse almost everything that is no lattice, at no cost.
  double step = spread;
  const std::size_t stride = std::max<std::size_t>(1, values.size() / 256);
  for (std::size_t i = 0; i < values.size(); i += stride) {
    step = CommonStep(step, std::abs(values[i] - origin), noise * 8);
    if (step < finest) return std::nullopt;
    // The ends of the spread lie on the lattice too: a whole number of steps. Without this the rounding
    // errors of one value are multiplied by the quotients of the next until a lattice of thousandths looks
    // like none.
    step = spread / std::round(spread / step);
  }
  // Then all of them; a value that does not fit makes the step finer, a few times at most.
  for (int refinement = 0; refinement < 24; ++refinement) {
    const double cells = std::round(spread / step);
    step = spread / cells;
    const double inverse = cells / spread;
    bool fits = true;
    for (const double value : values) {
      const double offset = value - origin;
      const double error = std::abs(offset - step * std::nearbyint(offset * inverse));
      if (error > noise) {
        step = CommonStep(step, error, noise * 8);
        fits = false;
        break;
      }
    }
    if (step < finest) return std::nullopt;
    if (!fits) continue;
    Lattice lattice;
    lattice.origin = origin;
    lattice.step = step;
    lattice.highest = static_cast<std::int64_t>(cells);
    lattice.index.reserve(values.size());
    for (const double value : values) {
      lattice.index.push_back(static_cast<std::int64_t>(std::nearbyint((value - origin) * inverse)));
    }
    return lattice;
  }
  return std::nullopt;
}

}  // namespace minslice::stats
