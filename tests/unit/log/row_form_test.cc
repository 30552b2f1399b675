// Rows that are written alike, which is how they are read in the main: against the JSON parser.
#include "log/row_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "io/input_stream.h"
#include "log/row_scanner.h"
#include "unit/log/same_log.h"

namespace minslice::log {
namespace {

class Writer {
 public:
  explicit Writer(std::mt19937& random) : random_(random) {
    // Of which rows this log's writer makes: which keys, in which order, with which spaces.
    for (unsigned form = 0, forms = 1 + Draw(3); form < forms; ++form) {
      std::vector<std::string> keys;
      for (const char* key :
           {"record",         "case_id",      "repeat",        "outcome",        "scores",
            "segments",       "cluster",      "prompt_sha256", "response_model", "system_fingerprint",
            "finish_reason",  "input_tokens", "output_tokens", "cost_usd",       "latency_ms",
            "due_latency_ms", "ttft_ms",      "tokens_per_s",  "attempts",       "output",
            "error",          "via"}) {
        const std::string name = key;
        if (name == "record" || name == "case_id" || name == "outcome" || Draw(3) != 0) keys.push_back(name);
      }
      if (Draw(3) == 0) std::shuffle(keys.begin(), keys.end(), random_);
      forms_.push_back(std::move(keys));
    }
    colon_ = OneOf({":", ":", ": ", " : ", ":  "});
    comma_ = OneOf({",", ",", ", ", " ,"});
    steady_ = Draw(2) == 0;
  }

  std::string Row(int number) {
    const unsigned outcome = Draw(4);
    std::string row;
    for (const std::string& key : forms_[Draw(static_cast<unsigned>(forms_.size()))])
      row += (row.empty() ? "" : comma_) + "\"" + key + "\"" + colon_ + Value(key, outcome, number);
    return "{" + row + "}";
  }

 private:
  unsigned Draw(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string OneOf(std::initializer_list<const char*> texts) {
    return *(texts.begin() + Draw(static_cast<unsigned>(texts.size())));
  }
  // Mostly what the row before had.
  std::string Rarely(const char* usual, std::initializer_list<const char*> others) {
    return Draw(steady_ ? 50 : 3) == 0 ? OneOf(others) : usual;
  }
  std::string Figure() {
    std::string text = std::to_string(Draw(2) == 0 ? Draw(10) : random_() % 100000000);
    if (Draw(3) != 0) text += "." + std::to_string(Draw(2) == 0 ? Draw(10) : random_());
    if (Draw(9) == 0) text += OneOf({"e-05", "E+3", "e2"});
    return Draw(12) == 0 ? "-" + text : Draw(30) == 0 ? "null" : text;
  }
  std::string Count() {
    return Draw(9) == 0 ? OneOf({"null", "-12", "0", "123456789012345678"})
                        : std::to_string(random_() % (Draw(2) == 0 ? 10000000U : 300000000U));
  }

  std::string Value(const std::string& key, unsigned outcome, int number) {
    const std::string pass = outcome == 0 ? "1" : "0";
    if (key == "record") return "\"case\"";
    if (key == "case_id")
      return "\"case-" + std::to_string(number / 2) + Rarely("", {"\xc3\xa9", "\\u00e9", "\\n", "/"}) + "\"";
    if (key == "repeat") return std::to_string(1 + number % 2);
    if (key == "outcome")
      return std::vector<std::string>{"\"pass\"", "\"fail\"", "\"model_error\"", "\"infra_error\""}[outcome];
    if (key == "scores")
      return Draw(4) != 0   ? "{\"pass\":" + pass + "}"
             : Draw(2) == 0 ? "{\"f1\":" + std::to_string(Draw(9)) + "e-1,\"pass\":" + pass + "}"
                            : OneOf({"{}", "null", "{\"f1\":0.5}"});
    if (key == "segments")
      return OneOf({"{\"k\":\"a\"}", "{\"k\":\"b\"}", "{\"k\":\"a\",\"l\":\"\xc3\xa9\"}", "{ \"k\" : \"}\" }",
                    "{}", "null", "{\"l\":\"a\",\"k\":\"b\"}"});
    if (key == "cluster") return Rarely("\"c\"", {"\"d\"", "null"});
    if (key == "prompt_sha256") return Draw(9) == 0 ? "null" : "\"" + std::to_string(random_()) + "\"";
    if (key == "response_model")
      return Rarely("\"m\"", {"\"n\"", "null", "\"\"", "\"\\\"\"", "\"longer-than-that\""});
    if (key == "system_fingerprint") return Rarely("null", {"\"f\"", "\"g\""});
    if (key == "finish_reason") return Rarely("\"stop\"", {"\"length\"", "null", "\"a\\nb\""});
    if (key == "input_tokens" || key == "output_tokens") return Count();
    if (key == "attempts") return Rarely("1", {"2", "0"});
    if (key == "output")
      return OneOf({"\"\"", "\"a \\\"b\\\" \\\\\"",
                    "\"\xf0\x9f\x98\x80 and more of it than a register holds\"", "null", "\"\\u263a\""});
    if (key == "error") return Rarely("null", {"\"HTTP 503\"", "\"\\t\""});
    if (key == "via")
      return Rarely("{\"deployment\":\"d\",\"cache\":\"miss\"}",
                    {"{\"cache\":\"hit\"}", "null", "{}", "{\"deployment\":\"e\",\"retries\":2}"});
    return Figure();
  }

  std::mt19937& random_;
  std::vector<std::vector<std::string>> forms_;
  std::string colon_, comma_;
  bool steady_ = false;
};

TEST(RowForm, RowsAreReadAsTheParserReadsThem) {
  std::mt19937 random(2026);
  const std::string odd("\"\\{}[]:,01-.eE \x01\xff\xc3n\0", 20);
  int good = 0, bad = 0;
  for (int round = 0; round < 1500; ++round) {
    Writer writer(random);
    std::string text = std::string(kRun) + "\n";
    // Some logs are long and in no order.
    const bool shuffled = random() % 8 == 0;
    std::vector<int> rows(2 + random() % (shuffled ? 400 : 60));
    std::iota(rows.begin(), rows.end(), 0);
    for (int again = 0; shuffled && again < 20; ++again)
      rows.push_back(static_cast<int>(random() % rows.size()));
    if (shuffled) std::shuffle(rows.begin(), rows.end(), random);
    for (const int i : rows) {
      std::string row = writer.Row(i);
      if (random() % 400 == 0) row[random() % row.size()] = odd[random() % odd.size()];
      if (random() % 400 == 0) row.erase(random() % row.size(), 1 + random() % 3);
      text += row + "\n";
    }
    if (random() % 2 == 0) text += kEnd + std::string("\n");
    if (random() % 8 == 0) text.resize(text.size() - random() % 80);
    if (!ErrorOf(text).empty()) {
      ++bad;
      continue;
    }
    ++good;
    ExpectSame(text);
    if (HasFailure()) return;
  }
  EXPECT_GT(good, 500);
  EXPECT_GT(bad, 50);
}

// How far into a log the rows are read by their form.
TEST(RowForm, OneRowTeachesTheRest) {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text +=
        Case("\"case_id\":\"c" + std::to_string(i) + "\",\"outcome\":\"" + (i % 3 == 0 ? "pass" : "fail") +
             "\",\"response_model\":\"m" + (i < 50 ? "" : std::to_string(i)) + "\",\"cost_usd\":0." +
             std::to_string(i) + ",\"output\":\"x" + std::string(static_cast<std::size_t>(i), 'y') + "\"") +
        "\n";
  text.append(io::LineSource::kLineSlack, '\0');
  const std::string_view bytes = std::string_view(text).substr(0, text.size() - io::LineSource::kLineSlack);
  RowScanner scanner;
  RowFields row;
  std::vector<int> scanned;
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    std::size_t size = scanner.Next(bytes.substr(at), row);
    if (size == 0) {
      size = bytes.find('\n', at) + 1 - at;
      ASSERT_TRUE(scanner.Scan(bytes.substr(at, size - 1), row));
      scanned.push_back(i);
    }
    at += size;
    EXPECT_EQ(row.case_id, "c" + std::to_string(i));
    EXPECT_EQ(row.response_model, "m" + (i < 50 ? std::string() : std::to_string(i)));
    EXPECT_EQ(row.outcome, i % 3 == 0 ? Outcome::kPass : Outcome::kFail);
  }
  EXPECT_THAT(scanned, testing::ElementsAre(0, 50));  // the first row, and the first with another model
}

// Every byte of a row changed, behind two rows of its form.
TEST(RowForm, AChangedByteIsWhatTheParserSaysOfIt) {
  const auto row = [](const std::string& id) {
    return Case(
        "\"case_id\":\"" + id + R"(","repeat":1,"outcome":"pass","scores":{"pass":1},"segments":{"k":"v"},)" +
        R"("prompt_sha256":"ab","response_model":"m","input_tokens":17,"cost_usd":0.25,"latency_ms":812.5,)" +
        R"("attempts":1,"output":"x\ny","error":null)");
  };
  const std::string head = std::string(kRun) + "\n" + row("a") + "\n" + row("b") + "\n", good = row("c");
  int same = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char c : std::string("\"\\{}:,01-.e \x01\xff\xc3\n")) {
      std::string changed = good;
      changed[at] = c;
      const std::string text = head + changed + "\n";
      if (!ErrorOf(text).empty()) continue;
      ++same;
      ExpectSame(text);
      if (HasFailure()) return;
    }
    const std::string cut = head + good.substr(0, at);
    if (ErrorOf(cut).empty()) ExpectSame(cut);
  }
  EXPECT_GT(same, 300);
}

}  // namespace
}  // namespace minslice::log
