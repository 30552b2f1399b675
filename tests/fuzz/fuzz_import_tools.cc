// Input: a byte that chooses the tool and its flags, then the file (for inspect also a zip archive).
#include <cstdint>

#include "fuzz/import_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using minslice::fuzz::Check;
  namespace import = minslice::import;
  if (size == 0) return 0;
  static const char* const kFormats[] = {"lm-eval", "inspect", "promptfoo", "nemo"};
  const char* format = kFormats[data[0] & 3U];
  import::Options options;
  if ((data[0] & 4U) != 0) options.id_field = "id";
  if ((data[0] & 8U) != 0) options.pass_above = 0.5;
  if ((data[0] & 16U) != 0) options.segment_fields = {"segment"};
  if ((data[0] & 32U) != 0 && (data[0] & 3U) == 0) options.filter = "resps";
  minslice::OneFile files({reinterpret_cast<const char*>(data) + 1, size - 1});
  const std::string path = "file";
  const auto run = (*import::FindFormat(format))->read(std::span(&path, 1), options, files);
  // Where the rows go nowhere else every line is read as a tree; a sink takes lines that were not.
  import::RowLines lines;
  options.rows = &lines;
  const auto by_lines = (*import::FindFormat(format))->read(std::span(&path, 1), options, files);
  Check(run.has_value() == by_lines.has_value(), "both ways of reading accept the same");
  if (!run) {
    Check(run.error().diagnostics.size() == by_lines.error().diagnostics.size() &&
              run.error().diagnostics.front().ToString() == by_lines.error().diagnostics.front().ToString(),
          "and refuse with the same words");
    Check(!run.error().diagnostics.empty() && run.error().diagnostics.size() <= 51, "1 to 51 diagnostics");
    return 0;
  }
  Check(import::LogText(*run) == import::LogText(*by_lines, lines) && run->notes == by_lines->notes,
        "and give the same log");
  Check(!run->rows.empty(), "what is accepted has rows");
  const auto log = minslice::log::ParseLog(import::LogText(*run), "log");
  Check(log.has_value(), "the log reads back");
  Check(log->end.has_value() == run->finished, "an end record where the run finished");
  Check(log->cases.size() == run->rows.size(), "the log has every row");
  return 0;
}
