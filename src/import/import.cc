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
  RowLines rows;
  for (const CaseRecord& row : run.rows) static_cast<void>(rows.Take(log::CaseRecordLine(row) + '\n'));
  return LogText(run, rows);
}

std::string LogText(const ImportedRun& run, const RowLines& rows) {
  std::string text = log::RunRecordLine(run.run) + '\n';
  text += rows.text();
  if (run.finished) text += log::EndRecordLine(run.end) + '\n';
  return text;
}

std::vector<std::string> Warnings(const ImportedRun& run) {
  std::vector<std::string> texts = run.notes;
  if (run.cases_with_fewer_repeats > 0) {
    texts.push_back(fmt::format("{} of {} cases have fewer than {} repeats", run.cases_with_fewer_repeats,
                                run.run.cases.value_or(0), run.run.repeats));
  }
  if (run.rows_without_cluster > 0) {
    texts.push_back(fmt::format("{} row{} without a cluster: each case is a cluster of its own",
                                run.rows_without_cluster, run.rows_without_cluster == 1 ? "" : "s"));
  }
  return texts;
}

Result<void> CheckDestination(const std::string& path, bool replace, std::span<const std::string> inputs) {
  if (path == "-") return Fail("-o: - is no file: a log is written to a file, of any name");
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
