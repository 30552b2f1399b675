// What must hold of whatever is imported.
#ifndef MINSLICE_FUZZ_IMPORT_ENTRY_H_
#define MINSLICE_FUZZ_IMPORT_ENTRY_H_

#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "import/import.h"
#include "log/log_reader.h"
#include "one_file.h"

namespace minslice::fuzz {

// The first byte chooses the flags, the rest is the file: what is accepted makes a log that reads back as it
// was.
inline void CheckImport(const char* format, std::string_view data) {
  if (data.empty()) return;
  const auto choice = static_cast<unsigned char>(data[0]);
  import::Options options;
  if ((choice & 1) != 0) options.pass_field = "ok";
  if ((choice & 2) != 0 || (choice & 1) == 0) options.score_field = "score";
  if ((choice & 5) == 4) options.pass_above = 0.5;
  if ((choice & 8) != 0) options.segment_fields = {"seg", "a.b"};
  if ((choice & 16) != 0) options.cluster_field = "doc";
  if ((choice & 32) != 0) options.repeat_field = "run";
  if ((choice & 64) != 0) options.prompt_field = "prompt";
  if ((choice & 128) != 0) options.output_field = "out";
  OneFile files(data.substr(1));
  const std::string path = "file";
  const auto run = (*import::FindFormat(format))->read(std::span(&path, 1), options, files);
  if (!run) {
    Check(!run.error().diagnostics.empty() && run.error().diagnostics.size() <= 51, "1 to 51 diagnostics");
    Check(run.error().kind == Failure::Kind::kInput, "bad input is the input's fault");
    return;
  }
  Check(!run->rows.empty(), "what is accepted has rows");
  Check(run->passed + run->failed == std::ssize(run->rows), "each row passes or fails");
  const auto log = log::ParseLog(import::LogText(*run), "log", {.outputs = true});
  Check(log.has_value(), "the log reads back");
  Check(log->end && log->end->cases == run->end.cases && !log->torn_tail, "the log is finished");
  Check(log->cases.size() == run->rows.size(), "the log has every row");
  for (std::size_t i = 0; i < log->cases.size(); ++i) {
    const CaseRecord &a = log->cases[i], &b = run->rows[i];
    Check(a.case_id == b.case_id && a.repeat == b.repeat && a.outcome == b.outcome,
          "id, repeat and outcome read back");
    Check(a.scores == b.scores && a.segments == b.segments && a.cluster == b.cluster,
          "scores, segments and cluster read back");
    Check(a.output == b.output && a.prompt_sha256 == b.prompt_sha256, "output and prompt read back");
  }
}

}  // namespace minslice::fuzz

#endif  // MINSLICE_FUZZ_IMPORT_ENTRY_H_
