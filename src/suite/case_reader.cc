#include "suite/case_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/nearest_name.h"
#include "io/sha256.h"
#include "io/utf8.h"
#include "json/canonical.h"
#include "json/node.h"
#include "suite/suite.h"

namespace minslice::suite {
namespace {

using json::Node;
using Type = json::Node::Type;

const std::vector<std::string>& CaseKeys() {
  static const std::vector<std::string> kKeys = {"id",      "prompt", "messages", "expected", "segments",
                                                 "cluster", "tools",  "weight",   "metadata"};
  return kKeys;
}

// One line: what is wrong with it goes to the diagnostics with the column of the value.
class LineCheck {
 public:
  LineCheck(std::string_view line, const SourcePosition& where, io::Diagnostics& diagnostics)
      : line_(line), where_(where), diagnostics_(diagnostics) {}

  SourcePosition Place(std::size_t offset) const { return json::PlaceOf(line_, offset, where_); }
  void Error(std::size_t offset, std::string message) {
    ok_ = false;
    diagnostics_.Add(Place(offset), std::move(message));
  }
  void Expected(const std::string& key, const char* what, const Node& found) {
    Error(found.offset, fmt::format("\"{}\": expected {}, found {}", key, what, found.Describe()));
  }
  bool ok() const { return ok_; }

 private:
  std::string_view line_;
  const SourcePosition& where_;
  io::Diagnostics& diagnostics_;
  bool ok_ = true;
};

void CheckMessages(const Node& messages, LineCheck& check) {
  if (!messages.is(Type::kArray)) return check.Expected("messages", "a list of chat messages", messages);
  if (messages.items.empty())
    return check.Error(messages.offset, "\"messages\": expected at least one message, found none");
  static const std::vector<std::string> kRoles = {"system", "developer", "user", "assistant", "tool"};
  for (std::size_t i = 0; i < messages.items.size(); ++i) {
    const Node& message = messages.items[i];
    const std::string name = fmt::format("messages[{}]", i);
    if (!message.is(Type::kObject)) {
      check.Expected(name, "an object with role and content", message);
      continue;
    }
    const Node* role = message.Find("role");
    if (role == nullptr) {
      check.Error(message.offset, fmt::format("\"{}\": expected a \"role\", found none", name));
    } else if (!role->is(Type::kString) ||
               std::find(kRoles.begin(), kRoles.end(), role->text) == kRoles.end()) {
      check.Error(role->offset,
                  fmt::format("\"{}.role\": expected system, developer, user, assistant or tool, found {}{}",
                              name, role->Describe(), io::DidYouMean(role->text, kRoles, 0)));
    }
    const Node* content = message.Find("content");
    const Node* tool_calls = message.Find("tool_calls");
    if (content == nullptr && tool_calls == nullptr) {
      check.Error(message.offset, fmt::format("\"{}\": expected \"content\", found none", name));
    } else if (content != nullptr && !content->is(Type::kString) && !content->is(Type::kArray) &&
               !(content->is(Type::kNull) && tool_calls != nullptr)) {
      check.Expected(name + ".content", "a text or a list of parts", *content);
    }
  }
}

void ReadSegments(const Node& segments, const std::vector<std::string>& required, Case& c, LineCheck& check) {
  if (!segments.is(Type::kObject))
    return check.Expected("segments", "an object of dimension and value", segments);
  std::vector<std::string> unclaimed;
  for (const json::Member& member : segments.members) {
    if (member.key.empty()) check.Error(member.key_offset, "\"segments\": a dimension needs a name");
    if (!member.value.is(Type::kString)) {
      check.Expected("segments." + member.key, "a text (in double quotes)", member.value);
    } else if (member.value.text.empty()) {
      check.Error(member.value.offset,
                  fmt::format("\"segments.{}\": expected a text, found an empty one", member.key));
    }
    c.segments.push_back({member.key, member.value.text});
    if (std::find(required.begin(), required.end(), member.key) == required.end())
      unclaimed.push_back(member.key);
  }
  std::sort(c.segments.begin(), c.segments.end(),
            [](const Segment& a, const Segment& b) { return a.dimension < b.dimension; });
  for (const std::string& dimension : required) {
    if (segments.Find(dimension) != nullptr) continue;
    std::string hint;
    if (const auto nearest = io::NearestName(dimension, unclaimed)) {
      hint = fmt::format("; is {} the same dimension?", io::Quoted(*nearest));
    }
    check.Error(segments.offset, fmt::format("\"segments\": the suite requires {}, found none{}",
                                             io::Quoted(dimension), hint));
  }
}

void AppendMember(const char* key, const std::string& canonical, std::string& out) {
  out += out.size() > 1 ? ",\"" : "\"";
  out += key;
  out += "\":";
  out += canonical;
}

}  // namespace

std::optional<CaseLine> ReadCaseLine(std::string_view line, const SourcePosition& where,
                                     const CaseRules& rules, io::Diagnostics& diagnostics) {
  auto parsed = json::ParseNode(line, where);
  if (!parsed) {
    diagnostics.AddAll(parsed.error());
    return std::nullopt;
  }
  const Node& root = *parsed;
  LineCheck check(line, where, diagnostics);
  if (!root.is(Type::kObject)) {
    check.Error(root.offset, fmt::format("expected a case object, found {}", root.Describe()));
    return std::nullopt;
  }
  Case c;
  c.where = check.Place(root.offset);
  for (const json::Member& member : root.members) {
    if (std::find(CaseKeys().begin(), CaseKeys().end(), member.key) != CaseKeys().end()) continue;
    std::vector<std::string> open;
    for (const std::string& key : CaseKeys()) {
      if (root.Find(key) == nullptr) open.push_back(key);
    }
    std::string hint = "; \"metadata\" is the place for keys of your own";
    if (const auto nearest = io::NearestName(member.key, open))
      hint = fmt::format("; did you mean {}?", io::Quoted(*nearest));
    check.Error(member.key_offset, fmt::format("unknown key {}{}", io::Quoted(member.key), hint));
  }

  const Node* id = root.Find("id");
  if (id == nullptr) {
    check.Error(root.offset, "expected an \"id\", found none");
  } else if (!id->is(Type::kString) || id->text.empty()) {
    check.Expected("id", "a text that is not empty", *id);
  } else {
    c.id = id->text;
  }

  const Node* prompt = root.Find("prompt");
  const Node* messages = root.Find("messages");
  std::string canonical_messages;
  if (prompt != nullptr && messages != nullptr) {
    check.Error(messages->offset, "expected \"prompt\" or \"messages\", found both");
  } else if (prompt != nullptr) {
    if (!prompt->is(Type::kString) || prompt->text.empty()) {
      check.Expected("prompt", "a text that is not empty", *prompt);
    } else {
      c.messages_json = PromptMessages(prompt->text);
      canonical_messages = "[{\"content\":" + json::QuotedText(prompt->text) + ",\"role\":\"user\"}]";
    }
  } else if (messages != nullptr) {
    CheckMessages(*messages, check);
    c.messages_json = json::Compact(*messages);
    canonical_messages = json::Canonical(*messages);
  } else {
    check.Error(root.offset, "expected \"prompt\" or \"messages\", found neither");
  }

  const Node* expected = root.Find("expected");
  if (expected != nullptr) {
    c.expected_json = json::Compact(*expected);
  } else if (rules.expected_required) {
    check.Error(root.offset, "expected the key \"expected\" (what a right answer is), found none");
  }

  static const Node kNoSegments = [] {
    Node node;
    node.type = Type::kObject;
    return node;
  }();
  const Node* segments = root.Find("segments");
  if (segments == nullptr && !rules.segments.empty()) {
    std::string list;
    for (const std::string& dimension : rules.segments) list += (list.empty() ? "" : ", ") + dimension;
    check.Error(root.offset, fmt::format("expected \"segments\" with {}, found none", list));
  } else if (segments != nullptr) {
    ReadSegments(*segments, rules.segments, c, check);
  }

  const Node* cluster = root.Find("cluster");
  if (cluster != nullptr && !cluster->is(Type::kNull)) {
    if (!cluster->is(Type::kString) || cluster->text.empty()) {
      check.Expected("cluster", "a text that is not empty", *cluster);
    } else {
      c.cluster = cluster->text;
    }
  }
  const Node* tools = root.Find("tools");
  std::string canonical_tools;
  if (tools != nullptr && !tools->is(Type::kNull)) {
    if (!tools->is(Type::kArray)) {
      check.Expected("tools", "a list of tools", *tools);
    } else if (!tools->items.empty()) {
      c.tools_json = json::Compact(*tools);
      canonical_tools = json::Canonical(*tools);
    }
  }
  if (const Node* weight = root.Find("weight")) {
    const std::optional<double> value = weight->Double();
    if (!value || !(*value > 0)) {
      check.Expected("weight", "a number above 0", *weight);
    } else {
      c.weight = *value;
    }
  }
  const Node* metadata = root.Find("metadata");
  if (metadata != nullptr && !metadata->is(Type::kNull)) {
    if (!metadata->is(Type::kObject)) {
      check.Expected("metadata", "an object", *metadata);
    } else {
      c.metadata_json = json::Compact(*metadata);
    }
  }
  if (!check.ok()) {
    if (c.id.empty()) return std::nullopt;
    return CaseLine{std::move(c), check.Place(id->offset), "", false};
  }

  std::string prompt_json = "{";
  AppendMember("messages", canonical_messages, prompt_json);
  if (!canonical_tools.empty()) AppendMember("tools", canonical_tools, prompt_json);
  c.prompt_sha256 = io::Sha256Hex(prompt_json + "}");

  // Keys in canonical order.
  std::string canonical = "{";
  if (c.cluster) AppendMember("cluster", json::QuotedText(*c.cluster), canonical);
  if (expected != nullptr) AppendMember("expected", json::Canonical(*expected), canonical);
  AppendMember("id", json::QuotedText(c.id), canonical);
  AppendMember("messages", canonical_messages, canonical);
  if (!c.metadata_json.empty()) AppendMember("metadata", json::Canonical(*metadata), canonical);
  AppendMember("segments", json::Canonical(segments != nullptr ? *segments : kNoSegments), canonical);
  if (!canonical_tools.empty()) AppendMember("tools", canonical_tools, canonical);
  AppendMember("weight", json::NumberText(c.weight), canonical);
  canonical += '}';
  return CaseLine{std::move(c), check.Place(id->offset), std::move(canonical), true};
}

std::string PromptMessages(const std::string& prompt) {
  return "[{\"role\":\"user\",\"content\":" + json::QuotedText(prompt) + "}]";
}

std::string PromptSha256(const std::string& messages_json, const std::string& tools_json) {
  const auto canonical = [](const std::string& text) {
    const auto node = json::ParseNode(text, {});
    return node ? json::Canonical(*node) : text;  // no JSON: its bytes are all there is to name
  };
  std::string prompt_json = "{";
  AppendMember("messages", canonical(messages_json), prompt_json);
  if (!tools_json.empty() && tools_json != "[]") AppendMember("tools", canonical(tools_json), prompt_json);
  return io::Sha256Hex(prompt_json + "}");
}

}  // namespace minslice::suite
