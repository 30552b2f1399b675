#include "cli/open_log_argument.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <future>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/counts_argument.h"
#include "cli/figures.h"
#include "import/import.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "io/sha256.h"

namespace minslice::cli {
namespace {

const std::vector<std::string>& FlagNames() {
  static const std::vector<std::string> kNames = {
      "id-field",     "segment-fields", "cluster-field", "prompt-field", "scorer",      "filter",
      "provider",     "prompt-index",   "pass-above",    "pass-field",   "score-field", "repeat-field",
      "output-field", "model",          "target",        "suite-name"};
  return kNames;
}

template <class T>
bool ReadNumber(std::string_view text, std::optional<T>& number) {
  T value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return false;
  number = value;
  return true;
}

Result<void> SetFlag(const std::string& name, const std::string& value, import::Options& options) {
  const auto number_expected = [&] {
    return Fail(fmt::format("#{}: expected a number, found {}", name, io::Quoted(value)));
  };
  if (name == "id-field") {
    options.id_field = value;
  } else if (name == "segment-fields") {
    options.segment_fields = SplitCommas(value);
  } else if (name == "cluster-field") {
    options.cluster_field = value;
  } else if (name == "prompt-field") {
    options.prompt_field = value;
  } else if (name == "scorer") {
    options.scorer = value;
  } else if (name == "filter") {
    options.filter = value;
  } else if (name == "provider") {
    options.provider = value;
  } else if (name == "prompt-index") {
    if (!ReadNumber(value, options.prompt_index)) return number_expected();
  } else if (name == "pass-above") {
    if (!ReadNumber(value, options.pass_above)) return number_expected();
  } else if (name == "pass-field") {
    options.pass_field = value;
  } else if (name == "score-field") {
    options.score_field = value;
  } else if (name == "repeat-field") {
    options.repeat_field = value;
  } else if (name == "output-field") {
    options.output_field = value;
  } else if (name == "model") {
    options.model = value;
  } else if (name == "target") {
    options.target = value;
  } else if (name == "suite-name") {
    options.suite_name = value;
  } else {
    return Fail(fmt::format("there is no flag {}{}", io::Quoted("#" + name),
                            io::DidYouMean(name, FlagNames(), FlagNames().size())));
  }
  return {};
}

}  // namespace

Result<RunLog> OpenLogArgument(const std::string& argument, const log::ReadOptions& options,
                               std::vector<std::string>* warnings) {
  const std::size_t colon = argument.find(':');
  io::FileSystem& files = io::RealFileSystem();
  if (colon == std::string::npos || files.Exists(argument)) return log::ReadLog(argument, options);
  const auto format = import::FindFormat(argument.substr(0, colon));
  if (!format) {
    auto log = log::ReadLog(argument, options);
    std::vector<std::string> names;
    for (const import::Format& known : import::Formats()) names.emplace_back(known.name);
    const std::string name = argument.substr(0, colon);
    if (!log && io::NearestName(name, names)) {
      return Fail(fmt::format("{}: no such file, and {} is no format{}", argument, io::Quoted(name),
                              io::DidYouMean(name, names)));
    }
    return log;
  }
  std::string path = argument.substr(colon + 1);
  import::Options flags;
  // "#name=value" from the right, as long as the file's own name may hold a '#'.
  for (std::size_t hash; (hash = path.rfind('#')) != std::string::npos && !files.Exists(path);) {
    const std::string flag = path.substr(hash + 1);
    const std::size_t equals = flag.find('=');
    if (equals == std::string::npos) break;
    const auto set = SetFlag(flag.substr(0, equals), flag.substr(equals + 1), flags);
    if (!set) return tl::unexpected(set.error());
    path.resize(hash);
  }
  import::RowLines rows;
  flags.rows = &rows;
  const auto run = (*format)->read(std::span(&path, 1), flags, files);
  if (!run) return tl::unexpected(run.error());
  if (warnings != nullptr) {
    for (const std::string& text : import::Warnings(*run))
      warnings->push_back(text.starts_with(path) ? text : argument + ": " + text);
  }
  auto log = log::ParseLog(import::LogText(*run, std::exchange(rows, {})), argument, options);
  if (!log) return log;
  auto sha256 = io::Sha256OfFile(path);
  if (!sha256) return tl::unexpected(std::move(sha256.error()));
  log->sha256 = *std::move(sha256);
  return log;
}

namespace {

struct Opened {
  std::vector<Result<RunLog>> logs;
  std::vector<std::string> warnings;
};

Opened OpenAll(const std::vector<std::string>& paths, const log::ReadOptions& options) {
  Opened opened;
  std::vector<Result<RunLog>>& logs = opened.logs;
  logs.reserve(paths.size());
  for (const std::string& path : paths) {
    // A thread must not end by an exception.
    try {
      logs.push_back(OpenLogArgument(path, options, &opened.warnings));
    } catch (const std::bad_alloc&) {
      logs.emplace_back(FailInternal(path + ": not enough memory"));
    } catch (const std::exception& error) {
      logs.emplace_back(FailInternal(path + ": " + error.what()));
    }
  }
  return opened;
}

void NoteAll(const std::vector<std::string>& warnings, Session& session) {
  for (const std::string& text : warnings) session.Note(text);
}

bool TakeAll(Opened read, std::vector<RunLog>& logs, Session& session) {
  bool good = true;
  for (Result<RunLog>& log : read.logs) {
    if (log) {
      logs.push_back(std::move(*log));
    } else {
      session.Report(log.error());
      good = false;
    }
  }
  return good;
}

}  // namespace

Result<TwoLogs> OpenTwo(const std::string& incumbent, const std::string& candidate,
                        const log::ReadOptions& options, Session& session) {
  std::vector<std::string> warnings;
  Result<RunLog> first = OpenLogArgument(incumbent, options, &warnings);
  Result<RunLog> second = OpenLogArgument(candidate, options, &warnings);
  std::vector<Diagnostic> errors;
  if (!first) errors = first.error().diagnostics;
  if (!second)
    errors.insert(errors.end(), second.error().diagnostics.begin(), second.error().diagnostics.end());
  if (!errors.empty()) return FailAll(std::move(errors));
  NoteAll(warnings, session);
  return TwoLogs{*std::move(first), *std::move(second)};
}

bool ReadLogs(const std::vector<std::string>& paths, std::vector<RunLog>& logs, Session& session,
              const log::ReadOptions& options) {
  Opened opened = OpenAll(paths, options);
  NoteAll(opened.warnings, session);
  return TakeAll(std::move(opened), logs, session);
}

bool ReadSides(const std::vector<std::string>& incumbent, const std::vector<std::string>& candidate,
               std::vector<RunLog>& incumbent_logs, std::vector<RunLog>& candidate_logs, Session& session,
               const log::ReadOptions& options) {
  const auto counts = CountsOf(incumbent, candidate);
  if (!counts) {
    session.Report(counts.error());
    return false;
  }
  if (*counts) {
    Result<CountedSides> sides = OpenCounts(**counts);
    if (!sides) {
      session.Report(sides.error());
      return false;
    }
    incumbent_logs.push_back(std::move(sides->incumbent));
    candidate_logs.push_back(std::move(sides->candidate));
    return true;
  }
  log::ReadOptions chosen = options;
  io::Sha256Pair hashes;
  chosen.hash_with = &hashes;
  auto other = std::async(std::launch::async, [&] { return OpenAll(candidate, chosen); });
  Opened own = OpenAll(incumbent, chosen), others = other.get();
  NoteAll(own.warnings, session);
  NoteAll(others.warnings, session);
  const bool good = TakeAll(std::move(own), incumbent_logs, session);
  return TakeAll(std::move(others), candidate_logs, session) && good;
}

bool ReadRowsOf(const std::vector<std::string>& paths, const std::unordered_set<std::string_view>& case_ids,
                std::vector<RunLog>& logs, Session& session) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!logs[i].columns) continue;
    Result<RunLog> again = OpenLogArgument(paths[i], {.only = &case_ids});
    if (again && again->sha256 != logs[i].sha256)
      again = FailAt({paths[i]}, "it changed while it was read: nothing is written of it");
    if (!again) {
      session.Report(again.error());
      return false;
    }
    logs[i].cases = std::move(again->cases);
  }
  return true;
}

}  // namespace minslice::cli
