// The HTML pages as bytes; tests/browser opens them.
#include "report/dashboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "report/format.h"
#include "report/html_page.h"
#include "report/report.h"
#include "unit/report/hostile.h"

namespace minslice::report {
namespace {

using gate::testing::IncidentTables;
using gate::testing::Judge;
using gate::testing::MakeLogs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Verdict Incident() {
  return Judge("goal: non_inferiority\nsegments: {dimensions: [flow], floors: {pass_rate: 0.80}}",
               MakeLogs(IncidentTables()));
}

DashboardEvidence EvidenceOf(const Verdict& verdict, const std::string& output) {
  DashboardEvidence evidence;
  for (const std::vector<std::string>* ids : {&verdict.broke, &verdict.fixed}) {
    for (const std::string& id : *ids)
      evidence.prompts.push_back(
          {id, output, output, {{1, "pass", "stop", "", output}}, {{1, "fail", output, output, output}}});
  }
  return evidence;
}

std::string Page(const Verdict& verdict, const DashboardEvidence& evidence = {}) {
  return Dashboard(verdict, evidence, {}).front().bytes;
}

// The text between the slot's tags.
std::string Slot(const std::string& page, const std::string& id) {
  const std::string open = "<script type=\"application/json\" id=\"" + id + "\">";
  const std::size_t from = page.find(open);
  if (from == std::string::npos) return "";
  return page.substr(from + open.size(), page.find("</script>", from) - from - open.size());
}

// Names of the tags in the order in which a parser meets them outside of script and style.
std::vector<std::string> Tags(const std::string& page) {
  std::vector<std::string> tags;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = page.find_first_of(" >\n", at);
    tags.push_back(page.substr(at + 1, end - at - 1));
    for (const char* raw : {"script", "style"}) {
      if (tags.back() == raw) at = page.find(std::string("</") + raw, at) - 1;
    }
  }
  return tags;
}

TEST(DashboardTest, DecisionReasonsAndEverySliceStandInTheHtml) {
  const Verdict verdict = Incident();
  const std::string page = Page(verdict);
  EXPECT_THAT(page, HasSubstr("<span class=\"word\">BLOCKED</span>"));
  EXPECT_THAT(page, HasSubstr("<b>Why:</b> segment refund_flow -14.9 pt (8 broke, 1 fixed of 47)"));
  EXPECT_THAT(page, HasSubstr("<b>Next:</b> minslice show verdict.json refund_flow --broke"));
  std::size_t at = 0;
  for (const VerdictSegment* segment : WorstFirst(verdict)) {
    const std::size_t row =
        page.find("<a href=\"#flow%3A" + segment->value + "\">" + segment->value + "</a>");
    ASSERT_NE(row, std::string::npos) << segment->value;
    EXPECT_GT(row, at) << "worst first";
    at = row;
    EXPECT_NE(page.find("<td class=\"num\">" + IntervalPoints(segment->row) + "</td>", row),
              std::string::npos);
  }
}

TEST(DashboardTest, ThePlotShowsIntervalMarginAndFloor) {
  const std::string page = Page(Incident());
  // refund_flow: delta -7/47, interval [-.285, -.030] of a reach of 30 points, 104 px to each side of 112;
  // margin 5 pt; floor .80 - 43/47 = -.1149.
  const std::size_t row = page.find("#flow%3Arefund_flow");
  const std::string svg =
      page.substr(page.find("<svg", row), page.find("</svg>", row) - page.find("<svg", row));
  EXPECT_THAT(svg, HasSubstr("<path class=\"band\" d=\"M94.7 0H112v22H94.7z\"/>"));
  EXPECT_THAT(svg, HasSubstr("<path class=\"floor\" d=\"M72.2 3v16\"/>"));
  EXPECT_THAT(svg, HasSubstr("<circle class=\"dot\" cx=\"60.4\" cy=\"11\" r=\"3\"/>"));
  double low = 0;
  double high = 0;
  ASSERT_EQ(std::sscanf(svg.c_str() + svg.find("class=\"ci\""), "class=\"ci\" d=\"M%lf 11H%lf", &low, &high),
            2);
  EXPECT_NEAR(low, 112 - .285 / .3 * 104, .25);
  EXPECT_NEAR(high, 112 - .030 / .3 * 104, .25);
}

TEST(DashboardTest, PromptsBeyondTheLimitGoToSidePages) {
  const Verdict verdict = Incident();
  const DashboardEvidence evidence = EvidenceOf(verdict, std::string(1000, 'a'));
  const std::vector<HtmlFile> files =
      Dashboard(verdict, evidence, {.stem = "my report", .page_bytes = 60000, .side_bytes = 200000});
  ASSERT_EQ(files.size(), 4U) << "100 prompts of about 5 kB: 60 + 200 + 200 kB and the rest";
  EXPECT_EQ(files[1].name, "my report.prompts-1.html");
  const Json data = Json::parse(Slot(files[0].bytes, "data"));
  EXPECT_EQ(data["chunks"][1]["file"], "my%20report.prompts-1.html");
  EXPECT_THAT(files[0].bytes, HasSubstr("frame-src 'self'; "));
  EXPECT_THAT(files[1].bytes, Not(HasSubstr("frame-src")));
  EXPECT_THAT(Page(verdict, evidence), Not(HasSubstr("frame-src"))) << "no side pages, no frames";
  std::set<std::string> ids;
  std::size_t next = 0;
  for (std::size_t f = 0; f < files.size(); ++f) {
    const Json held = Json::parse(Slot(files[f].bytes, "prompts"));
    EXPECT_EQ(held["first"], next);
    EXPECT_EQ(data["chunks"][f]["first"], next);
    EXPECT_EQ(data["chunks"][f]["count"], held["prompts"].size());
    EXPECT_EQ(held["run"], verdict.run_hash);
    next += held["prompts"].size();
    for (const Json& prompt : held["prompts"]) ids.insert(prompt["id"].get<std::string>());
  }
  std::set<std::string> wanted(verdict.broke.begin(), verdict.broke.end());
  wanted.insert(verdict.fixed.begin(), verdict.fixed.end());
  EXPECT_EQ(ids, wanted);
  // The slice that decides comes first, so it lies in the page itself.
  EXPECT_EQ(Json::parse(Slot(files[0].bytes, "prompts"))["prompts"][0]["id"],
            WorstFirst(verdict)[0]->broke[0]);
  EXPECT_THAT(files[0].bytes, HasSubstr("100 changed prompts, "));
}

TEST(DashboardTest, LongAnswersAreCutAndSaySo) {
  const Verdict verdict = Incident();
  const std::string output = std::string(100000, 'x') + "end";
  const Json held = Json::parse(Slot(Page(verdict, EvidenceOf(verdict, output)), "prompts"));
  const Json& answer = held["prompts"][0]["after"][0];
  EXPECT_EQ(answer["output"].get<std::string>().size(), 65536U);
  EXPECT_EQ(answer["cut"], 100003);
  EXPECT_LE(answer["error"].get<std::string>().size(), 65536U);
}

TEST(DashboardTest, AbsentAnswersAreSaid) {
  const Verdict verdict = Incident();
  EXPECT_THAT(Page(verdict, {.prompts = {}, .note = "the log <a> is gone"}),
              HasSubstr("<p>the log &lt;a&gt; is gone</p>"));
  DashboardEvidence evidence = EvidenceOf(verdict, "x");
  for (DashboardPrompt& prompt : evidence.prompts) prompt.before[0].output.reset();
  const Json held = Json::parse(Slot(Page(verdict, evidence), "prompts"));
  EXPECT_TRUE(held["prompts"][0]["before"][0]["output"].is_null());
}

TEST(DashboardTest, TheCurveMarksTheRunsOwnSize) {
  Verdict verdict = Incident();
  ASSERT_GE(verdict.planning.mde_curve.size(), 2U);
  const std::string page = Page(verdict);
  EXPECT_THAT(page, HasSubstr("What more pairs would see"));
  for (const VerdictMdePoint& point : verdict.planning.mde_curve) {
    const std::string own = point.n_pairs == verdict.aggregate.n_pairs ? " (this run)" : "";
    EXPECT_THAT(page, HasSubstr("class=\"num\">" + Count(point.n_pairs) + own + "</th><td class=\"num\">" +
                                Size(point.mde) + "</td>"));
  }
  verdict.planning.mde_curve.clear();
  EXPECT_THAT(Page(verdict), Not(HasSubstr("What more pairs would see")));
}

TEST(DashboardTest, FamiliesAndShrunkenDifferences) {
  const Verdict verdict =
      Judge("goal: non_inferiority\nsegments: {dimensions: [flow], families: {pattern: /}}",
            MakeLogs({{"pay/refund", 30, 10, 1, 2}, {"pay/card", 40, 1, 1, 2}, {"other", 40, 2, 2, 2}}));
  ASSERT_FALSE(verdict.families.empty());
  const std::string page = Page(verdict);
  const Json data = Json::parse(Slot(page, "data"));
  std::set<std::string> families;
  for (const Json& row : data["rows"]) families.insert(row.value("family", ""));
  EXPECT_TRUE(families.contains("pay"));
  // 11 broke, 2 fixed of 87 pairs: -9/87.
  EXPECT_THAT(data["families"][0]["text"].get<std::string>(), HasSubstr("-10.3 pt ["));
  EXPECT_THAT(data["families"][0]["text"].get<std::string>(), HasSubstr("of 87 pairs, 11 broke, 2 fixed"));
  const bool any =
      std::any_of(verdict.segments.begin(), verdict.segments.end(),
                  [](const VerdictSegment& segment) { return segment.shrunken_delta.has_value(); });
  EXPECT_EQ(page.find("<circle class=\"shrunk\"") != std::string::npos, any);
}

// Whatever the names hold, the page has the tags of one with plain names, and its slots are JSON.
TEST(DashboardTest, HostileTextAddsNoTag) {
  const Verdict hostile = testing::VerdictOf(testing::HostileTexts());
  const Verdict plain = testing::VerdictOf(testing::PlainTexts());
  ASSERT_EQ(hostile.segments.size(), plain.segments.size());
  ASSERT_EQ(hostile.decision, Decision::kBlocked);
  std::string everything;
  for (const std::string& text : testing::HostileTexts()) everything += text + "\n";
  const std::string page = Page(hostile, EvidenceOf(hostile, everything));
  const std::string other = Page(plain, EvidenceOf(plain, "plain"));
  EXPECT_EQ(Tags(page), Tags(other));
  EXPECT_EQ(Tags(TrendPage({{everything, hostile}, {everything, plain}})).size(),
            Tags(TrendPage({{"a", hostile}, {"b", plain}})).size());
  for (const char* id : {"data", "prompts"}) {
    const std::string json = Slot(page, id);
    EXPECT_THAT(json, Not(HasSubstr("<"))) << id;
    EXPECT_TRUE(Json::accept(json)) << id;
    for (const char c : json) ASSERT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7F));
  }
  for (const char c : page) {
    const auto byte = static_cast<unsigned char>(c);
    ASSERT_TRUE(byte == '\n' || (byte >= 0x20 && byte != 0x7F));
  }
  EXPECT_TRUE(ValidUtf8(page) == page);
  for (const char* direction : {"\u202E", "\u2066", "\u061C", "\u200B"})
    EXPECT_THAT(page, Not(HasSubstr(direction)));
}

TEST(DashboardTest, TheSameVerdictGivesTheSameBytes) {
  std::vector<std::string> texts = testing::HostileTexts();
  texts.resize(texts.size() - 2);  // without those that verdict.json holds with U+FFFD
  const Verdict verdict = testing::VerdictOf(texts);
  DashboardEvidence evidence = EvidenceOf(verdict, "answer");
  const std::string page = Page(verdict, evidence);
  std::reverse(evidence.prompts.begin(), evidence.prompts.end());
  EXPECT_TRUE(Page(verdict, evidence) == page) << "whatever the order of the evidence";
  const Result<Verdict> read = ParseVerdictJson(VerdictJson(verdict), "verdict.json");
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(Page(*read, evidence) == page);
  EXPECT_EQ(VerdictMarkdown(*read), VerdictMarkdown(verdict));
  EXPECT_EQ(VerdictText(*read, {}), VerdictText(verdict, {}));
}

TEST(DashboardTest, NoCasesAndNoSlices) {
  const std::string none = Page(Judge("goal: non_inferiority", MakeLogs({})));
  EXPECT_THAT(none, HasSubstr("No figures: these logs do not answer the same cases."));
  EXPECT_THAT(none, Not(HasSubstr("id=\"forest\"")));
  for (const Verdict& verdict : {Judge("version: 1", MakeLogs({{"", 550, 49, 67, 174}}))}) {
    const std::string page = Page(verdict);
    EXPECT_TRUE(Json::accept(Slot(page, "data")));
    EXPECT_TRUE(Json::accept(Slot(page, "prompts")));
    EXPECT_THAT(page, HasSubstr("all slices"));
  }
}

TEST(TrendTest, SlicesAreFollowedFromRunToRun) {
  const Verdict good = Judge("goal: non_inferiority\nsegments: {dimensions: [flow]}",
                             MakeLogs({{"a", 300, 0, 0, 0}, {"b", 300, 3, 3, 0}, {"gone", 300, 1, 1, 0}}));
  const Verdict bad = Judge("goal: non_inferiority\nsegments: {dimensions: [flow]}",
                            MakeLogs({{"a", 260, 40, 0, 0}, {"b", 300, 3, 3, 0}}));
  const std::string page = TrendPage({{"one.json", good}, {"two.json", bad}});
  const auto row = [&](const std::string& name) {
    const std::size_t at = page.find("<th scope=\"row\">" + name + " <span");
    return page.substr(at, page.find("</tr>", at) - at);
  };
  EXPECT_THAT(row("a"), HasSubstr("<td>▼ new since the run before</td>"));
  EXPECT_THAT(row("a"), HasSubstr("<td class=\"num deltas\">0.0  -13.3</td>"));
  EXPECT_THAT(row("b"), HasSubstr("<td></td>"));
  EXPECT_THAT(row("gone"), HasSubstr("<td>not in the last run</td>"));
  EXPECT_LT(page.find(row("b")), page.find(row("gone")));
  // A run whose logs answer other cases has no figures, and its slices are not followed.
  gate::testing::Logs strangers = MakeLogs({{"a", 260, 40, 0, 0}, {"elsewhere", 300, 3, 3, 0}});
  strangers.candidate.run.suite_sha256 = std::string(64, 'e');
  const std::string with_strangers = TrendPage(
      {{"one.json", good},
       {"strangers.json", Judge("goal: non_inferiority\nsegments: {dimensions: [flow]}", strangers)}});
  EXPECT_THAT(with_strangers, HasSubstr("No figures: these logs do not answer the same cases."));
  EXPECT_THAT(with_strangers, Not(HasSubstr("elsewhere")));
  EXPECT_THAT(TrendPage({{"two.json", bad}, {"one.json", good}}),
              HasSubstr("<td>▲ mended since the run before</td>"));
}

TEST(HtmlPageTest, HashesOfTheWorld) {
  // printf '%s' 'alert(1)' | openssl dgst -sha256 -binary | base64; the second with an empty text.
  EXPECT_EQ(SourceHash("alert(1)"), "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='");
  EXPECT_EQ(SourceHash(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
  EXPECT_EQ(PercentEncode("a b/ä&\"#"), "a%20b%2F%C3%A4%26%22%23");
}

}  // namespace
}  // namespace minslice::report
