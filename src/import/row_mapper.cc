#include "import/row_mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "io/nearest_name.h"
#include "json/canonical.h"
#include "suite/suite.h"

namespace minslice::import {
namespace {

constexpr int kMostRepeats = 1000000;

struct TruthWord {
  std::string_view word;
  bool pass;
};
constexpr std::array<TruthWord, 12> kTruthWords = {{{"true", true},
                                                    {"false", false},
                                                    {"1", true},
                                                    {"0", false},
                                                    {"pass", true},
                                                    {"fail", false},
                                                    {"passed", true},
                                                    {"failed", false},
                                                    {"yes", true},
                                                    {"no", false},
                                                    {"correct", true},
                                                    {"incorrect", false}}};
constexpr const char* kTruthWordsText =
    "true/false, 1/0, pass/fail, passed/failed, yes/no or correct/incorrect";

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Found(const FieldValue& value) {
  switch (value.kind) {
    case FieldValue::Kind::kMissing:
      return "nothing";
    case FieldValue::Kind::kNull:
      return "null";
    case FieldValue::Kind::kBool:
      return value.boolean ? "true" : "false";
    case FieldValue::Kind::kNumber:
      return "the number " + value.text.substr(0, 40);
    case FieldValue::Kind::kText:
      return "the text " + io::Quoted(value.text);
    case FieldValue::Kind::kUntyped:
      return value.text.empty() ? "an empty field" : io::Quoted(value.text);
    case FieldValue::Kind::kList:
      return "a list";
    case FieldValue::Kind::kObject:
      return "an object";
  }
  return "";
}

bool IsText(const FieldValue& value) {
  return value.kind == FieldValue::Kind::kText || value.kind == FieldValue::Kind::kUntyped;
}

std::optional<bool> Truth(const FieldValue& value) {
  switch (value.kind) {
    case FieldValue::Kind::kBool:
      return value.boolean;
    case FieldValue::Kind::kNumber:
      if (value.number == 0 || value.number == 1) return value.number == 1;
      return std::nullopt;
    case FieldValue::Kind::kText:
    case FieldValue::Kind::kUntyped: {
      const std::string word = Lower(value.text);
      for (const TruthWord& known : kTruthWords) {
        if (word == known.word) return known.pass;
      }
      // pandas writes a column of truth values with gaps as 1.0 and 0.0.
      if (value.kind == FieldValue::Kind::kUntyped) {
        const auto number = NumberIn(value.text);
        if (number && (*number == 0 || *number == 1)) return *number == 1;
      }
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<double> NumberIn(std::string_view text) {
  double number = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto parsed = std::from_chars(begin, end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(number)) return std::nullopt;
  return number == 0 ? 0.0 : number;  // no -0 in a log
}

Result<void> CheckFieldOptions(const Options& options) {
  std::vector<Diagnostic> errors;
  const auto error = [&](const std::string& text) {
    Diagnostic diagnostic;
    diagnostic.message = text;
    errors.push_back(std::move(diagnostic));
  };
  if (options.pass_field.empty() && options.score_field.empty()) {
    error("give --pass-field, or --score-field (with --pass-above X where scores are not 0 or 1)");
  }
  if (options.id_field && options.id_field->empty())
    error("--id-field: expected the name of a field, found an empty one");
  if (options.pass_above && options.score_field.empty()) error("--pass-above needs --score-field");
  if (options.pass_above && !options.pass_field.empty()) {
    error("--pass-above and --pass-field contradict each other: one of them says what passes");
  }
  if (options.pass_above && !std::isfinite(*options.pass_above))
    error("--pass-above: expected a finite number");
  if (options.score_field == "pass" && (options.pass_above || !options.pass_field.empty())) {
    error("--score-field: scores.pass is the outcome, 0 or 1, so a score named \"pass\" needs another name");
  }
  std::vector<std::string> segments = options.segment_fields;
  std::sort(segments.begin(), segments.end());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].empty()) error("--segment-fields: expected the name of a field, found an empty one");
    if (i > 0 && segments[i] == segments[i - 1]) {
      error(fmt::format("--segment-fields: {} stands there twice", io::Quoted(segments[i])));
    }
  }
  if (!errors.empty()) return FailAll(std::move(errors));
  return {};
}

RowMapper::RowMapper(const Options& options, RunBuilder& builder, io::Diagnostics& diagnostics, bool own_id)
    : options_(options), builder_(builder), diagnostics_(diagnostics) {
  id_ = Want("--id-field", options.id_field.value_or(own_id ? "" : "id"));
  pass_ = Want("--pass-field", options.pass_field);
  score_ = Want("--score-field", options.score_field);
  repeat_ = Want("--repeat-field", options.repeat_field);
  cluster_ = Want("--cluster-field", options.cluster_field);
  prompt_ = Want("--prompt-field", options.prompt_field, true);
  output_ = Want("--output-field", options.output_field, true);
  std::vector<std::string> names = options.segment_fields;
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) segments_.push_back(Want("--segment-fields", name));
  missing_.resize(wanted_.size());
}

std::size_t RowMapper::Want(const char* flag, const std::string& name, bool whole) {
  if (name.empty()) return kNone;
  wanted_.push_back({flag, name, whole});
  return wanted_.size() - 1;
}

void RowMapper::Error(std::size_t field, const RowPlace& place, const std::string& message) {
  diagnostics_.Add(place.OfField(field),
                   fmt::format("{} ({}): {}", io::Quoted(wanted_[field].name), wanted_[field].flag, message));
}

FieldValue* RowMapper::Present(std::size_t field, std::vector<FieldValue>& values, const RowPlace& place) {
  Missing& missing = missing_[field];
  if (values[field].kind != Kind::kMissing) {
    missing.ever_seen = true;
    return &values[field];
  }
  if (missing.rows.empty()) {
    missing.first_row = place.OfRow();
    missing.names = place.FieldNames();
  }
  missing.rows.push_back(place.OfRow());
  return nullptr;
}

bool RowMapper::ReadName(std::size_t field, const char* what, std::vector<FieldValue>& values,
                         const RowPlace& place, std::string& name) {
  FieldValue* value = Present(field, values, place);
  if (value == nullptr) return false;
  switch (value->kind) {
    case Kind::kBool:
      name = value->boolean ? "true" : "false";
      return true;
    case Kind::kNumber:
    case Kind::kText:
    case Kind::kUntyped:
      name = std::move(value->text);
      break;
    default:
      Error(field, place, fmt::format("expected {}, found {}", what, Found(*value)));
      return false;
  }
  if (!name.empty()) return true;
  Error(field, place, fmt::format("expected {}, found an empty one", what));
  return false;
}

bool RowMapper::ReadPass(std::vector<FieldValue>& values, const RowPlace& place, bool& pass) {
  const FieldValue* value = Present(pass_, values, place);
  if (value == nullptr) return false;
  const auto truth = Truth(*value);
  if (truth) {
    pass = *truth;
    return true;
  }
  Error(pass_, place, fmt::format("expected {}, found {}", kTruthWordsText, Found(*value)));
  return false;
}

bool RowMapper::ReadScore(std::vector<FieldValue>& values, const RowPlace& place, double& score) {
  const FieldValue* value = Present(score_, values, place);
  if (value == nullptr) return false;
  std::optional<double> number;
  if (value->kind == Kind::kNumber && std::isfinite(value->number)) number = value->number;
  if (value->kind == Kind::kUntyped) number = NumberIn(value->text);
  if (!number) {
    Error(score_, place, fmt::format("expected a number, found {}", Found(*value)));
    return false;
  }
  score = *number == 0 ? 0.0 : *number;  // no -0 in a log
  return true;
}

bool RowMapper::ReadRepeat(std::vector<FieldValue>& values, const RowPlace& place, int& repeat) {
  const FieldValue* value = Present(repeat_, values, place);
  if (value == nullptr) return false;
  std::optional<double> number;
  if (value->kind == Kind::kNumber) number = value->number;
  if (value->kind == Kind::kUntyped) number = NumberIn(value->text);
  if (number && *number >= 1 && *number <= kMostRepeats && *number == std::floor(*number)) {
    repeat = static_cast<int>(*number);
    return true;
  }
  Error(repeat_, place, fmt::format("expected a whole number from 1, found {}", Found(*value)));
  return false;
}

bool RowMapper::ReadPrompt(std::vector<FieldValue>& values, const RowPlace& place,
                           std::optional<std::string>& sha256) {
  const FieldValue* value = Present(prompt_, values, place);
  if (value == nullptr) return false;
  if (IsText(*value)) {
    sha256 = suite::PromptSha256(suite::PromptMessages(value->text), "");
  } else if (value->kind == Kind::kList) {
    sha256 = suite::PromptSha256(value->text, "");
  } else {
    Error(prompt_, place, fmt::format("expected a text or a list of messages, found {}", Found(*value)));
    return false;
  }
  return true;
}

bool RowMapper::ReadNames(std::vector<FieldValue>& values, const RowPlace& place, CaseRecord& row) {
  bool ok = id_ == kNone || ReadName(id_, "an id", values, place, row.case_id);
  for (const std::size_t field : segments_) {
    Segment segment{wanted_[field].name, {}};
    if (!ReadName(field, "a value", values, place, segment.value)) ok = false;
    row.segments.push_back(std::move(segment));
  }
  if (cluster_ != kNone) {
    // A case without a cluster is a cluster of its own.
    const FieldValue* value = Present(cluster_, values, place);
    const bool none =
        value == nullptr || value->kind == Kind::kNull || (IsText(*value) && value->text.empty());
    std::string cluster;
    if (!none && ReadName(cluster_, "a cluster", values, place, cluster)) {
      row.cluster = std::move(cluster);
    } else if (!none) {
      ok = false;
    }
  }
  if (prompt_ != kNone && !ReadPrompt(values, place, row.prompt_sha256)) ok = false;
  return ok;
}

void RowMapper::AddRow(std::vector<FieldValue>& values, const RowPlace& place) {
  CaseRecord row;
  bool ok = ReadNames(values, place, row);
  bool pass = false;
  if (pass_ != kNone && !ReadPass(values, place, pass)) ok = false;
  if (score_ != kNone) {
    double score = 0;
    if (!ReadScore(values, place, score)) {
      ok = false;
    } else {
      if (options_.pass_above) {
        pass = score > *options_.pass_above;
      } else if (pass_ == kNone) {
        pass = score == 1;
        if (score != 0 && score != 1 && graded_without_threshold_++ == 0) {
          first_graded_ = place.OfField(score_);
          first_graded_score_ = score;
        }
      }
      if (options_.score_field != "pass") row.scores.emplace_back(options_.score_field, score);
    }
  }
  row.outcome = pass ? Outcome::kPass : Outcome::kFail;
  row.scores.emplace_back("pass", pass ? 1 : 0);
  std::sort(row.scores.begin(), row.scores.end());
  if (repeat_ != kNone && !ReadRepeat(values, place, row.repeat)) ok = false;
  if (output_ != kNone) {
    FieldValue* value = Present(output_, values, place);
    if (value != nullptr && value->kind == Kind::kBool) row.output = value->boolean ? "true" : "false";
    if (value != nullptr && value->kind != Kind::kBool && value->kind != Kind::kNull)
      row.output = std::move(value->text);
  }
  if (!options_.model.empty()) row.response_model = options_.model;
  if (ok) builder_.Add(std::move(row), place.OfRow());
}

void RowMapper::Finish() {
  for (std::size_t field = 0; field < wanted_.size(); ++field) {
    const Missing& missing = missing_[field];
    if (missing.rows.empty()) continue;
    const std::string name = fmt::format("{} ({})", io::Quoted(wanted_[field].name), wanted_[field].flag);
    if (!missing.ever_seen) {
      diagnostics_.Add(missing.first_row, fmt::format("no row has the field {}{}", name,
                                                      io::DidYouMean(wanted_[field].name, missing.names)));
    } else if (field != cluster_ && field != output_) {
      for (const SourcePosition& row : missing.rows) diagnostics_.Add(row, fmt::format("no field {}", name));
    }
  }
  if (graded_without_threshold_ > 0) {
    std::string others;
    if (graded_without_threshold_ > 1)
      others = fmt::format(" (and {} more such)", graded_without_threshold_ - 1);
    diagnostics_.Add(
        first_graded_,
        fmt::format(
            "{} (--score-field): expected 0 or 1, found {}{}; give --pass-above X, and scores above X pass",
            io::Quoted(options_.score_field), json::NumberText(first_graded_score_), others));
  }
}

}  // namespace minslice::import
