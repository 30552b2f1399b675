#include "import/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "import/formats.h"
#include "io/nearest_name.h"
#include "log/log_writer.h"

namespace minslice::import {
namespace {

constexpr std::array<Format, 6> kFormats = {{
    {"jsonl", "one JSON object a line, fields named by flags", ReadJsonl},
    {"csv", "a header row and one row a result, fields named by flags", ReadCsv},
    {"lm-eval", "lm-evaluation-harness: samples_*.jsonl", ReadLmEval},
    {"inspect", "Inspect AI: *.eval, or a log as JSON", ReadInspect},
    {"promptfoo", "promptfoo: results as .jsonl, .json or .csv", ReadPromptfoo},
    {"nemo", "NeMo Evaluator: results.jsonl", ReadNemo},
}};

}  // namespace

std::span<const Format> Formats() { return kFormats; }

Result<const Format*> FindFormat(const std::string& name) {
  std::vector<std::string> names;
  for (const Format& format : kFormats) {
    if (name == format.name) return &format;
    names.emplace_back(format.name);
  }
  return Fail(fmt::format("there is no format {}{}", io::Quoted(name), io::DidYouMean(name, names)));
}

std::string LogText(const ImportedRun& run) {
  std::string text = log::RunRecordLine(run.run) + "\n";
  for (const CaseRecord& row : run.rows) {
    text += log::CaseRecordLine(row);
    text += '\n';
  }
  if (run.finished) text += log::EndRecordLine(run.end) + "\n";
  return text;
}

Result<void> CheckDestination(const std::string& path, bool replace, std::span<const std::string> inputs) {
  std::error_code error;
  for (const std::string& input : inputs) {
    if (std::filesystem::equivalent(path, input, error)) {
      return Fail(
          fmt::format("-o: {} is one of the files to import; nothing was written", io::Quoted(path, 200)));
    }
  }
  if (!replace && std::filesystem::is_regular_file(path, error)) {
    return Fail(fmt::format("-o: {} exists already; --force replaces it; nothing was written",
                            io::Quoted(path, 200)));
  }
  return {};
}

}  // namespace minslice::import
