#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/sha256.h"
#include "json/json.h"
#include "minslice/answer_counts.h"
#include "pair/counted.h"
#include "reduce/counts_builder.h"
#include "reduce/counts_file.h"
#include "reduce/counts_line.h"
#include "reduce/side_sums.h"

namespace minslice::reduce {
namespace {

using json::Value;

constexpr std::string_view kBegin = "{\"counts_version\":";
constexpr std::string_view kLog = "{\"path\":";
constexpr std::size_t kWorthAThread = std::size_t{1} << 20U;

// A torn or edited file: what is wrong, and where.
class Parser {
 public:
  Parser(const std::string& text, const std::string& path) : text_(text), path_(path) { counts_.path = path; }

  Result<CaseCounts> Run() {
    if (!std::string_view(text_).starts_with(kBegin))
      return Fail(
          "expected counts of minslice reduce, which begin "
          "with " +
          std::string(kBegin));
    // The lines are read while they are hashed; only a file that is whole is believed.
    const std::size_t last = text_.size() < 2 ? std::string::npos : text_.rfind('\n', text_.size() - 2);
    end_at_ = last == std::string::npos ? text_.size() : last + 1;
    auto vouched = std::async(text_.size() > kWorthAThread ? std::launch::async : std::launch::deferred,
                              [this] { return Vouched(); });
    for (std::size_t at = 0; at < end_at_ && diagnostics_.empty();) {
      const std::size_t stop = std::min(text_.find('\n', at), end_at_);
      Line(std::string_view(text_).substr(at, stop - at));
      at = stop + 1;
    }
    if (diagnostics_.empty()) Finish();
    if (const Sum sum = vouched.get(); sum.wrong != nullptr) {
      diagnostics_ = io::Diagnostics();
      line_ = sum.lines;
      Error(sum.wrong);
    } else {
      counts_.sha256 = sum.counts_sha256;
    }
    if (!diagnostics_.empty()) return tl::unexpected(diagnostics_.ToFailure());
    return std::move(counts_);
  }

 private:
  tl::unexpected<Failure> Fail(const std::string& message) {
    diagnostics_.Add({path_, line_, 0}, message);
    return tl::unexpected(diagnostics_.ToFailure());
  }
  void Error(const std::string& message) { diagnostics_.Add({path_, line_, 0}, message); }

  struct Sum {
    int lines = 0;
    std::string counts_sha256;
    const char* wrong = nullptr;
  };

  // Whether the end record is there and its hashes are those of the lines before it.
  Sum Vouched() const {
    Sum sum;
    sum.lines = static_cast<int>(std::count(text_.begin(), text_.end(), '\n'));
    sum.wrong = "expected an end record as the last line: the file is cut or edited; count the logs again";
    if (end_at_ == text_.size() || text_.back() != '\n') return sum;
    const auto end = json::Parse(std::string_view(text_).substr(end_at_), path_);
    std::string sha256;
    std::int64_t lines = 0;
    if (!end || !Get(*end, "counts_sha256", sum.counts_sha256) || !Get(*end, "sha256", sha256) ||
        !Get(*end, "lines", lines))
      return sum;
    // The logs are the last lines before it.
    std::size_t logs_at = end_at_;
    while (logs_at > 1) {
      const std::size_t line_at = text_.rfind('\n', logs_at - 2) + 1;
      if (!std::string_view(text_).substr(line_at).starts_with(kLog)) break;
      logs_at = line_at;
    }
    const std::string_view counted = std::string_view(text_).substr(0, logs_at);
    const std::string_view logs = std::string_view(text_).substr(logs_at, end_at_ - logs_at);
    sum.wrong = lines != sum.lines - 1 || io::Sha256Hex(counted) != sum.counts_sha256 ||
                        io::Sha256Hex(sum.counts_sha256 + "\n" + std::string(logs)) != sha256
                    ? "the end record's hashes are not those of the file: the file is cut or edited; count "
                      "the logs again"
                    : nullptr;
    return sum;
  }

  static bool Get(const Value& json, const char* key, std::string& text) {
    const auto at = json.find(key);
    if (!json.is_object() || at == json.end() || !at->is_string()) return false;
    text = at->get<std::string>();
    return true;
  }
  static bool Get(const Value& json, const char* key, std::int64_t& number) {
    const auto at = json.find(key);
    if (!json.is_object() || at == json.end() || !at->is_number_integer()) return false;
    number = at->get<std::int64_t>();
    return number >= 0;
  }

  void Line(std::string_view line) {
    ++line_;
    if (line_ > 3 && !line.starts_with(kLog)) return Cases(line);
    const auto json = json::Parse(line, path_);
    if (!json) return diagnostics_.AddAll(json.error());
    if (line_ == 1) {
      Head(*json);
    } else if (line_ <= 3) {
      if (!Side(*json, static_cast<std::size_t>(line_) - 2)) Error("this is no side of counts");
    } else if (!Log(*json)) {
      Error("this is no log of counts");
    }
  }

  void Head(const Value& json) {
    std::int64_t version = 0;
    std::int64_t units = 0;
    if (!Get(json, "counts_version", version) || version != kCountsVersion)
      return Error(
          fmt::format("expected counts_version {}: written by another version of minslice", kCountsVersion));
    if (!Get(json, "score_units", units) || units != static_cast<std::int64_t>(kScoreUnits))
      return Error("expected score_units 1000000000");
    const auto metrics = json.find("metrics");
    if (metrics == json.end() || !metrics->is_array()) return Error("expected \"metrics\"");
    for (const Value& name : *metrics) {
      if (!name.is_string()) return Error("expected \"metrics\" to be names");
      counts_.metrics.push_back(name.get<std::string>());
    }
  }

  static bool Answers(const Value& json, const char* key, std::map<std::string, CountedAnswers>& names) {
    const auto at = json.find(key);
    if (at == json.end() || !at->is_object()) return false;
    for (const auto& [name, one] : at->items()) {
      CountedAnswers& answers = names[name];
      if (!one.is_object() || !one.contains("by_repeat") || !one["by_repeat"].is_array()) return false;
      if (one["by_repeat"].size() > kMostCountedRepeats) return false;
      for (const Value& rows : one["by_repeat"]) {
        if (!rows.is_number_integer()) return false;
        answers.by_repeat.push_back(rows.get<std::int64_t>());
      }
      if (one.contains("passes") && !Get(one, "passes", answers.passes)) return false;
    }
    return true;
  }

  static bool Optional(const Value& json, const char* key, std::optional<std::int64_t>& number) {
    const auto at = json.find(key);
    if (at == json.end()) return false;
    if (at->is_null()) return true;
    if (!at->is_number_integer()) return false;
    number = at->get<std::int64_t>();
    return true;
  }

  bool Side(const Value& json, std::size_t s) {
    CountedSide& side = counts_.sides[s];
    std::string name;
    if (!Get(json, "side", name) || name != kSideNames[s]) return false;
    if (!json.contains("run") || !json.contains("rows")) return false;
    const Value& run = json["run"];
    std::int64_t repeats = 0;
    if (!Get(run, "suite", side.run.suite) || !Get(run, "target", side.run.target) ||
        !Get(run, "request_model", side.run.request_model) || !Get(run, "request", side.run.request_json) ||
        !Get(run, "repeats", repeats) || !Get(run, "started_at", side.run.started_at) ||
        !Get(run, "imported_from", side.run.imported_from) ||
        !Get(run, "gateway_kind", side.run.gateway_kind))
      return false;
    if (repeats < 1 || repeats > kMostCountedRepeats) return false;
    side.run.repeats = static_cast<int>(repeats);
    std::string suite_sha256;
    if (Get(run, "suite_sha256", suite_sha256)) side.run.suite_sha256 = suite_sha256;
    if (run.contains("gateway_hides")) {
      for (const Value& text : run["gateway_hides"]) {
        if (!text.is_string()) return false;
        side.run.gateway_hides.push_back(text.get<std::string>());
      }
    }
    for (const Outcome outcome :
         {Outcome::kPass, Outcome::kFail, Outcome::kModelError, Outcome::kInfraError}) {
      if (!Get(json["rows"], OutcomeName(outcome), side.rows[static_cast<std::size_t>(outcome)]))
        return false;
    }
    if (!Optional(json, "cost_units", side.cost_units) ||
        !Optional(json, "input_tokens", side.input_tokens) ||
        !Optional(json, "output_tokens", side.output_tokens))
      return false;
    if (!json.contains("latency_us") || !json["latency_us"].is_array()) return false;
    for (const Value& entry : json["latency_us"]) {
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_number_integer() ||
          !entry[1].is_number_integer())
        return false;
      side.latency[entry[0].get<std::int64_t>()] = entry[1].get<std::int64_t>();
    }
    if (!Answers(json, "models", side.models) || !Answers(json, "fingerprints", side.fingerprints) ||
        !Answers(json, "deployments", side.deployments))
      return false;
    if (!json.contains("cached") || !json["cached"].is_array() ||
        json["cached"].size() > static_cast<std::size_t>(kMostCountedRepeats))
      return false;
    for (const Value& rows : json["cached"]) {
      if (!rows.is_number_integer()) return false;
      side.cached.push_back(rows.get<std::int64_t>());
    }
    if (!json.contains("with") || !json.contains("lacks")) return false;
    return Get(json["with"], "segments", side.with_segments) &&
           Get(json["with"], "cluster", side.with_cluster) && Get(json["with"], "prompt", side.with_prompt) &&
           Get(json["lacks"], "segments", side.lacks_segments) &&
           Get(json["lacks"], "cluster", side.lacks_cluster) &&
           Get(json["lacks"], "prompt", side.lacks_prompt);
  }

  bool Log(const Value& json) {
    CountedLog log;
    if (!Get(json, "side", log.side) || !Get(json, "path", log.path) || !Get(json, "sha256", log.sha256))
      return false;
    if (json.contains("shard")) {
      std::int64_t index = 0;
      std::int64_t of = 0;
      if (!Get(json["shard"], "index", index) || !Get(json["shard"], "of", of)) return false;
      if (index < 1 || index > of || of > 100000) return false;
      log.shard = Shard{static_cast<int>(index), static_cast<int>(of)};
    }
    counts_.logs.push_back(std::move(log));
    return true;
  }

  // {"cluster":"doc-7","n":{"f|p":1},"record":"cases","segments":{...}}, many of them.
  void Cases(std::string_view line) {
    if (PlainCases(line)) return;
    simdjson::dom::object record;
    simdjson::dom::object n;
    auto error = parser_.parse(line.data(), line.size()).get(record);
    if (error == simdjson::SUCCESS) error = record["n"].get(n);
    if (error != simdjson::SUCCESS) return Error("expected cases: their \"n\" and \"segments\"");
    std::uint32_t set = 0;
    if (!Set(line, record, set)) return;
    std::uint32_t cluster = CaseCounts::kNoCluster;
    std::string_view name;
    if (record["cluster"].get(name) == simdjson::SUCCESS) cluster = clusters_.Number(name);
    for (const auto& [pattern, count] : n) {
      std::int64_t cases = 0;
      if (count.get(cases) != simdjson::SUCCESS || cases < 1) return Error("expected counts of at least 1");
      if (!AddCases(set, cluster, pattern, cases)) return;
    }
  }

  // A line without an escape, of a set that was there before: false, and nothing done, where it is another.
  bool PlainCases(std::string_view line) {
    if (!ReadPlainLine(line, plain_)) return false;
    const std::uint32_t raw = raw_sets_.Number(plain_.set);
    if (raw >= set_of_raw_.size()) return false;
    const std::uint32_t cluster =
        plain_.clustered ? clusters_.Number(plain_.cluster) : CaseCounts::kNoCluster;
    for (const auto& [pattern, cases] : plain_.cases) {
      if (!AddCases(set_of_raw_[raw], cluster, pattern, cases)) break;
    }
    return true;
  }

  bool AddCases(std::uint32_t set, std::uint32_t cluster, std::string_view pattern, std::int64_t cases) {
    const std::uint32_t number = patterns_.Number(pattern);
    if (number == checked_patterns_) {
      ++checked_patterns_;
      if (!pair::ParsePattern(pattern, counts_.metrics.size())) {
        Error(fmt::format("{} is no pattern of rows", std::string(pattern)));
        return false;
      }
    }
    if (!AddTo(total_, cases)) {
      Error("more cases than 64 bits hold");
      return false;
    }
    counts_.groups.push_back({set, cluster, number, cases});
    return true;
  }

  // A set is read once; it is known again by the last bytes of its line.
  bool Set(std::string_view line, const simdjson::dom::object& record, std::uint32_t& number) {
    const std::size_t set_at = line.find(kSetBegin);
    const std::uint32_t raw = raw_sets_.Number(line.substr(set_at == std::string_view::npos ? 0 : set_at));
    if (raw < set_of_raw_.size()) {
      number = set_of_raw_[raw];
      return true;
    }
    simdjson::dom::object segments;
    if (record["segments"].get(segments) != simdjson::SUCCESS) {
      Error("expected cases: their \"n\" and \"segments\"");
      return false;
    }
    std::map<std::string, std::string> sorted;
    for (const auto& [dimension, value] : segments) {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS) {
        Error("expected segments that are texts");
        return false;
      }
      sorted.emplace(dimension, text);
    }
    std::vector<Segment> set;
    for (auto& [dimension, value] : sorted) set.push_back({dimension, value});
    number = static_cast<std::uint32_t>(counts_.segments.size());
    set_of_raw_.push_back(number);
    counts_.segments.push_back(std::move(set));
    return true;
  }

  void Finish() {
    if (line_ < 3) return Error("expected a head and two sides");
    counts_.clusters = std::move(clusters_.names());
    counts_.patterns = std::move(patterns_.names());
    // The rows of the sides are those of the cases.
    std::int64_t rows[2] = {0, 0};
    std::vector<std::array<std::int64_t, 2>> of_pattern;
    for (const std::string& pattern : counts_.patterns) {
      const auto halves = pair::ParsePattern(pattern, counts_.metrics.size());
      std::array<std::int64_t, 2>& length = of_pattern.emplace_back();
      for (std::size_t s = 0; s < 2; ++s) {
        for (const char letter : (*halves)[s].letters) length[s] += letter != kCellNoRow ? 1 : 0;
      }
    }
    for (const CaseGroup& group : counts_.groups) {
      for (std::size_t s = 0; s < 2; ++s) {
        std::int64_t of_group = 0;
        if (__builtin_mul_overflow(group.n, of_pattern[group.pattern][s], &of_group) ||
            !AddTo(rows[s], of_group))
          return Error("more rows than 64 bits hold");
      }
    }
    for (std::size_t s = 0; s < 2; ++s) {
      std::int64_t said = 0;
      for (const std::int64_t n : counts_.sides[s].rows) said += n;
      if (said != rows[s])
        return Error(fmt::format("the {} has {} rows by its outcomes and {} by its cases", kSideNames[s],
                                 said, rows[s]));
    }
  }

  const std::string& text_;
  const std::string& path_;
  io::Diagnostics diagnostics_;
  CaseCounts counts_;
  std::size_t end_at_ = 0;  // of the end record
  simdjson::dom::parser parser_;
  AscendingNames clusters_;
  NameTable raw_sets_, patterns_;
  PlainLine plain_;
  std::vector<std::uint32_t> set_of_raw_;
  std::uint32_t checked_patterns_ = 0;
  std::int64_t total_ = 0;
  int line_ = 0;
};

}  // namespace

Result<CaseCounts> ParseCounts(const std::string& text, const std::string& path) {
  return Parser(text, path).Run();
}

Result<CaseCounts> ReadCounts(const std::string& path) {
  const Result<std::string> text =
      io::ReadPlain(io::RealFileSystem(), path,
                    {.slack = io::LineSource::kLineSlack, .limit = std::size_t{1} << 36U, .cut = nullptr});
  if (!text) return tl::unexpected(text.error());
  return ParseCounts(*text, path);
}

bool IsCountsFile(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;  // a pipe gives its bytes once
  const auto stream = io::PlainStream::Open(io::RealFileSystem(), path);
  if (!stream) return false;
  char head[64];
  std::size_t have = 0;
  while (have < kBegin.size()) {
    const auto got = (*stream)->Read(head + have, kBegin.size() - have);
    if (!got || *got == 0) return false;
    have += *got;
  }
  return std::string_view(head, kBegin.size()) == kBegin;
}

}  // namespace minslice::reduce
