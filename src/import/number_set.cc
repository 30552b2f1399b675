#include "import/number_set.h"

#include <iterator>
#include <limits>

namespace minslice::import {

void NumberSet::Insert(std::int64_t number) {
  auto next = ranges_.upper_bound(number);
  const bool joins_next = next != ranges_.end() && number != std::numeric_limits<std::int64_t>::max() &&
                          next->first == number + 1;
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    if (number <= before->second) return;
    if (number - 1 == before->second) {
      before->second = joins_next ? next->second : number;
      if (joins_next) ranges_.erase(next);
      ++size_;
      return;
    }
  }
  if (joins_next) {
    const std::int64_t last = next->second;
    next = ranges_.erase(next);
    ranges_.emplace_hint(next, number, last);
  } else {
    ranges_.emplace_hint(next, number, number);
  }
  ++size_;
}

}  // namespace minslice::import
