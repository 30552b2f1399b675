// Where quotes, backslashes and brackets stand in a JSON text, as bits: 64 bytes a word, so that what nobody
// asks for is passed over a word at a time.
#ifndef MINSLICE_JSON_TEXT_MARKS_H_
#define MINSLICE_JSON_TEXT_MARKS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace minslice::json {

class TextMarks {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kSlack = 64;  // readable bytes behind the text

  // False: a string is not closed, a backslash stands outside of strings, or a control character anywhere.
  // Then nothing else may be asked.
  bool Mark(std::string_view text);

  bool ascii() const { return ascii_; }
  // Whether a quote stands somewhere in front of two opening brackets, within a string or not.
  bool quoted_brackets() const { return quoted_brackets_; }
  // The next quote at or behind `at` that opens or closes a string; kNone: there is none.
  std::size_t NextQuote(std::size_t at) const;
  // `at` is that of an opening bracket outside of strings: that of the one that closes it, whatever its form.
  // kNone: it is not closed, or more than `deepest` are open.
  std::size_t Closing(std::size_t at, int deepest) const;
  bool HasBackslash(std::size_t begin, std::size_t end) const;

 private:
  struct Word {
    std::uint64_t quotes, backslashes, opening, closing;
  };
  struct Found {
    bool control = false, high = false;
  };
  using Classify = Found (*)(const char* text, std::size_t size, Word* words);
  struct Kernels;

  std::vector<Word> words_;
  std::size_t size_ = 0;
  bool ascii_ = true, quoted_brackets_ = false;
};

}  // namespace minslice::json

#endif  // MINSLICE_JSON_TEXT_MARKS_H_
