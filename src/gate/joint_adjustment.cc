#include "gate/joint_adjustment.h"

namespace minslice::gate {

Computed<std::vector<double>> SwapStepDown(std::span<const double> difference,
                                           std::span<const stats::Cut> cuts,
                                           std::span<const std::uint32_t> group, std::uint32_t groups,
                                           bool max_t, const stats::JointOptions& options,
                                           std::string& method) {
  const auto table = stats::SliceTable::FromCuts(difference, cuts, group, groups);
  if (!table) return tl::unexpected(table.error());
  if (!max_t) {
    method = "wy_min_p";
    const auto joint = stats::SignFlipMinP(*table, options);
    if (joint) return joint->step_down_p;
    if (joint.error().code != "not_on_lattice") return tl::unexpected(joint.error());
  }
  method = "wy_max_t";
  const auto joint = stats::SignFlipMaxT(*table, options);
  if (!joint) return tl::unexpected(joint.error());
  return joint->step_down_p;
}

}  // namespace minslice::gate
