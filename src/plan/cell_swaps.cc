#include "plan/cell_swaps.h"

#include "gate/joint_adjustment.h"

namespace minslice::plan {

CellSwaps::CellSwaps(const SuiteShape& shape, std::uint64_t seed)
    : shape_(shape), seed_(seed), counts_(shape.cells.size()) {}

Computed<std::vector<double>> CellSwaps::StepDown(std::span<const gate::SliceCut> cuts, bool max_t,
                                                  std::string& method) const {
  std::vector<double> difference;
  std::vector<std::vector<std::uint32_t>> slice_of(cuts.size());
  std::size_t slices = 0;
  for (const gate::SliceCut& cut : cuts) slices += cut.slices;
  const auto add = [&](std::size_t cell, std::int64_t count, double d) {
    for (std::int64_t k = 0; k < count; ++k) difference.push_back(d);
    for (std::size_t c = 0; c < cuts.size(); ++c) {
      const std::uint32_t v = shape_.cells[cell].value[cuts[c].dimension];
      const std::size_t none = shape_.dimensions[cuts[c].dimension].values.size();
      const std::uint32_t slice = cuts[c].slice_of_value[v == kNoValue ? none : v];
      slice_of[c].insert(slice_of[c].end(), static_cast<std::size_t>(count),
                         slice == kNoValue ? stats::kNoSlice : slice);
    }
  };
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    add(i, counts_[i].incumbent_only, -1);
    add(i, counts_[i].candidate_only, 1);
    if (max_t) add(i, counts_[i].both + counts_[i].neither, 0);  // t counts them
  }
  if (difference.empty()) return std::vector<double>(slices, 1.0);
  std::vector<stats::Cut> sliced;
  for (std::size_t c = 0; c < cuts.size(); ++c) sliced.push_back({slice_of[c], cuts[c].slices});
  return gate::SwapStepDown(difference, sliced, {}, 0, max_t, {.replicates = kSwapReplicates, .seed = seed_},
                            method);
}

}  // namespace minslice::plan
