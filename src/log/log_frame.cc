#include "log/log_frame.h"

#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/sha256.h"
#include "log/log_reader.h"

namespace minslice::log {

Result<RunLog> ReadFrame(const std::string& path) {
  const auto stream = io::PlainStream::Open(io::RealFileSystem(), path);
  if (!stream) return tl::unexpected(stream.error());
  io::Sha256 hash;
  io::LineSource lines(**stream, path, kLongestLine, &hash);
  std::string first;
  std::string last;
  for (;;) {
    const auto line = lines.Next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) break;
    if ((*line)->empty()) continue;
    if (first.empty()) {
      first = **line;
    } else {
      last.assign(**line);
    }
  }
  // A last line that is a row or torn is not looked at.
  Result<RunLog> log = ParseLog(first + "\n" + (lines.terminated() ? last + "\n" : ""), path);
  if (!log || !log->end) log = ParseLog(first + "\n", path);
  if (!log) return log;
  log->sha256 = hash.HexDigest();
  return log;
}

}  // namespace minslice::log
