// The quick way through a case record as this program and its likes write it: one pass over the line, no
// tree. It only says yes to lines that it knows to be good; for every other one it says "ask the JSON
// parser", and what is wrong with a line is said there.
#ifndef MINSLICE_LOG_ROW_SCANNER_H_
#define MINSLICE_LOG_ROW_SCANNER_H_

#include <string_view>

#include "log/row_fields.h"

namespace minslice::log {

inline constexpr int kMaxRepeats =
    10000;  // tables are made cases x repeats; a log that claims more is broken

// For the lines of one log: what repeats from row to row is looked up instead of read.
class RowScanner {
 public:
  // `line` has io::LineSource::kLineSlack readable bytes behind it. Fills what RowColumns keeps; outputs,
  // errors and finish reasons are checked and left out. False: not known to be a good case record; `row` is
  // then of no use.
  bool Scan(std::string_view line, RowFields& row);

 private:
  SegmentMemo memo_;
};

// Whether scores.pass says the same as the outcome.
bool OutcomeFits(const RowFields& row);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_ROW_SCANNER_H_
