// promptfoo: results as JSON Lines (one row a test and system), as one JSON document, or as CSV (one row a
// test, a group of columns a system). A system is a provider with a prompt.
#include <fmt/format.h>

#include <algorithm>

#include "import/formats.h"
#include "import/tool_rows.h"
#include "io/csv_reader.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "io/utf8.h"

namespace minslice::import {
namespace {

constexpr std::string_view kNoAssertion = "No assertions";  // promptfoo's reason for such a pass
// Variables that a run makes: what was said before, a session's random name. They name no test.
const std::set<std::string_view> kOfTheRun = {"_conversation", "sessionId"};

struct System {
  std::string label, id, prompt;
  std::int64_t index = 0;
  auto operator<=>(const System&) const = default;
};

class Promptfoo {
 public:
  Promptfoo(const Options& options, io::FileSystem& files) : reader_("promptfoo", options), files_(files) {}

  Result<ImportedRun> Read(std::span<const std::string> paths) {
    std::vector<std::string> texts;
    for (const std::string& path : paths) {
      auto text = ReadPadded(files_, path);
      if (!text) reader_.diagnostics().AddAll(text.error());
      texts.push_back(text ? *std::move(text) : std::string());
    }
    if (!reader_.diagnostics().empty()) return reader_.Finish(paths.front());
    // First which systems there are, then the rows of the one that is meant.
    for (const bool counting : {true, false}) {
      counting_ = counting;
      for (std::size_t i = 0; i < paths.size(); ++i) {
        const std::string_view bytes =
            std::string_view(texts[i]).substr(0, texts[i].size() - simdjson::SIMDJSON_PADDING);
        ReadFile(paths[i], bytes);
      }
      if (!reader_.diagnostics().empty()) break;
      if (counting && !Choose(paths.front())) break;
    }
    if (unasserted_ > 0 && unasserted_ == graded_ && reader_.options().scorer.empty()) {
      reader_.diagnostics().Add(
          {paths.front(), 0, 0},
          "no test has an assertion, so every answer passes: there is nothing to compare");
    } else if (unasserted_ > 0) {
      reader_.facts.notes.push_back(
          fmt::format("{} without an assertion: promptfoo lets every such answer pass",
                      unasserted_ == 1 ? "1 row is" : fmt::format("{} rows are", unasserted_)));
    }
    if (cached_ > 0) {
      reader_.facts.notes.push_back(
          fmt::format("{} from promptfoo's cache: repeats of a cached answer say nothing new",
                      cached_ == 1 ? "1 answer is" : fmt::format("{} answers are", cached_)));
    }
    Settings settings = provider_settings_.value_or(Settings());
    for (const auto& [name, value] : prompt_settings_.value_or(Settings())) settings[name] = value;
    reader_.facts.request_json = CanonicalObject(settings);
    return reader_.Finish(paths.front());
  }

 private:
  void ReadFile(const std::string& path, std::string_view bytes) {
    const std::string_view text = io::SkipByteOrderMark(bytes);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const std::size_t before = systems_.size();
    const std::size_t errors = reader_.diagnostics().size();
    if (first != std::string_view::npos && text[first] == '{') {
      // A row of JSON Lines stands whole in its line; a document has `results`.
      const std::string_view head = text.substr(0, 4096);
      if (head.find("\"evalId\"") < head.find("\"promptIdx\"") ||
          head.find("\"results\"") < head.find("\"prompt\"")) {
        ReadDocument(path, bytes);
      } else {
        const auto stream = io::PlainStream::OfText(bytes, path);
        reader_.Lines(path, *stream, [&](Json row, const SourcePosition& where) {
          if (!Member(row, "provider") || !Member(row, "vars")) return false;
          Row(row, where);
          return true;
        });
      }
    } else if (first != std::string_view::npos && !IsJsonList(text.substr(first)) &&
               io::FirstInvalidUtf8(text) == std::string_view::npos) {
      ReadTable(path, text);
    }
    if (counting_ && systems_.size() == before && reader_.diagnostics().size() == errors && before == 0) {
      reader_.diagnostics().Add(
          {path, 0, 0},
          "expected promptfoo results (promptfoo eval -o out.jsonl, .json or .csv), found "
          "what looks like " +
              io::LooksLike(bytes));
    }
  }

  // "[label] prompt" begins a table.
  static bool IsJsonList(std::string_view text) {
    const std::size_t inside = text.find_first_not_of(" \t\r\n", 1);
    return text.front() == '[' && inside != std::string_view::npos && text[inside] == '{';
  }

  void ReadDocument(const std::string& path, std::string_view bytes) {
    const auto root = parser_.Parse(bytes, {path, 1, 0});
    if (!root) return reader_.diagnostics().AddAll(root.error());
    const auto results = Member(*root, "results");
    const auto rows = results ? Member(*results, "results") : std::nullopt;
    if (!rows || !rows->is_array()) return;
    std::int64_t count = 0;
    for (const Json row : simdjson::dom::array(*rows))
      Row(row, {fmt::format("{}:results.results.{}", path, count++), 0, 0});
    if (counting_) return;
    const auto config = Member(*root, "config");
    if (const auto providers = config ? Member(*config, "providers") : std::nullopt;
        providers && providers->is_array()) {
      for (const Json provider : simdjson::dom::array(*providers)) ReadProvider(provider);
    }
    reader_.facts.started_at = TextOf(Member(*results, "timestamp"));
    std::int64_t expected = 0;
    if (const auto stats = Member(*results, "stats")) {
      for (const char* name : {"successes", "failures", "errors"})
        expected += IntegerOf(Member(*stats, name)).value_or(0);
    }
    if (expected > count) {
      reader_.facts.finished = false;
      reader_.facts.notes.push_back(
          fmt::format("{}: {} of {} results are missing", path, expected - count, expected));
    }
  }

  // Of the configuration: {id, label, config}, or {id: {label, config}}. Providers that nothing tells apart
  // leave their settings out, unless they are the same.
  void ReadProvider(Json provider) {
    std::string id = TextOf(Member(provider, "id"));
    if (id.empty()) {
      DomReader::Members(provider, [&](std::string_view key, Json value) {
        if (!value.is_object() || !id.empty()) return;
        id = key;
        provider = value;
      });
    }
    const std::string label = TextOf(Member(provider, "label"));
    const auto config = Member(provider, "config");
    if ((label.empty() ? id : label) == system_.label && config) Take(*config, provider_settings_);
  }

  // Settings that are not the same everywhere are nobody's.
  static void Take(Json config, std::optional<Settings>& settings) {
    Settings own;
    TakeGenerationSettings(config, own);
    if (!settings) {
      settings = std::move(own);
    } else if (*settings != own) {
      settings = Settings();
    }
  }

  // The system that the flags mean; all names where they mean several or none.
  bool Choose(const std::string& path) {
    const Options& options = reader_.options();
    std::set<System> meant;
    std::set<std::string> names, prompts;
    for (const System& system : systems_) {
      names.insert(system.label);
      prompts.insert(system.prompt);
      const bool provider =
          options.provider.empty() || options.provider == system.label || options.provider == system.id;
      if (provider && (!options.prompt_index || *options.prompt_index == system.index)) meant.insert(system);
    }
    several_prompts_ = prompts.size() > 1;
    if (meant.size() == 1) {
      system_ = *meant.begin();
      reader_.facts.model = system_.id;
      return true;
    }
    std::string text = meant.empty()
                           ? "no system fits --provider and --prompt-index; there are"
                           : "results of several systems; choose one with --provider or --prompt-index";
    for (const System& system : meant.empty() ? systems_ : meant)
      text +=
          fmt::format("{} --provider {} --prompt-index {}", text.find(':') == std::string::npos ? ":" : ",",
                      io::Quoted(system.label), system.index);
    reader_.diagnostics().Add({path, 0, 0}, text);
    return false;
  }

  static std::string FieldText(Json value) {
    const FieldValue field = DomReader::Read(value, true);
    switch (field.kind) {
      case FieldValue::Kind::kNull:
        return "";
      case FieldValue::Kind::kBool:
        return field.boolean ? "true" : "false";
      default:
        return field.text;
    }
  }

  // By name, values as text: alike from JSON and CSV.
  static std::string VarsHash(const std::map<std::string, std::string>& vars) {
    std::string content;
    for (const auto& [name, value] : vars) {
      json::AppendQuoted(name, content);
      json::AppendQuoted(value, content);
    }
    return io::Sha256Hex(content);
  }

  void Row(Json row, const SourcePosition& where) {
    System system;
    if (const auto provider = Member(row, "provider")) {
      system.id = provider->is_string() ? TextOf(provider) : TextOf(Member(*provider, "id"));
      system.label = provider->is_string() ? "" : TextOf(Member(*provider, "label"));
    }
    if (system.label.empty()) system.label = system.id;
    system.index = IntegerOf(Member(row, "promptIdx")).value_or(0);
    const auto prompt = Member(row, "prompt");
    if (prompt) system.prompt = TextOf(Member(*prompt, "label"));
    systems_.insert(system);
    if (counting_ || system != system_) return;
    if (const auto config = prompt ? Member(*prompt, "config") : std::nullopt)
      Take(*config, prompt_settings_);

    CaseRecord record;
    const auto vars = Member(row, "vars");
    const auto test = Member(row, "testCase");
    const auto metadata = Member(row, "metadata");
    const auto own = test ? Member(*test, "metadata") : std::nullopt;
    std::vector<Json> places;
    for (const auto& place : {vars, metadata, own, test}) {
      if (place) places.push_back(*place);
    }
    if (!reader_.Names(places, where, record)) return;
    std::map<std::string, std::string> texts;
    if (vars) {
      DomReader::Members(*vars, [&](std::string_view key, Json value) {
        if (!kOfTheRun.contains(key)) texts.emplace(key, FieldText(value));
      });
    }
    const Options& options = reader_.options();
    if (options.segment_fields.empty() && own) {
      ToolReader::DefaultSegments(*own, record);
      // promptfoo's own, of the place of a test among its scenarios.
      std::erase_if(record.segments,
                    [](const Segment& segment) { return segment.dimension == "conversationId"; });
    }
    if (options.prompt_field.empty() && !several_prompts_ && prompt && Member(*prompt, "raw"))
      record.prompt_sha256 = PromptHash(*Member(*prompt, "raw"), scratch_);

    const auto response = Member(row, "response");
    std::string refused;
    if (response) {
      if (const std::string reason = TextOf(Member(*response, "finishReason")); !reason.empty())
        record.finish_reason = reason;
      if (const auto output = Member(*response, "output")) record.output = AnyText(*output);
      if (NumberOf(Member(*response, "cached")).value_or(0) == 1) {
        ++cached_;
        auto via = std::make_shared<GatewayFacts>();
        via->cache = "hit";
        record.via = std::move(via);
      }
      if (NumberOf(Member(*response, "isRefusal")).value_or(0) == 1) refused = "refusal";
      const auto guardrails = Member(*response, "guardrails");
      if (guardrails && NumberOf(Member(*guardrails, "flagged")).value_or(0) == 1)
        refused = "flagged by the guardrails";
      record.response_model = ServedModel(*response);
    }
    record.latency_ms = NumberOf(Member(row, "latencyMs"));
    record.cost_usd = NumberOf(Member(row, "cost"));
    if (const auto usage = Member(row, "tokenUsage")) {
      record.input_tokens = IntegerOf(Member(*usage, "prompt"));
      record.output_tokens = IntegerOf(Member(*usage, "completion"));
    }
    const std::string error = TextOf(Member(row, "error"));
    const auto reason = IntegerOf(Member(row, "failureReason"));
    const bool success = NumberOf(Member(row, "success")).value_or(0) == 1;
    const bool no_output = error == "No output";
    const bool failed_call =
        reason ? *reason == 2 : !error.empty() && !Member(row, "gradingResult") && !no_output;
    if (const auto score = NumberOf(Member(row, "score"))) record.scores.emplace_back("score", *score);
    std::optional<double> chosen;
    std::set<std::string> named = {"score"};
    if (const auto list = Member(row, "namedScores")) {
      DomReader::Members(*list, [&](std::string_view name, Json value) {
        const auto number = NumberOf(value);
        if (!number || name == "score") return;
        named.insert(std::string(name));
        record.scores.emplace_back(name, *number);
      });
    }
    bool pass = success;
    if (!failed_call && !no_output && (!options.scorer.empty() || options.pass_above)) {
      const std::string wanted = options.scorer.empty() ? "score" : options.scorer;
      for (const auto& [name, value] : record.scores) {
        if (name == wanted) chosen = value;
      }
      if (!chosen) {
        return reader_.diagnostics().Add(
            where, fmt::format("no score {}{}", io::Quoted(wanted), Choices("--scorer", named)));
      }
      const auto passes = reader_.Passes(wanted, *chosen, where);
      if (!passes) return;
      pass = *passes;
    }
    if (const auto grading = Member(row, "gradingResult"); !failed_call && grading) {
      ++graded_;
      unasserted_ += TextOf(Member(*grading, "reason")) == kNoAssertion ? 1 : 0;
    }
    if (failed_call) {
      record.outcome = IsContextError(error) ? Outcome::kModelError : Outcome::kInfraError;
      if (record.outcome == Outcome::kInfraError) {
        record.scores.clear();
        record.response_model.reset();
      }
      record.error = error.empty() ? "error" : error;
    } else {
      record.outcome = pass ? Outcome::kPass : Outcome::kFail;
      const std::string finish = record.finish_reason.value_or("");
      if (finish == "length" || finish == "content_filter") refused = "stopped: " + finish;
      if (refused.empty() && (no_output || !record.output || record.output->empty())) refused = "no content";
      if (!pass && !refused.empty()) {
        record.outcome = Outcome::kModelError;
        record.error = refused;
      }
    }
    AddCounted(std::move(record), texts, where);
  }

  // The provider's own answer, where it is kept: an object, or its text.
  std::optional<std::string> ServedModel(Json response) {
    auto raw = Member(response, "raw");
    if (raw && raw->is_string() && TextOf(raw).starts_with('{')) raw = scratch_.ParseText(TextOf(raw));
    const std::string model = raw ? TextOf(Member(*raw, "model")) : "";
    return model.empty() ? std::nullopt : std::optional(model);
  }

  // Nothing in a row says which repeat it is: rows of a case count up.
  void AddCounted(CaseRecord record, const std::map<std::string, std::string>& vars,
                  const SourcePosition& where) {
    const std::string hash = VarsHash(vars);
    if (!reader_.options().id_field) record.case_id = hash;
    const auto [seen, is_new] = vars_.try_emplace(record.case_id, hash);
    if (!is_new && seen->second != hash) {
      return reader_.diagnostics().Add(where,
                                       fmt::format("case {} has other vars than in an earlier row: the field "
                                                   "of --id-field does not name one test",
                                                   io::Quoted(record.case_id)));
    }
    record.repeat = ++repeats_[record.case_id];
    reader_.Add(std::move(record), where);
  }

  struct Group {
    System system;
    std::size_t column = 0;
    std::map<std::string, std::size_t> metrics;  // named scores by their columns, "Metric: NAME"
    std::size_t reason = 0;                      // "Grader Reason"; 0: there is none
  };

  void ReadTable(const std::string& path, std::string_view text) {
    io::CsvReader csv(text, path, reader_.diagnostics());
    std::vector<io::CsvField> fields;
    if (!csv.Next(fields)) return;
    std::vector<std::string> header;
    for (const io::CsvField& field : fields) header.emplace_back(field.text);
    std::vector<Group> groups;
    for (std::size_t i = 0; i + 2 < header.size(); ++i) {
      if (header[i + 1] != "Status" || header[i + 2] != "Score" || !header[i].starts_with('[')) continue;
      const std::size_t close = header[i].find("] ");
      Group group;
      group.column = i;
      group.system.label = header[i].substr(1, close == std::string::npos ? close : close - 1);
      group.system.id = group.system.label;
      if (close != std::string::npos) group.system.prompt = header[i].substr(close + 2);
      group.system.index = std::ssize(groups);
      for (std::size_t j = i + 3; j < header.size() && !header[j].starts_with('['); ++j) {
        if (header[j].starts_with("Metric: ")) group.metrics.emplace(header[j].substr(8), j);
        if (header[j] == "Grader Reason") group.reason = j;
      }
      systems_.insert(group.system);
      groups.push_back(std::move(group));
    }
    if (counting_ || groups.empty()) return;
    while (csv.Next(fields)) {
      const SourcePosition where{path, fields.front().line, 0};
      if (fields.size() != header.size()) {
        reader_.diagnostics().Add(where, fmt::format("expected {} fields as in the header, found {}",
                                                     header.size(), fields.size()));
        continue;
      }
      for (const Group& group : groups) {
        if (group.system == system_) TableRow(header, fields, groups.front().column, group, where);
      }
    }
  }

  void TableRow(const std::vector<std::string>& header, const std::vector<io::CsvField>& fields,
                std::size_t n_vars, const Group& group, const SourcePosition& where) {
    const std::size_t column = group.column;
    std::map<std::string, std::string> vars;
    std::string all = "{";
    for (std::size_t i = 0; i < n_vars; ++i) {
      if (i > 0) all += ',';
      json::AppendQuoted(header[i], all);
      all += ':';
      json::AppendQuoted(fields[i].text, all);
      const bool own = (i > 0 || header[i] != "Description") && !kOfTheRun.contains(header[i]);
      if (own) vars.emplace(header[i], fields[i].text);
    }
    CaseRecord record;
    const auto row = parser_.ParseText(all + "}");
    if (!row) return reader_.diagnostics().Add(where, "the columns have no names");
    const std::vector<Json> places = {*row};
    if (!reader_.Names(places, where, record)) return;
    const std::string_view status = fields[column + 1].text;
    record.output = std::string(fields[column].text);
    if (status == "ERROR") {
      record.outcome = Outcome::kInfraError;
      record.output.reset();
      record.error = "ERROR";
    } else if (status != "PASS" && status != "FAIL") {
      return reader_.diagnostics().Add(
          {where.file, fields[column + 1].line, fields[column + 1].column},
          fmt::format("expected PASS, FAIL or ERROR, found {}", io::Quoted(status)));
    } else {
      const Options& options = reader_.options();
      ++graded_;
      unasserted_ += group.reason > 0 && fields[group.reason].text == kNoAssertion ? 1 : 0;
      std::set<std::string> named = {"score"};
      if (const auto score = NumberIn(fields[column + 2].text)) record.scores.emplace_back("score", *score);
      for (const auto& [name, at] : group.metrics) {
        const auto score = NumberIn(fields[at].text);
        if (!score || !named.insert(name).second) continue;
        record.scores.emplace_back(name, *score);
      }
      bool pass = status == "PASS";
      if (!options.scorer.empty() || options.pass_above) {
        const std::string wanted = options.scorer.empty() ? "score" : options.scorer;
        const auto found = std::find_if(record.scores.begin(), record.scores.end(),
                                        [&](const auto& score) { return score.first == wanted; });
        if (found == record.scores.end()) {
          return reader_.diagnostics().Add(
              where, fmt::format("no score {}{}", io::Quoted(wanted), Choices("--scorer", named)));
        }
        const auto passes = reader_.Passes(wanted, found->second, where);
        if (!passes) return;
        pass = *passes;
      }
      record.outcome = pass ? Outcome::kPass : Outcome::kFail;
      if (!pass && record.output->empty()) {
        record.outcome = Outcome::kModelError;
        record.error = "no content";
      }
    }
    AddCounted(std::move(record), vars, where);
  }

  ToolReader reader_;
  io::FileSystem& files_;
  JsonParser parser_, scratch_;
  bool counting_ = true;
  bool several_prompts_ = false;
  std::optional<Settings> provider_settings_, prompt_settings_;
  std::set<System> systems_;
  System system_;
  std::map<std::string, std::string> vars_;
  std::map<std::string, int> repeats_;
  std::int64_t cached_ = 0, graded_ = 0, unasserted_ = 0;
};

}  // namespace

Result<ImportedRun> ReadPromptfoo(std::span<const std::string> paths, const Options& options,
                                  io::FileSystem& files) {
  if (auto checked = CheckToolOptions(options, "promptfoo", {"--scorer", "--provider", "--prompt-index"});
      !checked)
    return tl::unexpected(std::move(checked.error()));
  return Promptfoo(options, files).Read(paths);
}

}  // namespace minslice::import
