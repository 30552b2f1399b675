#include "import/lm_eval_scan.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "import/skim.h"
#include "io/sha256.h"
#include "json/node.h"

namespace minslice::import {
namespace {

constexpr std::size_t kNone = json::TextMarks::kNone;
constexpr std::size_t kMostPieces = 64;  // more kinds of scores are for the parser
constexpr std::size_t kLongestNumber = 40;
constexpr std::string_view kChatForms[] = {R"({"gen_args_0": {"arg_0": [")", R"({"gen_args_0": {"arg_0": ")"};
constexpr std::string_view kAnswersOpen = R"([[")", kAnswersClose = R"("]])";
constexpr std::string_view kFilteredOpen = R"([")", kFilteredClose = R"("])";

bool Stands(std::string_view line, std::size_t at, std::string_view text) {
  return line.size() - at >= text.size() && std::memcmp(line.data() + at, text.data(), text.size()) == 0;
}

// Behind the digits; `at` where there are none, or more than are of use.
std::size_t SkipInteger(std::string_view line, std::size_t at, std::int64_t& value) {
  std::size_t end = at;
  value = 0;
  while (end < line.size() && line[end] >= '0' && line[end] <= '9' && end - at < 18)
    value = value * 10 + (line[end++] - '0');
  return line[at] == '0' && end > at + 1 ? at : end;
}

std::optional<LmEvalForm::Kind> KindOf(std::string_view key, std::string_view value) {
  using Kind = LmEvalForm::Kind;
  const char first = value.empty() ? '\0' : value.front();
  if (key == "doc_id") return Kind::kInteger;
  if (key == "doc" && first == '{') return Kind::kDocument;
  if (key == "arguments" && (first == '{' || first == '[')) return Kind::kArguments;
  if (key == "target" || key == "prompt_hash" || key == "target_hash") return Kind::kTarget;
  if (key == "resps") return Kind::kAnswers;
  if (key == "filtered_resps") return Kind::kFiltered;
  if (key == "filter" || key == "metrics") return Kind::kSame;
  if (key == "doc_hash") return Kind::kHash;
  return std::nullopt;
}

}  // namespace

std::optional<LmEvalForm> LmEvalForm::Of(std::string_view line) {
  struct Part {
    std::string_view key, value;
  };
  std::vector<Part> parts;
  std::string skimmed;
  const auto note = [&](std::string_view key, std::string_view value) {
    const std::size_t last = value.find_last_not_of(" \t\r");
    parts.push_back({key, value.substr(0, last + 1)});
    return Keep::kName;
  };
  if (!Skim(line, note, skimmed)) return std::nullopt;

  LmEvalForm form;
  for (const Part& part : parts) {
    if (part.key == "filter" || part.key == "metrics") {
      const auto node = json::ParseNode(part.value, {});
      if (!node) return std::nullopt;
      if (part.key == "filter") form.filter = node->text;
      for (const json::Node& item : node->items) form.metrics.push_back(item.text);
    }
  }
  form.unfiltered = form.filter == "none";
  std::set<std::string_view> keys;
  const char* at = line.data();
  for (const Part& part : parts) {
    if (!keys.insert(part.key).second || part.key.find('\\') != std::string_view::npos) return std::nullopt;
    Member member;
    const bool is_metric =
        std::find(form.metrics.begin(), form.metrics.end(), part.key) != form.metrics.end();
    const auto kind = is_metric ? Kind::kMetric : KindOf(part.key, part.value);
    if (!kind) return std::nullopt;
    member.kind = *kind;
    if (is_metric) form.scores.emplace_back(part.key);
    if (member.kind == Kind::kSame) member.value = part.value;
    member.before.assign(at, part.value.data());
    at = part.value.data() + part.value.size();
    form.members.push_back(std::move(member));
    if (part.key != "arguments" || part.value.find("\"[{") == std::string_view::npos) continue;
    for (const std::string_view chat : kChatForms) {
      json::TextMarks marks;
      if (!form.chat_before.empty() || !part.value.starts_with(chat) || !marks.Mark(part.value)) continue;
      const std::size_t end = marks.NextQuote(chat.size());
      if (!part.value.substr(chat.size()).starts_with("[{") || end == kNone) continue;
      form.chat_before = chat;
      form.chat_behind = part.value.substr(end);
    }
    if (form.chat_before.empty()) return std::nullopt;
  }
  form.behind.assign(at, line.data() + line.size());
  for (const char* key : {"doc_id", "doc", "resps", "filter", "metrics", "doc_hash"}) {
    if (!keys.contains(key)) return std::nullopt;
  }
  if (!form.unfiltered && !keys.contains("filtered_resps")) return std::nullopt;
  if (form.scores.size() != form.metrics.size() || form.scores.empty()) return std::nullopt;
  return form;
}

LmEvalScan::LmEvalScan(const LmEvalForm& form, std::string id_prefix, Grade grade)
    : form_(form), id_prefix_(std::move(id_prefix)), grade_(std::move(grade)) {}

std::size_t LmEvalScan::PlainString(std::string_view line, std::size_t begin) const {
  const std::size_t end = marks_.NextQuote(begin);
  if (end == kNone || !marks_.HasBackslash(begin, end)) return end;
  for (std::size_t at = begin; at < end; ++at) {
    if (line[at] != '\\') continue;
    ++at;
    if (std::string_view("\"\\bfnrt").find(line[at]) == std::string_view::npos) return kNone;
  }
  return end;
}

bool LmEvalScan::PromptText(std::string_view messages) {
  // The list is JSON in a JSON string: a quote of its own is \" here, and a backslash of its own is two.
  constexpr std::string_view kRole = R"({\"role\": \")", kContent = R"(\", \"content\": \")";
  const char* at = messages.data() + 1;
  const char* const end = messages.data() + messages.size();
  const auto next = [&](std::string_view text) {
    if (static_cast<std::size_t>(end - at) < text.size() || std::memcmp(at, text.data(), text.size()) != 0)
      return false;
    at += text.size();
    return true;
  };
  const auto run = [&] {  // up to the next backslash
    const void* found = std::memchr(at, '\\', static_cast<std::size_t>(end - at));
    const char* stop = found == nullptr ? end : static_cast<const char*>(found);
    const std::string_view text(at, static_cast<std::size_t>(stop - at));
    at = stop;
    return text;
  };
  prompt_ = R"({"messages":[)";
  for (bool first = true;; first = false) {
    if (!next(kRole)) return false;
    const std::string_view role = run();
    if (!next(kContent)) return false;
    prompt_ += first ? R"({"content":")" : R"(,{"content":")";
    for (;;) {
      prompt_ += run();
      if (end - at < 4) return false;  // the list goes on behind the text
      if (at[1] == '"') break;
      if (at[1] != '\\') return false;
      const char escaped = at[2];
      if (escaped == '\\') {
        if (at[3] != '"' && at[3] != '\\') return false;
        prompt_ += '\\';
        prompt_ += at[3];
        at += 4;
      } else if (std::string_view("bfnrt").find(escaped) != std::string_view::npos) {
        prompt_ += '\\';
        prompt_ += escaped;
        at += 3;
      } else {
        return false;
      }
    }
    if (!next(R"(\"})")) return false;
    prompt_ += R"(","role":")";
    prompt_ += role;
    prompt_ += R"("})";
    if (next("]")) break;
    if (!next(", ")) return false;
  }
  prompt_ += "]}";
  return at == end;
}

const LmEvalScan::Pieces& LmEvalScan::Find(bool has_prompt) {
  key_ = has_prompt ? "p" : "n";
  for (const std::string_view score : scores_) key_.append(1, '|').append(score);
  if (last_ != nullptr && key_ == last_key_) return *last_;
  static const Pieces kRefused;
  auto found = pieces_.find(key_);
  if (found == pieces_.end()) {
    if (pieces_.size() >= kMostPieces) return kRefused;
    found = pieces_.emplace(key_, Pieces()).first;
    Pieces& pieces = found->second;
    const Graded graded = grade_(scores_, has_prompt);
    pieces.pass = graded.pass;
    // A quote within a text is escaped, so that these stand only where the fields do.
    std::size_t from = 0, piece = 0;
    std::vector<const char*> fields = {"\"case_id\":\"\"", "\"output\":\"\""};
    if (has_prompt) fields.insert(fields.begin() + 1, "\"prompt_sha256\":\"\"");
    for (const char* field : fields) {
      const std::size_t at = graded.line.find(field, from);
      if (at == std::string::npos) return pieces;
      const std::size_t end = at + std::strlen(field) - 1;
      pieces.texts[piece++] = graded.line.substr(from, end - from);
      from = end;
    }
    pieces.behind = graded.line.substr(from) + "\n";
    pieces.good = true;
  }
  last_key_ = key_;
  last_ = &found->second;
  return *last_;
}

bool LmEvalScan::Read(std::string_view line, Row& row, std::string& out) {
  using Kind = LmEvalForm::Kind;
  if (!marks_.Mark(line)) return false;
  std::string_view id, answer, chat;
  scores_.clear();
  std::size_t at = 0, checked = 0;
  const auto passed_over = [&](std::size_t end) {
    if (end == kNone) return false;
    // What the parser would see must be UTF-8.
    if (!marks_.ascii() && !simdjson::validate_utf8(line.data() + checked, at - checked)) return false;
    at = checked = end + 1;
    return true;
  };
  const auto text = [&](std::string_view open, std::string_view close, std::string_view& value) {
    if (!Stands(line, at, open)) return false;
    const std::size_t begin = at + open.size(), end = PlainString(line, begin);
    if (end == kNone || !Stands(line, end, close)) return false;
    value = line.substr(begin, end - begin);
    at = end + close.size();
    return true;
  };
  for (const LmEvalForm::Member& member : form_.members) {
    if (!Stands(line, at, member.before)) return false;
    at += member.before.size();
    if (at >= line.size()) return false;
    switch (member.kind) {
      case Kind::kDocument:
        if (line[at] != '{' || !passed_over(marks_.Closing(at, kSkimDeepest))) return false;
        break;
      case Kind::kArguments: {
        if (!form_.chat_before.empty()) {
          if (!Stands(line, at, form_.chat_before)) return false;
          const std::size_t begin = at + form_.chat_before.size(), end = marks_.NextQuote(begin);
          if (end == kNone || !Stands(line, end, form_.chat_behind)) return false;
          chat = line.substr(begin, end - begin);
          at = end + form_.chat_behind.size();
          break;
        }
        if (line[at] != '{' && line[at] != '[') return false;
        const std::size_t begin = at, end = marks_.Closing(at, kSkimDeepest);
        if (!passed_over(end)) return false;
        if (marks_.quoted_brackets() && line.substr(begin, at - begin).find("\"[{") != std::string_view::npos)
          return false;
        break;
      }
      case Kind::kInteger: {
        const std::size_t end = SkipInteger(line, at, row.document);
        if (end == at) return false;
        at = end;
        break;
      }
      case Kind::kHash:
        if (!text("\"", "\"", id) || id.empty() || id.find('\\') != std::string_view::npos) return false;
        break;
      case Kind::kTarget: {
        std::string_view unused_text;
        std::int64_t unused_number = 0;
        if (line[at] == '"') {
          if (!text("\"", "\"", unused_text)) return false;
        } else if (const std::size_t end = SkipInteger(line, at, unused_number); end > at) {
          at = end;
        } else {
          return false;
        }
        break;
      }
      case Kind::kAnswers: {
        std::string_view first;
        if (!text(kAnswersOpen, kAnswersClose, first)) return false;
        if (form_.unfiltered) answer = first;
        has_content_ = !first.empty();
        break;
      }
      case Kind::kFiltered: {
        std::string_view first;
        if (!text(kFilteredOpen, kFilteredClose, first)) return false;
        if (!form_.unfiltered) answer = first;
        break;
      }
      case Kind::kMetric: {
        const std::size_t end = std::min(line.find_first_of(",} ", at), line.size());
        if (end - at > kLongestNumber) return false;
        scores_.push_back(line.substr(at, end - at));
        at = end;
        break;
      }
      case Kind::kSame:
        if (!Stands(line, at, member.value)) return false;
        at += member.value.size();
        break;
    }
  }
  if (line.substr(at) != form_.behind) return false;
  if (!marks_.ascii() && !simdjson::validate_utf8(line.data() + checked, line.size() - checked)) return false;
  const bool has_prompt = chat.data() != nullptr;
  if (has_prompt && (!chat.starts_with("[{") || !PromptText(chat))) return false;
  const Pieces& pieces = Find(has_prompt);
  // An answer without content that failed is an error of the model.
  if (!pieces.good || (!pieces.pass && !has_content_)) return false;

  row.pass = pieces.pass;
  out += pieces.texts[0];
  const std::size_t id_begin = out.size();
  out += id_prefix_;
  out += id;
  row.case_key = TextKey::Of(std::string_view(out).substr(id_begin));
  row.prompt_key = {};
  out += pieces.texts[1];
  if (has_prompt) {
    const std::string hash = io::Sha256Hex(prompt_);
    row.prompt_key = TextKey::Of(hash);
    out += hash;
    out += pieces.texts[2];
  }
  out += answer;
  out += pieces.behind;
  return true;
}

}  // namespace minslice::import
