// Joint adjustment of simulated counts: what swapping the sides of the drawn pairs does to overlapping
// slices.
#ifndef MINSLICE_PLAN_CELL_SWAPS_H_
#define MINSLICE_PLAN_CELL_SWAPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gate/rules.h"
#include "minslice/stats/counts.h"
#include "plan/shape.h"

namespace minslice::plan {

// Replicates of one simulated run: fewer than a gate takes, since thousands of runs are judged. A p of .05 is
// then known to .007.
inline constexpr std::int64_t kSwapReplicates = 999;

class CellSwaps : public gate::SwapSource {
 public:
  CellSwaps(const SuiteShape& shape, std::uint64_t seed);  // the shape is kept by reference
  void Set(std::size_t cell, const stats::PairedCounts& counts) { counts_[cell] = counts; }

  Computed<std::vector<double>> StepDown(std::span<const gate::SliceCut> cuts, bool max_t,
                                         std::string& method) const override;

 private:
  const SuiteShape& shape_;
  std::uint64_t seed_;
  std::vector<stats::PairedCounts> counts_;  // by cell
};

}  // namespace minslice::plan

#endif  // MINSLICE_PLAN_CELL_SWAPS_H_
