#include "gate/family_tests.h"

#include <algorithm>

#include "minslice/stats/hierarchy.h"

namespace minslice::gate {

double FamilyP(double pooled_p, std::span<const double> p,
               std::span<const stats::SliceDiscordance> discordance) {
  if (p.empty()) return pooled_p;
  if (p.size() == 1) return p.front();
  double smallest = 1;
  if (discordance.empty()) {
    smallest = std::min(1.0, static_cast<double>(p.size()) * *std::min_element(p.begin(), p.end()));
  } else {
    const std::vector<double> adjusted = stats::WestfallYoungDiscrete(discordance);
    smallest = *std::min_element(adjusted.begin(), adjusted.end());
  }
  return std::min(1.0, 2 * std::min(pooled_p, smallest));
}

FamilyAdjusted AdjustByFamily(std::span<const double> family_p, std::span<const double> slice_p,
                              std::span<const std::ptrdiff_t> family_of) {
  std::vector<stats::HierarchyNode> nodes(1 + family_p.size() + slice_p.size());
  nodes[0] = {.parent = -1, .p = 0};
  for (std::size_t f = 0; f < family_p.size(); ++f) nodes[1 + f] = {.parent = 0, .p = family_p[f]};
  const std::size_t first = 1 + family_p.size();
  for (std::size_t s = 0; s < slice_p.size(); ++s)
    nodes[first + s] = {.parent = family_of[s] < 0 ? 0 : 1 + static_cast<std::int64_t>(family_of[s]),
                        .p = slice_p[s]};
  FamilyAdjusted result{std::vector<double>(family_p.size(), 1.0), std::vector<double>(slice_p.size(), 1.0)};
  // The nodes are a tree as they are made here.
  if (const auto adjusted = stats::Meinshausen(nodes)) {
    std::copy_n(adjusted->begin() + 1, family_p.size(), result.family.begin());
    std::copy_n(adjusted->begin() + static_cast<std::ptrdiff_t>(first), slice_p.size(), result.slice.begin());
  }
  return result;
}

}  // namespace minslice::gate
