#include "import/tool_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "io/nearest_name.h"
#include "io/utf8.h"
#include "json/canonical.h"
#include "json/node.h"
#include "suite/suite.h"

namespace minslice::import {
namespace {

class ToolPlace final : public RowPlace {
 public:
  ToolPlace(const SourcePosition& where, std::span<const Json> places) : where_(where), places_(places) {}
  SourcePosition OfRow() const override { return where_; }
  SourcePosition OfField(std::size_t) const override { return where_; }
  std::vector<std::string> FieldNames() const override {
    std::vector<std::string> names;
    for (const Json place : places_) Collect(place, "", 2, names);
    return names;
  }

 private:
  static void Collect(Json value, const std::string& prefix, int depth, std::vector<std::string>& names) {
    DomReader::Members(value, [&](std::string_view key, Json member) {
      if (names.size() >= 500) return;
      names.push_back(prefix + std::string(key));
      if (depth > 0) Collect(member, names.back() + ".", depth - 1, names);
    });
  }
  const SourcePosition& where_;
  std::span<const Json> places_;
};

// Python's NaN, Infinity and -Infinity outside of strings become null; integers beyond 64 bits become texts.
std::string WithoutPythonNumbers(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\' && at + 1 < text.size()) out += text[at++];
      if (c == '"') in_string = false;
      out += text[at++];
      continue;
    }
    const std::string_view rest = text.substr(at);
    std::size_t skip = 0;
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (rest.starts_with(word)) skip = word.size();
    }
    if (skip > 0) {
      out += "null";
      at += skip;
      continue;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
      const std::size_t end = std::min(rest.find_first_not_of("-+.eE0123456789"), rest.size());
      const std::string_view number = rest.substr(0, end);
      const bool huge = end >= 19 && number.find_first_of(".eE") == std::string_view::npos;
      if (huge) out += '"';
      out += number;
      if (huge) out += '"';
      at += end;
      continue;
    }
    in_string = c == '"';
    out += c;
    ++at;
  }
  return out;
}

}  // namespace

Result<void> CheckToolOptions(const Options& options, const std::string& format,
                              const std::set<std::string>& takes) {
  std::vector<Diagnostic> errors;
  const auto error = [&](std::string text) { errors.push_back({{}, std::move(text)}); };
  const auto none = [&](const std::string& flag, bool given) {
    if (given && !takes.contains(flag))
      error(fmt::format("{} is not for {}: its rows say this themselves", flag, format));
  };
  none("--pass-field", !options.pass_field.empty());
  none("--score-field", !options.score_field.empty());
  none("--repeat-field", !options.repeat_field.empty());
  none("--output-field", !options.output_field.empty());
  none("--scorer", !options.scorer.empty());
  none("--filter", !options.filter.empty());
  none("--provider", !options.provider.empty());
  none("--prompt-index", options.prompt_index.has_value());
  if (options.id_field && options.id_field->empty())
    error("--id-field: expected the name of a field, found an empty one");
  if (options.pass_above && !std::isfinite(*options.pass_above))
    error("--pass-above: expected a finite number");
  std::set<std::string> segments;
  for (const std::string& name : options.segment_fields) {
    if (name.empty()) error("--segment-fields: expected the name of a field, found an empty one");
    if (!segments.insert(name).second)
      error(fmt::format("--segment-fields: {} stands there twice", io::Quoted(name)));
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  return {};
}

std::optional<Json> Member(Json value, std::string_view key) {
  Json member;
  if (!value.is_object() || value.at_key(key).get(member) != simdjson::SUCCESS || member.is_null())
    return std::nullopt;
  return member;
}

std::string TextOf(std::optional<Json> value) {
  std::string_view text;
  if (!value || value->get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

std::optional<double> NumberOf(std::optional<Json> value) {
  double number = 0;
  bool truth = false;
  if (!value) return std::nullopt;
  if (value->get(truth) == simdjson::SUCCESS) return truth ? 1 : 0;
  if (value->get(number) != simdjson::SUCCESS || !std::isfinite(number)) return std::nullopt;
  return number == 0 ? 0.0 : number;
}

std::optional<std::int64_t> IntegerOf(std::optional<Json> value) {
  std::int64_t number = 0;
  if (!value || value->get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::string CanonicalObject(const std::vector<std::string>& members) {
  if (members.empty()) return {};
  const auto node = json::ParseNode(fmt::format("{{{}}}", fmt::join(members, ",")), {});
  return node ? json::Canonical(*node) : std::string();
}

std::string CanonicalObject(const Settings& settings) {
  std::vector<std::string> members;
  for (const auto& [name, value] : settings) members.push_back(json::QuotedText(name) + ":" + value);
  return CanonicalObject(members);
}

void TakeGenerationSettings(Json config, Settings& settings) {
  static const std::set<std::string_view> kNames = {"chat_template_kwargs",
                                                    "frequency_penalty",
                                                    "function_call",
                                                    "functions",
                                                    "generationConfig",
                                                    "inferenceConfig",
                                                    "instructions",
                                                    "maxOutputTokens",
                                                    "maxTokens",
                                                    "max_new_tokens",
                                                    "max_completion_tokens",
                                                    "max_output_tokens",
                                                    "max_tokens",
                                                    "min_p",
                                                    "presence_penalty",
                                                    "reasoning",
                                                    "reasoning_effort",
                                                    "repetition_penalty",
                                                    "response_format",
                                                    "seed",
                                                    "stop",
                                                    "stopSequences",
                                                    "stop_sequences",
                                                    "system",
                                                    "systemInstruction",
                                                    "systemPrompt",
                                                    "system_prompt",
                                                    "temperature",
                                                    "thinking",
                                                    "tool_choice",
                                                    "tools",
                                                    "topK",
                                                    "topP",
                                                    "top_k",
                                                    "top_p",
                                                    "verbosity"};
  DomReader::Members(config, [&](std::string_view name, Json value) {
    if (!value.is_null() && kNames.contains(name)) settings[std::string(name)] = simdjson::minify(value);
  });
}

std::string AnyText(Json value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::minify(value);
}

std::string UtcTime(std::string text) {
  if (text.ends_with("+00:00")) return text.substr(0, text.size() - 6) + "Z";
  return text;
}

bool IsContextError(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  // OpenAI and vLLM, LiteLLM, Anthropic, Bedrock, Gemini, xAI, llama.cpp, TGI.
  for (const char* words : {"context_length_exceeded", "maximum context length", "context length exceeded",
                            "context window", "maximum model length", "contextwindowexceeded",
                            "prompt is too long", "input is too long", "maximum number of tokens allowed",
                            "maximum prompt length", "context size", "`max_new_tokens` must be"}) {
    if (lower.find(words) != std::string::npos) return true;
  }
  return false;
}

Result<Json> JsonParser::Parse(std::string_view padded, const SourcePosition& where) {
  Json root;
  if (parser_.capacity() < padded.size() || parser_.max_depth() != kDeepest) {
    if (parser_.allocate(std::max<std::size_t>(padded.size(), 4096), kDeepest) != simdjson::SUCCESS)
      return FailInternal("not enough memory for a JSON document");
  }
  auto error = parser_.parse(padded.data(), padded.size(), false).get(root);
  if (error != simdjson::SUCCESS && error != simdjson::DEPTH_ERROR && error != simdjson::UTF8_ERROR) {
    copy_ = WithoutPythonNumbers(padded);
    if (copy_.size() != padded.size() || copy_ != padded) {
      const std::size_t size = copy_.size();
      copy_.append(simdjson::SIMDJSON_PADDING, '\0');
      if (parser_.capacity() < size && parser_.allocate(size, kDeepest) != simdjson::SUCCESS)
        return FailInternal("not enough memory for a JSON document");
      error = parser_.parse(copy_.data(), size, false).get(root);
    }
  }
  if (error == simdjson::SUCCESS) return root;
  if (error == simdjson::DEPTH_ERROR)
    return FailAt(where, fmt::format("nested more than {} levels deep: not read", kDeepest));
  return FailAt(where, fmt::format("expected JSON: {}", simdjson::error_message(error)));
}

std::optional<Json> JsonParser::ParseText(std::string_view text) {
  std::string padded(text);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  auto parsed = Parse(std::string_view(padded).substr(0, text.size()), {});
  if (!parsed) return std::nullopt;
  return *parsed;
}

std::optional<std::string> PromptHash(Json prompt, JsonParser& scratch) {
  std::string_view text;
  if (prompt.get(text) == simdjson::SUCCESS) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && text[first] == '[') {
      const auto messages = scratch.ParseText(text);
      if (messages && messages->is_array()) {
        if (auto hash = PromptHash(*messages, scratch)) return hash;
      }
    }
    return suite::PromptSha256(suite::PromptMessages(std::string(text)), "");
  }
  simdjson::dom::array list;
  if (prompt.get(list) != simdjson::SUCCESS) return std::nullopt;
  std::string messages = "[";
  for (const Json message : list) {
    const auto role = Member(message, "role");
    const auto content = Member(message, "content");
    if (!role) return std::nullopt;
    messages += messages.size() > 1 ? "," : "";
    messages += fmt::format("{{\"role\":{},\"content\":{}}}", std::string(simdjson::minify(*role)),
                            content ? std::string(simdjson::minify(*content)) : "null");
  }
  return suite::PromptSha256(messages + "]", "");
}

Result<std::string> ReadPadded(io::FileSystem& files, const std::string& path) {
  auto text = io::ReadPlain(
      files, path, {.slack = simdjson::SIMDJSON_PADDING, .limit = static_cast<std::size_t>(kLargestFile)});
  if (!text) return text;
  text->append(simdjson::SIMDJSON_PADDING, '\0');
  return text;
}

ToolReader::ToolReader(const char* format, const Options& options)
    : format_(format),
      options_(options),
      builder_(diagnostics_, options.rows, "name a field that tells them apart with --id-field"),
      content_ids_(builder_),
      mapper_(options, builder_, diagnostics_, true) {
  for (const WantedField& field : mapper_.wanted()) paths_.emplace_back(field.name);
  values_.resize(paths_.size());
}

std::optional<Json> ToolReader::Sidecar(io::FileSystem& files, const std::string& path, JsonParser& parser) {
  const auto text = ReadPadded(files, path);
  if (!text) {
    diagnostics_.AddAll(text.error());
    return std::nullopt;
  }
  const auto root = parser.Parse(std::string_view(*text).substr(0, text->size() - simdjson::SIMDJSON_PADDING),
                                 {path, 1, 0});
  if (root) return *root;
  diagnostics_.AddAll(root.error());
  return std::nullopt;
}

bool ToolReader::Names(std::span<const Json> places, const SourcePosition& where, CaseRecord& row) {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    values_[i] = {};
    for (const Json place : places) {
      bool twice = false;
      const auto value = Find<DomReader>(place, paths_[i], twice);
      if (!value) continue;
      values_[i] = DomReader::Read(*value, mapper_.wanted()[i].whole);
      break;
    }
  }
  return mapper_.ReadNames(values_, ToolPlace(where, places), row);
}

void ToolReader::DefaultSegments(Json metadata, CaseRecord& row) {
  constexpr std::size_t kLongestValue = 80;
  std::map<std::string, std::string> segments;
  DomReader::Members(metadata, [&](std::string_view key, Json value) {
    if (key.empty() || key.starts_with('_')) return;
    const FieldValue field = DomReader::Read(value, false);
    if (field.kind == FieldValue::Kind::kBool) {
      segments.emplace(key, field.boolean ? "true" : "false");
    } else if (field.kind == FieldValue::Kind::kText && !field.text.empty() &&
               field.text.size() <= kLongestValue && field.text.find('\n') == std::string::npos) {
      segments.emplace(key, field.text);
    }
  });
  for (auto& [name, value] : segments) row.segments.push_back({name, value});
}

std::optional<bool> ToolReader::Passes(const std::string& name, double score, const SourcePosition& where) {
  if (const auto passes = PassesPlainly(score)) return passes;
  if (graded_++ == 0) {
    first_graded_ = fmt::format("{}: expected 0 or 1, found {}", io::Quoted(name), json::NumberText(score));
    first_graded_at_ = where;
  }
  return std::nullopt;
}

std::optional<bool> ToolReader::PassesPlainly(double score) const {
  if (options_.pass_above) return score > *options_.pass_above;
  if (score == 0 || score == 1) return score == 1;
  return std::nullopt;
}

void ToolReader::Add(CaseRecord row, const SourcePosition& where) {
  Complete(row);
  builder_.Add(std::move(row), where);
}

void ToolReader::Complete(CaseRecord& row) const {
  std::erase_if(row.scores, [](const auto& score) { return score.first == "pass"; });
  if (row.outcome != Outcome::kInfraError)
    row.scores.emplace_back("pass", row.outcome == Outcome::kPass ? 1 : 0);
  std::sort(row.scores.begin(), row.scores.end());
  if (!row.response_model && !options_.model.empty()) row.response_model = options_.model;
}

Result<ImportedRun> ToolReader::Finish(const std::string& first_path) {
  mapper_.Finish();
  if (graded_ > 0) {
    diagnostics_.Add(first_graded_at_,
                     fmt::format("{}{}; give --pass-above X, and scores above X pass", first_graded_,
                                 graded_ > 1 ? fmt::format(" (and {} more such)", graded_ - 1) : ""));
  }
  if (const std::int64_t again = content_ids_.again(); again > 0) {
    facts.notes.push_back(
        fmt::format("{} {} the content of an earlier one: they are cases of their own, named HASH#2 and so "
                    "on; --id-field takes a name from the data",
                    again, again == 1 ? "document has" : "documents have"));
  }
  if (torn_ > 0) {
    facts.finished = false;
    facts.notes.push_back("the last line is cut: one row is missing, and more may be");
  }
  if (!facts.finished)
    facts.notes.emplace_back("the run did not finish: the log has no end record, and gate calls it invalid");
  return builder_.Build(format_, first_path, options_, facts);
}

std::string Choices(const std::string& flag, const std::set<std::string>& names) {
  std::string text = fmt::format("; choose with {}:", flag);
  for (const std::string& name : names) text += (text.ends_with(':') ? " " : ", ") + io::Quoted(name);
  return text;
}

}  // namespace minslice::import
