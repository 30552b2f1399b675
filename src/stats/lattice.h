// Scores mostly lie on a lattice (0, 1/3, 2/3, 1; multiples of .25; two decimals): then sums of resamples do
// too, and their distribution can be counted instead of simulated.
#ifndef MINSLICE_STATS_LATTICE_H_
#define MINSLICE_STATS_LATTICE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace minslice::stats {

struct Lattice {
  double origin = 0;                // the smallest value
  double step = 0;                  // > 0; largest that fits
  std::vector<std::int64_t> index;  // values[i] = origin + step * index[i]
  std::int64_t highest = 0;         // largest index
};

// nullopt where no step with highest <= max_cells fits all values to 1e-10 of their spread; also where all
// are equal. `through_zero`: the lattice is to contain 0 (for sign flips); origin is then 0 and indices may
// be negative.
std::optional<Lattice> FindLattice(std::span<const double> values, std::int64_t max_cells,
                                   bool through_zero = false);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_LATTICE_H_
