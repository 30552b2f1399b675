// Writes log.jsonl (docs/formats/log.md): append-only, one JSON object a line. Rows are committed in groups:
// a write(2) hands all rows since the last one to the kernel, and a thread of its own makes the disk follow,
// so that whoever appends never waits for the disk. kill -9 loses no row of a group that was written; a power
// cut loses at most what was written since the last fdatasync began.
#ifndef MINSLICE_LOG_LOG_WRITER_H_
#define MINSLICE_LOG_LOG_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
                                                   io::FileSystem& files = io::RealFileSystem());
  // Continues an existing log; a torn last line is cut off first (its bytes are no whole row). A finished log
  // (with its end record) is refused, and so is one that another process writes.
  static Result<std::unique_ptr<LogWriter>> Continue(const std::string& path,
                                                     io::FileSystem& files = io::RealFileSystem());
  virtual ~LogWriter() = default;

  // Rows wait for Flush at most until they are so many bytes.
  static constexpr std::size_t kGroupBytes = std::size_t{256} << 10;
  // fdatasync begins so long after the last one ended, or when so many bytes wait for it.
  static constexpr double kSyncSeconds = 0.1;
  static constexpr std::int64_t kSyncBytes = std::int64_t{4} << 20;

  // Adds to the run record what was learned of the gateway; without effect once it is written.
  virtual void DescribeGateway(const std::string& /*kind*/, const std::vector<std::string>& /*hides*/) {}
  // A failure of the disk shows here or in a later call.
  virtual Result<void> Append(const CaseRecord& record) = 0;
  virtual Result<void> End(const EndRecord& record) = 0;  // writes, syncs
  // The same for a run that ends unfinished; nothing where no row was written.
  virtual Result<void> Stop(const StopRecord& /*record*/) { return Sync(); }
  // Ends the group: hands its rows to the kernel. The runner calls it before it sends again, so that no
  // more rows than were in flight can be lost to a kill.
  virtual Result<void> Flush() { return {}; }
  virtual Result<void> Sync() = 0;  // flushes, and waits for the disk
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LOG_WRITER_H_
