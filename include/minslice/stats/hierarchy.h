// Thousands of slices in an order of importance or in a tree: test what matters first, look deeper only where
// something is found. Sources: Meinshausen 2008; Wiens 2003 (fallback); Maurer, Hothorn, Lehmacher 1995
// (fixed sequence).
#ifndef MINSLICE_STATS_HIERARCHY_H_
#define MINSLICE_STATS_HIERARCHY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::stats {

struct HierarchyNode {
  std::int64_t parent = -1;  // index of the parent; -1: the root, exactly one
  double p = 1;              // of the node's own test, on all its cases together
};

// Adjusted p of each node: the largest over itself and its ancestors of p times leaves under the root /
// leaves under the node, at most 1. Rejecting adjusted p <= alpha keeps the family-wise error of the whole
// tree, whatever the dependence. Reasons: "tree" (no root, several, a parent that does not exist, a cycle).
Computed<std::vector<double>> Meinshausen(std::span<const HierarchyNode> nodes);

// Fallback: hypotheses in their order, each with its share of alpha; what is rejected hands its level to the
// next. Adjusted p: the smallest alpha at which it is rejected. weights >= 0, summing to at most 1. Reasons:
// "length", "weights".
Computed<std::vector<double>> Fallback(std::span<const double> p, std::span<const double> weights);

// Each hypothesis at full alpha, but only while all before it are rejected.
std::vector<double> FixedSequence(std::span<const double> p);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_HIERARCHY_H_
