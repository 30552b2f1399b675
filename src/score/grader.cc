#include "score/grader.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <optional>
#include <vector>

#include "json/canonical.h"
#include "json/node.h"
#include "score/text_match.h"

namespace minslice::score {
namespace {

using json::Node;

constexpr std::size_t kMostDiagnostics = 50;
constexpr int kMostNoteBytes = 200;

Grade PassIf(bool pass) { return {.pass = pass, .model_error = false, .note = {}}; }

// expected as a text: a string is its text, another scalar its JSON text; nullopt for arrays and objects.
std::optional<std::string> ScalarText(const Node& expected, std::string_view json_text) {
  if (expected.is(Node::Type::kString)) return expected.text;
  if (expected.is(Node::Type::kArray) || expected.is(Node::Type::kObject)) return std::nullopt;
  return std::string(json_text.substr(expected.offset, expected.length));
}

// The expected value; the suite's reader took it as JSON already.
Result<Node> Expected(const Case& c) { return json::ParseNode(c.expected_json, c.where); }

constexpr const char* kNoExpected = "expected \"expected\", found none";

class ExactMatch final : public Grader {
 public:
  explicit ExactMatch(const suite::GraderSpec& spec) : spec_(spec) {}

  std::optional<std::string> Check(const Case& c) const override {
    const auto text = Text(c);
    if (!text) return text.error();
    if (spec_.ignore_case) {
      if (const auto caseless = CaselessText::Make(*text); !caseless) return caseless.error();
    }
    return std::nullopt;
  }

  Grade GradeOutput(const Case& c, std::string_view output) const override {
    const auto expected = Text(c);
    if (!expected) return {.note = expected.error()};
    if (spec_.trim) output = Trimmed(output);
    if (!spec_.ignore_case) return PassIf(output == *expected);
    const auto caseless = CaselessText::Make(*expected);
    return PassIf(caseless && caseless->Equals(output));
  }

 private:
  tl::expected<std::string, std::string> Text(const Case& c) const {
    if (c.expected_json.empty()) return tl::unexpected<std::string>(kNoExpected);
    const auto node = Expected(c);
    if (!node) return tl::unexpected<std::string>(node.error().diagnostics.front().message);
    auto text = ScalarText(*node, c.expected_json);
    if (!text) {
      return tl::unexpected<std::string>(
          fmt::format("\"expected\": expected a text, number, true, false or null for exact_match, found {}; "
                      "json_match compares lists and objects",
                      node->Describe()));
    }
    if (spec_.trim) return std::string(Trimmed(*text));
    return *std::move(text);
  }

  suite::GraderSpec spec_;
};

class JsonMatch final : public Grader {
 public:
  std::optional<std::string> Check(const Case& c) const override {
    if (c.expected_json.empty()) return kNoExpected;
    if (const auto node = Expected(c); !node) return node.error().diagnostics.front().message;
    return std::nullopt;
  }

  Grade GradeOutput(const Case& c, std::string_view output) const override {
    const std::string_view answer = WithoutFence(Trimmed(output));
    if (answer.empty()) return ModelError("the answer is empty, JSON was asked for");
    const auto found = json::ParseNode(answer, {"answer", 1, 1});
    if (!found) return ModelError("the answer is no JSON: " + found.error().diagnostics.front().ToString());
    const auto expected = Expected(c);
    return PassIf(expected && json::SameValue(*expected, *found));
  }

 private:
  static Grade ModelError(const std::string& note) {
    return {.pass = false, .model_error = true, .note = fmt::format("{:.{}}", note, kMostNoteBytes)};
  }

  // "```json\n{...}\n```" -> "{...}". Only a fence around the whole answer is taken off.
  static std::string_view WithoutFence(std::string_view answer) {
    constexpr std::string_view kFence = "```";
    if (!answer.starts_with(kFence) || !answer.ends_with(kFence) || answer.size() < 2 * kFence.size())
      return answer;
    answer = answer.substr(kFence.size(), answer.size() - 2 * kFence.size());
    if (answer.starts_with("json") || answer.starts_with("JSON")) answer.remove_prefix(4);
    return Trimmed(answer);
  }
};

class ContainsText final : public Grader {
 public:
  explicit ContainsText(const suite::GraderSpec& spec) : spec_(spec) {}

  std::optional<std::string> Check(const Case& c) const override {
    const auto parts = Parts(c);
    if (!parts) return parts.error();
    if (spec_.ignore_case) {
      for (const std::string& part : *parts) {
        if (const auto caseless = CaselessText::Make(part); !caseless) return caseless.error();
      }
    }
    return std::nullopt;
  }

  Grade GradeOutput(const Case& c, std::string_view output) const override {
    const auto parts = Parts(c);
    if (!parts) return {.note = parts.error()};
    for (const std::string& part : *parts) {
      if (!Occurs(part, output)) return PassIf(false);
    }
    return PassIf(true);
  }

 private:
  bool Occurs(const std::string& part, std::string_view output) const {
    if (!spec_.ignore_case) return Contains(output, part);
    const auto caseless = CaselessText::Make(part);
    return caseless && caseless->IsIn(output);
  }

  static tl::expected<std::vector<std::string>, std::string> Parts(const Case& c) {
    if (c.expected_json.empty()) return tl::unexpected<std::string>(kNoExpected);
    const auto node = Expected(c);
    if (!node) return tl::unexpected<std::string>(node.error().diagnostics.front().message);
    std::vector<std::string> parts;
    if (node->is(Node::Type::kArray)) {
      for (const Node& item : node->items) {
        if (!item.is(Node::Type::kString)) {
          return tl::unexpected<std::string>(fmt::format(
              "\"expected\": expected a list of texts for contains, found {} in it", item.Describe()));
        }
        parts.push_back(item.text);
      }
      if (parts.empty())
        return tl::unexpected<std::string>("\"expected\": an empty list would pass every answer");
    } else if (auto text = ScalarText(*node, c.expected_json)) {
      parts.push_back(*std::move(text));
    } else {
      return tl::unexpected<std::string>(fmt::format(
          "\"expected\": expected a text or a list of texts for contains, found {}", node->Describe()));
    }
    for (const std::string& part : parts) {
      if (part.empty()) return tl::unexpected<std::string>("\"expected\": an empty text is in every answer");
    }
    return parts;
  }

  suite::GraderSpec spec_;
};

// Finds the pattern anywhere in the answer; ^ and $ (or \A and \z) tie it to the ends. `.` does not match a
// newline unless the pattern says (?s).
class RegexMatch final : public Grader {
 public:
  RegexMatch(const suite::GraderSpec& spec, std::unique_ptr<const re2::RE2> shared)
      : spec_(spec), shared_(std::move(shared)) {}

  std::optional<std::string> Check(const Case& c) const override {
    if (shared_) return std::nullopt;
    const auto regex = CaseRegex(c);
    if (!regex) return regex.error();
    return std::nullopt;
  }

  Grade GradeOutput(const Case& c, std::string_view output) const override {
    const re2::StringPiece text(output.data(), output.size());
    if (shared_) return PassIf(re2::RE2::PartialMatch(text, *shared_));
    const auto regex = CaseRegex(c);
    if (!regex) return {.note = regex.error()};
    return PassIf(re2::RE2::PartialMatch(text, **regex));
  }

 private:
  // Compiled anew for each answer: a million kept patterns would cost gigabytes, compiling costs
  // microseconds.
  tl::expected<std::unique_ptr<const re2::RE2>, std::string> CaseRegex(const Case& c) const {
    if (c.expected_json.empty()) {
      return tl::unexpected<std::string>(
          "expected \"expected\" with the pattern (or grader.pattern in the suite), found none");
    }
    const auto node = Expected(c);
    if (!node) return tl::unexpected<std::string>(node.error().diagnostics.front().message);
    if (!node->is(Node::Type::kString)) {
      return tl::unexpected<std::string>(
          fmt::format("\"expected\": expected a pattern as a text, found {}", node->Describe()));
    }
    if (node->text.empty())
      return tl::unexpected<std::string>("\"expected\": an empty pattern matches every answer");
    auto regex = CompileRegex(node->text, spec_.ignore_case);
    if (!regex) return tl::unexpected<std::string>("\"expected\": no RE2 pattern: " + regex.error());
    return regex;
  }

  suite::GraderSpec spec_;
  std::unique_ptr<const re2::RE2> shared_;
};

}  // namespace

Result<std::unique_ptr<Grader>> MakeGrader(const suite::GraderSpec& spec) {
  if (spec.type != "regex" && !spec.pattern.empty()) {
    return FailAt(spec.where,
                  fmt::format("grader.pattern: only regex has a pattern, found grader.type {}", spec.type));
  }
  if (spec.type == "exact_match") return std::make_unique<ExactMatch>(spec);
  if (spec.type == "json_match") return std::make_unique<JsonMatch>();
  if (spec.type == "contains") return std::make_unique<ContainsText>(spec);
  if (spec.type == "regex") {
    std::unique_ptr<const re2::RE2> shared;
    if (!spec.pattern.empty()) {
      auto regex = CompileRegex(spec.pattern, spec.ignore_case);
      if (!regex) return FailAt(spec.where, "grader.pattern: no RE2 pattern: " + regex.error());
      shared = std::move(*regex);
    }
    return std::make_unique<RegexMatch>(spec, std::move(shared));
  }
  return FailAt(spec.where,
                fmt::format("grader.type: expected exact_match, json_match, contains or regex, found \"{}\"",
                            spec.type));
}

std::string CaseProblem(const Case& c, const std::string& problem) {
  return fmt::format("case {}: {}", json::QuotedText(c.id), problem);
}

Result<std::unique_ptr<Grader>> MakeGrader(const suite::Suite& suite) {
  auto grader = MakeGrader(suite.grader);
  if (!grader) return grader;
  std::vector<Diagnostic> diagnostics;
  std::size_t more = 0;
  for (const Case& c : suite.cases) {
    auto problem = (*grader)->Check(c);
    if (!problem) continue;
    if (diagnostics.size() == kMostDiagnostics) {
      ++more;
    } else {
      diagnostics.push_back({c.where, CaseProblem(c, *problem)});
    }
  }
  if (more > 0) {
    Diagnostic rest;  // named: g++ 12 at -O3 warns falsely of a braced temporary here
    rest.message = fmt::format("... and {} more error{}", more, more == 1 ? "" : "s");
    diagnostics.push_back(std::move(rest));
  }
  if (!diagnostics.empty()) return FailAll(std::move(diagnostics));
  return grader;
}

}  // namespace minslice::score
