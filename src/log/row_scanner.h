// The quick way through a case record as this program and its likes write it: one pass over the line, no
// tree. It only says yes to lines that it knows to be good; for every other one it says "ask the JSON
// parser", and what is wrong with a line is said there.
#ifndef MINSLICE_LOG_ROW_SCANNER_H_
#define MINSLICE_LOG_ROW_SCANNER_H_

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "log/row_fields.h"

namespace minslice::log {

inline constexpr int kMaxRepeats =
    10000;  // tables are made cases x repeats; a log that claims more is broken

struct Member;
class RowForm;

// For the lines of one log: what repeats from row to row is looked up or compared instead of read.
class RowScanner {
 public:
  RowScanner();
  // Logs that are read in turn may know the segments of both; `memo` outlives the scanner.
  explicit RowScanner(SegmentMemo* memo);
  ~RowScanner();

  // `line` has io::LineSource::kLineSlack readable bytes behind it. Fills what RowColumns keeps; outputs and
  // errors are checked and left out. False: not known to be a good case record; `row` is then of no use.
  bool Scan(std::string_view line, RowFields& row);
  // The same for the line at the start of `bytes`, which have so many zeros behind them, where a line like it
  // was scanned before: gives its size with its newline, or 0: Scan it. `row` is the one of the call before.
  std::size_t Next(std::string_view bytes, RowFields& row);

 private:
  static constexpr std::size_t kMostForms = 8;
  static constexpr int kMostLessons = 256;
  void Learn(std::string_view line);

  std::unique_ptr<SegmentMemo> own_memo_;
  SegmentMemo& memo_;
  std::vector<std::unique_ptr<RowForm>> forms_;
  std::vector<Member> members_;  // of the last line that was scanned
  std::size_t last_ = 0;         // the form of the last line
  int lessons_ = 0;
};

// Whether scores.pass says the same as the outcome.
bool OutcomeFits(const RowFields& row);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_ROW_SCANNER_H_
