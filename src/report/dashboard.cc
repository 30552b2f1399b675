// The page of one verdict: the decision first, then the forest table, then noise, planning and where it all
// comes from. Everything that is read without a click is written here as HTML; the script adds sorting,
// filters and the prompts of a slice.
#include "report/dashboard.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/dashboard_prompts.h"
#include "report/escape.h"
#include "report/forest_plot.h"
#include "report/format.h"
#include "report/html_page.h"
#include "report/machine.h"

namespace minslice::report {
namespace {

constexpr std::size_t kNameColumns = 200;  // of a name in a row; the slice opened shows all of it
constexpr std::size_t kFirstRows = 60;     // laid out before the first paint
constexpr std::size_t kMaxReasons = 12;

const char* Tone(Decision decision) {
  switch (decision) {
    case Decision::kPromote:
      return "good";
    case Decision::kHold:
    case Decision::kInconclusive:
      return "warn";
    case Decision::kBlocked:
    case Decision::kInvalid:
      return "bad";
  }
  return "";
}

const char* Mark(Decision decision) {
  switch (decision) {
    case Decision::kPromote:
      return "✓";
    case Decision::kHold:
    case Decision::kInconclusive:
      return "?";
    case Decision::kBlocked:
    case Decision::kInvalid:
      return "✗";
  }
  return "";
}

std::string Banner(const Verdict& verdict, const DashboardOptions& options) {
  std::string out = fmt::format(
      "<header class=\"banner {}\">\n<h1><span aria-hidden=\"true\">{}</span> <span "
      "class=\"word\">{}</span></h1>\n"
      "<p class=\"names\">candidate <b>{}</b> vs incumbent <b>{}</b>, suite {}, exit {}</p>\n",
      Tone(verdict.decision), Mark(verdict.decision), DecisionWord(verdict.decision),
      HtmlText(ArmName(verdict.candidate)), HtmlText(ArmName(verdict.incumbent)),
      HtmlText(verdict.suite.empty() ? "(unnamed)" : verdict.suite), verdict.exit_code);
  const std::vector<ReasonLine> reasons = ReasonLines(verdict);
  if (!reasons.empty()) out += fmt::format("<p><b>Why:</b> {}</p>\n", HtmlText(reasons.front().text));
  if (reasons.size() > 1) {
    out += "<ul>\n";
    for (std::size_t i = 1; i < reasons.size() && i < kMaxReasons; ++i)
      out += fmt::format("<li>{}: {}</li>\n", DecisionName(reasons[i].decision), HtmlText(reasons[i].text));
    if (reasons.size() > kMaxReasons)
      out += fmt::format("<li>{} more in verdict.json</li>\n", reasons.size() - kMaxReasons);
    out += "</ul>\n";
  }
  if (const std::string next = NextStep(verdict, options.verdict_path); !next.empty())
    out += fmt::format("<p><b>Next:</b> {}</p>\n", HtmlText(next));
  return out + "</header>\n";
}

struct Column {
  const char* key;  // of the data that it sorts by; empty: not sorted
  const char* title;
  const char* css;
  bool descending;  // first direction
};
constexpr Column kColumns[] = {{"name", "slice", "c-name", false},
                               {"order", "verdict", "c-status", false},
                               {"n", "n", "num c-n", true},
                               {"before", "before %", "num c-rate", false},
                               {"after", "after %", "num c-rate", false},
                               {"delta", "delta pt", "num c-delta", false},
                               {"", "", "c-plot", false},
                               {"low", "", "num c-ci", false},
                               {"broke", "broke", "num c-count", true},
                               {"fixed", "fixed", "num c-count", true},
                               {"harm", "p harm", "num c-p", false},
                               {"adjusted", "p adj", "num c-p", false},
                               {"resolvable", "resolv pt", "num c-res", false}};

std::string TableHead(const Verdict& verdict, const ForestScale& scale) {
  std::string out = "<thead><tr>";
  for (const Column& column : kColumns) {
    const std::string key = column.key;
    if (key.empty()) {
      out += fmt::format("<th scope=\"col\" class=\"{}\"><span class=\"sr\">interval, pt</span>{}</th>",
                         column.css, scale.Axis());
      continue;
    }
    const std::string title = key == "low" ? fmt::format("{:.4g} % {}", verdict.aggregate.level * 100,
                                                         HtmlText(MethodTitle(verdict.aggregate.method)))
                                           : column.title;
    out += fmt::format(
        "<th scope=\"col\" class=\"{}\" data-key=\"{}\"{}{}><button type=\"button\">{}</button></th>",
        column.css, key, column.descending ? " data-first=\"descending\"" : "",
        key == "order" ? " aria-sort=\"ascending\"" : "", title);
  }
  return out + "</tr></thead>\n";
}

std::string Figures(const VerdictRow& row, const std::string& plot, std::size_t broke, std::size_t fixed) {
  return fmt::format(
      "<td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td "
      "class=\"num\">{}</td><td data-plot>{}</td>"
      "<td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td "
      "class=\"num\">{}</td><td class=\"num\">{}</td>"
      "<td class=\"num\">{}</td></tr>\n",
      Count(row.n_pairs), Rate(row.incumbent_rate), Rate(row.candidate_rate), Points(row.delta), plot,
      IntervalPoints(row), Count(row.n_incumbent_only.value_or(static_cast<std::int64_t>(broke))),
      Count(row.n_candidate_only.value_or(static_cast<std::int64_t>(fixed))), PValue(row.p_harm),
      PValue(row.p_adjusted), Size(row.resolvable_margin));
}

const char* RowClass(const VerdictSegment& segment, const std::string& group) {
  if (group == "block") return segment.under_floor ? "block low" : "block";
  if (group == "hold") return segment.under_floor ? "hold low" : "hold";
  if (group == "low") return "low";
  return SegmentMark(segment) == '+' ? "good" : "ok";
}

const char* MarkSymbol(char mark) {
  switch (mark) {
    case 'x':
      return "✗";
    case '+':
      return "▲";
    case '-':
      return "▼";
    case '.':
      return "·";
    case '?':
      return "?";
    default:
      return "~";
  }
}

std::string SegmentRow(const VerdictSegment& segment, const ForestScale& scale) {
  const std::string key = PercentEncode(ValidUtf8(segment.dimension + ":" + segment.value));
  return fmt::format(
             "<tr class=\"{}\"><th scope=\"row\"><a href=\"#{}\">{}</a> <span class=\"dim\">{}</span></th>"
             "<td><span aria-hidden=\"true\">{}</span> {}</td>",
             RowClass(segment, SegmentGroup(segment)), key, HtmlText(segment.value, kNameColumns),
             HtmlText(segment.dimension, kNameColumns), MarkSymbol(SegmentMark(segment)),
             HtmlText(SegmentStatus(segment))) +
         Figures(segment.row, scale.Row(segment.row, segment.floor, segment.shrunken_delta),
                 segment.broke.size(), segment.fixed.size());
}

std::string Controls(const Verdict& verdict) {
  std::string out = FilterControls("Verdict");
  out += "<div id=\"dimensions\" role=\"tablist\" aria-label=\"Dimensions\">";
  out +=
      "<button type=\"button\" role=\"tab\" id=\"tab-0\" aria-controls=\"panel\" aria-selected=\"true\">all "
      "dimensions</button>";
  for (std::size_t i = 0; i < verdict.dimensions.size(); ++i) {
    const VerdictDimension& dimension = verdict.dimensions[i];
    out += fmt::format(
        "<button type=\"button\" role=\"tab\" id=\"tab-{}\" aria-controls=\"panel\" aria-selected=\"false\" "
        "tabindex=\"-1\">{}{}</button>",
        i + 1, HtmlText(dimension.name, 60), dimension.role == "gate" ? "" : " (reported)");
  }
  return out + "</div>\n";
}

std::string ForestTable(const Verdict& verdict, const std::vector<const VerdictSegment*>& slices) {
  const ForestScale scale({&verdict});
  std::string out =
      "<section aria-labelledby=\"table-of-slices\">\n<h2 id=\"table-of-slices\">Slices</h2>\n" +
      Controls(verdict);
  out +=
      "<div id=\"panel\" role=\"tabpanel\" aria-labelledby=\"tab-0\">\n"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of slices\">\n<table "
      "id=\"forest\">\n";
  out += TableHead(verdict, scale);
  out += fmt::format(
      "<tbody class=\"all\"><tr id=\"all-slices\"><th scope=\"row\"><a href=\"#all\">all "
      "slices</a></th><td>{}</td>",
      HtmlText(AggregateStatus(verdict)));
  out += Figures(verdict.aggregate, scale.Row(verdict.aggregate, std::nullopt, std::nullopt),
                 verdict.broke.size(), verdict.fixed.size());
  out += "</tbody>\n<tbody>\n";
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (i == kFirstRows) out += "</tbody>\n<tbody class=\"later\">\n";
    out += SegmentRow(*slices[i], scale);
  }
  out += "</tbody>\n</table>\n</div>\n</div>\n<ul class=\"legend\">";
  const std::vector<std::string> legend = {
      "line: the interval beside it; point: the difference",
      "band: the loss that the margin tolerates",
      "thick stroke: where the absolute floor lies",
      "dashed and hollow: too few cases to be gated alone",
      "✗ blocked",
      "? held or open",
      "▲ better",
      "▼ worse, not gated",
      "~ no change shown",
      "· low confidence",
      "p harm: one-sided, for harm; p adj: " + AdjustedOver(verdict.policy.segments),
      "resolv: smallest margin that the slice can certify at the policy's power"};
  for (const std::string& line : legend) {
    out += fmt::format("<li>{}</li>", line);
  }
  const bool shrunken = std::any_of(slices.begin(), slices.end(), [](const VerdictSegment* slice) {
    return slice->shrunken_delta.has_value();
  });
  if (shrunken)
    out +=
        "<li>ring: drawn towards the mean of the dimension by as much as the noise deserves; it decides "
        "nothing</li>";
  return out + "</ul>\n</section>\n";
}

std::string Repeats(const Verdict& verdict) {
  if (!verdict.nondeterminism) return "";
  std::string rows;
  for (const auto& [side, repeats] : {std::pair("incumbent", &verdict.nondeterminism->incumbent),
                                      std::pair("candidate", &verdict.nondeterminism->candidate)}) {
    if (!*repeats) continue;
    std::string rates;
    for (const double rate : (*repeats)->rates) rates += (rates.empty() ? "" : " / ") + Rate(rate);
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td "
        "class=\"num\">{}</td>"
        "<td class=\"num\">{}</td></tr>\n",
        side, (*repeats)->repeats, rates, Size((*repeats)->spread), Count((*repeats)->flaky));
  }
  if (rows.empty()) return "";
  return "<h3>Runs of each side</h3>\n<div class=\"scroll plain\" tabindex=\"0\" role=\"region\" "
         "aria-label=\"Runs of each side\"><table>"
         "<thead><tr><th scope=\"col\">side</th>"
         "<th scope=\"col\" class=\"num\">runs</th><th scope=\"col\" class=\"num\">pass rates, %</th>"
         "<th scope=\"col\" class=\"num\">spread, pt</th><th scope=\"col\" class=\"num\">cases that "
         "flip</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>\n";
}

std::string Curve(const Verdict& verdict) {
  const std::vector<VerdictMdePoint>& points = verdict.planning.mde_curve;
  if (points.empty()) return "";
  std::string out =
      "<h3>What more pairs would see</h3>\n<p class=\"note\">Solid: the smallest difference that so many "
      "pairs see; "
      "dashed: the smallest margin that they certify; both at the policy's power.</p>\n" +
      CurvePlot(points, verdict.aggregate.n_pairs) +
      "<div class=\"scroll plain\" tabindex=\"0\" role=\"region\" aria-label=\"What more pairs would "
      "see\"><table><thead><tr>"
      "<th scope=\"col\" class=\"num\">pairs</th><th scope=\"col\" class=\"num\">sees, pt</th>"
      "<th scope=\"col\" class=\"num\">certifies, pt</th></tr></thead><tbody>\n";
  for (const VerdictMdePoint& point : points) {
    const bool own = point.n_pairs == verdict.aggregate.n_pairs;
    out += fmt::format(
        "<tr><th scope=\"row\" class=\"num\">{}{}</th><td class=\"num\">{}</td><td "
        "class=\"num\">{}</td></tr>\n",
        Count(point.n_pairs), own ? " (this run)" : "", Size(point.mde), Size(point.resolvable_margin));
  }
  return out + "</tbody></table></div>\n";
}

std::string FactsSection(const Verdict& verdict) {
  std::string out =
      "<section aria-labelledby=\"facts\">\n<h2 id=\"facts\">Noise, data, and what it would take</h2>\n<dl "
      "class=\"facts\">\n";
  for (const Fact& fact : Facts(verdict))
    out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", fact.name, HtmlText(fact.text));
  for (const std::string& warning : verdict.warnings)
    out += fmt::format("<dt>warning</dt><dd>{}</dd>\n", HtmlText(warning));
  return out + "</dl>\n" + Repeats(verdict) + Curve(verdict) + "</section>\n";
}

std::string Sources(const Verdict& verdict) {
  std::string out =
      "<section aria-labelledby=\"sources\">\n<h2 id=\"sources\">Where it comes from</h2>\n"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Logs\"><table><thead><tr><th "
      "scope=\"col\">side</th>"
      "<th scope=\"col\">log</th><th scope=\"col\">SHA-256</th><th scope=\"col\">answered "
      "by</th></tr></thead><tbody>\n";
  for (const VerdictInput& input : verdict.inputs) {
    std::string models;
    for (const std::string& model : input.response_models) models += (models.empty() ? "" : ", ") + model;
    out += fmt::format("<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>\n",
                       HtmlText(input.side), HtmlText(input.path), HtmlText(input.sha256), HtmlText(models));
  }
  out += fmt::format(
      "</tbody></table></div>\n<p class=\"note\">Policy {}, SHA-256 <code>{}</code>; run "
      "<code>{}</code>.</p>\n",
      HtmlText(verdict.policy.path), HtmlText(verdict.policy_sha256), HtmlText(verdict.run_hash));
  const Json policy = Json::parse(verdict.policy_json, nullptr, false);
  if (!policy.is_discarded()) {
    out += "<details><summary>The policy with every default</summary><pre tabindex=\"0\">";
    // Line by line: the encoder shows line breaks as text.
    const std::string text = policy.dump(2, ' ', true, Json::error_handler_t::replace);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      out += EscapeHtml(std::string_view(text).substr(at, end - at)) + "\n";
      at = end + 1;
    }
    out += "</pre></details>\n";
  }
  return out + "</section>\n";
}

Json Numbers(const std::vector<std::string>& ids, const PromptBook& book) {
  Json list = Json::array();
  for (const std::string& id : ids) list.push_back(book.number.at(id));
  return list;
}

Json IndexJson(const Verdict& verdict, const std::vector<const VerdictSegment*>& slices,
               const PromptBook& book) {
  Json index;
  index["run"] = ValidUtf8(verdict.run_hash);
  index["names"] = {{"incumbent", ValidUtf8(ArmName(verdict.incumbent))},
                    {"candidate", ValidUtf8(ArmName(verdict.candidate))}};
  index["dimensions"] = Json::array();
  for (const VerdictDimension& dimension : verdict.dimensions)
    index["dimensions"].push_back(ValidUtf8(dimension.name));
  index["all"] = {{"broke", Numbers(verdict.broke, book)},
                  {"fixed", Numbers(verdict.fixed, book)},
                  {"warnings", Texts(verdict.aggregate.warnings)}};
  // What stands in the line that folds a family.
  index["families"] = Json::array();
  for (const VerdictFamily& family : verdict.families) {
    std::string text = fmt::format("{} pt {} of {}, {} broke, {} fixed", Points(family.row.delta),
                                   IntervalPoints(family.row), Many(family.row.n_pairs, "pair"),
                                   family.broke.size(), family.fixed.size());
    if (family.row.p_adjusted) text += ", p adj " + PValue(family.row.p_adjusted);
    if (family.row.status == "block") text = "✗ BLOCK " + text;
    index["families"].push_back({{"dimension", ValidUtf8(family.dimension)},
                                 {"name", ValidUtf8(family.name)},
                                 {"text", text},
                                 {"broke", Numbers(family.broke, book)},
                                 {"fixed", Numbers(family.fixed, book)},
                                 {"warnings", Texts(family.row.warnings)}});
  }
  Json rows = Json::array();
  Json columns;
  for (const VerdictSegment* slice : slices) {
    Json row;
    row["key"] = ValidUtf8(slice->dimension + ":" + slice->value);
    row["value"] = ValidUtf8(slice->value);
    row["dimension"] = ValidUtf8(slice->dimension);
    row["group"] = SegmentGroup(*slice);
    if (!slice->family.empty()) row["family"] = ValidUtf8(slice->family);
    row["broke"] = Numbers(slice->broke, book);
    row["fixed"] = Numbers(slice->fixed, book);
    if (!slice->row.warnings.empty()) row["warnings"] = Texts(slice->row.warnings);
    rows.push_back(std::move(row));
    columns["n"].push_back(slice->row.n_pairs);
    columns["before"].push_back(Value(slice->row.incumbent_rate));
    columns["after"].push_back(Value(slice->row.candidate_rate));
    columns["delta"].push_back(Value(slice->row.delta));
    columns["low"].push_back(Value(slice->row.ci_low));
    columns["broke"].push_back(slice->broke.size());
    columns["fixed"].push_back(slice->fixed.size());
    columns["harm"].push_back(Value(slice->row.p_harm));
    columns["adjusted"].push_back(Value(slice->row.p_adjusted));
    columns["resolvable"].push_back(Value(slice->row.resolvable_margin));
  }
  index["rows"] = std::move(rows);
  index["columns"] = std::move(columns);
  index["chunks"] = book.chunks;
  index["csv"] = {{"name", "slices.csv"}, {"text", SlicesCsv(verdict)}};
  return index;
}

std::string Footer(const Verdict& verdict, const DashboardEvidence& evidence, const PromptBook& book) {
  std::string out = "<footer>\n";
  if (!evidence.note.empty()) out += fmt::format("<p>{}</p>\n", HtmlText(evidence.note));
  if (book.prompts > 0) {
    out +=
        fmt::format("<p>{} changed {}, {} bytes each on average",
                    Count(static_cast<std::int64_t>(book.prompts)), book.prompts == 1 ? "prompt" : "prompts",
                    Count(static_cast<std::int64_t>(book.bytes / book.prompts)));
    if (!book.sides.empty()) {
      out += fmt::format(": {} in this page, {} in {} that must lie beside it",
                         Count(static_cast<std::int64_t>(book.in_page)),
                         Count(static_cast<std::int64_t>(book.prompts - book.in_page)),
                         book.sides.size() == 1 ? EscapeHtml(book.sides.front().name)
                                                : fmt::format("{} files, {} to {},", book.sides.size(),
                                                              EscapeHtml(book.sides.front().name),
                                                              EscapeHtml(book.sides.back().name)));
    }
    out +=
        ". This page holds prompts and answers of both models: share it as you would share the logs.</p>\n";
  }
  return out + fmt::format("<p>minslice {}; verdict of run {}</p>\n</footer>\n", HtmlText(verdict.minslice),
                           HtmlText(verdict.run_hash, 12));
}

}  // namespace

std::vector<HtmlFile> Dashboard(const Verdict& verdict, const DashboardEvidence& evidence,
                                const DashboardOptions& options) {
  PromptBook book = MakePromptBook(verdict, evidence, options);
  const std::vector<const VerdictSegment*> slices = WorstFirst(verdict);
  HtmlPage page;
  page.title = fmt::format("{}: {} vs {}, {}", DecisionWord(verdict.decision),
                           CutToWidth(ValidUtf8(ArmName(verdict.candidate)), 60),
                           CutToWidth(ValidUtf8(ArmName(verdict.incumbent)), 60),
                           CutToWidth(ValidUtf8(verdict.suite), 60));
  const std::string figures =
      Comparable(verdict)
          ? ForestTable(verdict, slices) + FactsSection(verdict)
          : "<p id=\"table-of-slices\">No figures: these logs do not answer the same cases.</p>\n";
  page.body = "<a class=\"skip\" href=\"#table-of-slices\">Skip to the slices</a>\n" +
              Banner(verdict, options) + "<main>\n" + figures + Sources(verdict) + "</main>\n" +
              Footer(verdict, evidence, book) +
              "<dialog id=\"detail\" aria-labelledby=\"detail-title\"></dialog>\n";
  page.slots = {{"data", ScriptJson(IndexJson(verdict, slices, book))}, {"prompts", book.page_slot}};
  page.frames = !book.sides.empty();
  std::vector<HtmlFile> files;
  files.push_back({"", RenderPage(page)});
  for (HtmlFile& side : book.sides) files.push_back(std::move(side));
  return files;
}

}  // namespace minslice::report
