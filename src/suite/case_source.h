// The cases of a run, one at a time: whoever asks holds the one that it needs.
#ifndef MINSLICE_SUITE_CASE_SOURCE_H_
#define MINSLICE_SUITE_CASE_SOURCE_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "minslice/case.h"
#include "minslice/result.h"

namespace minslice::suite {

class CaseSource {
 public:
  virtual ~CaseSource() = default;
  virtual std::size_t size() const = 0;
  // Fails where its file cannot be read any more, or says something else by now.
  virtual Result<Case> At(std::size_t index) = 0;
  virtual std::optional<std::size_t> Find(std::string_view id) = 0;
};

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_CASE_SOURCE_H_
