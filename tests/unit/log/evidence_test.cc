// Logs that contradict themselves, and the two ways of reading rows against each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "io/input_stream.h"
#include "log/log_reader.h"
#include "log/log_writer.h"
#include "log/row_columns.h"
#include "log/row_scanner.h"
#include "unit/log/same_log.h"

namespace minslice::log {
namespace {

using testing::HasSubstr;

TEST(Evidence, AnOutcomeThatItsScoreContradicts) {
  for (const char* fields : {R"("case_id":"a","outcome":"fail","scores":{"pass":1})",
                             R"("case_id":"a","outcome":"pass","scores":{"pass":0})",
                             R"("case_id":"a","outcome":"model_error","scores":{"pass":1})",
                             R"("case_id":"a","outcome":"infra_error","scores":{"pass":1})",
                             R"("case_id":"a","outcome":"pass","scores":{"f1":0.2,"pass":0.5})"}) {
    EXPECT_THAT(ErrorOf(Text({kRun, Case(fields), kEnd})), HasSubstr("l:2: \"outcome\" is ")) << fields;
  }
  for (const char* fields :
       {R"("case_id":"a","outcome":"fail","scores":{"pass":0})",
        R"("case_id":"a","outcome":"pass","scores":{"pass":1.0})",
        R"("case_id":"a","outcome":"infra_error","scores":{})", R"("case_id":"a","outcome":"pass")",
        R"("case_id":"a","outcome":"model_error","scores":{"pass":0,"f1":0.3})"}) {
    EXPECT_EQ(ErrorOf(Text({kRun, Case(fields), kEnd})), "") << fields;
  }
}

TEST(Evidence, AKeyThatStandsThereTwice) {
  EXPECT_THAT(ErrorOf(Text({kRun, Case(R"("case_id":"a","outcome":"fail","outcome":"pass")"), kEnd})),
              HasSubstr("l:2: \"outcome\" stands there twice"));
  EXPECT_THAT(ErrorOf(Text({kRun, Case(R"("case_id":"a","outcome":"pass","scores":{"f1":0,"f1":1})"), kEnd})),
              HasSubstr("\"scores\": \"f1\" stands there twice"));
  EXPECT_THAT(
      ErrorOf(Text({kRun, Case(R"("case_id":"a","outcome":"pass","segments":{"k":"a","k":"b"})"), kEnd})),
      HasSubstr("\"segments\": \"k\" stands there twice"));
  EXPECT_THAT(ErrorOf(Text({R"({"record":"run","log_version":1,"target":"a","target":"b"})", kEnd})),
              HasSubstr("l:1: \"target\" stands there twice"));
}

TEST(Evidence, RowsBehindTheEndRecord) {
  const std::string good = Case(R"("case_id":"a","outcome":"pass")"),
                    other = Case(R"("case_id":"b","outcome":"pass")");
  const std::string open = Case(R"("case_id":"b","outcome":"infra_error")");
  EXPECT_THAT(ErrorOf(Text({kRun, good, kEnd, other, kEnd})),
              HasSubstr("l:3: the run ended here, and case \"b\" repeat 1 comes behind the end record"));
  EXPECT_THAT(ErrorOf(Text({kRun, good, kEnd, other})),
              HasSubstr("rows were added to a log that was finished"));
  EXPECT_THAT(ErrorOf(Text({kRun, good, kEnd, kEnd})), HasSubstr("l:4: a second end record"));
  EXPECT_EQ(ErrorOf(Text({kRun, good, open, kEnd, other, kEnd})), "");  // a resumed run
}

TEST(Evidence, AFileOfAnotherKindGetsOneSentence) {
  const auto one = [](const std::string& text) {
    const std::string error = ErrorOf(text);
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
    return error;
  };
  EXPECT_THAT(one("id,pass\na,1\nb,0\n"), HasSubstr("this looks like CSV"));
  EXPECT_THAT(one("{\"id\":\"a\",\"prompt\":\"x\",\"segments\":{}}\n{\"id\":\"b\"}\n"),
              HasSubstr("cases of a suite"));
  EXPECT_THAT(one(std::string(5000, '\0')), HasSubstr("a binary file"));
  EXPECT_THAT(one("PK\x03\x04 and more\n\n"), HasSubstr("a zip archive"));
  EXPECT_THAT(one("version: 1\ngoal: superiority\n"), HasSubstr("a policy"));
  EXPECT_THAT(one("[1,\n2,\n3]\n"), HasSubstr("a JSON list"));
}

TEST(Evidence, AnEndlessLineIsRefusedBeforeItIsHeld) {
  std::string text = std::string(kRun) + "\n{\"record\":\"case\",\"output\":\"";
  text.append(kLongestLine + 1000, 'x');
  EXPECT_THAT(ErrorOf(text), HasSubstr("l:2: a line of more than 64 MiB: not read"));
}

// A log of rows that are made at random, in the forms that writers have and in some that only the parser
// knows.
std::string RandomLog(std::mt19937& random, bool odd) {
  const auto draw = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  std::string text = std::string(kRun) + "\n";
  const char* outcomes[] = {"pass", "fail", "model_error", "infra_error"};
  const unsigned n = 1 + draw(40);
  for (unsigned i = 0; i < n; ++i) {
    const unsigned outcome = draw(4);
    std::string row =
        "\"case_id\":\"c" + std::to_string(draw(30)) + (odd && draw(9) == 0 ? "\\u00e9" : "") + "\"";
    if (draw(2) != 0) row += ",\"repeat\":" + std::to_string(1 + draw(3));
    row += std::string(",\"outcome\":\"") + outcomes[outcome] + "\"";
    if (draw(3) != 0) row += std::string(",\"scores\":{\"pass\":") + (outcome == 0 ? "1" : "0") + "}";
    if (draw(4) == 0 && row.back() != '}')
      row += ",\"scores\":{\"f1\":0.25,\"pass\":" + std::string(outcome == 0 ? "1" : "0") + "}";
    if (draw(4) != 0) row += ",\"segments\":{\"k\":\"v" + std::to_string(draw(4)) + "\",\"l\":\"\xc3\xa9\"}";
    if (draw(3) == 0) row += ",\"cluster\":\"d" + std::to_string(draw(5)) + "\"";
    if (draw(2) == 0) row += ",\"prompt_sha256\":\"h" + std::to_string(draw(30)) + "\"";
    if (draw(2) == 0) row += ",\"response_model\":\"m" + std::to_string(draw(2)) + "\",\"cost_usd\":1e-05";
    if (draw(2) == 0)
      row +=
          ",\"latency_ms\":" + std::to_string(draw(900)) + ".25,\"input_tokens\":" + std::to_string(draw(99));
    if (draw(3) == 0) row += ",\"output_tokens\":null";
    if (draw(3) == 0)
      row += ",\"via\":{\"deployment\":\"d" + std::to_string(draw(3)) + "\",\"retries\":1,\"cache\":null}";
    if (odd && draw(9) == 0) row += ",\"unknown\":[1,{\"a\":null}]";
    row += ",\"output\":\"a \\\"b\\\" \\n \xf0\x9f\x98\x80\",\"error\":null";
    text += (odd && draw(9) == 0 ? "{ \"record\" : \"case\" , " + row + " }" : Case(row)) + "\n";
  }
  return text + kEnd + "\n";
}

TEST(Columns, HoldWhatTheRowsHold) {
  std::mt19937 random(20261121);
  int scanned = 0;
  for (int round = 0; round < 600; ++round) {
    const std::string text = RandomLog(random, round % 2 == 1);
    ExpectSame(text);
    if (HasFatalFailure()) return;
    RowFields fields;
    std::string line = text.substr(text.find('\n') + 1);
    line.resize(line.find('\n'));
    line.reserve(line.size() + io::LineSource::kLineSlack);
    if (RowScanner().Scan(line, fields)) ++scanned;
  }
  EXPECT_GT(scanned, 300);  // the quick way is taken
}

// One case record: mostly good, with its keys in any order, and now and then with what a scanner may trip
// over.
std::string AnyRow(std::mt19937& random) {
  const auto draw = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const auto one_of = [&](std::initializer_list<const char*> texts) {
    return std::string(*(texts.begin() + draw(static_cast<unsigned>(texts.size()))));
  };
  const bool pass = draw(2) == 0;
  const auto rare = [&] { return draw(40) == 0; };
  std::vector<std::string> members = {R"("record":"case")"};
  members.push_back(
      "\"case_id\":\"" + one_of({"a", "b", "c", "\xc3\xa9", "x y", ""}) + std::to_string(draw(9)) +
      (rare() ? one_of({"\\n", "\\u00e9", "\\\"", "\xff", "\x01", "\\x", "\\ud800"}) : "") + "\"");
  if (draw(2) == 0)
    members.push_back("\"repeat\":" + (rare() ? one_of({"0", "10001", "1.0", "-1", "\"1\"", "01"})
                                              : std::to_string(1 + draw(2))));
  members.push_back(std::string("\"outcome\":") + (rare()
                                                       ? one_of({"\"maybe\"", "null", "1", "\"pass\\u0020\""})
                                                   : pass ? "\"pass\""
                                                          : "\"fail\""));
  if (draw(3) != 0) {
    const std::string grade = pass != rare() ? "1" : "0";
    members.push_back("\"scores\":" + one_of({"{\"pass\":GRADE}", "{\"pass\":GRADE}", "{\"pass\": GRADE}",
                                              "{\"f1\":0.25,\"pass\":GRADE}", "{\"pass\":GRADE,\"f1\":1e-3}",
                                              "{\"pass\":GRADE.0}", "{}", "null", "{\"f1\":null}"}));
    const std::size_t at = members.back().find("GRADE");
    if (at != std::string::npos) members.back().replace(at, 5, grade);
    if (rare())
      members.back() =
          "\"scores\":" + one_of({"[1]", "{\"f1\":\"x\"}", "{\"f1\":1,\"f1\":1}", "{\"f1\":1e999}", "{"});
  }
  if (draw(3) != 0) {
    members.push_back(
        "\"segments\":" +
        one_of({"{\"k\":\"v\"}", "{\"k\":\"w\"}", "{\"k\":\"}\"}", "{\"k\":\"v\",\"l\":\"\xc3\xa9\"}",
                "{\"l\":\"b\",\"k\":\"a\"}", "{ \"k\" : \"v\" }", "{}", "null", "{\"k\":\"\\\"}\"}"}));
    if (rare())
      members.back() = "\"segments\":" + one_of({"{\"k\":1}", "{\"k\":\"\xff\"}", "{\"k\":\"a\",\"k\":\"a\"}",
                                                 "[]", "{\"k\":\"v\"]"});
  }
  const auto maybe = [&](const char* key, std::initializer_list<const char*> good,
                         std::initializer_list<const char*> bad) {
    if (draw(4) == 0)
      members.push_back("\"" + std::string(key) + "\":" + (rare() ? one_of(bad) : one_of(good)));
  };
  maybe("cluster", {"\"c1\"", "\"c2\"", "null"}, {"1", "[]"});
  maybe("prompt_sha256", {"\"0123456789abcdef\"", "null"}, {"{}", "\"\\u00zz\""});
  maybe("response_model", {"\"m-1\"", "\"m-2\"", "\"\""}, {"7"});
  maybe("system_fingerprint", {"\"f\"", "null"}, {"true"});
  maybe("finish_reason", {"\"stop\"", "\"len\\ngth\"", "null"}, {"\"\\q\"", "[\"stop\"]"});
  maybe("input_tokens", {"12", "0", "-3", "null", "123456789012345678"},
        {"1.5", "99999999999999999999", "007", "1e2"});
  maybe("output_tokens", {"5", "null"}, {"\"5\"", "+5"});
  maybe("cost_usd", {"0.25", "1e-05", "123456789.123456789", "0", "1E+2", "0.1", "null"},
        {"1e400", ".5", "1.", "0x1", "--1"});
  maybe("latency_ms", {"812.5", "0.000", "900", "33.333333333333336"}, {"\"1\"", "1e"});
  maybe("attempts", {"1", "0", "3"}, {"-1", "null", "2.0"});
  maybe("output", {"\"a \\\"b\\\" \\u263a \xf0\x9f\x98\x80\"", "null", "\"}\""},
        {"5", "\"\xf0\x9f\"", "\"a\tb\""});
  maybe("error", {"null", "\"HTTP 503\""}, {"false"});
  maybe("via",
        {"{\"deployment\":\"d1\",\"retries\":1,\"cache\":null}", "{\"request_id\":\"r\"}", "{}", "null"},
        {"{\"deployment\":1}", "{\"retries\":\"1\"}", "[1]", "{\"deployment\":\"d\",\"deployment\":\"e\"}"});
  maybe("later_field", {"[1,{\"a\":null}]", "\"x\""}, {"[1,", "nul"});
  if (draw(3) == 0) std::shuffle(members.begin(), members.end(), random);
  if (rare()) members.push_back(members[draw(static_cast<unsigned>(members.size()))]);
  if (rare()) members.erase(members.begin() + draw(static_cast<unsigned>(members.size())));
  const std::string between = one_of({",", ",", ",", ", ", " ,", ",\t"});
  std::string row;
  for (const std::string& member : members) row += (row.empty() ? "" : between) + member;
  row = "{" + row + (rare() ? ",}" : "}");
  if (rare()) row.insert(draw(static_cast<unsigned>(row.size())), one_of({"\"", "}", " ", "\\", "{"}));
  return row;
}

// Whatever the rows are, both ways of reading give the same errors or the same evidence.
TEST(Columns, AndRowsSayTheSameOfAnyLog) {
  std::mt19937 random(8);
  int good = 0, bad = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = std::string(kRun) + "\n";
    const char* newline = random() % 4 == 0 ? "\r\n" : "\n";
    for (unsigned i = 0, n = 1 + static_cast<unsigned>(random() % 6); i < n; ++i) {
      text += AnyRow(random) + newline;
      if (random() % 20 == 0) text += newline;
      if (random() % 30 == 0)
        text +=
            R"({"record":"stop","reason":"budget_exhausted","text":"x","stopped_at":""})" + std::string("\n");
    }
    if (random() % 2 == 0) text += kEnd + std::string("\n");
    if (random() % 8 == 0) text += AnyRow(random) + newline;
    if (random() % 5 == 0) text.resize(text.size() - random() % std::min<std::size_t>(text.size(), 60));
    if (!ErrorOf(text).empty()) {
      ++bad;
      continue;
    }
    ++good;
    ExpectSame(text);
    if (HasFailure()) return;
  }
  EXPECT_GT(good, 500);
  EXPECT_GT(bad, 500);
}

// More ascending runs than are merged: sorted by the ids' first bytes.
TEST(Columns, AShuffledLogIsInOrder) {
  std::mt19937 random(1);
  RowColumns columns;
  std::vector<std::string> ids;
  for (int i = 0; i < 5000; ++i)
    ids.push_back("case-" + std::to_string(random() % 3000) + (i % 7 == 0 ? "" : "-tail"));
  RowFields row;
  for (const std::string& id : ids) {
    row.Clear();
    row.case_id = id;
    row.repeat = 1 + static_cast<int>(random() % 3);
    columns.Append(row);
  }
  columns.Finish(false);
  ASSERT_EQ(columns.size(), ids.size());
  for (std::size_t i = 1; i < columns.size(); ++i) {
    const std::uint32_t a = columns.Ordered(i - 1), b = columns.Ordered(i);
    ASSERT_TRUE(std::make_tuple(columns.id(a), columns.repeat(a), a) <
                std::make_tuple(columns.id(b), columns.repeat(b), b));
  }
}

// Every cut of good rows, and every byte of one changed: the quick way says yes only to what the parser
// takes.
TEST(Scanner, SaysYesOnlyToWhatTheParserReads) {
  const std::string good = Case(
      R"("case_id":"r-1","repeat":2,"outcome":"pass","scores":{"f1":0.5e-1,"pass":1},"segments":{"k":"v"},"cluster":null,)"
      R"("prompt_sha256":"ab","finish_reason":"stop","input_tokens":-3,"cost_usd":0.25,"latency_ms":1E+2,"attempts":1,"output":"x\ny)"
      "\xc3\xa9"
      R"(","error":null)");
  int yes = 0;
  const auto check = [&](const std::string& line) {
    std::string padded = line + std::string(io::LineSource::kLineSlack, '\0');
    RowFields row;
    if (!RowScanner().Scan(std::string_view(padded).substr(0, line.size()), row)) return;
    ++yes;
    const auto log = ParseLog(std::string(kRun) + "\n" + line + "\n", "l", {.outputs = true});
    ASSERT_TRUE(log) << line;
    ASSERT_EQ(log->cases.size(), 1U) << line;
    EXPECT_EQ(log->cases[0].case_id, row.case_id);
    EXPECT_EQ(log->cases[0].outcome, row.outcome);
    EXPECT_EQ(log->cases[0].repeat, row.repeat);
  };
  for (std::size_t cut = 0; cut <= good.size(); ++cut) check(good.substr(0, cut));
  EXPECT_EQ(yes, 1);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char c : std::string("\"\\{}[]:,01-.eE \x01\x80\xff\xc3nul")) {
      std::string line = good;
      line[at] = c;
      check(line);
    }
  }
  EXPECT_GT(yes, 100);
}

TEST(Zstd, ALogIsTheSameEvidenceCompressed) {
  std::mt19937 random(7);
  const std::string text = RandomLog(random, true);
  const auto plain = ParseLog(text, "l");
  const auto packed = ParseLog(io::CompressZstd(text), "l.zst");
  ASSERT_TRUE(plain && packed);
  EXPECT_EQ(plain->sha256, packed->sha256);
  EXPECT_EQ(plain->cases.size(), packed->cases.size());
  // Several frames, as a run writes them, cut at any byte: no row is made up, and no cut is taken for an end.
  std::string frames;
  std::vector<std::size_t> rows_before;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    frames += io::CompressZstd(std::string_view(text).substr(at, end - at));
    at = end;
  }
  for (std::size_t cut = 4; cut < frames.size(); cut += 3) {
    const auto torn = ParseLog(frames.substr(0, cut), "l.zst");
    if (!torn) continue;  // nothing whole yet
    EXPECT_FALSE(torn->end);
    EXPECT_LE(torn->cases.size(), plain->cases.size() + static_cast<std::size_t>(plain->superseded));
  }
  const auto whole = ParseLog(frames, "l.zst");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->sha256, plain->sha256);
  EXPECT_FALSE(ParseLog(frames.substr(0, 30) + "garbage" + frames.substr(30), "l.zst"));
}

TEST(Zstd, ABombIsRefused) {
  // 600 MiB of one row each line in some 60 kB.
  std::string block;
  while (block.size() < (std::size_t{1} << 20U)) block += Case(R"("case_id":"a","outcome":"pass")") + "\n";
  const std::string frame = io::CompressZstd(block, 19);
  std::string bomb = io::CompressZstd(std::string(kRun) + "\n");
  for (int i = 0; i < 600; ++i) bomb += frame;
  const auto log = ParseLog(bomb, "l.zst", {.columns = true});
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().diagnostics[0].message, HasSubstr("zstd bomb"));
}

}  // namespace
}  // namespace minslice::log
