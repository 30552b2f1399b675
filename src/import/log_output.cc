#include "import/log_output.h"

#include <string_view>

#include "io/staged_file.h"
#include "io/zstd_stream.h"
#include "log/log_writer.h"

namespace minslice::import {

Result<LogOutput> LogOutput::Make(const std::string& path) {
  auto rows = io::ScratchFile::Make(path);
  if (!rows) return tl::unexpected(rows.error());
  return LogOutput(path, std::move(*rows));
}

Result<void> LogOutput::Expect(const RunRecord& run) {
  if (room_ > 0 || io::NamesZstd(path_)) return {};
  room_ = log::RunRecordLine(run).size() + 1;
  return rows_.Append(std::string(room_, '\n'));
}

Result<void> LogOutput::Take(std::string_view lines) { return rows_.Append(lines); }

Result<void> LogOutput::Write(const ImportedRun& run) {
  const std::string first = log::RunRecordLine(run.run) + "\n";
  const std::string last = run.finished ? log::EndRecordLine(run.end) + "\n" : "";
  if (first.size() == room_) {
    if (auto written = rows_.Append(last); !written) return written;
    if (auto written = rows_.Replace(first); !written) return written;
    const auto done = rows_.BecomeFile(path_);
    if (!done) return tl::unexpected(done.error());
    if (*done) return {};
    return Copy(first, "");
  }
  return Copy(first, last);
}

Result<void> LogOutput::Copy(const std::string& first, const std::string& last) {
  auto file = io::StagedFile::Open(path_);
  if (!file) return tl::unexpected(file.error());
  io::ZstdEncoder encoder;
  const bool packed = io::NamesZstd(path_);
  const auto append = [&](std::string_view bytes) -> Result<void> {
    if (!packed) return file->Append(bytes);
    return file->Append(encoder.Add(bytes));
  };
  if (auto written = append(first); !written) return written;
  if (auto written = rows_.Read(append, static_cast<std::int64_t>(room_)); !written) return written;
  if (auto written = append(last); !written) return written;
  if (packed) {
    if (auto written = file->Append(encoder.End()); !written) return written;
  }
  return file->Commit();
}

}  // namespace minslice::import
