// The terminal report and the Markdown report against goldens in tests/data/report; its README says how to
// renew them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "report/escape.h"
#include "report/report.h"
#include "unit/gate/logs.h"
#include "unit/report/hostile.h"

namespace minslice::report {
namespace {

using gate::testing::IncidentTables;
using gate::testing::Judge;
using gate::testing::Logs;
using gate::testing::MakeLogs;
using gate::testing::Table;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGate[] = "goal: non_inferiority\nsegments: {dimensions: [flow], floors: {pass_rate: 0.80}}";

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Every new key of a policy changes its hash, and nothing else of a report: hashes are not held.
std::string WithoutHashes(std::string text) {
  for (const std::string before : {"policy <code>", "run <code>"}) {
    for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
      const std::size_t first = at + before.size();
      const std::size_t end = text.find('<', first);
      text.replace(first, end - first, end - first, '#');
    }
  }
  return text;
}

void ExpectGolden(const std::string& name, const std::string& shown) {
  const std::string text = WithoutHashes(shown);
  const std::string path = std::string(MINSLICE_TEST_DATA) + "/report/" + name;
  if (std::getenv("MINSLICE_RENEW_GOLDENS") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream in(path, std::ios::binary);
  ASSERT_TRUE(in.good()) << path;
  std::ostringstream golden;
  golden << in.rdbuf();
  EXPECT_EQ(text, golden.str()) << path;
}

Verdict Incident() { return Judge(kGate, MakeLogs(IncidentTables())); }
Verdict Incident840() { return Judge("version: 1", MakeLogs({{"", 550, 49, 67, 174}})); }

// Small slices, a pool, a required one, an open floor, a row that is missing on one side.
Verdict Mixed() {
  Logs logs = MakeLogs({{"billing", 300, 8, 9, 40},
                        {"refund", 60, 3, 2, 5},
                        {"fraud", 40, 6, 1, 3},
                        {"tiny_a", 6, 1, 0, 2},
                        {"tiny_b", 7, 0, 1, 1},
                        {"tiny_c", 5, 0, 0, 0},
                        {"rest", 600, 20, 21, 90}});
  logs.candidate.cases[5].outcome = Outcome::kInfraError;
  logs.candidate.cases[5].scores.clear();
  logs.incumbent.cases[900].outcome = Outcome::kModelError;
  return Judge(
      "goal: non_inferiority\nsegments: {dimensions: [flow], floors: {pass_rate: 0.80}, required: [refund]}",
      logs);
}

TEST(ReportTest, GoldenTexts) {
  ExpectGolden("incident.txt", VerdictText(Incident(), {.verdict_path = "out/verdict.json"}));
  ExpectGolden("incident_80.txt", VerdictText(Incident(), {.width = 80, .ascii = true}));
  ExpectGolden("incident_140.txt", VerdictText(Incident(), {.width = 140, .verdict_path = "verdict.json"}));
  ExpectGolden("incident_color.txt",
               VerdictText(Incident(), {.color = true, .verdict_path = "verdict.json"}));
  ExpectGolden("incident_840.txt", VerdictText(Incident840(), {}));
  ExpectGolden("mixed.txt", VerdictText(Mixed(), {.verdict_path = "verdict.json"}));
  ExpectGolden("short_form.txt",
               VerdictText(Judge("gating: {metric: pass_rate, aggregate: min_segment, threshold: 0.85, "
                                 "min_cases_per_segment: 20}\nsegments: [refund_flow, invoice_parse]",
                                 MakeLogs(IncidentTables())),
                           {.verdict_path = "verdict.json"}));
  ExpectGolden("no_cases.txt", VerdictText(Judge(kGate, MakeLogs({})), {}));
}

TEST(ReportTest, GoldenMarkdown) {
  ExpectGolden("incident.md", VerdictMarkdown(Incident()));
  ExpectGolden("incident_840.md", VerdictMarkdown(Incident840()));
  ExpectGolden("mixed.md", VerdictMarkdown(Mixed()));
}

TEST(ReportTest, DecisionAndReasonComeFirst) {
  const std::string text = VerdictText(Incident(), {.width = 120, .verdict_path = "out/verdict.json"});
  const std::vector<std::string> lines = Lines(text);
  EXPECT_TRUE(lines[0].starts_with(
      "BLOCKED  candidate candidate-model vs incumbent incumbent-model   suite support"));
  EXPECT_TRUE(lines[0].ends_with("exit 12"));
  EXPECT_TRUE(lines[1].starts_with("  why: segment refund_flow -14.9 pt (8 broke, 1 fixed of 47)"));
  EXPECT_THAT(text, HasSubstr("next: minslice show out/verdict.json refund_flow --broke"));
  EXPECT_THAT(VerdictText(Incident(), {}), HasSubstr("keep the verdict with --out DIR"));
}

// Logs of other cases: figures would be read as an answer.
TEST(ReportTest, NoFiguresOfLogsThatDoNotAnswerTheSameCases) {
  Logs logs = MakeLogs(IncidentTables());
  logs.candidate.run.suite_sha256 = std::string(64, 'e');
  const Verdict verdict = Judge(kGate, logs);
  for (const std::string& text : {VerdictText(verdict, {}), VerdictMarkdown(verdict)}) {
    EXPECT_THAT(text, HasSubstr("No figures: these logs do not answer the same cases."));
    EXPECT_THAT(text, Not(HasSubstr("87.1")));
  }
}

std::string WithoutColor(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else {
      out += text[i];
    }
  }
  return out;
}

TEST(ReportTest, ColorAddsNoInformation) {
  for (const Verdict& verdict : {Incident(), Mixed(), Incident840()}) {
    EXPECT_EQ(WithoutColor(VerdictText(verdict, {.color = true})), VerdictText(verdict, {}));
    EXPECT_THAT(VerdictText(verdict, {}), Not(HasSubstr("\x1b")));
  }
}

TEST(ReportTest, FitsTheWidthAndSixtyLines) {
  std::vector<Table> tables;
  for (int s = 0; s < 1000; ++s) tables.push_back({"slice_" + std::to_string(s), 23, s % 3, 2, 3});
  tables[7] = {"bad", 0, 40, 0, 0};
  for (const Verdict& verdict :
       {Incident(), Mixed(), Incident840(), Judge(kGate, MakeLogs(tables)), Judge(kGate, MakeLogs({}))}) {
    for (const int width : {80, 96, 120, 200}) {
      const std::vector<std::string> lines =
          Lines(VerdictText(verdict, {.width = width, .verdict_path = "a/verdict.json"}));
      EXPECT_LE(lines.size(), 60U) << width;
      for (const std::string& line : lines)
        EXPECT_LE(DisplayWidth(line), static_cast<std::size_t>(width)) << line;
    }
  }
}

TEST(ReportTest, SlicesComeWorstFirstAndTheFoldedAreCounted) {
  std::vector<Table> tables;
  for (int s = 0; s < 1000; ++s) tables.push_back({"slice_" + std::to_string(s), 23, 0, 2, 3});
  tables[700] = {"bad", 0, 40, 0, 0};
  const std::string text =
      VerdictText(Judge("goal: non_inferiority\nsegments: {dimensions: [flow]}", MakeLogs(tables)), {});
  const std::size_t bad = text.find("\nx bad");
  ASSERT_NE(bad, std::string::npos);
  EXPECT_LT(bad, text.find("slice_0 "));
  EXPECT_THAT(text, HasSubstr("more, the next"));
}

TEST(ReportTest, MarkdownKeepsBlockedRowsWithinTheBudget) {
  std::vector<Table> tables;
  for (int s = 0; s < 1000; ++s)
    tables.push_back({"slice_with_a_long_name_" + std::to_string(s), 24, 0, 2, 2});
  for (const int s : {3, 500, 999})
    tables[static_cast<std::size_t>(s)] = {"broken" + std::to_string(s), 0, 40, 0, 0};
  const std::string text =
      VerdictMarkdown(Judge("goal: non_inferiority\nsegments: {dimensions: [flow]}", MakeLogs(tables)));
  EXPECT_LE(text.size(), 65536U);
  EXPECT_TRUE(text.starts_with("<!-- minslice:gate support -->\n"));
  const std::size_t fold = text.find("<details>");
  ASSERT_NE(fold, std::string::npos);
  for (const char* name : {"<code>broken3</code>", "<code>broken500</code>", "<code>broken999</code>"}) {
    EXPECT_LT(text.find(name), fold) << name;
  }
  EXPECT_THAT(text, HasSubstr("more slices in verdict.json"));
  EXPECT_THAT(text, HasSubstr("</details>"));
}

// Ids, slice values and model names may hold anything; each sink stays what it is.
TEST(ReportTest, HostileNames) {
  const std::string evil = "\x1b[2J</code><script>alert(1)</script>|`x`\u202E\n# head @team -->";
  Logs logs = MakeLogs({{evil, 10, 30, 0, 0}, {"b", 30, 0, 0, 0}});
  for (RunLog* log : {&logs.incumbent, &logs.candidate}) {
    log->run.request_model = evil;
    log->run.suite = evil;
    for (CaseRecord& record : log->cases) {
      record.case_id += evil;
      record.response_model = evil;
    }
  }
  const Verdict verdict = Judge("goal: non_inferiority\nsegments: {dimensions: [flow]}", logs);
  ASSERT_EQ(verdict.decision, Decision::kBlocked);
  for (const bool ascii : {false, true}) {
    const std::string text = VerdictText(verdict, {.ascii = ascii, .verdict_path = "verdict.json"});
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\u202E")));
    EXPECT_THAT(text, HasSubstr("\\x1b[2J"));
    for (const std::string& line : Lines(text)) EXPECT_FALSE(line.starts_with("# head")) << line;
  }
  const std::string markdown = VerdictMarkdown(verdict);
  EXPECT_THAT(markdown, Not(HasSubstr("<script")));
  EXPECT_THAT(markdown, Not(HasSubstr("\x1b")));
  EXPECT_THAT(markdown, Not(HasSubstr("@team")));
  EXPECT_THAT(markdown, Not(HasSubstr("\n# head")));
  EXPECT_EQ(markdown.find("-->"), Lines(markdown)[0].size() - 3) << "only the marker's own end";
  // Every table row has its twelve bars, whatever the name holds.
  for (const std::string& line : Lines(markdown)) {
    if (!line.starts_with("|")) continue;
    EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 12) << line;
  }
  // The command to type is not what a hostile name says.
  EXPECT_THAT(VerdictText(verdict, {.verdict_path = "verdict.json"}),
              HasSubstr("minslice show verdict.json all --broke"));
}

TEST(ReportTest, EveryHostileTextIsOnlySeen) {
  const Verdict verdict = testing::VerdictOf(testing::HostileTexts());
  ASSERT_EQ(verdict.decision, Decision::kBlocked);
  const std::string markdown = VerdictMarkdown(verdict);
  for (const std::string& text : {markdown, VerdictText(verdict, {.verdict_path = "verdict.json"}),
                                  VerdictText(verdict, {.width = 80, .ascii = true})}) {
    EXPECT_EQ(ValidUtf8(text), text);
    for (const std::string& line : Lines(text)) {
      EXPECT_EQ(EscapeTerminal(line), line);
      EXPECT_FALSE(line.starts_with("::")) << "a command to the CI's log";
    }
  }
  for (const char* markup :
       {"<script", "<img", "<svg", "](", "](javascript", "```", "@everyone", "@cmd", "http://", "**bold**"})
    EXPECT_THAT(markdown, Not(HasSubstr(markup)));
  for (const std::string& line : Lines(markdown)) {
    if (!line.starts_with("|")) continue;
    EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 12) << line;
  }
}

TEST(ReportTest, WrappingLosesNoCharacter) {
  std::string value;
  for (int i = 0; i < 20; ++i) value += "0123456789";
  const std::string text = VerdictText(Judge("goal: non_inferiority\nsegments: {dimensions: [flow]}",
                                             MakeLogs({{value, 10, 30, 0, 0}, {"b", 30, 0, 0, 0}})),
                                       {.width = 80});
  std::string joined;
  for (const std::string& line : Lines(text))
    joined += line.substr(std::min(line.size(), line.find_first_not_of(' ')));
  EXPECT_THAT(joined, HasSubstr(value));
}

TEST(ReportTest, SlicesThatShareAValueAreNamedWithTheirDimension) {
  Logs logs = MakeLogs({{"long", 10, 30, 0, 0}, {"b", 30, 0, 0, 0}});
  for (RunLog* log : {&logs.incumbent, &logs.candidate}) {
    for (std::size_t i = 0; i < log->cases.size(); ++i)
      log->cases[i].segments.push_back({"length", i % 2 == 0 ? "long" : "short"});
  }
  const std::string text =
      VerdictText(Judge("goal: non_inferiority\nsegments: {dimensions: [flow, length]}", logs),
                  {.verdict_path = "verdict.json"});
  EXPECT_THAT(text, HasSubstr("minslice show verdict.json flow:long --broke"));
}

}  // namespace
}  // namespace minslice::report
