// The terminal report, in the order in which an eval lead reads: the decision and its one-line why, what else
// applies, what to do next, the aggregate, the slices worst first, what broke, then noise, data and what it
// would take. At most 60 lines.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/escape.h"
#include "report/format.h"
#include "report/report.h"

namespace minslice::report {
namespace {

constexpr std::size_t kMaxLines = 60;

class Painter {
 public:
  explicit Painter(const TextOptions& options) : color_(options.color), ascii_(options.ascii) {}
  std::string Paint(const std::string& text, const char* code) const {
    return color_ ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
  }
  std::string Show(std::string_view text) const { return EscapeTerminal(text, ascii_); }
  bool ascii() const { return ascii_; }

 private:
  bool color_;
  bool ascii_;
};

const char* DecisionColor(Decision decision) {
  switch (decision) {
    case Decision::kPromote:
      return "1;32";
    case Decision::kHold:
    case Decision::kInconclusive:
      return "1;33";
    case Decision::kBlocked:
    case Decision::kInvalid:
      return "1;31";
  }
  return "1";
}

struct Column {
  const char* title;
  bool always;
  std::size_t width = 0;
  bool shown = true;
};

// The table's rows as text; the name comes first, the status last, both left-aligned.
struct Line {
  std::string mark;
  std::string name;
  std::array<std::string, 9>
      cells;  // n before after delta CI broke fixed p adj; resolvable is in `resolvable`
  std::string resolvable;
  std::string status;
  const char* color = "";
};

std::string Cell(const std::optional<std::int64_t>& n) { return n ? std::to_string(*n) : "-"; }

Line RowLine(const VerdictRow& row, std::size_t broke, std::size_t fixed) {
  Line line;
  line.cells = {std::to_string(row.n_pairs),
                Rate(row.incumbent_rate),
                Rate(row.candidate_rate),
                Points(row.delta),
                IntervalPoints(row),
                row.n_incumbent_only ? Cell(row.n_incumbent_only) : std::to_string(broke),
                row.n_candidate_only ? Cell(row.n_candidate_only) : std::to_string(fixed),
                "",
                ""};
  line.resolvable = Size(row.resolvable_margin);
  return line;
}

std::string Pad(const std::string& text, std::size_t width, bool left) {
  const std::size_t used = DisplayWidth(text);
  const std::string fill(used < width ? width - used : 0, ' ');
  return left ? text + fill : fill + text;
}

std::string Trimmed(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// A paragraph with a name before it, continued under its text.
void AddParagraph(std::vector<std::string>& lines, const std::string& head, const std::string& text,
                  std::size_t width, std::size_t max_lines) {
  const std::size_t indent = std::min<std::size_t>(DisplayWidth(head), 12);
  std::vector<std::string> wrapped = WrapToWidth(head + text, width);
  if (wrapped.size() > 1) {
    const std::string first = wrapped.front();
    const std::string rest = (head + text).substr(std::min((head + text).size(), first.size() + 1));
    wrapped = WrapToWidth(rest, width - indent);
    lines.push_back(first);
    for (std::size_t i = 0; i < wrapped.size() && i + 1 < max_lines; ++i) {
      const bool cut = i + 2 == max_lines && i + 1 < wrapped.size();
      std::string line = wrapped[i];
      if (cut) line = CutToWidth(line + " ...", width - indent, true);
      lines.push_back(std::string(indent, ' ') + line);
    }
  } else {
    lines.push_back(wrapped.front());
  }
}

std::string IdList(const std::vector<std::string>& ids, const Painter& paint, std::size_t columns) {
  std::string text;
  std::size_t shown = 0;
  for (const std::string& id : ids) {
    std::string next(text.empty() ? 0 : 1, ' ');
    next += CutToWidth(paint.Show(id), 40, paint.ascii());
    if (shown > 0 && DisplayWidth(text) + DisplayWidth(next) > columns) break;
    text += next;
    ++shown;
  }
  if (shown < ids.size()) text += fmt::format(" ... ({})", ids.size());
  return text;
}

std::string ShowCommand(const Verdict& verdict, const VerdictSegment& segment, const TextOptions& options) {
  std::string slice = ShellArgument(SliceArgument(verdict, segment));
  if (slice.empty()) slice = "all";
  const std::string file =
      options.verdict_path.empty() ? "DIR/verdict.json" : ShellArgument(options.verdict_path);
  return "minslice show " + file + " " + slice + " --broke";
}

std::string NextStep(const Verdict& verdict, const TextOptions& options) {
  const std::vector<const VerdictSegment*> broken = BrokenSlices(verdict, 1);
  const std::string save = options.verdict_path.empty() ? "keep the verdict with --out DIR, then: " : "";
  switch (verdict.decision) {
    case Decision::kPromote:
      return "";
    case Decision::kInvalid:
      return "repair the logs or run the suite again; these logs support no verdict";
    case Decision::kBlocked:
    case Decision::kHold:
      if (!broken.empty()) return save + ShowCommand(verdict, *broken.front(), options);
      if (!verdict.broke.empty()) {
        const std::string file =
            options.verdict_path.empty() ? "DIR/verdict.json" : ShellArgument(options.verdict_path);
        return save + "minslice show " + file + " all --broke";
      }
      return "";
    case Decision::kInconclusive:
      if (verdict.planning.pairs_for_goal && *verdict.planning.pairs_for_goal > verdict.aggregate.n_pairs) {
        return fmt::format("more cases ({} pairs would do), or a policy that asks for less",
                           Count(*verdict.planning.pairs_for_goal));
      }
      return "see the reasons; more cases in the slices they name";
  }
  return "";
}

}  // namespace

std::string VerdictText(const Verdict& verdict, const TextOptions& options) {
  const Painter paint(options);
  const std::size_t width = static_cast<std::size_t>(std::max(options.width, 60));
  std::vector<std::string> head;

  // 1. The decision.
  {
    std::string rest = fmt::format("  candidate {} vs incumbent {}",
                                   CutToWidth(paint.Show(ArmName(verdict.candidate)), 48, paint.ascii()),
                                   CutToWidth(paint.Show(ArmName(verdict.incumbent)), 48, paint.ascii()));
    rest += "   suite " +
            CutToWidth(paint.Show(verdict.suite.empty() ? "(unnamed)" : verdict.suite), 40, paint.ascii());
    for (const VerdictInput& input : verdict.inputs) {
      if (!input.suite_sha256) continue;
      rest += " (sha " + paint.Show(input.suite_sha256->substr(0, 8)) + ")";
      break;
    }
    rest += fmt::format("   exit {}", verdict.exit_code);
    const std::string word = DecisionWord(verdict.decision);
    std::vector<std::string> wrapped;
    AddParagraph(wrapped, word, rest, width, 3);
    wrapped.front().replace(0, word.size(), paint.Paint(word, DecisionColor(verdict.decision)));
    head.insert(head.end(), wrapped.begin(), wrapped.end());
  }

  // 2. Why, gravest first; what else applies in one line each.
  constexpr std::size_t kMaxReasons = 8;
  for (std::size_t i = 0; i < verdict.reasons.size() && i < kMaxReasons; ++i) {
    const VerdictReason& reason = verdict.reasons[i];
    std::string label = i == 0 ? "  why: " : "  also: ";
    if (i > 0 && reason.decision != verdict.decision)
      label += std::string(DecisionName(reason.decision)) + ": ";
    AddParagraph(head, label, paint.Show(reason.text), width, i == 0 ? 5 : 3);
  }
  if (verdict.reasons.size() > kMaxReasons) {
    head.push_back(
        fmt::format("  also: {} more reasons in verdict.json", verdict.reasons.size() - kMaxReasons));
  }
  if (const std::string next = NextStep(verdict, options); !next.empty())
    AddParagraph(head, "  next: ", next, width, 2);
  head.emplace_back();

  // 5. and after, built before the table so that the table knows how many lines are left.
  std::vector<std::string> tail;
  for (const VerdictSegment* segment : BrokenSlices(verdict, 3)) {
    const std::string start =
        "what broke: " + CutToWidth(paint.Show(segment->value), 30, paint.ascii()) + " ";
    AddParagraph(tail, start,
                 IdList(segment->broke, paint, width - std::min(width - 10, DisplayWidth(start) + 9)), width,
                 2);
  }
  if (BrokenSlices(verdict, 1).empty() && !verdict.broke.empty()) {
    AddParagraph(tail, "what broke: ", IdList(verdict.broke, paint, width - 24), width, 2);
  }
  for (const Fact& fact : Facts(verdict))
    AddParagraph(tail, fact.name + ": ", paint.Show(fact.text), width, 4);
  constexpr std::size_t kMaxWarnings = 5;
  for (std::size_t i = 0; i < verdict.warnings.size() && i < kMaxWarnings; ++i) {
    AddParagraph(tail, "warning: ", paint.Show(verdict.warnings[i]), width, 3);
  }
  if (verdict.warnings.size() > kMaxWarnings) {
    tail.push_back(fmt::format("warning: {} more in verdict.json", verdict.warnings.size() - kMaxWarnings));
  }

  // 3. and 4. The table: aggregate, then each dimension's slices.
  struct Block {
    std::string title;
    std::vector<Line> lines;
    std::vector<const VerdictSegment*> segments;
  };
  Line aggregate = RowLine(verdict.aggregate, verdict.broke.size(), verdict.fixed.size());
  aggregate.name = "aggregate";
  aggregate.cells[7] = PValue(verdict.aggregate.p_value);
  aggregate.status = AggregateStatus(verdict);
  std::vector<Block> blocks;
  bool any_untestable = false;
  bool any_adjusted = false;
  bool any_harm = false;
  for (const VerdictDimension& dimension : verdict.dimensions) {
    Block block;
    std::string what =
        dimension.role == "gate" ? fmt::format("{} gated", dimension.gated) : "reported, not gated";
    if (dimension.under_floor > 0) what += fmt::format(", {} under floor", dimension.under_floor);
    if (dimension.alpha) what += fmt::format(", {}, level {:.3g}", dimension.multiplicity, *dimension.alpha);
    block.title = paint.Show(dimension.name) + " (" + what + ")";
    for (const VerdictSegment& segment : verdict.segments) {
      if (segment.dimension == dimension.name) block.segments.push_back(&segment);
    }
    std::stable_sort(block.segments.begin(), block.segments.end(),
                     [](const VerdictSegment* a, const VerdictSegment* b) {
                       if (SegmentRank(*a) != SegmentRank(*b)) return SegmentRank(*a) < SegmentRank(*b);
                       return a->row.delta.value_or(0) < b->row.delta.value_or(0);
                     });
    for (const VerdictSegment* segment : block.segments) {
      Line line = RowLine(segment->row, segment->broke.size(), segment->fixed.size());
      line.mark = std::string(1, SegmentMark(*segment));
      line.name = paint.Show(segment->value);
      line.cells[7] = segment->row.p_harm ? PValue(segment->row.p_harm) : "";
      line.cells[8] = segment->row.p_adjusted ? PValue(segment->row.p_adjusted) : "";
      any_adjusted = any_adjusted || segment->row.p_adjusted.has_value();
      any_harm = any_harm || segment->row.p_harm.has_value();
      line.status = SegmentStatus(*segment);
      if (!segment->row.testable.value_or(true) && segment->role == "gate") {
        any_untestable = true;
        if (segment->under_floor) line.status += " [1]";
      }
      const int rank = SegmentRank(*segment);
      line.color = rank <= 1 ? "31" : rank <= 4 ? "33" : segment->under_floor ? "2" : "";
      block.lines.push_back(std::move(line));
    }
    blocks.push_back(std::move(block));
  }
  if (any_untestable) {
    tail.emplace_back("[1] untestable: so few prompts changed that no split of them could reach the level");
  }

  // Column widths from what is shown; columns leave from the back until the line fits.
  std::array<Column, 10> columns = {{{"n", true},
                                     {"before", true},
                                     {"after", true},
                                     {"delta", true},
                                     {"CI", true},
                                     {"broke", true},
                                     {"fixed", true},
                                     {"p", false},
                                     {"adj", false},
                                     {"resolv", false}}};
  const std::string interval_title =
      fmt::format("{:.0f}% {}", verdict.aggregate.level * 100, MethodTitle(verdict.aggregate.method));
  columns[8].shown = any_adjusted;
  std::size_t widest_name = 9;
  std::size_t widest_status = 6;
  const auto measure = [&](const Line& line) {
    for (std::size_t i = 0; i < 9; ++i) columns[i].width = std::max(columns[i].width, line.cells[i].size());
    columns[9].width = std::max(columns[9].width, line.resolvable.size());
    widest_name = std::max(widest_name, DisplayWidth(line.name));
  };
  measure(aggregate);
  for (const Block& block : blocks) {
    for (const Line& line : block.lines) {
      measure(line);
      widest_status = std::max(widest_status, line.status.size());
    }
  }
  for (Column& column : columns) column.width = std::max(column.width, std::string_view(column.title).size());
  columns[4].width = std::max(columns[4].width, interval_title.size());
  const auto fixed_width = [&] {
    std::size_t total = 2;
    for (const Column& column : columns) total += column.shown ? column.width + 1 : 0;
    return total + 2 + widest_status;
  };
  const std::size_t least_name = std::min<std::size_t>(widest_name, 14);
  for (const std::size_t i : {9U, 7U, 8U, 6U}) {
    if (fixed_width() + least_name > width) columns[i].shown = false;
  }
  const std::size_t name_width =
      std::min(widest_name, fixed_width() + least_name > width ? least_name : width - fixed_width());
  const auto draw = [&](const Line& line) {
    std::string text =
        Pad(line.mark, 2, true) + Pad(CutToWidth(line.name, name_width, paint.ascii()), name_width, true);
    for (std::size_t i = 0; i < 10; ++i) {
      if (columns[i].shown)
        text += Pad(i == 9 ? line.resolvable : line.cells[i], columns[i].width + 1, false);
    }
    const std::size_t room = width > DisplayWidth(text) + 2 ? width - DisplayWidth(text) - 2 : 0;
    text = Trimmed(text + "  " + (line.status.size() <= room ? line.status : std::string()));
    return *line.color == '\0' ? text : paint.Paint(text, line.color);
  };
  std::vector<std::string> table;
  {
    Line title;
    for (std::size_t i = 0; i < 9; ++i) title.cells[i] = i == 4 ? interval_title : columns[i].title;
    title.resolvable = columns[9].title;
    title.status = "status";
    table.push_back(paint.Paint(draw(title), "1"));
  }
  table.push_back(draw(aggregate));
  if (DisplayWidth(table.back()) + 2 + aggregate.status.size() > width &&
      table.back().find(aggregate.status) == std::string::npos) {
    table.push_back(Pad("", 2 + name_width, true) + " status: " + aggregate.status);
  }

  // Rows share what is left of the 60 lines: slices that decide come first, in every dimension.
  const std::size_t used = head.size() + table.size() + tail.size() + 2 * blocks.size() + 2;
  std::size_t left = used + 4 < kMaxLines ? kMaxLines - used : 4;
  std::vector<std::size_t> quota(blocks.size(), 0);
  for (const int limit : {4, 99}) {
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      while (left > 0 && quota[b] < blocks[b].lines.size() &&
             SegmentRank(*blocks[b].segments[quota[b]]) <= limit) {
        ++quota[b];
        --left;
        if (limit == 99 && blocks.size() > 1 && quota[b] % 8 == 0) break;
      }
    }
  }
  for (std::size_t b = 0; b < blocks.size() && left > 0; ++b) {
    const std::size_t more = std::min(left, blocks[b].lines.size() - quota[b]);
    quota[b] += more;
    left -= more;
  }
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    table.push_back(paint.Paint(CutToWidth(blocks[b].title, width, paint.ascii()), "1"));
    for (std::size_t i = 0; i < quota[b]; ++i) table.push_back(draw(blocks[b].lines[i]));
    const std::size_t folded = blocks[b].lines.size() - quota[b];
    if (folded > 0) {
      const VerdictSegment& worst = *blocks[b].segments[quota[b]];
      table.push_back(
          fmt::format(". {} more slices, the first of them {} ({} pt, {}); all are in verdict.json", folded,
                      CutToWidth(paint.Show(worst.value), 24, paint.ascii()), Points(worst.row.delta),
                      SegmentStatus(worst)));
    }
  }
  std::string legend = "p: two-sided for the aggregate";
  if (any_harm) legend += ", one-sided for harm in slices";
  if (any_adjusted) legend += "; adj: over the slices of the dimension";
  if (columns[9].shown) legend += "; resolv: margin certified at the power";
  if (columns[7].shown) AddParagraph(table, "  ", legend, width, 2);
  table.emplace_back();

  std::string out;
  for (const std::vector<std::string>* part : {&head, &table, &tail}) {
    for (const std::string& line : *part) {
      out += line;
      out += '\n';
    }
  }
  return out;
}

}  // namespace minslice::report
