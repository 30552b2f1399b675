#include "minslice/stats/hierarchy.h"

#include <algorithm>
#include <cmath>

namespace minslice::stats {

Computed<std::vector<double>> Meinshausen(std::span<const HierarchyNode> nodes) {
  const auto count = static_cast<std::int64_t>(nodes.size());
  std::int64_t root = -1;
  std::vector<std::int64_t> children(nodes.size(), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t parent = nodes[static_cast<std::size_t>(i)].parent;
    if (parent == -1) {
      if (root != -1)
        return Undefined("tree",
                         "nodes " + std::to_string(root) + " and " + std::to_string(i) + " are both roots");
      root = i;
    } else if (parent < 0 || parent >= count) {
      return Undefined("tree", "the parent of node " + std::to_string(i) + " does not exist");
    } else {
      ++children[static_cast<std::size_t>(parent)];
    }
  }
  if (root == -1) return Undefined("tree", "no node is the root");
  // From the leaves up; a node is done when all its children are. What is never done lies on a cycle.
  std::vector<double> leaves(nodes.size(), 0.0);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (children[i] == 0) {
      leaves[i] = 1;
      order.push_back(i);
    }
  }
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::int64_t parent = nodes[order[k]].parent;
    if (parent == -1) continue;
    leaves[static_cast<std::size_t>(parent)] += leaves[order[k]];
    if (--children[static_cast<std::size_t>(parent)] == 0) order.push_back(static_cast<std::size_t>(parent));
  }
  if (order.size() != nodes.size()) return Undefined("tree", "the nodes hold a cycle");
  std::vector<double> adjusted(nodes.size(), 1.0);
  for (std::size_t k = order.size(); k-- > 0;) {
    const std::size_t i = order[k];
    const double own = std::min(1.0, nodes[i].p * leaves[static_cast<std::size_t>(root)] / leaves[i]);
    const std::int64_t parent = nodes[i].parent;
    adjusted[i] = parent == -1 ? own : std::max(own, adjusted[static_cast<std::size_t>(parent)]);
  }
  return adjusted;
}

Computed<std::vector<double>> Fallback(std::span<const double> p, std::span<const double> weights) {
  if (p.size() != weights.size()) return Undefined("length", "each hypothesis needs its weight");
  double sum = 0;
  for (const double weight : weights) {
    if (!(weight >= 0)) return Undefined("weights", "a weight is negative");
    sum += weight;
  }
  if (sum > 1 + 1e-9) return Undefined("weights", "the weights sum to more than 1");
  // Rejected at alpha if p <= alpha (w_j + ... + w_i) and j ... i - 1 are rejected at alpha.
  std::vector<double> adjusted(p.size(), 1.0);
  for (std::size_t i = 0; i < p.size(); ++i) {
    double level = 0, before = 0;
    for (std::size_t j = i + 1; j-- > 0;) {
      level += weights[j];
      if (j < i) before = std::max(before, adjusted[j]);
      if (level > 0) adjusted[i] = std::min(adjusted[i], std::max(before, p[i] / level));
    }
  }
  return adjusted;
}

std::vector<double> FixedSequence(std::span<const double> p) {
  std::vector<double> adjusted;
  double running = 0;
  for (const double value : p) {
    running = std::max(running, value);
    adjusted.push_back(running);
  }
  return adjusted;
}

}  // namespace minslice::stats
