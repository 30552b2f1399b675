#include "log/log_scan.h"

#include <algorithm>
#include <utility>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/sha256.h"
#include "log/log_reader.h"

namespace minslice::log {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

}  // namespace

// Each piece is whole lines behind the log's first one, so that the reader of whole logs reads it.
Result<LogScan> ScanLog(const std::string& path,
                        const std::function<void(std::vector<CaseRecord>&& rows)>& on_rows) {
  const auto file = io::PlainStream::Open(io::RealFileSystem(), path);
  if (!file) return tl::unexpected(file.error());
  LogScan scan;
  io::Sha256 hash;
  io::Diagnostics diagnostics;
  std::string head;     // the first line
  std::string pending;  // what is not yet read
  std::string block;
  std::int64_t at = 0;
  int lines = 0;  // before `pending`
  bool last = false;
  bool first = true;
  while (!last) {
    block.resize(kBlock);
    std::size_t size = 0;
    while (size < kBlock) {
      const auto n = (*file)->Read(block.data() + size, kBlock - size);
      if (!n) return tl::unexpected(n.error());
      if (*n == 0) break;
      size += *n;
    }
    block.resize(size);
    at += static_cast<std::int64_t>(block.size());
    hash.Update(block);
    last = block.size() < kBlock;
    pending += block;
    const std::size_t newline = pending.rfind('\n');
    if (!last && newline == std::string::npos) continue;
    std::string rest = last ? std::string() : pending.substr(newline + 1);
    if (!last) pending.resize(newline + 1);
    if (pending.empty() && !first) break;
    const int count = static_cast<int>(std::count(pending.begin(), pending.end(), '\n'));
    const std::string piece = first ? std::move(pending) : head + pending;
    if (first) head = piece.substr(0, piece.find('\n') == std::string::npos ? 0 : piece.find('\n') + 1);
    auto log = ParseLog(piece, path);
    if (!log) {
      // A log whose first lines are refused is refused once, not once a piece.
      if (first) return tl::unexpected(log.error());
      for (Diagnostic diagnostic : log.error().diagnostics) {
        diagnostic.where.line += lines - 1;  // the piece's first line is the log's
        diagnostics.Add(diagnostic.where, diagnostic.message);
      }
    } else {
      if (first) scan.run = log->run;
      // An end record with rows after it is none.
      if (!log->cases.empty()) scan.end.reset();
      if (log->end) scan.end = log->end;
      scan.torn_tail = log->torn_tail;
      if (log->torn_tail && !log->end) scan.end.reset();
      scan.rows += static_cast<std::int64_t>(log->cases.size());
      on_rows(std::move(log->cases));
    }
    lines += count;
    first = false;
    pending = std::move(rest);
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  if ((*file)->cut()) {
    scan.torn_tail = true;
    scan.end.reset();
  }
  scan.bytes = at;
  scan.sha256 = hash.HexDigest();
  return scan;
}

}  // namespace minslice::log
