// zstd files that grow: a frame written in pieces, and where the last whole frame ends.
#ifndef MINSLICE_IO_ZSTD_STREAM_H_
#define MINSLICE_IO_ZSTD_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/file_system.h"
#include "io/input_stream.h"
#include "minslice/result.h"

namespace minslice::io {

class ZstdEncoder {
 public:
  explicit ZstdEncoder(int level = 3);
  ~ZstdEncoder();
  ZstdEncoder(const ZstdEncoder&) = delete;
  ZstdEncoder& operator=(const ZstdEncoder&) = delete;

  // What can be written by now; may be empty, and is valid until the next call.
  std::string_view Add(std::string_view bytes);
  std::string_view End();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What of a compressed file is whole: a writer that was killed leaves a frame that is not.
struct WholeFrames {
  std::int64_t bytes = 0;  // where the last whole frame ends
  std::string first_line;  // of what the whole frames hold, without its newline
  std::string last_line;   // behind the last newline
};
// Reads the file to its end; memory grows with the longest line only, which `longest` bounds.
Result<WholeFrames> FindWholeFrames(FileSystem& files, const std::string& path, std::size_t longest);

}  // namespace minslice::io

#endif  // MINSLICE_IO_ZSTD_STREAM_H_
