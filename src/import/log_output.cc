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

Result<void> LogOutput::Take(const CaseRecord& row) {
  std::string line = log::CaseRecordLine(row);
  line += '\n';
  return rows_.Append(line);
}

Result<void> LogOutput::Write(const ImportedRun& run) {
  auto file = io::StagedFile::Open(path_);
  if (!file) return tl::unexpected(file.error());
  io::ZstdEncoder encoder;
  const bool packed = io::NamesZstd(path_);
  const auto append = [&](std::string_view bytes) -> Result<void> {
    if (!packed) return file->Append(bytes);
    return file->Append(encoder.Add(bytes));
  };
  if (auto written = append(log::RunRecordLine(run.run) + "\n"); !written) return written;
  if (auto written = rows_.Read(append); !written) return written;
  if (run.finished) {
    if (auto written = append(log::EndRecordLine(run.end) + "\n"); !written) return written;
  }
  if (packed) {
    if (auto written = file->Append(encoder.End()); !written) return written;
  }
  return file->Commit();
}

}  // namespace minslice::import
