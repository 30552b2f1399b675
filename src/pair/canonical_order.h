// The cases of a table in an order that depends on nothing but what statistics look at: not on ids, not on
// the order of lines. Sums of doubles and resampled draws taken in it are the same to the bit for any logs
// that hold the same cases, and for their counts.
#ifndef MINSLICE_PAIR_CANONICAL_ORDER_H_
#define MINSLICE_PAIR_CANONICAL_ORDER_H_

#include <cstdint>
#include <vector>

#include "minslice/paired_table.h"

namespace minslice::pair {

// By cluster, values of the dimensions, and scores. Cases that are alike stand in the table's order.
std::vector<std::uint32_t> CanonicalOrder(const PairedTable& table);
// The same of some cases, which stand in the table's order.
void OrderCanonically(const PairedTable& table, std::vector<std::uint32_t>& cases);

// An arm's scores, `repeats` per case, with the cases in that order.
std::vector<double> ScoresInOrder(const PairedArm& arm, const std::vector<std::uint32_t>& order);

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_CANONICAL_ORDER_H_
