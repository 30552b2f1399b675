// Inspect AI: *.eval (a zip: samples/*.json, header.json once the run ended, _journal/start.json from its
// start) or the same log as one JSON document.
#include <fmt/format.h>

#include "import/formats.h"
#include "import/tool_rows.h"
#include "import/zip_reader.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "json/canonical.h"

namespace minslice::import {
namespace {

class Inspect {
 public:
  Inspect(const Options& options, io::FileSystem& files) : reader_("inspect", options), files_(files) {}

  Result<ImportedRun> Read(std::span<const std::string> paths) {
    for (const std::string& path : paths) {
      const auto text = ReadPadded(files_, path);
      if (!text) {
        reader_.diagnostics().AddAll(text.error());
        continue;
      }
      const auto bytes = std::string_view(*text).substr(0, text->size() - simdjson::SIMDJSON_PADDING);
      if (LooksLikeZip(bytes)) {
        ReadArchive(path, bytes);
      } else {
        ReadDocument(path, bytes);
      }
    }
    const Options& options = reader_.options();
    const SourcePosition where{paths.front(), 0, 0};
    if (options.scorer.empty() && scorers_.size() > 1)
      reader_.diagnostics().Add(where, "several scorers" + Choices("--scorer", scorers_));
    if (!options.scorer.empty() && !scorers_.empty() && !scorers_.contains(options.scorer)) {
      reader_.diagnostics().Add(where,
                                fmt::format("no sample has the scorer {}{}", io::Quoted(options.scorer),
                                            Choices("--scorer", scorers_)));
    }
    if (unreadable_ > 0) {
      reader_.diagnostics().Add(
          unreadable_at_,
          fmt::format("{}{}: expected C, I, P, N, yes, no, a number or a truth value", unreadable_score_,
                      unreadable_ > 1 ? fmt::format(" (and {} more such)", unreadable_ - 1) : ""));
    }
    if (scorers_.empty() && rows_ > 0)
      reader_.diagnostics().Add(where, "no sample has a score: there is nothing to compare");
    if (numbered_) {
      reader_.facts.notes.emplace_back(
          "ids that are numbers (Inspect counts rows where the data set names none): cases are named by the "
          "hash of input and target; --id-field id takes the numbers");
    }
    return reader_.Finish(paths.front());
  }

 private:
  void ReadArchive(const std::string& path, std::string_view bytes) {
    const auto archive = OpenZip(bytes, path);
    if (!archive) return reader_.diagnostics().AddAll(archive.error());
    const ZipEntry *header = nullptr, *start = nullptr;
    bool any = false;
    for (const ZipEntry& entry : archive->entries) {
      if (entry.name == "header.json") header = &entry;
      if (entry.name == "_journal/start.json") start = &entry;
      any = any || entry.name.starts_with("samples/");
    }
    if (!any && (header != nullptr || start != nullptr)) return NoSamples(path);
    if (!any) {
      return reader_.diagnostics().Add(
          {path, 0, 0}, "expected an Inspect log, found what looks like " + io::LooksLike(bytes));
    }
    std::int64_t expected = -1;
    std::string status = "cut off (no header.json)";
    if (header != nullptr || start != nullptr) {
      const ZipEntry& facts = header != nullptr ? *header : *start;
      const auto text = ReadZipEntry(bytes, facts, path, simdjson::SIMDJSON_PADDING);
      if (!text) return reader_.diagnostics().AddAll(text.error());
      JsonParser parser;
      const auto root = parser.ParseText(*text);
      if (!root) {
        return reader_.diagnostics().Add({path + ":" + facts.name, 0, 0}, "expected JSON: not read");
      }
      expected = Facts(*root, path);
      if (header != nullptr) status = TextOf(Member(*root, "status"));
    }
    std::size_t unpacked = 0;
    const std::int64_t before = rows_;
    for (const ZipEntry& entry : archive->entries) {
      if (!entry.name.starts_with("samples/") || !entry.name.ends_with(".json")) continue;
      auto text = ReadZipEntry(bytes, entry, path, simdjson::SIMDJSON_PADDING);
      if (!text) {
        reader_.diagnostics().AddAll(text.error());
        continue;
      }
      unpacked += text->size();
      if (unpacked > std::max(kZipRatioFrom, bytes.size()) * kZipRatioLimit)
        return reader_.diagnostics().Add({path, 0, 0}, "unpacks to too much: refused as a zip bomb");
      const std::size_t size = text->size();
      text->append(simdjson::SIMDJSON_PADDING, '\0');
      const SourcePosition where{path + ":" + entry.name, 0, 0};
      const auto sample = parser_.Parse(std::string_view(*text).substr(0, size), where);
      if (!sample) {
        reader_.diagnostics().AddAll(sample.error());
      } else {
        Sample(*sample, where);
      }
    }
    if (archive->recovered)
      reader_.facts.notes.push_back(path + ": the zip has no directory at its end: what was whole was read");
    Judge(path, archive->recovered ? "cut off" : status, rows_ - before, expected);
  }

  void ReadDocument(const std::string& path, std::string_view bytes) {
    const auto root = parser_.Parse(bytes, {path, 1, 0});
    const auto samples = root ? Member(*root, "samples") : std::nullopt;
    if (root && Member(*root, "eval") && !samples) return NoSamples(path);
    if (!root || !Member(*root, "eval") || !samples || !samples->is_array()) {
      const std::string looks = io::LooksLike(bytes);
      std::string text = "expected an Inspect log, found what looks like " + looks;
      const bool may_be = looks.starts_with("JSON") || looks.starts_with("an Inspect");
      if (!root && may_be) text += " (" + root.error().diagnostics.front().message + ")";
      return reader_.diagnostics().Add({path, 0, 0}, text);
    }
    const std::int64_t expected = Facts(*root, path);
    const std::int64_t before = rows_;
    std::size_t number = 0;
    for (const Json sample : simdjson::dom::array(*samples))
      Sample(sample, {fmt::format("{}:samples.{}", path, number++), 0, 0});
    Judge(path, TextOf(Member(*root, "status")), rows_ - before, expected);
  }

  void NoSamples(const std::string& path) {
    reader_.diagnostics().Add({path, 0, 0},
                              "an Inspect log without samples: nothing to compare; it was written with "
                              "--no-log-samples, holds the header only, or was cut before the first one");
  }

  void Judge(const std::string& path, const std::string& status, std::int64_t rows, std::int64_t expected) {
    if (status != "success") {
      reader_.facts.finished = false;
      reader_.facts.notes.push_back(fmt::format("{}: the run's status is {}", path, io::Quoted(status)));
    }
    if (expected > rows) {
      reader_.facts.finished = false;
      reader_.facts.notes.push_back(
          fmt::format("{}: {} of {} samples are missing", path, expected - rows, expected));
    }
  }

  // How many samples there should be; -1 where the log does not say.
  std::int64_t Facts(Json root, const std::string& path) {
    std::int64_t expected = -1;
    RunFacts& facts = reader_.facts;
    if (const auto eval = Member(root, "eval")) {
      reader_.TakeModel(TextOf(Member(*eval, "model")), path);
      facts.suite = TextOf(Member(*eval, "task"));
      facts.started_at = UtcTime(TextOf(Member(*eval, "created")));
      std::int64_t epochs = 1;
      if (const auto config = Member(*eval, "config"))
        epochs = IntegerOf(Member(*config, "epochs")).value_or(1);
      if (const auto dataset = Member(*eval, "dataset")) {
        simdjson::dom::array ids;
        const auto list = Member(*dataset, "sample_ids");
        if (list && list->get(ids) == simdjson::SUCCESS && epochs > 0 && epochs < 1000000)
          expected = static_cast<std::int64_t>(ids.size()) * epochs;
      }
    }
    facts.request_json = RequestOf(root);
    if (const auto stats = Member(root, "stats")) {
      if (const std::string time = TextOf(Member(*stats, "started_at")); !time.empty())
        facts.started_at = UtcTime(time);
      facts.ended_at = UtcTime(TextOf(Member(*stats, "completed_at")));
    }
    return expected;
  }

  // What decides how a sample becomes a request: the solvers, a system message among them, and the model's
  // settings without those of the connection.
  static std::string RequestOf(Json root) {
    static const std::set<std::string_view> kConnection = {
        "max_retries", "timeout", "attempt_timeout", "max_connections", "adaptive_connections",
        "batch",       "cache"};
    std::vector<std::string> settings;
    const auto plan = Member(root, "plan");
    if (const auto steps = plan ? Member(*plan, "steps") : std::nullopt; steps && steps->is_array()) {
      std::vector<std::string> solvers;
      for (const Json step : simdjson::dom::array(*steps)) {
        const auto params = Member(step, "params");
        solvers.push_back(fmt::format("{{\"solver\":{},\"params\":{}}}",
                                      json::QuotedText(TextOf(Member(step, "solver"))),
                                      params ? std::string(simdjson::minify(*params)) : "{}"));
      }
      settings.push_back(fmt::format("\"solvers\":[{}]", fmt::join(solvers, ",")));
    }
    const auto eval = Member(root, "eval");
    const auto of_plan = plan ? Member(*plan, "config") : std::nullopt;
    const auto of_model = eval ? Member(*eval, "model_generate_config") : std::nullopt;
    Settings config;
    for (const auto& part : {of_model, of_plan}) {
      if (!part) continue;
      DomReader::Members(*part, [&](std::string_view name, Json value) {
        if (!value.is_null() && !kConnection.contains(name))
          config[std::string(name)] = simdjson::minify(value);
      });
    }
    for (const auto& [name, value] : config) settings.push_back(json::QuotedText(name) + ":" + value);
    if (const auto version = eval ? Member(*eval, "task_version") : std::nullopt)
      settings.push_back("\"task_version\":" + std::string(simdjson::minify(*version)));
    return CanonicalObject(settings);
  }

  // As Inspect's value_to_float: "C" 1, "I" and "N" (no answer) 0, "P" 0.5, yes and true 1, no and false 0,
  // numbers, also as texts, and truth values as they are.
  static std::optional<double> ScoreValue(Json value) {
    if (const auto number = NumberOf(value)) return number;
    std::string text = TextOf(value);
    if (text == "C") return 1;
    if (text == "I" || text == "N") return 0;
    if (text == "P") return 0.5;
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (text == "yes" || text == "true") return 1;
    if (text == "no" || text == "false") return 0;
    return NumberIn(text);
  }

  void Sample(Json sample, const SourcePosition& where) {
    ++rows_;
    CaseRecord record;
    const auto id = Member(sample, "id");
    const auto input = Member(sample, "input");
    const auto metadata = Member(sample, "metadata");
    if (!id || !input) {
      return reader_.diagnostics().Add(where, "expected a sample of Inspect with id and input");
    }
    std::vector<Json> places;
    if (metadata) places.push_back(*metadata);
    places.push_back(sample);
    const Options& options = reader_.options();
    if (!reader_.Names(places, where, record)) return;
    if (options.segment_fields.empty() && metadata) ToolReader::DefaultSegments(*metadata, record);
    if (options.prompt_field.empty()) record.prompt_sha256 = PromptHash(*input, scratch_);
    if (!options.id_field && id->is_string()) record.case_id = TextOf(id);
    if (!options.id_field && !id->is_string()) {
      const auto target = Member(sample, "target");
      std::string content = record.prompt_sha256.value_or(AnyText(*input));
      content += '\n' + (target ? AnyText(*target) : "");
      // The same question with other choices is another case.
      if (const auto choices = Member(sample, "choices")) content += '\n' + AnyText(*choices);
      record.case_id = reader_.content_ids().Name(io::Sha256Hex(content), IntegerOf(id).value_or(0));
      numbered_ = true;
    }
    const std::int64_t epoch = IntegerOf(Member(sample, "epoch")).value_or(1);
    if (epoch < 1 || epoch > 1000000)
      return reader_.diagnostics().Add(where, "epoch: expected a number from 1");
    record.repeat = static_cast<int>(epoch);
    Output(sample, record);

    std::optional<Json> chosen;
    std::string name;
    const auto note = [&](std::string_view scorer, Json score) {
      const auto value = Member(score, "value");
      if (!value) return;
      if (value->is_object()) {  // one scorer with several named values
        DomReader::Members(*value, [&](std::string_view part, Json of_part) {
          Note(fmt::format("{}.{}", scorer, part), of_part, record, chosen, name);
        });
      } else {
        Note(std::string(scorer), *value, record, chosen, name);
      }
    };
    if (const auto scores = Member(sample, "scores")) {
      DomReader::Members(*scores, note);
    } else if (const auto score = Member(sample, "score")) {  // logs of version 1 name no scorer
      note("score", *score);
    }
    std::string error;
    if (const auto given = Member(sample, "error"))
      error = given->is_object() ? TextOf(Member(*given, "message")) : AnyText(*given);
    const auto score = chosen ? ScoreValue(*chosen) : std::nullopt;
    if (Member(sample, "invalidation")) error = "invalidated by its reader";
    if (!score || Member(sample, "invalidation")) {
      if (error.empty() && chosen && (chosen->is_string() || chosen->is_array())) {
        if (unreadable_++ == 0) {
          unreadable_at_ = where;
          unreadable_score_ =
              fmt::format("the score {} is {}", io::Quoted(name), io::Quoted(AnyText(*chosen)));
        }
        return;
      }
      record.outcome = IsContextError(error) ? Outcome::kModelError : Outcome::kInfraError;
      record.error = error.empty() ? "no score" : error;
      if (record.outcome == Outcome::kInfraError) record.scores.clear();
      return reader_.Add(std::move(record), where);
    }
    const auto pass = reader_.Passes(name, *score, where);
    if (!pass) return;
    record.outcome = *pass ? Outcome::kPass : Outcome::kFail;
    if (!*pass && !error.empty()) {  // --score-on-error grades what never answered
      record.outcome = IsContextError(error) ? Outcome::kModelError : Outcome::kInfraError;
      record.error = error;
      if (record.outcome == Outcome::kInfraError) record.scores.clear();
    } else if (!*pass) {
      const std::string finish = record.finish_reason.value_or("");
      std::string limit;
      if (const auto hit = Member(sample, "limit")) limit = TextOf(Member(*hit, "type"));
      if (finish == "max_tokens" || finish == "model_length" || finish == "content_filter") {
        record.error = "stopped: " + finish;
      } else if (limit == "token" || limit == "context" || limit == "message" || limit == "turn") {
        record.error = "stopped: limit " + limit;
      } else if (finish == "stop" && record.output && record.output->empty()) {
        record.error = "no content";
      }
      if (record.error) record.outcome = Outcome::kModelError;
    }
    reader_.Add(std::move(record), where);
  }

  void Note(const std::string& scorer, Json value, CaseRecord& record, std::optional<Json>& chosen,
            std::string& name) {
    scorers_.insert(scorer);
    if (const auto score = ScoreValue(value)) record.scores.emplace_back(scorer, *score);
    const std::string& wanted = reader_.options().scorer;
    if (wanted.empty() ? !chosen : scorer == wanted) {
      chosen = value;
      name = scorer;
    }
  }

  // Whether Inspect's own cache gave an answer of this sample.
  static bool FromCache(Json sample) {
    const auto events = Member(sample, "events");
    if (!events || !events->is_array()) return false;
    for (const Json event : simdjson::dom::array(*events)) {
      if (TextOf(Member(event, "event")) == "model" && TextOf(Member(event, "cache")) == "read") return true;
    }
    return false;
  }

  static void Output(Json sample, CaseRecord& record) {
    const auto output = Member(sample, "output");
    if (!output) return;
    simdjson::dom::array choices;
    const auto list = Member(*output, "choices");
    // Without a choice nothing answered: `model` is then the one that was asked.
    if (!list || list->get(choices) != simdjson::SUCCESS || choices.begin() == choices.end()) return;
    if (const std::string model = TextOf(Member(*output, "model")); !model.empty())
      record.response_model = model;
    if (const auto fallback = Member(*output, "fallback")) {
      if (const std::string model = TextOf(Member(*fallback, "fallback_model")); !model.empty())
        record.response_model = model;
    }
    const Json choice = *choices.begin();
    if (const std::string reason = TextOf(Member(choice, "stop_reason")); !reason.empty())
      record.finish_reason = reason;
    record.output = TextOf(Member(*output, "completion"));
    if (const auto usage = Member(*output, "usage")) {
      record.input_tokens = IntegerOf(Member(*usage, "input_tokens"));
      record.output_tokens = IntegerOf(Member(*usage, "output_tokens"));
    }
    if (const auto seconds = NumberOf(Member(*output, "time"))) record.latency_ms = *seconds * 1000;
    if (FromCache(sample)) {
      auto via = std::make_shared<GatewayFacts>();
      via->cache = "hit";
      record.via = std::move(via);
    }
  }

  ToolReader reader_;
  io::FileSystem& files_;
  JsonParser parser_, scratch_;
  std::set<std::string> scorers_;
  std::int64_t rows_ = 0, unreadable_ = 0;
  std::string unreadable_score_;
  SourcePosition unreadable_at_;
  bool numbered_ = false;
};

}  // namespace

Result<ImportedRun> ReadInspect(std::span<const std::string> paths, const Options& options,
                                io::FileSystem& files) {
  if (auto checked = CheckToolOptions(options, "inspect", {"--scorer"}); !checked)
    return tl::unexpected(std::move(checked.error()));
  return Inspect(options, files).Read(paths);
}

}  // namespace minslice::import
