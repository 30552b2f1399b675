// How the rows of one log are written. They are written alike: a form holds what stands between the values
// that differ from row to row; it is compared as it is, and only those values are read.
#ifndef MINSLICE_LOG_ROW_FORM_H_
#define MINSLICE_LOG_ROW_FORM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/row_fields.h"
#include "log/segment_memo.h"
#include "log/value_scanner.h"

namespace minslice::log {

// Where a key's value stands in its line.
struct Member {
  FieldKey key;
  std::uint32_t begin, end;
};
using Members = std::vector<Member>;  // of a line, in its order

class RowForm {
 public:
  RowForm(std::string_view line, const Members& members);

  // The same keys in the same order, with the same bytes between them.
  bool Like(std::string_view line, const Members& members) const;
  // A line that is like it: what it has otherwise is read from now on. Rows that were read before are no
  // longer of this form.
  void Widen(std::string_view line, const Members& members);
  // Reads the line at the start of `bytes`, which have io::LineSource::kLineSlack zeros behind them; gives
  // its size with its newline, or 0: it is not of this form, or no good case record, and `row` is of no use.
  std::size_t Read(std::string_view bytes, RowFields& row, SegmentMemo& memo) const;

 private:
  struct Step {
    FieldKey key;
    std::uint32_t begin, size;  // of the text before the value
  };
  void Set(std::string_view line, const Members& members, unsigned varied);

  std::string line_;  // one of this form with its newline, with slack
  Members members_;
  unsigned varied_ = 0;  // keys that are read
  std::vector<Step> steps_;
  std::uint32_t rest_ = 0;  // where the text behind the last value that is read begins
  std::uint32_t size_ = 0;  // of the line with its newline
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_ROW_FORM_H_
