// Input: a byte that chooses grader and options, the expected value up to the first newline, then the answer.
#include <array>
#include <cstdint>
#include <string>

#include "fuzz/check.h"
#include "json/node.h"
#include "score/grader.h"

namespace minslice {
namespace {

using fuzz::Check;

struct Graded {
  bool possible = false;  // the suite was accepted
  score::Grade grade;
};

Graded GradeOnce(const suite::GraderSpec& spec, const std::string& expected_json, const std::string& answer) {
  suite::Suite suite;
  suite.grader = spec;
  Case& c = suite.cases.emplace_back();
  c.id = "c";
  c.expected_json = expected_json;
  const auto grader = score::MakeGrader(suite);
  if (!grader) {
    Check(!grader.error().diagnostics.empty(), "a refused suite has a diagnostic");
    return {};
  }
  const score::Grade grade = (*grader)->GradeOutput(c, answer);
  Check(!(grade.pass && grade.model_error), "no answer passes that is a model_error");
  Check(grade.model_error == !grade.note.empty(), "a model_error, and nothing else, has a note");
  return {true, grade};
}

void RunOne(std::string_view data) {
  if (data.empty()) return;
  const auto choice = static_cast<unsigned char>(data[0]);
  data.remove_prefix(1);
  const std::size_t newline = std::min(data.find('\n'), data.size());
  std::string expected(data.substr(0, newline));
  const std::string answer(data.substr(std::min(newline + 1, data.size())));

  static constexpr std::array<const char*, 4> kTypes = {"exact_match", "json_match", "contains", "regex"};
  suite::GraderSpec spec;
  spec.type = kTypes[choice % 4];
  spec.ignore_case = (choice & 4) != 0;
  spec.trim = (choice & 8) != 0;
  if (spec.type == "regex" && (choice & 16) != 0) {
    spec.pattern = expected;
    expected.clear();
  }
  const Graded graded = GradeOnce(spec, expected, answer);
  if (spec.type != "json_match" || !graded.possible) return;
  // Equality by value is an equality.
  const Graded itself = GradeOnce(spec, expected, expected);
  Check(itself.possible && itself.grade.pass, "json_match: a value matches itself");
  const Graded fenced = GradeOnce(spec, expected, "```json\n" + expected + "\n```");
  Check(fenced.possible && fenced.grade.pass, "json_match: a value matches itself in a fence");
  if (json::ParseNode(answer, {})) {
    const Graded swapped = GradeOnce(spec, answer, expected);
    Check(swapped.possible && swapped.grade.pass == graded.grade.pass,
          "json_match: the sides can be swapped");
  }
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
