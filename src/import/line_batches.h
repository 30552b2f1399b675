// The lines of a stream in batches, which several threads read ahead and one takes in order.
#ifndef MINSLICE_IMPORT_LINE_BATCHES_H_
#define MINSLICE_IMPORT_LINE_BATCHES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/input_stream.h"
#include "minslice/result.h"

namespace minslice::import {

// What a reader notes of a batch for the one who takes it.
struct BatchNotes {
  virtual ~BatchNotes() = default;
};

struct LineBatch {
  std::vector<std::string_view> lines;  // without their newlines; slack behind each, as LineSource gives
  std::int64_t first_line = 1;          // the number of lines[0]
  bool terminated = true;               // the last of them had its newline
  std::unique_ptr<BatchNotes> notes;    // of the last batch that had this place, until replaced

  std::unique_ptr<char[]> text;
  std::size_t capacity = 0, size = 0;
};

struct BatchWork {
  std::function<void(const LineBatch& first)> begin;  // once, before the others
  std::function<void(LineBatch&)> read;               // of each batch, on any thread; may be null
  std::function<bool(LineBatch&)> take;               // of each batch in order, one at a time; false: stop
};

// A line longer than `longest` fails. What is held at once does not grow with the stream. A stream of one
// batch needs no thread.
Result<void> InBatches(io::PlainStream& stream, const std::string& path, std::size_t longest,
                       std::size_t threads, const BatchWork& work);

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_LINE_BATCHES_H_
