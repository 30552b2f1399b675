// Writes log.jsonl (docs/formats/log.md): append-only, one JSON object a line. A line is on its way to the
// kernel whole when Append returns, so kill -9 loses no row that was appended; Sync bounds what a power cut
// can lose.
#ifndef MINSLICE_LOG_LOG_WRITER_H_
#define MINSLICE_LOG_LOG_WRITER_H_

#include <memory>
#include <string>
#include <vector>

#include "io/clock.h"
#include "io/file_system.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::log {

// One line without the newline, keys in the documented order, doubles in shortest round-trip form.
std::string RunRecordLine(const RunRecord& record);
std::string CaseRecordLine(const CaseRecord& record);
std::string EndRecordLine(const EndRecord& record);
std::string StopRecordLine(const StopRecord& record);

class LogWriter {
 public:
  // A new log; refuses an existing file. The run record is written with the first row, so that it can say
  // what the first answer shows of the gateway, and a run that is refused at once leaves an empty file.
  static Result<std::unique_ptr<LogWriter>> Create(const std::string& path, const RunRecord& run,
                                                   io::FileSystem& files = io::RealFileSystem(),
                                                   io::Clock& clock = io::RealClock());
  // Continues an existing log; a torn last line is cut off first (its bytes are no whole row). A finished log
  // (with its end record) is refused, and so is one that another process writes.
  static Result<std::unique_ptr<LogWriter>> Continue(const std::string& path,
                                                     io::FileSystem& files = io::RealFileSystem(),
                                                     io::Clock& clock = io::RealClock());
  virtual ~LogWriter() = default;

  // Adds to the run record what was learned of the gateway; without effect once it is written.
  virtual void DescribeGateway(const std::string& /*kind*/, const std::vector<std::string>& /*hides*/) {}
  // Syncs to the disk at most once a second.
  virtual Result<void> Append(const CaseRecord& record) = 0;
  virtual Result<void> End(const EndRecord& record) = 0;  // writes, syncs
  // The same for a run that ends unfinished; nothing where no row was written.
  virtual Result<void> Stop(const StopRecord& /*record*/) { return Sync(); }
  virtual Result<void> Sync() = 0;
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LOG_WRITER_H_
