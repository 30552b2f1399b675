// The scores of one side, case by case.
#ifndef MINSLICE_PAIR_ARM_FILLER_H_
#define MINSLICE_PAIR_ARM_FILLER_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "minslice/paired_table.h"
#include "pair/pair.h"
#include "pair/side.h"

namespace minslice::pair {

// One case's rows of one side: fills its cells of the arm.
class ArmFiller {
 public:
  ArmFiller(const Side& side, PairedTable& table, PairedArm& arm)
      : side_(side),
        table_(table),
        arm_(arm),
        repeats_(static_cast<std::size_t>(side.repeats)),
        pass_metric_(table.metric == "pass") {
    arm.repeats = side.repeats;
  }
  void Reserve(std::size_t cases) {
    arm_.scores.reserve(cases * repeats_);
    arm_.has_row.reserve(cases * repeats_);
    arm_.model_error.reserve(cases * repeats_);
  }

  void Fill(std::span<const Row> rows);
  void Report(std::vector<Finding>& findings);

 private:
  // Cases come ascending: each once, in order.
  void Note(std::vector<std::string>& ids, const Row& row) const {
    if (ids.empty() || ids.back() != side_.id(row)) ids.emplace_back(side_.id(row));
  }

  const Side& side_;
  PairedTable& table_;
  PairedArm& arm_;
  std::size_t repeats_;
  bool pass_metric_;
  std::vector<std::string> duplicates_, without_metric_;
};

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_ARM_FILLER_H_
