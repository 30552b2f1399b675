// Many slices adjusted by what swapping the sides does to all of them at once.
#ifndef MINSLICE_GATE_JOINT_ADJUSTMENT_H_
#define MINSLICE_GATE_JOINT_ADJUSTMENT_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minslice/estimate.h"
#include "minslice/stats/max_t.h"

namespace minslice::gate {

// Step-down p for harm, cut after cut. `group`: what is swapped together, or empty. By the smallest p where
// the differences lie on a lattice and `max_t` is not asked for, else by the largest t. `method` is set to
// "wy_min_p" or "wy_max_t".
Computed<std::vector<double>> SwapStepDown(std::span<const double> difference,
                                           std::span<const stats::Cut> cuts,
                                           std::span<const std::uint32_t> group, std::uint32_t groups,
                                           bool max_t, const stats::JointOptions& options,
                                           std::string& method);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_JOINT_ADJUSTMENT_H_
