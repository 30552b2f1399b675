// The page of several verdicts: the runs in the order given, and how every slice went from one to the next.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "report/dashboard.h"
#include "report/escape.h"
#include "report/forest_plot.h"
#include "report/format.h"
#include "report/html_page.h"

namespace minslice::report {
namespace {

constexpr std::size_t kFirstRows = 60;

// A slice over the runs; nullptr where a run does not have it.
struct Line {
  std::vector<const VerdictSegment*> at;
  const VerdictSegment* last = nullptr;
  // Better and worse ranks between the last two runs that have the slice: +1 fell to a graver status, -1
  // rose.
  int change = 0;
  int rank = 99;
};

using Key = std::pair<std::string, std::string>;

std::vector<std::pair<Key, Line>> Lines(const std::vector<TrendRun>& runs) {
  std::map<Key, Line> by_key;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!Comparable(runs[i].verdict)) continue;  // its logs do not answer the same cases
    for (const VerdictSegment& segment : runs[i].verdict.segments) {
      Line& line = by_key[{segment.dimension, segment.value}];
      line.at.resize(runs.size(), nullptr);
      line.at[i] = &segment;
    }
  }
  std::vector<std::pair<Key, Line>> lines(by_key.begin(), by_key.end());
  for (auto& [key, line] : lines) {
    const VerdictSegment* before = nullptr;
    for (const VerdictSegment* segment : line.at) {
      if (segment == nullptr) continue;
      before = line.last;
      line.last = segment;
    }
    line.rank = SegmentRank(*line.last);
    const bool decided = line.rank <= kLastDecidingRank;
    if (before != nullptr) {
      const bool was = SegmentRank(*before) <= kLastDecidingRank;
      line.change = decided == was ? 0 : decided ? 1 : -1;
    }
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
    const auto order = [](const Line& line) {
      return std::tuple(line.last != line.at.back(), line.rank, line.last->row.delta.value_or(0));
    };
    return order(a.second) < order(b.second);
  });
  return lines;
}

std::string RunsTable(const std::vector<TrendRun>& runs, const ForestScale& scale) {
  std::string out =
      "<section aria-labelledby=\"runs\">\n<h2 id=\"runs\">Runs, oldest first as given</h2>\n<div "
      "class=\"scroll\" "
      "tabindex=\"0\" role=\"region\" aria-label=\"Runs\"><table><thead><tr><th scope=\"col\">#</th><th "
      "scope=\"col\">verdict</th>"
      "<th scope=\"col\">candidate</th><th scope=\"col\" class=\"num\">n</th><th scope=\"col\" "
      "class=\"num\">before %</th>"
      "<th scope=\"col\" class=\"num\">after %</th><th scope=\"col\" class=\"num\">delta pt</th><th "
      "scope=\"col\">" +
      scale.Axis() +
      "<span class=\"sr\">interval, pt</span></th><th scope=\"col\" class=\"num\">interval</th><th "
      "scope=\"col\" class=\"num\">blocked</th>"
      "<th scope=\"col\" class=\"num\">held</th><th scope=\"col\" class=\"c-why\">why</th><th "
      "scope=\"col\">file</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Verdict& verdict = runs[i].verdict;
    if (!Comparable(verdict)) {
      const std::vector<ReasonLine> why = ReasonLines(verdict);
      out += fmt::format(
          "<tr><th scope=\"row\">{}</th><td><b>{}</b></td><td>{}</td><td colspan=\"8\">No figures: these "
          "logs do not "
          "answer the same cases.</td><td>{}</td><td>{}</td></tr>\n",
          i + 1, DecisionWord(verdict.decision), HtmlText(ArmName(verdict.candidate)),
          why.empty() ? "" : HtmlText(why.front().text), HtmlText(runs[i].label));
      continue;
    }
    std::size_t blocked = 0;
    std::size_t held = 0;
    for (const VerdictSegment& segment : verdict.segments) {
      const int rank = SegmentRank(segment);
      blocked += rank <= kLastBlockingRank ? 1U : 0U;
      held += rank > kLastBlockingRank && rank <= kLastDecidingRank ? 1U : 0U;
    }
    const std::vector<ReasonLine> reasons = ReasonLines(verdict);
    out += fmt::format(
        "<tr><th scope=\"row\">{}</th><td><b>{}</b></td><td>{}</td><td class=\"num\">{}</td><td "
        "class=\"num\">{}</td>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td><td class=\"num\">{}</td><td "
        "class=\"num\">{}</td>"
        "<td class=\"num\">{}</td><td>{}</td><td>{}</td></tr>\n",
        i + 1, DecisionWord(verdict.decision), HtmlText(ArmName(verdict.candidate)),
        Count(verdict.aggregate.n_pairs), Rate(verdict.aggregate.incumbent_rate),
        Rate(verdict.aggregate.candidate_rate), Points(verdict.aggregate.delta),
        scale.Row(verdict.aggregate, std::nullopt, std::nullopt), IntervalPoints(verdict.aggregate), blocked,
        held, reasons.empty() ? "" : HtmlText(reasons.front().text), HtmlText(runs[i].label));
  }
  return out + "</tbody></table></div>\n</section>\n";
}

std::string Change(const Line& line) {
  if (line.last != line.at.back()) return "not in the last run";
  if (line.change > 0) return "▼ new since the run before";
  if (line.change < 0) return "▲ mended since the run before";
  return "";
}

std::string SlicesTable(const std::vector<TrendRun>& runs, const std::vector<std::pair<Key, Line>>& lines,
                        double reach) {
  std::string out = fmt::format(
      "<section aria-labelledby=\"slices\">\n<h2 id=\"slices\">Slices</h2>\n<p class=\"note\">Each drawing: "
      "the interval of every run, "
      "left to right, from -{0:g} to +{0:g} points; the line in the middle is no difference.</p>\n",
      reach * 100);
  out += FilterControls("Last verdict");
  out += fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Slices\"><table id=\"forest\" "
      "class=\"trends\"><thead><tr>"
      "<th scope=\"col\" class=\"c-name\" data-key=\"name\"><button type=\"button\">slice</button></th>"
      "<th scope=\"col\" class=\"c-status\" data-key=\"order\" aria-sort=\"ascending\"><button "
      "type=\"button\">last verdict</button></th>"
      "<th scope=\"col\" class=\"c-plot\"><span class=\"sr\">drawing</span></th>"
      "<th scope=\"col\" class=\"num c-delta\" data-key=\"delta\"><button type=\"button\">last "
      "delta</button></th>"
      "<th scope=\"col\" class=\"c-change\" data-key=\"change\" data-first=\"descending\"><button "
      "type=\"button\">change</button></th>"
      "<th scope=\"col\" class=\"c-all\">delta in points, run 1 to "
      "{}</th></tr></thead>\n<tbody></tbody><tbody>\n",
      runs.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == kFirstRows) out += "</tbody>\n<tbody class=\"later\">\n";
    const auto& [key, line] = lines[i];
    std::vector<const VerdictRow*> rows;
    std::string deltas;
    for (const VerdictSegment* segment : line.at) {
      rows.push_back(segment == nullptr ? nullptr : &segment->row);
      deltas += (deltas.empty() ? "" : "  ") + (segment == nullptr ? "-" : Points(segment->row.delta));
    }
    out += fmt::format(
        "<tr class=\"{}\"><th scope=\"row\">{} <span class=\"dim\">{}</span></th><td>{}</td><td "
        "data-plot>{}</td>"
        "<td class=\"num\">{}</td><td>{}</td><td class=\"num deltas\">{}</td></tr>\n",
        SegmentGroup(*line.last), HtmlText(key.second, 200), HtmlText(key.first, 200),
        HtmlText(SegmentStatus(*line.last)), TrendPlot(rows, reach), Points(line.last->row.delta),
        Change(line), deltas);
  }
  return out + "</tbody></table></div>\n</section>\n";
}

}  // namespace

std::string TrendPage(const std::vector<TrendRun>& runs) {
  std::vector<const Verdict*> verdicts;
  for (const TrendRun& run : runs) verdicts.push_back(&run.verdict);
  const ForestScale scale(verdicts);
  const std::vector<std::pair<Key, Line>> lines = Lines(runs);
  HtmlPage page;
  page.title = fmt::format("minslice: {} runs", runs.size());
  page.body = fmt::format("<header><h1>{} runs of the gate</h1></header>\n<main>\n", runs.size()) +
              RunsTable(runs, scale) + SlicesTable(runs, lines, scale.reach()) + "</main>\n";
  Json index;
  index["rows"] = Json::array();
  for (const auto& [key, line] : lines) {
    Json row;
    row["key"] = ValidUtf8(key.first + ":" + key.second);
    row["value"] = ValidUtf8(key.second);
    row["dimension"] = ValidUtf8(key.first);
    row["group"] = SegmentGroup(*line.last);
    index["rows"].push_back(std::move(row));
    index["columns"]["delta"].push_back(Value(line.last->row.delta));
    index["columns"]["change"].push_back(line.last == line.at.back() ? line.change : -2);
  }
  page.slots = {{"data", ScriptJson(index)}};
  return RenderPage(page);
}

}  // namespace minslice::report
