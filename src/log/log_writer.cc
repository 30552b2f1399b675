#include "log/log_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/input_stream.h"
#include "io/zstd_stream.h"
#include "json/canonical.h"
#include "json/node.h"
#include "log/log_reader.h"
#include "log/syncer.h"
#include "minslice/version.h"

namespace minslice::log {
namespace {

// Writes the fields of one flat object in the order of the calls.
class LineBuilder {
 public:
  explicit LineBuilder(const char* record) {
    line_ = "{\"record\":\"";
    line_ += record;
    line_ += '"';
  }
  void Text(const char* key, std::string_view value) {
    Key(key);
    json::AppendQuoted(value, line_);
  }
  void OptionalText(const char* key, const std::optional<std::string>& value) {
    if (value) Text(key, *value);
  }
  void Integer(const char* key, std::int64_t value) {
    Key(key);
    line_ += fmt::format_int(value).str();
  }
  void OptionalInteger(const char* key, const std::optional<std::int64_t>& value) {
    if (value) Integer(key, *value);
  }
  void OptionalNumber(const char* key, const std::optional<double>& value) {
    if (!value) return;
    Key(key);
    json::AppendNumber(*value, line_);
  }
  void Raw(const char* key, std::string_view json_text) {
    Key(key);
    line_ += json_text;
  }
  std::string& OpenObject(const char* key) {
    Key(key);
    return line_;
  }
  std::string Done() {
    line_ += '}';
    return std::move(line_);
  }

 private:
  void Key(const char* key) {
    line_ += ",\"";
    line_ += key;
    line_ += "\":";
  }
  std::string line_;
};

class FileLogWriter final : public LogWriter {
 public:
  // `run`: not yet written. `packed`: each group becomes a zstd frame of its own, so that a kill tears none
  // that was committed.
  FileLogWriter(std::unique_ptr<io::AppendFile> file, std::optional<RunRecord> run, bool packed)
      : file_(std::move(file)), syncer_(*file_), run_(std::move(run)), packed_(packed) {}
  // What could not be written shows in the log: it has no end record.
  ~FileLogWriter() override { static_cast<void>(Flush()); }
  FileLogWriter(const FileLogWriter&) = delete;
  FileLogWriter& operator=(const FileLogWriter&) = delete;

  void DescribeGateway(const std::string& kind, const std::vector<std::string>& hides) override {
    if (!run_) return;
    run_->gateway_kind = kind;
    run_->gateway_hides = hides;
  }

  Result<void> Write(const std::string& line) {
    if (run_) {
      group_ += RunRecordLine(*run_);
      group_ += '\n';
      run_.reset();
    }
    group_ += line;
    group_ += '\n';
    return group_.size() < kGroupBytes ? Result<void>() : Flush();
  }

  Result<void> Append(const CaseRecord& record) override { return Write(CaseRecordLine(record)); }

  Result<void> End(const EndRecord& record) override {
    if (auto written = Write(EndRecordLine(record)); !written) return written;
    return Sync();
  }

  Result<void> Stop(const StopRecord& record) override {
    if (run_) return {};
    if (auto written = Write(StopRecordLine(record)); !written) return written;
    return Sync();
  }

  Result<void> Flush() override {
    if (group_.empty()) return syncer_.failure();
    std::string group;
    group.swap(group_);
    const std::string frame = packed_ ? io::CompressZstd(group) : std::string();
    const std::string& bytes = packed_ ? frame : group;
    if (auto written = file_->Append(bytes); !written) return Salvage(group, written.error());
    syncer_.Written(static_cast<std::int64_t>(bytes.size()));
    group.clear();
    group_.swap(group);  // keeps the capacity
    return syncer_.failure();
  }

  Result<void> Sync() override {
    if (auto flushed = Flush(); !flushed) return flushed;
    return syncer_.Finish();
  }

 private:
  // A full disk may still have room for some of the rows.
  Result<void> Salvage(const std::string& group, const Failure& why) {
    for (std::size_t at = 0; at < group.size();) {
      const std::size_t end = group.find('\n', at) + 1;
      const std::string line = group.substr(at, end - at);
      if (!file_->Append(packed_ ? io::CompressZstd(line) : line)) break;
      at = end;
    }
    static_cast<void>(file_->Sync());
    return tl::unexpected(why);
  }

  std::unique_ptr<io::AppendFile> file_;
  Syncer syncer_;
  std::string group_;
  std::optional<RunRecord> run_;  // until it is written
  bool packed_;
};

std::string FactsObject(const GatewayFacts& facts) {
  std::string object = "{";
  const auto key = [&](const char* name) {
    if (object.size() > 1) object += ',';
    object.append("\"").append(name).append("\":");
  };
  const auto text = [&](const char* name, const std::optional<std::string>& value) {
    if (!value) return;
    key(name);
    json::AppendQuoted(*value, object);
  };
  const auto integer = [&](const char* name, const std::optional<std::int64_t>& value) {
    if (!value) return;
    key(name);
    object += fmt::format_int(*value).str();
  };
  text("provider", facts.provider);
  text("model", facts.model);
  text("deployment", facts.deployment);
  text("request_id", facts.request_id);
  text("cache", facts.cache);
  integer("retries", facts.retries);
  integer("fallbacks", facts.fallbacks);
  object += '}';
  return object;
}

constexpr std::size_t kBlock = std::size_t{64} << 10;

Result<std::string> FirstLine(io::RandomFile& file) {
  std::string line;
  std::string block;
  for (std::int64_t at = 0; at < file.size(); at += static_cast<std::int64_t>(kBlock)) {
    if (auto read = file.ReadAt(at, kBlock, block); !read) return tl::unexpected(read.error());
    const std::size_t newline = block.find('\n');
    line += block.substr(0, newline);
    if (newline != std::string::npos || block.empty()) break;
  }
  return line;
}

// What stands after the last newline.
Result<std::string> Tail(io::RandomFile& file) {
  std::string tail;
  std::string block;
  for (std::int64_t end = file.size(); end > 0;) {
    const std::int64_t at = std::max<std::int64_t>(0, end - static_cast<std::int64_t>(kBlock));
    if (auto read = file.ReadAt(at, static_cast<std::size_t>(end - at), block); !read)
      return tl::unexpected(read.error());
    const std::size_t newline = block.rfind('\n');
    tail.insert(0, newline == std::string::npos ? block : block.substr(newline + 1));
    if (newline != std::string::npos) break;
    end = at;
  }
  return tail;
}

// How a log begins and ends, and how much of the file is to be kept.
struct LogEnds {
  std::string first_line, last_line;
  std::int64_t keep = 0;  // less: a frame at the end is torn
  bool packed = false;
};

Result<LogEnds> EndsOf(const std::string& path, io::FileSystem& files) {
  const auto file = files.OpenRandom(path);
  if (!file) return tl::unexpected(file.error());
  LogEnds ends;
  std::string magic;
  if (auto read = (*file)->ReadAt(0, 4, magic); !read) return tl::unexpected(read.error());
  ends.packed = io::LooksLikeZstd(magic);
  if (ends.packed) {
    auto whole = io::FindWholeFrames(files, path, kLongestLine);
    if (!whole) return tl::unexpected(whole.error());
    ends.first_line = std::move(whole->first_line);
    ends.last_line = std::move(whole->last_line);
    ends.keep = whole->bytes;
    return ends;
  }
  auto first = FirstLine(**file);
  if (!first) return tl::unexpected(first.error());
  auto last = Tail(**file);
  if (!last) return tl::unexpected(last.error());
  ends.first_line = *std::move(first);
  ends.last_line = *std::move(last);
  ends.keep = (*file)->size();
  return ends;
}

}  // namespace

std::string StopRecordLine(const StopRecord& record) {
  LineBuilder line("stop");
  line.Text("reason", record.reason);
  line.Text("text", record.text);
  line.Integer("answered", record.answered);
  line.Integer("missing", record.missing);
  line.OptionalNumber("spent_usd", record.spent_usd);
  if (record.sequential) {
    line.Raw("sequential", fmt::format("{{\"seed\":{},\"looked_at\":{}}}", record.sequential->seed,
                                       record.sequential->looked_at));
  }
  line.Text("stopped_at", record.stopped_at);
  return line.Done();
}

std::string RunRecordLine(const RunRecord& record) {
  LineBuilder line("run");
  line.Integer("log_version", record.log_version);
  line.Text("suite", record.suite);
  line.OptionalText("suite_sha256", record.suite_sha256);
  line.Text("target", record.target);
  line.Text("request_model", record.request_model);
  line.Text("gateway", record.gateway);
  line.Raw("request", record.request_json.empty() ? "{}" : record.request_json);
  line.Integer("repeats", record.repeats);
  line.OptionalInteger("cases", record.cases);
  if (record.shard) {
    line.Raw("shard", fmt::format("{{\"index\":{},\"of\":{}}}", record.shard->index, record.shard->of));
  }
  line.OptionalInteger("suite_cases", record.suite_cases);
  line.Text("started_at", record.started_at);
  line.Text("minslice", record.minslice);
  if (!record.imported_from.empty()) line.Text("imported_from", record.imported_from);
  if (!record.gateway_kind.empty()) line.Text("gateway_kind", record.gateway_kind);
  if (!record.gateway_hides.empty()) {
    std::string& list = line.OpenObject("gateway_hides");
    for (const std::string& sentence : record.gateway_hides) {
      list += list.back() == ':' ? '[' : ',';
      json::AppendQuoted(sentence, list);
    }
    list += ']';
  }
  if (!record.price_json.empty()) line.Raw("price", record.price_json);
  return line.Done();
}

std::string CaseRecordLine(const CaseRecord& record) {
  LineBuilder line("case");
  line.Text("case_id", record.case_id);
  line.Integer("repeat", record.repeat);
  line.Text("outcome", OutcomeName(record.outcome));
  std::string& scores = line.OpenObject("scores");
  scores += '{';
  for (std::size_t i = 0; i < record.scores.size(); ++i) {
    if (i > 0) scores += ',';
    json::AppendQuoted(record.scores[i].first, scores);
    scores += ':';
    json::AppendNumber(record.scores[i].second, scores);
  }
  scores += '}';
  std::string& segments = line.OpenObject("segments");
  segments += '{';
  for (std::size_t i = 0; i < record.segments.size(); ++i) {
    if (i > 0) segments += ',';
    json::AppendQuoted(record.segments[i].dimension, segments);
    segments += ':';
    json::AppendQuoted(record.segments[i].value, segments);
  }
  segments += '}';
  line.OptionalText("cluster", record.cluster);
  line.OptionalText("prompt_sha256", record.prompt_sha256);
  line.OptionalText("response_model", record.response_model);
  line.OptionalText("system_fingerprint", record.system_fingerprint);
  line.OptionalText("finish_reason", record.finish_reason);
  line.OptionalInteger("input_tokens", record.input_tokens);
  line.OptionalInteger("output_tokens", record.output_tokens);
  line.OptionalNumber("cost_usd", record.cost_usd);
  line.OptionalNumber("latency_ms", record.latency_ms);
  line.OptionalNumber("due_latency_ms", record.due_latency_ms);
  line.OptionalNumber("ttft_ms", record.ttft_ms);
  line.OptionalNumber("tokens_per_s", record.tokens_per_s);
  line.Integer("attempts", record.attempts);
  line.OptionalText("output", record.output);
  if (record.error) {
    line.Text("error", *record.error);
  } else {
    line.Raw("error", "null");
  }
  if (record.via != nullptr && !record.via->empty()) line.Raw("via", FactsObject(*record.via));
  return line.Done();
}

std::string EndRecordLine(const EndRecord& record) {
  LineBuilder line("end");
  line.Integer("cases", record.cases);
  line.Integer("repeats", record.repeats);
  line.OptionalNumber("spent_usd", record.spent_usd);
  line.Text("ended_at", record.ended_at);
  return line.Done();
}

Result<std::unique_ptr<LogWriter>> LogWriter::Create(const std::string& path, const RunRecord& run,
                                                     io::FileSystem& files) {
  auto file = files.OpenAppend(path, io::AppendMode::kCreate);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<LogWriter>(
      std::make_unique<FileLogWriter>(std::move(*file), run, io::NamesZstd(path)));
}

Result<std::unique_ptr<LogWriter>> LogWriter::Continue(const std::string& path, io::FileSystem& files) {
  // Locked before it is read: what another process appends meanwhile must not be cut off as a torn line.
  auto file = files.OpenAppend(path, io::AppendMode::kContinue);
  if (!file) return tl::unexpected(file.error());
  auto ends = EndsOf(path, files);
  if (!ends) return tl::unexpected(ends.error());
  if (ends->packed && ends->keep == 0) {
    return FailAt({path, 0, 0},
                  "cannot be continued: its only zstd frame is cut; minslice log repair makes a log of the "
                  "rows before the cut, which can be");
  }
  const auto first = json::ParseNode(ends->first_line, {path, 1, 1});
  const json::Node* record = first ? first->Find("record") : nullptr;
  if (record == nullptr || record->text != "run") {
    return FailAt({path, 1, 0},
                  "cannot be continued: expected a run record, found none; the file is left alone");
  }
  const json::Node* version = first->Find("log_version");
  if (version == nullptr || version->Integer() != kLogVersion) {
    return FailAt(
        {path, 1, 0},
        fmt::format("cannot be continued: expected log_version {}, found {}; the file is left alone",
                    kLogVersion, version == nullptr ? "none" : version->Describe()));
  }
  bool add_newline = false;
  if (!ends->last_line.empty()) {
    const auto last = json::ParseNode(ends->last_line, {path, 0, 0});
    add_newline = last && last->Find("record") != nullptr;
    if (!add_newline && ends->packed) {
      return FailAt({path, 0, 0},
                    "cannot be continued: the last line is cut within a whole zstd frame; minslice log "
                    "repair makes a log of the rows before it, which can be");
    }
    if (!add_newline) ends->keep -= static_cast<std::int64_t>(ends->last_line.size());
  }
  if (ends->keep < (*file)->size()) {
    if (auto cut = (*file)->CutTo(ends->keep); !cut) return tl::unexpected(cut.error());
  }
  if (add_newline) {
    const auto mended = (*file)->Append(ends->packed ? io::CompressZstd("\n") : std::string("\n"));
    if (!mended) return tl::unexpected(mended.error());
  }
  return std::unique_ptr<LogWriter>(
      std::make_unique<FileLogWriter>(std::move(*file), std::nullopt, ends->packed));
}

}  // namespace minslice::log
