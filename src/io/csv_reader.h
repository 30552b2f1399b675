// CSV as RFC 4180 has it: fields in quotes may hold commas, line breaks and doubled quotes. Lines may end
// with LF too, a byte order mark is skipped, and so are blank lines.
#ifndef MINSLICE_IO_CSV_READER_H_
#define MINSLICE_IO_CSV_READER_H_

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "io/diagnostics.h"

namespace minslice::io {

struct CsvField {
  std::string_view text;  // valid until the next row is read
  int line = 0;           // of its first byte
  int column = 0;
};

class CsvReader {
 public:
  // `text` outlives the reader. What is wrong goes to `diagnostics`, and reading goes on where it can.
  CsvReader(std::string_view text, std::string path, Diagnostics& diagnostics);

  // The next row, or false at the end.
  bool Next(std::vector<CsvField>& fields);

 private:
  void ReadQuoted(CsvField& field);
  void ReadPlain(CsvField& field);
  bool AtLineEnd() const;
  void SkipLineEnd();
  SourcePosition Here() const;

  std::string_view text_;
  std::string path_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  bool unclosed_ = false;              // the last row is no row
  std::deque<std::string> unescaped_;  // fields of this row with doubled quotes
};

}  // namespace minslice::io

#endif  // MINSLICE_IO_CSV_READER_H_
