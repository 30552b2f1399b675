// Input: any bytes as log.jsonl.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "log/log_reader.h"
#include "log/log_writer.h"
#include "log/row_columns.h"

namespace minslice {
namespace {

using fuzz::Check;

std::string Written(const RunLog& log) {
  std::string text = log::RunRecordLine(log.run) + '\n';
  for (const CaseRecord& row : log.cases) text += log::CaseRecordLine(row) + '\n';
  if (log.end) text += log::EndRecordLine(*log.end) + '\n';
  return text;
}

std::string Errors(const Result<RunLog>& log) {
  std::string text;
  if (log) return text;
  for (const Diagnostic& diagnostic : log.error().diagnostics) text += diagnostic.ToString() + '\n';
  return text;
}

void RunOne(std::string_view data) {
  const auto log = log::ParseLog(std::string(data), "f", {.outputs = true});
  const auto columns = log::ParseLog(std::string(data), "f", {.columns = true});
  Check(Errors(log) == Errors(columns), "rows and columns give the same errors");
  if (!log) {
    Check(!log.error().diagnostics.empty(), "a refused log has a diagnostic");
    return;
  }
  Check(columns->columns->size() == log->cases.size(), "rows and columns hold the same rows");
  Check(
      columns->end.has_value() == log->end.has_value() && columns->stop.has_value() == log->stop.has_value(),
      "rows and columns end the same");
  const std::string text = Written(*log);
  const auto again = log::ParseLog(text, "f", {.outputs = true});
  Check(again.has_value(), "what was read can be written and read");
  Check(Written(*again) == text, "what was read is written the same twice");
  Check(again->cases.size() == log->cases.size(), "no row is lost");
  Check(!again->torn_tail && again->superseded == 0, "a log that was written whole is whole");
  // A cut loses at most the row that it falls into.
  const std::size_t cut = text.rfind('\n', text.size() - 2);
  if (cut != std::string::npos) {
    const auto torn = log::ParseLog(text.substr(0, text.size() - 2), "f");
    Check(torn.has_value() && torn->torn_tail, "a cut log is readable and known as cut");
    Check(!torn->end, "a cut log has no end");
  }
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
