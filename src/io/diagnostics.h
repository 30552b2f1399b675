// Collects what is wrong with the inputs, so that a user sees every error of a file at once.
#ifndef MINSLICE_IO_DIAGNOSTICS_H_
#define MINSLICE_IO_DIAGNOSTICS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "minslice/result.h"

namespace minslice::io {

class Diagnostics {
 public:
  void Add(SourcePosition where, std::string message);
  void AddAll(const Failure& failure);

  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size() + uncounted_; }

  // Ascending by line and column within each file, files in the order in which they first appeared; beyond
  // `cap` one line says how many more there are. Not to be called when empty().
  Failure ToFailure(std::size_t cap = 50) const;

 private:
  std::vector<Diagnostic> list_;
  std::size_t uncounted_ = 0;  // beyond what any cap shows: a wrong file of a million lines stays cheap
};

}  // namespace minslice::io

#endif  // MINSLICE_IO_DIAGNOSTICS_H_
