// Segment sets and clusters of all logs under common numbers, and the dimensions that they make.
#ifndef MINSLICE_PAIR_CASE_SEGMENTS_H_
#define MINSLICE_PAIR_CASE_SEGMENTS_H_

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
// Dimensions and clusters of the cases, with their values ascending.
void FillSegments(const std::vector<Identity>& cases, const Numbers& numbers, PairedTable& table);

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_CASE_SEGMENTS_H_
