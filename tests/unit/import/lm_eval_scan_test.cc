// Lines read without a tree against the same lines read as trees.
#include "import/lm_eval_scan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "import/import.h"
#include "one_file.h"

namespace minslice::import {
namespace {

// As lm-eval writes them for a chat endpoint.
struct Line {
  std::string doc = R"({"id": "p1", "q": "What is [1] + {2}? \"}]\" \\"})";
  std::string target = R"("3")";
  std::string arguments = Chat(R"(What is [1] + {2}?)");
  std::string answer = "3";
  std::string filter = "none";
  std::string metrics = R"(["exact_match"])";
  std::string scores = R"("exact_match": 1.0)";

  static std::string Chat(const std::string& content) {
    return Args(R"("[{\"role\": \"user\", \"content\": \")" + content + R"(\"}]")");
  }
  static std::string Args(const std::string& text) {
    return R"({"gen_args_0": {"arg_0": [)" + text +
           R"(], "arg_1": {"until": ["\n\n"], "do_sample": false}}})";
  }
  std::string Text(int i) const {
    return fmt::format(
        R"({{"doc_id": {0}, "doc": {1}, "target": {2}, "arguments": {3}, "resps": [["{4}"]], "filtered_resps": ["{4}"], )"
        R"("filter": "{5}", "metrics": {6}, "doc_hash": "{7:064x}", "prompt_hash": "ab", "target_hash": "cd", {8}}})",
        i, doc, target, arguments, answer, filter, metrics, i * 7919 + 1, scores);
  }
};

std::string ReadBy(const std::string& text, Options options, RowLines* lines) {
  const std::string path = "samples_t.jsonl";
  OneFile files(text, path);
  options.rows = lines;
  const auto run = (*FindFormat("lm-eval"))->read(std::span(&path, 1), options, files);
  std::string said;
  if (!run) {
    for (const Diagnostic& diagnostic : run.error().diagnostics) said += diagnostic.ToString() + "\n";
    return said;
  }
  said = lines == nullptr ? LogText(*run) : LogText(*run, *lines);
  for (const std::string& note : run->notes) said += note + "\n";
  return said +
         fmt::format("{} {} {} {}", run->n_rows, run->passed, run->model_errors, run->rows_without_cluster);
}

std::string Both(const std::string& text, const Options& options = {}) {
  const std::string as_trees = ReadBy(text, options, nullptr);
  RowLines lines;
  EXPECT_EQ(ReadBy(text, options, &lines), as_trees) << text.substr(0, 4000);
  return as_trees;
}

bool Scanned(const std::string& first, const std::string& line) {
  const auto padded = [](const std::string& text) {
    return text + std::string(json::TextMarks::kSlack, '\0');
  };
  const std::string form_text = padded(first), text = padded(line);
  const auto form = LmEvalForm::Of(std::string_view(form_text).substr(0, first.size()));
  if (!form) return false;
  LmEvalScan scan(*form, "", [](const auto&, bool has_prompt) {
    return LmEvalScan::Graded{
        std::string(R"({"case_id":"",)") + (has_prompt ? R"("prompt_sha256":"",)" : "") + R"("output":""})",
        true};
  });
  LmEvalScan::Row row;
  std::string out;
  return scan.Read(std::string_view(text).substr(0, line.size()), row, out);
}

// What the second line differs in, and whether it is still read without a tree.
struct Variant {
  const char* what;
  Line line;
  bool scanned;
};

std::vector<Variant> Variants() {
  std::vector<Variant> variants;
  const auto add = [&](const char* what, bool scanned, auto change) {
    Line line;
    change(line);
    variants.push_back({what, line, scanned});
  };
  add("nothing", true, [](Line&) {});
  add("fails", true, [](Line& l) { l.scores = R"("exact_match": 0.0)"; });
  add("truth value", true, [](Line& l) { l.scores = R"("exact_match": false)"; });
  add("graded", true, [](Line& l) { l.scores = R"("exact_match": 0.25)"; });
  add("minus nothing", true, [](Line& l) { l.scores = R"("exact_match": -0.0)"; });
  add("no number", true, [](Line& l) { l.scores = R"("exact_match": 1.0.0)"; });
  add("text for a score", true, [](Line& l) { l.scores = R"("exact_match": "1")"; });
  add("NaN", true, [](Line& l) { l.scores = R"("exact_match": NaN)"; });
  add("another metric", false, [](Line& l) {
    l.metrics = R"(["f1"])";
    l.scores = R"("f1": 1.0)";
  });
  add("one metric more", false, [](Line& l) {
    l.metrics = R"(["exact_match", "f1"])";
    l.scores = R"("exact_match": 1.0, "f1": 0.5)";
  });
  add("member more", false, [](Line& l) { l.scores = R"("exact_match": 1.0, "f1": 0.5)"; });
  add("another filter", false, [](Line& l) { l.filter = "strict"; });
  add("escapes in the answer", true, [](Line& l) { l.answer = R"(a \"b\" \\ \n\t\r\b\f)"; });
  add("escapes that the log writes otherwise", false, [](Line& l) { l.answer = R"(\u00e9 \/)"; });
  add("lone surrogate", false, [](Line& l) { l.answer = R"(\ud800)"; });
  add("bad escape", false, [](Line& l) { l.answer = R"(\x)"; });
  add("UTF-8", true, [](Line& l) {
    l.answer = "d\xc3\xa9j\xc3\xa0 \xf0\x9f\x98\x80 \x7f";
    l.doc = "{\"q\": \"\xc3\xa9\"}";
  });
  add("no UTF-8 in the answer", false, [](Line& l) { l.answer = "\xc3"; });
  add("no UTF-8 where nobody looks", true, [](Line& l) { l.doc = "{\"q\": \"\xc3\"}"; });
  add("no UTF-8 in the prompt", false, [](Line& l) { l.arguments = Line::Chat("\xff"); });
  add("empty answer", true, [](Line& l) {
    l.answer = "";
    l.scores = R"("exact_match": 0.0)";
  });
  add("two answers", false, [](Line& l) { l.answer = R"(3", "4)"; });
  add("number for a target", true, [](Line& l) { l.target = "42"; });
  add("list for a target", false, [](Line& l) { l.target = R"(["a"])"; });
  add("number with a zero in front", false, [](Line& l) { l.target = "042"; });
  add("prompt with escapes", true,
      [](Line& l) { l.arguments = Line::Chat(R"(line\\nline \\\"quoted\\\" \\\\ \\t)"); });
  add("prompt with UTF-8", true, [](Line& l) { l.arguments = Line::Chat("\xc3\xa9"); });
  add("prompt with other escapes", false, [](Line& l) { l.arguments = Line::Chat(R"(\\u00e9 \\/)"); });
  add("several messages", true, [](Line& l) {
    l.arguments = Line::Chat(
        R"(one\"}, {\"role\": \"assistant\", \"content\": \"two\\n\"}, {\"role\": \"user\", \"content\": \"three)");
  });
  add("messages with another member", false,
      [](Line& l) { l.arguments = Line::Chat(R"(one\", \"type\": \"text)"); });
  add("messages and something behind", false,
      [](Line& l) { l.arguments = Line::Args(R"("[{\"role\": \"user\", \"content\": \"a\"}] ")"); });
  add("messages that are cut", false, [](Line& l) {
    l.arguments = Line::Args(R"("[{\"role\": \"user\", \"content\": \"a)"
                             "\"");
  });
  add("no messages", false, [](Line& l) { l.arguments = Line::Args(R"("Question: 1 + 2?")"); });
  add("other arguments", false,
      [](Line& l) { l.arguments.insert(l.arguments.size() - 2, R"(, "seed": 1)"); });
  add("document with deep brackets", true,
      [](Line& l) { l.doc = "{\"a\": " + std::string(60, '[') + std::string(60, ']') + "}"; });
  add("document too deep", false,
      [](Line& l) { l.doc = "{\"a\": " + std::string(62, '[') + std::string(62, ']') + "}"; });
  add("document with wrong brackets", true, [](Line& l) { l.doc = R"({"a": [1}])"; });
  add("backslash outside of strings", false, [](Line& l) { l.doc = R"({\"a\": 1})"; });
  add("document that is a text", false, [](Line& l) { l.doc = R"("text")"; });
  add("document that is null", false, [](Line& l) { l.doc = "null"; });
  add("bare control character", false, [](Line& l) { l.answer = "a\tb"; });
  add("more spaces", false, [](Line& l) { l.scores = R"("exact_match":  1.0)"; });
  return variants;
}

TEST(LmEvalScan, GivesWhatTheTreeGives) {
  const std::string first = Line().Text(0);
  for (const Variant& variant : Variants()) {
    SCOPED_TRACE(variant.what);
    EXPECT_EQ(Scanned(first, variant.line.Text(1)), variant.scanned);
    for (const bool pass_above : {false, true}) {
      Options options;
      if (pass_above) options.pass_above = 0.2;
      Both(first + "\n" + variant.line.Text(1) + "\n" + Line().Text(2) + "\n", options);
      Both(variant.line.Text(0) + "\n" + variant.line.Text(1) + "\n" + first + "\n", options);
      options.filter = "none";
      options.scorer = "exact_match";
      Both(first + "\n" + variant.line.Text(1) + "\n" + Line().Text(2) + "\n", options);
    }
  }
}

TEST(LmEvalScan, GivesWhatTheTreeGivesWithoutMessages) {
  Line line;
  line.arguments = Line::Args(R"("Question: 1 + 2?")");
  const std::string first = line.Text(0);
  EXPECT_TRUE(Scanned(first, line.Text(1)));
  Line chat, quoted;
  quoted.arguments = Line::Args(R"("He wrote \"[{\" and left.")");
  EXPECT_FALSE(Scanned(first, chat.Text(1)));
  EXPECT_FALSE(Scanned(first, quoted.Text(1)));
  for (const Line& other : {line, chat, quoted})
    Both(first + "\n" + other.Text(1) + "\n" + line.Text(2) + "\n");
  line.filter = "strict";
  EXPECT_TRUE(Scanned(line.Text(0), line.Text(1)));
  Both(line.Text(0) + "\n" + line.Text(1) + "\n");
}

TEST(LmEvalScan, TheSameDocumentAgainAndALineThatIsCut) {
  const std::string one = Line().Text(1), two = Line().Text(2);
  EXPECT_THAT(Both(one + "\n" + two + "\n" + one + "\n"),
              testing::HasSubstr("stands at samples_t.jsonl:1 already"));
  // Another document of the same content is a case of its own.
  std::string again = one;
  again.replace(again.find(": 1,"), 4, ": 7,");
  EXPECT_THAT(Both(one + "\n" + two + "\n" + again + "\n" + again.substr(0, 90)), testing::HasSubstr("#2"));
  for (std::size_t cut = 0; cut < two.size(); cut += 3) Both(one + "\n" + two.substr(0, cut));
  Both("\xef\xbb\xbf\n\n" + one + "\n\n" + two);
  Both(one + "\r\n" + two + "\r\n");
}

TEST(LmEvalScan, GivesWhatTheTreeGivesOfAnyBytes) {
  std::mt19937_64 random(20261121);
  const std::string good = Line().Text(1);
  const std::string_view bytes = "\"\\{}[],: 01e.-nua\xc3\xa9\xff\t";
  for (int round = 0; round < 1500; ++round) {
    std::string line = good;
    for (std::uint64_t n = 1 + random() % 2; n > 0; --n) {
      const std::size_t at = random() % line.size();
      if (random() % 3 == 0) {
        line.erase(at, 1 + random() % 3);
      } else if (random() % 2 == 0) {
        line.insert(at, 1, bytes[random() % bytes.size()]);
      } else {
        line[at] = bytes[random() % bytes.size()];
      }
    }
    Both(Line().Text(0) + "\n" + line + "\n" + Line().Text(2) + "\n");
  }
}

// Several batches, so that several threads read them; odd lines among the usual ones.
TEST(LmEvalScan, AreInOrderWhateverThreadReadThem) {
  const std::vector<Variant> variants = Variants();
  std::string text = Line().Text(0) + "\n";
  for (int i = 1; i < 6000; ++i) {
    const bool odd = i % 97 == 0;
    const Variant& variant = variants[static_cast<std::size_t>(i / 97) % variants.size()];
    const std::string_view what = variant.what;
    const bool refused =
        what == "no number" || what.find("bad") == 0 || what.find("another") == 0 || what.find("lone") == 0;
    text += (odd && !refused ? variant.line : Line()).Text(i) + "\n";
  }
  EXPECT_GT(text.size(), std::size_t{2} << 20U);
  Both(text);
  Options options;
  options.pass_above = 0.2;
  options.filter = "none";
  options.scorer = "exact_match";
  Both(text, options);
}

}  // namespace
}  // namespace minslice::import
