// Lines of cases as the writer makes them, which are nearly all lines of counts.
#ifndef MINSLICE_REDUCE_COUNTS_LINE_H_
#define MINSLICE_REDUCE_COUNTS_LINE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reduce/counts_builder.h"

namespace minslice::reduce {

// From here on a line says its segments.
inline constexpr std::string_view kSetBegin = "\"record\":\"cases\",\"segments\":";

struct PlainLine {
  bool clustered = false;
  std::string_view cluster;
  std::vector<std::pair<std::string_view, std::int64_t>> cases;  // pattern, cases
  std::string_view set;  // the rest from kSetBegin on, not looked into
};

// False where a name is escaped or beyond ASCII, or where the line is none: a parser has to see it.
bool ReadPlainLine(std::string_view line, PlainLine& out);

// Names by number. A file of counts has its clusters in order, so each is the last one or a new one; they are
// looked up only behind one that is not.
class AscendingNames {
 public:
  std::uint32_t Number(std::string_view name) {
    if (!names_.empty() && names_.back() == name) return static_cast<std::uint32_t>(names_.size() - 1);
    if (looked_up_.names().empty() && (names_.empty() || names_.back() < name)) {
      names_.emplace_back(name);
      return static_cast<std::uint32_t>(names_.size() - 1);
    }
    for (std::size_t i = looked_up_.names().size(); i < names_.size(); ++i) looked_up_.Number(names_[i]);
    const std::uint32_t number = looked_up_.Number(name);
    if (number == names_.size()) names_.emplace_back(name);
    return number;
  }
  std::vector<std::string>& names() { return names_; }

 private:
  std::vector<std::string> names_;
  NameTable looked_up_;
};

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_COUNTS_LINE_H_
