// The lines of a tool's file, and what names the cases in them.
#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "import/formats.h"
#include "import/line_batches.h"
#include "import/tool_rows.h"
#include "io/nearest_name.h"
#include "io/utf8.h"

namespace minslice::import {
namespace {

constexpr std::size_t kMostThreads = 4;  // more find the disk and the rows' order in their way
constexpr std::size_t kHeadBytes = std::size_t{1} << 16U;

}  // namespace

std::string ContentIds::Name(std::string hash, std::int64_t document) {
  const TextKey key = TextKey::Of(hash);
  std::optional<std::int64_t> first = builder_.DocumentOf(key);
  if (const std::int64_t* met = first ? nullptr : first_.Find(key)) first = *met;
  if (!first) first_.Add(key, document);
  if (!first || *first == document) return hash;
  std::vector<std::int64_t>& known = others_[hash];
  const auto found = std::find(known.begin(), known.end(), document);
  const auto place = static_cast<std::size_t>(found - known.begin());
  if (found == known.end()) {
    known.push_back(document);
    ++again_;
  }
  return fmt::format("{}#{}", hash, place + 2);
}

bool ToolReader::Line(std::string_view text, bool terminated, const SourcePosition& where, const Visit& visit,
                      const KeepMember& keep) {
  const bool skimmed = keep && Skim(text, keep, skimmed_);
  if (skimmed) skimmed_.append(simdjson::SIMDJSON_PADDING, '\0');
  const auto row = parser_.Parse(
      skimmed ? std::string_view(skimmed_).substr(0, skimmed_.size() - simdjson::SIMDJSON_PADDING) : text,
      where);
  if (!row && !terminated && builder_.n_rows() > 0) {
    ++torn_;
  } else if (!row) {
    diagnostics_.AddAll(row.error());
  } else if (!row->is_object()) {
    diagnostics_.Add(where, "expected a JSON object");
  } else {
    return visit(*row, where);
  }
  return true;
}

void ToolReader::TakeModel(const std::string& model, const std::string& path) {
  if (!facts.model.empty() && !model.empty() && model != facts.model) {
    diagnostics_.Add({path, 0, 0},
                     fmt::format("a run of {}, and a file before it is one of {}: import each run into a log "
                                 "of its own",
                                 io::Quoted(model), io::Quoted(facts.model)));
  }
  if (!model.empty()) facts.model = model;
}

bool ToolReader::BeginsRows(std::string_view text, const SourcePosition& where) {
  if (text.front() == '[') {
    diagnostics_.Add(where, kJsonList);
    return false;
  }
  // A document over many lines is none of rows.
  return text.front() == '{' && text.find_first_not_of(" \t\r", 1) != std::string_view::npos;
}

std::string ToolReader::Lines(const std::string& path, io::PlainStream& stream, const Visit& visit,
                              const KeepMember& keep, LineScanner* scanner) {
  std::string head;
  bool first = true, go_on = true;
  SourcePosition where{path, 0, 0};
  BatchWork work;
  work.begin = [&](const LineBatch& batch) {
    head.assign(batch.text.get(), std::min(batch.size, kHeadBytes));
    if (scanner == nullptr) return;
    const auto lines = static_cast<double>(batch.lines.size());
    scanner->Begin(io::SkipByteOrderMark(batch.lines.front()),
                   static_cast<std::int64_t>(lines * static_cast<double>(stream.file_size()) /
                                             static_cast<double>(batch.size)));
  };
  if (scanner != nullptr) work.read = [&](LineBatch& batch) { scanner->Read(batch); };
  work.take = [&](LineBatch& batch) {
    for (std::size_t i = 0; i < batch.lines.size(); ++i) {
      if (scanner != nullptr && !first && (i = scanner->Take(batch, i)) == batch.lines.size()) break;
      std::string_view text = batch.lines[i];
      where.line = static_cast<int>(batch.first_line + static_cast<std::int64_t>(i));
      if (where.line == 1) text = io::SkipByteOrderMark(text);
      const std::size_t begin = text.find_first_not_of(" \t\r");
      if (begin == std::string_view::npos) continue;
      if (std::exchange(first, false)) go_on = BeginsRows(text.substr(begin), where);
      const bool terminated = batch.terminated || i + 1 < batch.lines.size();
      if (!go_on || !Line(text, terminated, where, visit, keep)) return go_on = false;
    }
    return true;
  };
  const std::size_t threads =
      scanner == nullptr ? 1 : std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
  if (const auto read = InBatches(stream, path, kLongestLine, threads, work); !read) {
    diagnostics_.AddAll(read.error());
  } else if (go_on && stream.cut()) {
    ++torn_;
  }
  return head;
}

std::string ToolReader::Lines(io::FileSystem& files, const std::string& path, const Visit& visit,
                              const KeepMember& keep, LineScanner* scanner) {
  const auto stream = io::PlainStream::Open(files, path);
  if (stream) return Lines(path, **stream, visit, keep, scanner);
  diagnostics_.AddAll(stream.error());
  return {};
}

}  // namespace minslice::import
