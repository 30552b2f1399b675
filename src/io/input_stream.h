// Inputs in blocks, so that a log of any size is read in the memory of its rows. A file compressed with zstd
// (by its first bytes, not by its name) is read as what it holds.
#ifndef MINSLICE_IO_INPUT_STREAM_H_
#define MINSLICE_IO_INPUT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/file_system.h"
#include "io/sha256.h"
#include "minslice/result.h"

namespace minslice::io {

// The decompressed bytes of `file`, which is passed through where it is not compressed. `size_hint` grows no
// buffer: it is the file's size, 0 where it is not known. A compressed file that ends within a frame ends
// there, with cut(); one that unpacks to more than kBombFrom bytes and kBombRatio times its size is refused.
class PlainStream {
 public:
  static Result<std::unique_ptr<PlainStream>> Open(FileSystem& files, const std::string& path);
  // Bytes that are in memory and stay there.
  static std::unique_ptr<PlainStream> OfText(std::string_view bytes, const std::string& path);
  virtual ~PlainStream() = default;

  virtual Result<std::size_t> Read(char* to, std::size_t room) = 0;  // 0 at the end
  virtual bool compressed() const = 0;
  virtual bool cut() const = 0;
  std::int64_t file_size() const { return file_size_; }

 protected:
  std::int64_t file_size_ = 0;
};

inline constexpr std::uint64_t kBombFrom = std::uint64_t{1} << 28U;
inline constexpr std::uint64_t kBombRatio = 1000;

bool LooksLikeZstd(std::string_view bytes);
bool BeginsLikeZstd(std::string_view bytes);  // likewise of fewer than four bytes

struct PlainOptions {
  std::size_t slack = 0;                      // as in FileSystem::ReadFile
  std::size_t limit = std::size_t{1} << 36U;  // larger is refused
  bool* cut = nullptr;                        // set: a compressed file that ends within a frame
};
// The whole of a file, decompressed.
Result<std::string> ReadPlain(FileSystem& files, const std::string& path, const PlainOptions& options = {});
// As one frame.
std::string CompressZstd(std::string_view bytes, int level = 3);
// Ends in ".zst": what is written under such a name is compressed.
bool NamesZstd(std::string_view path);

// The lines of a stream, each with kLineSlack readable bytes behind it, as simdjson wants them.
class LineSource {
 public:
  static constexpr std::size_t kLineSlack = 64;
  // `hash` is fed every byte, of the whole stream once the end was met.
  LineSource(PlainStream& stream, std::string path, std::size_t longest, Sha256* hash = nullptr);

  // The next line without its newline, or nullopt at the end; valid until the next call. A line longer than
  // `longest` is a failure that names it.
  Result<std::optional<std::string_view>> Next();
  // Of what stands in the buffer, from the last line on; after the first line: of the file.
  std::string Head(std::size_t most) const;
  // What stands in the buffer behind the last line, with zeros behind it, and the word that its first line,
  // of so many bytes with its newline, was read.
  std::string_view Buffered() const { return {buffer_.bytes.get() + begin_, end_ - begin_}; }
  void Take(std::size_t bytes) {
    last_ = begin_;
    begin_ += bytes;
    searched_ = 0;
    ++line_;
    terminated_ = true;
  }
  std::int64_t line() const { return line_; }                            // of the last line, from 1
  bool terminated() const { return terminated_; }                        // the last line had its newline
  std::uint64_t bytes_read() const { return read_; }                     // with what stands in the buffer
  std::uint64_t bytes_taken() const { return read_ - (end_ - begin_); }  // to the end of the last line

 private:
  Result<bool> Fill();  // false: nothing more
  void TurnOver(std::size_t capacity);

  PlainStream& stream_;
  std::string path_;
  std::size_t longest_;
  Sha256* hash_;
  Block buffer_, spare_;
  std::size_t begin_ = 0, end_ = 0;
  std::size_t hashed_ = 0;    // before it nothing is left to be hashed
  std::size_t last_ = 0;      // where the last line began
  std::size_t searched_ = 0;  // behind begin_, without a newline
  std::int64_t line_ = 0;
  std::uint64_t read_ = 0;
  bool terminated_ = false, at_end_ = false;
};

}  // namespace minslice::io

#endif  // MINSLICE_IO_INPUT_STREAM_H_
