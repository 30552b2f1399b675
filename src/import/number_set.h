// Which numbers have been met: as ranges, so that the documents of a file in their order take one entry.
#ifndef MINSLICE_IMPORT_NUMBER_SET_H_
#define MINSLICE_IMPORT_NUMBER_SET_H_

#include <cstdint>
#include <map>

namespace minslice::import {

class NumberSet {
 public:
  void Insert(std::int64_t number);
  std::int64_t size() const { return size_; }

 private:
  std::map<std::int64_t, std::int64_t> ranges_;  // first and last number of each; they never touch
  std::int64_t size_ = 0;
};

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_NUMBER_SET_H_
