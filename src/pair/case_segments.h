// Segment sets and clusters of all logs under common numbers, and the dimensions that they make.
#ifndef MINSLICE_PAIR_CASE_SEGMENTS_H_
#define MINSLICE_PAIR_CASE_SEGMENTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minslice/case.h"
#include "minslice/paired_table.h"
#include "pair/identities.h"
#include "pair/side.h"

namespace minslice::pair {

struct Numbers {
  std::vector<const std::vector<Segment>*> sets;
  std::vector<const std::string*> clusters;
};

Numbers NumberNames(Side (&sides)[2]);
// Adds the dimensions of the sets that are `used`, ascending by name, with their values ascending. Gives of
// each set its value's number in each dimension, kNoValue where it has none.
std::vector<std::vector<std::uint32_t>> AddDimensions(std::span<const std::vector<Segment>* const> sets,
                                                      const std::vector<bool>& used, PairedTable& table);
// Adds the clusters that are `used`, ascending. Gives their numbers; kNoValue of the others.
std::vector<std::uint32_t> AddClusters(std::span<const std::string* const> names,
                                       const std::vector<bool>& used, PairedTable& table);
// Dimensions and clusters of the cases, with their values ascending.
void FillSegments(const std::vector<Identity>& cases, const Numbers& numbers, PairedTable& table);

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_CASE_SEGMENTS_H_
