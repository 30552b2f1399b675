#include "log/log_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <concepts>
#include <unordered_map>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/looks_like.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "json/node.h"
#include "log/row_columns.h"
#include "log/row_fields.h"
#include "log/row_scanner.h"
#include "log/shard.h"
#include "minslice/version.h"

namespace minslice::log {
namespace {

// So many rows are looked at before room is made for the rest of the file.
constexpr std::size_t kRowsToJudgeBy = 512;
constexpr std::size_t kHeadBytes = std::size_t{1} << 16U;

using simdjson::dom::element;
using simdjson::dom::element_type;

static_assert(io::LineSource::kLineSlack >= simdjson::SIMDJSON_PADDING);

struct RowKey {
  std::string_view case_id;
  int repeat;
  bool operator==(const RowKey&) const = default;
};
struct RowKeyHash {
  std::size_t operator()(const RowKey& key) const {
    return std::hash<std::string_view>()(key.case_id) * 31 + static_cast<std::size_t>(key.repeat);
  }
};

const char* TypeName(element value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      return "a number";
    case element_type::STRING:
      return "a text";
    case element_type::BOOL:
      return "a boolean";
    case element_type::NULL_VALUE:
      return "null";
  }
  return "";
}

// Reads one record's fields. A field of the wrong type is a diagnostic; null stands for "not there".
class LineReader {
 public:
  LineReader(const std::string& path, io::Diagnostics& diagnostics)
      : path_(path), diagnostics_(diagnostics) {}

  void StartLine(int line) {
    line_ = line;
    broken_ = false;
  }
  bool broken() const { return broken_; }

  void Error(const std::string& message) {
    broken_ = true;
    diagnostics_.Add({path_, line_, 0}, message);
  }

  template <class Text>
    requires std::constructible_from<Text, std::string_view>
  void Read(std::string_view key, element value, Text& out) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
      out = Text(text);
    } else {
      Wrong(key, value, "a text");
    }
  }
  template <class Text>
    requires std::constructible_from<Text, std::string_view>
  void Read(std::string_view key, element value, std::optional<Text>& out) {
    if (value.is_null()) return;
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
      out.emplace(text);
    } else {
      Wrong(key, value, "a text or null");
    }
  }
  void Read(std::string_view key, element value, std::optional<std::int64_t>& out) {
    if (value.is_null()) return;
    std::int64_t number = 0;
    if (value.get(number) == simdjson::SUCCESS) {
      out = number;
    } else {
      Wrong(key, value, "a whole number or null");
    }
  }
  void Read(std::string_view key, element value, std::optional<double>& out) {
    if (value.is_null()) return;
    double number = 0;
    if (value.get(number) == simdjson::SUCCESS) {
      out = number;
    } else {
      Wrong(key, value, "a number or null");
    }
  }
  void Read(std::string_view key, element value, int& out, int min, int max = 1000000000) {
    std::int64_t number = 0;
    if (value.get(number) == simdjson::SUCCESS && number >= min && number <= max) {
      out = static_cast<int>(number);
    } else {
      Error(fmt::format("\"{}\": expected a whole number from {} to {}, found {}", key, min, max,
                        Found(value)));
    }
  }
  void Wrong(std::string_view key, element value, const char* expected) {
    Error(fmt::format("\"{}\": expected {}, found {}", key, expected, Found(value)));
  }
  static std::string Found(element value) {
    if (value.is_object() || value.is_array()) return TypeName(value);
    return simdjson::minify(value).size() > 60
               ? TypeName(value)
               : fmt::format("{} {}", TypeName(value), simdjson::minify(value));
  }

 private:
  const std::string& path_;
  io::Diagnostics& diagnostics_;
  int line_ = 0;
  bool broken_ = false;
};

class Reader {
 public:
  Reader(const std::string& path, const ReadOptions& options)
      : path_(path), options_(options), fields_(path, diagnostics_) {
    log_.path = path;
    if (options.columns) columns_ = std::make_shared<RowColumns>();
  }

  Result<RunLog> Run(io::PlainStream& stream) {
    io::Sha256 hash(options_.hash_with);
    io::LineSource lines(stream, path_, kLongestLine, &hash);
    for (;;) {
      if (columns_ && has_run_) LinesLikeBefore(lines, stream);
      const auto line = lines.Next();
      if (!line) {
        diagnostics_.AddAll(line.error());
        return tl::unexpected(diagnostics_.ToFailure());
      }
      if (!*line) break;
      if (lines.line() == 1) head_ = lines.Head(kHeadBytes);
      Line(**line, static_cast<int>(lines.line()), !lines.terminated());
      if (refused_) break;
    }
    if (stream.cut()) {
      log_.torn_tail = true;
      log_.end.reset();
    }
    if (diagnostics_.empty() && !has_run_) {
      diagnostics_.Add({path_, 1, 0}, lines.bytes_read() == 0
                                          ? "expected a run record, found an empty file"
                                          : "expected a run record, found none that is whole");
    }
    if (diagnostics_.empty()) {
      if (columns_) {
        FinishColumns();
      } else {
        DropSuperseded();
      }
    }
    if (!diagnostics_.empty()) return tl::unexpected(diagnostics_.ToFailure());
    log_.sha256 = hash.HexDigest();
    return std::move(log_);
  }

 private:
  std::size_t rows() const { return columns_ ? columns_->n_rows() : log_.cases.size(); }

  // The rest of the file has rows like its first ones: growing step by step would touch the memory twice.
  void MakeRoom(const io::LineSource& lines, const io::PlainStream& stream) {
    room_made_ = true;
    const double left = static_cast<double>(stream.file_size()) /
                        static_cast<double>(std::max<std::uint64_t>(lines.bytes_taken(), 1));
    if (left < 1 || left > 1e7) return;
    const auto expected =
        static_cast<std::size_t>(static_cast<double>(columns_->n_rows()) * left * 1.1) + kRowsToJudgeBy;
    columns_->Reserve(expected, columns_->id(0).size() * expected + expected / 8);
  }

  // As far as the buffer goes; most rows of a log are read here.
  void LinesLikeBefore(io::LineSource& lines, const io::PlainStream& stream) {
    while (const std::size_t size = scanner_.Next(lines.Buffered(), row_)) {
      columns_->Append(row_);
      lines.Take(size);
      log_.end.reset();
      log_.stop.reset();
    }
    if (!room_made_ && columns_->n_rows() >= kRowsToJudgeBy && !stream.compressed()) MakeRoom(lines, stream);
  }

  void Line(std::string_view line, int number, bool last) {
    if (columns_ && has_run_ && !last && scanner_.Scan(line, row_)) {
      columns_->Append(row_);
      log_.end.reset();
      log_.stop.reset();
      return;
    }
    if (options_.only != nullptr && has_run_ && !last && scanner_.Scan(line, row_) &&
        !options_.only->contains(row_.case_id)) {
      log_.end.reset();
      log_.stop.reset();
      return;
    }
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    fields_.StartLine(number);
    simdjson::dom::object record;
    element root;
    auto error = parser_.parse(line.data(), line.size(), false).get(root);
    if (error == simdjson::SUCCESS) error = root.get(record);
    if (error != simdjson::SUCCESS) {
      if (last && (has_run_ || line.starts_with('{'))) {
        // Cut while it was written: its bytes are no row. An end record before it does not count any more.
        log_.torn_tail = true;
        log_.end.reset();
        return;
      }
      if (!has_run_ && !IsLog()) return NoRun();
      // The strict reader knows the column.
      const auto strict = json::ParseNode(line, {path_, number, 1});
      if (!strict) {
        diagnostics_.AddAll(strict.error());
      } else {
        fields_.Error(strict->is(json::Node::Type::kObject)
                          ? fmt::format("not readable: {}", simdjson::error_message(error))
                          : fmt::format("expected an object, found {}", strict->Describe()));
      }
      return;
    }
    if (last) log_.torn_tail = true;
    std::string_view kind;
    if (record["record"].get(kind) != simdjson::SUCCESS) {
      if (!has_run_) return NoRun();
      fields_.Error("expected \"record\" (run, case, end or stop), found none");
    } else if (kind == "case") {
      if (!has_run_) return NoRun();
      ReadCase(record);
    } else if (kind == "run") {
      ReadRun(record);
    } else if (kind == "end") {
      if (!has_run_) return NoRun();
      ReadEnd(record, number);
    } else if (kind == "stop") {
      if (!has_run_) return NoRun();
      ReadStop(record);
    } else if (!has_run_ && !IsLog()) {
      NoRun();
    } else {
      static const std::vector<std::string> kKinds = {"run", "case", "end", "stop"};
      fields_.Error(fmt::format("unknown record {}{}", io::Quoted(kind), io::DidYouMean(kind, kKinds)));
    }
  }

  bool IsLog() const { return io::LooksLike(head_) == io::kLooksLikeLog; }

  // One message, not one a line.
  void NoRun() {
    fields_.Error(IsLog() ? std::string("expected a run record first: is this a log?")
                          : fmt::format("expected a log, which begins with a run record; this looks like {}",
                                        io::LooksLike(head_)));
    refused_ = true;
  }

  // Of two values for one key either may be the one that is meant.
  void CheckKeys(simdjson::dom::object record) {
    std::vector<std::string_view> keys;
    for (const auto& [key, value] : record) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) fields_.Error(fmt::format("{} stands there twice", io::Quoted(*twice)));
  }

  void ReadRun(simdjson::dom::object record) {
    if (has_run_) return fields_.Error("a second run record: a log holds one run");
    CheckKeys(record);
    element version;
    if (record["log_version"].get(version) != simdjson::SUCCESS) {
      fields_.Error("expected \"log_version\", found none");
      refused_ = true;
      return;
    }
    std::int64_t number = 0;
    if (version.get(number) != simdjson::SUCCESS || number != kLogVersion) {
      fields_.Error(fmt::format(
          "expected log_version {}, found {}: written by another version of minslice; the file is left alone",
          kLogVersion, LineReader::Found(version)));
      refused_ = true;
      return;
    }
    has_run_ = true;
    RunRecord& run = log_.run;
    for (const auto& [key, value] : record) {
      if (key == "suite")
        fields_.Read(key, value, run.suite);
      else if (key == "suite_sha256")
        fields_.Read(key, value, run.suite_sha256);
      else if (key == "target")
        fields_.Read(key, value, run.target);
      else if (key == "request_model")
        fields_.Read(key, value, run.request_model);
      else if (key == "gateway")
        fields_.Read(key, value, run.gateway);
      else if (key == "request") {
        if (value.is_object())
          run.request_json = simdjson::minify(value);
        else
          fields_.Wrong(key, value, "an object");
      } else if (key == "repeats")
        fields_.Read(key, value, run.repeats, 1, kMaxRepeats);
      else if (key == "cases")
        fields_.Read(key, value, run.cases);
      else if (key == "shard")
        ReadShard(value, run.shard);
      else if (key == "suite_cases")
        fields_.Read(key, value, run.suite_cases);
      else if (key == "started_at")
        fields_.Read(key, value, run.started_at);
      else if (key == "minslice")
        fields_.Read(key, value, run.minslice);
      else if (key == "imported_from")
        fields_.Read(key, value, run.imported_from);
      else if (key == "gateway_kind")
        fields_.Read(key, value, run.gateway_kind);
      else if (key == "gateway_hides")
        ReadTexts(key, value, run.gateway_hides);
      else if (key == "price") {
        if (value.is_object())
          run.price_json = simdjson::minify(value);
        else if (!value.is_null())
          fields_.Wrong(key, value, "an object");
      }
    }
  }

  void ReadCase(simdjson::dom::object record) {
    row_.Clear();
    bool has_id = false, has_outcome = false;
    CheckKeys(record);
    for (const auto& [key, value] : record) {
      if (key == "case_id") {
        has_id = true;
        fields_.Read(key, value, row_.case_id);
        if (!fields_.broken() && row_.case_id.empty())
          fields_.Error("\"case_id\": expected a text, found an empty one");
      } else if (key == "repeat") {
        fields_.Read(key, value, row_.repeat, 1, kMaxRepeats);
      } else if (key == "outcome") {
        has_outcome = true;
        ReadOutcome(value, row_.outcome);
      } else if (key == "scores") {
        ReadScores(value);
      } else if (key == "segments") {
        ReadSegments(value);
      } else if (key == "cluster") {
        fields_.Read(key, value, row_.cluster);
      } else if (key == "prompt_sha256") {
        fields_.Read(key, value, row_.prompt_sha256);
      } else if (key == "response_model") {
        fields_.Read(key, value, row_.response_model);
      } else if (key == "system_fingerprint") {
        fields_.Read(key, value, row_.system_fingerprint);
      } else if (key == "finish_reason") {
        fields_.Read(key, value, row_.finish_reason);
      } else if (key == "input_tokens") {
        fields_.Read(key, value, row_.input_tokens);
      } else if (key == "output_tokens") {
        fields_.Read(key, value, row_.output_tokens);
      } else if (key == "cost_usd") {
        fields_.Read(key, value, row_.cost_usd);
      } else if (key == "latency_ms") {
        fields_.Read(key, value, row_.latency_ms);
      } else if (key == "due_latency_ms") {
        fields_.Read(key, value, row_.due_latency_ms);
      } else if (key == "ttft_ms") {
        fields_.Read(key, value, row_.ttft_ms);
      } else if (key == "tokens_per_s") {
        fields_.Read(key, value, row_.tokens_per_s);
      } else if (key == "attempts") {
        fields_.Read(key, value, row_.attempts, 0);
      } else if (key == "output") {
        if (options_.outputs) fields_.Read(key, value, row_.output);
      } else if (key == "error") {
        fields_.Read(key, value, row_.error);
      } else if (key == "via") {
        ReadVia(value);
      }
    }
    if (!has_id) fields_.Error("expected \"case_id\", found none");
    if (!has_outcome) fields_.Error("expected \"outcome\", found none");
    if (!fields_.broken() && !OutcomeFits(row_)) {
      fields_.Error(
          fmt::format("\"outcome\" is {} and \"scores.pass\" says otherwise: which of them is true?",
                      OutcomeName(row_.outcome)));
    }
    if (fields_.broken()) return;
    if (columns_) {
      columns_->Append(row_);
    } else if (options_.only == nullptr || options_.only->contains(row_.case_id)) {
      log_.cases.push_back(ToRecord(row_));
    }
    log_.end.reset();
    log_.stop.reset();
  }

  void ReadTexts(std::string_view key, element value, std::vector<std::string>& texts) {
    simdjson::dom::array list;
    if (value.is_null()) return;
    if (value.get(list) != simdjson::SUCCESS) return fields_.Wrong(key, value, "a list of texts");
    for (const element item : list) {
      std::string_view text;
      if (item.get(text) != simdjson::SUCCESS) return fields_.Wrong(key, item, "a text");
      texts.emplace_back(text);
    }
  }

  void ReadVia(element value) {
    simdjson::dom::object object;
    if (value.is_null()) return;
    if (value.get(object) != simdjson::SUCCESS) return fields_.Wrong("via", value, "an object");
    auto facts = std::make_shared<GatewayFacts>();
    for (const auto& [key, field] : object) {
      if (key == "provider") fields_.Read(key, field, facts->provider);
      if (key == "model") fields_.Read(key, field, facts->model);
      if (key == "deployment") fields_.Read(key, field, facts->deployment);
      if (key == "request_id") fields_.Read(key, field, facts->request_id);
      if (key == "cache") fields_.Read(key, field, facts->cache);
      if (key == "retries") fields_.Read(key, field, facts->retries);
      if (key == "fallbacks") fields_.Read(key, field, facts->fallbacks);
    }
    row_.via = std::move(facts);
  }

  void ReadStop(simdjson::dom::object record) {
    StopRecord stop;
    std::optional<std::int64_t> answered, missing;
    for (const auto& [key, value] : record) {
      if (key == "reason") fields_.Read(key, value, stop.reason);
      if (key == "text") fields_.Read(key, value, stop.text);
      if (key == "answered") fields_.Read(key, value, answered);
      if (key == "missing") fields_.Read(key, value, missing);
      if (key == "spent_usd") fields_.Read(key, value, stop.spent_usd);
      if (key == "stopped_at") fields_.Read(key, value, stop.stopped_at);
      if (key == "sequential") ReadSequential(value, stop.sequential);
    }
    stop.answered = answered.value_or(0);
    stop.missing = missing.value_or(0);
    if (!fields_.broken()) log_.stop = std::move(stop);
  }

  void ReadSequential(element value, std::optional<SequentialStop>& out) {
    if (value.is_null()) return;
    SequentialStop stop;
    std::int64_t looked_at = 0;
    const bool whole = value["seed"].get(stop.seed) == simdjson::SUCCESS &&
                       value["looked_at"].get(looked_at) == simdjson::SUCCESS && looked_at >= 0;
    if (!whole)
      return fields_.Wrong("sequential", value, "an object with seed and looked_at, whole numbers from 0");
    stop.looked_at = looked_at;
    out = stop;
  }

  void ReadShard(element value, std::optional<Shard>& out) {
    if (value.is_null()) return;
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return fields_.Wrong("shard", value, "an object");
    Shard shard;
    for (const auto& [key, part] : object) {
      if (key == "index") fields_.Read("shard.index", part, shard.index, 1, kMaxShards);
      if (key == "of") fields_.Read("shard.of", part, shard.of, 1, kMaxShards);
    }
    if (shard.index > shard.of)
      return fields_.Error(fmt::format("\"shard\": there is no shard {} of {}", shard.index, shard.of));
    out = shard;
  }

  void ReadOutcome(element value, Outcome& outcome) {
    std::string_view name;
    if (value.get(name) == simdjson::SUCCESS) {
      for (const Outcome known :
           {Outcome::kPass, Outcome::kFail, Outcome::kModelError, Outcome::kInfraError}) {
        if (name == OutcomeName(known)) {
          outcome = known;
          return;
        }
      }
      static const std::vector<std::string> kNames = {"pass", "fail", "model_error", "infra_error"};
      fields_.Error(fmt::format("\"outcome\": expected pass, fail, model_error or infra_error, found {}{}",
                                io::Quoted(name), io::DidYouMean(name, kNames, 0)));
      return;
    }
    fields_.Wrong("outcome", value, "a text");
  }

  // Sorts by name and reports names that stand there twice.
  template <class List>
  void SortNames(const char* key, List& list) {
    const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
    if (!std::is_sorted(list.begin(), list.end(), by_name)) std::sort(list.begin(), list.end(), by_name);
    const auto twice = std::adjacent_find(list.begin(), list.end(),
                                          [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice != list.end())
      fields_.Error(fmt::format("\"{}\": {} stands there twice", key, io::Quoted(twice->first)));
  }

  void ReadScores(element value) {
    simdjson::dom::object scores;
    if (value.is_null()) return;
    if (value.get(scores) != simdjson::SUCCESS) return fields_.Wrong("scores", value, "an object");
    for (const auto& [name, score] : scores) {
      double number = 0;
      if (score.is_null()) continue;
      if (score.get(number) != simdjson::SUCCESS) {
        fields_.Wrong(fmt::format("scores.{}", name), score, "a number or null");
        continue;
      }
      row_.scores.emplace_back(name, number);
    }
    SortNames("scores", row_.scores);
  }

  void ReadSegments(element value) {
    simdjson::dom::object segments;
    if (value.is_null()) return;
    if (value.get(segments) != simdjson::SUCCESS) return fields_.Wrong("segments", value, "an object");
    for (const auto& [dimension, segment] : segments) {
      std::string_view text;
      if (segment.get(text) != simdjson::SUCCESS) {
        fields_.Wrong(fmt::format("segments.{}", dimension), segment, "a text");
        continue;
      }
      row_.own_segments.emplace_back(dimension, text);
    }
    SortNames("segments", row_.own_segments);
    row_.segments = row_.own_segments;
  }

  void ReadEnd(simdjson::dom::object record, int line) {
    if (log_.end) return fields_.Error("a second end record");
    CheckKeys(record);
    EndRecord end;
    for (const auto& [key, value] : record) {
      if (key == "cases") {
        if (value.get(end.cases) != simdjson::SUCCESS) fields_.Wrong(key, value, "a whole number");
      } else if (key == "repeats") {
        fields_.Read(key, value, end.repeats, 1, kMaxRepeats);
      } else if (key == "spent_usd") {
        fields_.Read(key, value, end.spent_usd);
      } else if (key == "ended_at") {
        fields_.Read(key, value, end.ended_at);
      }
    }
    if (fields_.broken()) return;
    log_.end = std::move(end);
    log_.stop.reset();
    if (closed_line_ > 0) return;
    closed_line_ = line;
    closed_rows_ = rows();
  }

  // A resumed run asks again for what the gateway failed to answer, and nothing else.
  void AddedRow(std::string_view case_id, int repeat) {
    diagnostics_.Add(
        {path_, closed_line_, 0},
        fmt::format("the run ended here, and case {} repeat {} comes behind the end record without a "
                    "row before it that was left open (infra_error): rows were added to a log that "
                    "was finished",
                    io::Quoted(case_id), repeat));
  }

  void FinishColumns() {
    const std::uint32_t added = columns_->Finish(true, closed_rows_);
    if (added != RowColumns::kNone) AddedRow(columns_->id(added), columns_->repeat(added));
    log_.superseded = columns_->superseded();
    log_.columns = std::move(columns_);
  }

  void DropSuperseded() {
    std::vector<CaseRecord>& rows = log_.cases;
    std::unordered_map<RowKey, std::size_t, RowKeyHash> last;
    last.reserve(rows.size());
    std::vector<bool> gone;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto [entry, is_new] = last.try_emplace({rows[i].case_id, rows[i].repeat}, i);
      if (is_new && i >= closed_rows_ && diagnostics_.empty()) AddedRow(rows[i].case_id, rows[i].repeat);
      if (is_new) continue;
      if (rows[entry->second].outcome == Outcome::kInfraError) {
        if (gone.empty()) gone.resize(rows.size());
        gone[entry->second] = true;
        ++log_.superseded;
      }
      entry->second = i;
    }
    if (log_.superseded == 0) return;
    last.clear();  // its keys look into the rows that move now
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (gone[i]) continue;
      if (kept != i) rows[kept] = std::move(rows[i]);
      ++kept;
    }
    rows.resize(kept);
  }

  const std::string& path_;
  const ReadOptions& options_;
  io::Diagnostics diagnostics_;
  LineReader fields_;
  simdjson::dom::parser parser_;
  RowFields row_;
  RowScanner scanner_;
  std::shared_ptr<RowColumns> columns_;                     // null: rows go to log_.cases
  std::string head_;                                        // of the file, to say what it looks like
  std::size_t closed_rows_ = static_cast<std::size_t>(-1);  // before the first end record
  int closed_line_ = 0;
  RunLog log_;
  bool has_run_ = false;
  bool refused_ = false;
  bool room_made_ = false;
};

}  // namespace

Result<RunLog> ParseLog(const std::string& bytes, const std::string& path, const ReadOptions& options) {
  const auto stream = io::PlainStream::OfText(bytes, path);
  return Reader(path, options).Run(*stream);
}

Result<RunLog> ReadLog(const std::string& path, const ReadOptions& options) {
  const auto stream = io::PlainStream::Open(io::RealFileSystem(), path);
  if (!stream) return tl::unexpected(stream.error());
  return Reader(path, options).Run(**stream);
}

}  // namespace minslice::log
