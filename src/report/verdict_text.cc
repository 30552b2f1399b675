// The terminal report, in the order in which an eval lead reads: the decision and its one-line why, what else
// applies, what to do next, the aggregate, the slices worst first, what broke, then noise, data and what it
// would take. At most 60 lines.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

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
    // The break took the space where there was one.
    const bool at_space = (head + text)[first.size()] == ' ';
    const std::string rest = (head + text).substr(first.size() + (at_space ? 1 : 0));
    wrapped = WrapToWidth(rest, width - indent);
    lines.push_back(Trimmed(first));
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

// How much is said where 60 lines are short; the table of slices keeps at least kMinRows.
struct Room {
  std::size_t reasons, reason_lines, warnings, warning_lines, dimensions;
  bool resampling;  // bootstrap and McNemar lines
};
constexpr std::array<Room, 3> kRooms = {
    {{8, 3, 5, 3, 8, true}, {5, 2, 3, 2, 5, false}, {4, 2, 2, 1, 3, false}}};
constexpr std::size_t kMinRows = 6;

class TextReport {
 public:
  TextReport(const Verdict& verdict, const TextOptions& options)
      : verdict_(verdict),
        options_(options),
        paint_(options),
        width_(static_cast<std::size_t>(std::max(options.width, 60))) {
    MakeBlocks();
    MeasureColumns();
  }

  std::string Render() const {
    std::vector<std::string> head;
    std::vector<std::string> tail;
    std::size_t dimensions = 0;
    std::size_t used = 0;
    for (const Room& room : kRooms) {
      head = Head(room);
      tail = Tail(room);
      dimensions = std::min(room.dimensions, blocks_.size());
      // Title, aggregate and its status, two lines of legend, a blank; a title and a folded line for each
      // dimension.
      used = head.size() + tail.size() + 6 + 2 * dimensions + (dimensions < blocks_.size() ? 1U : 0U);
      if (used + kMinRows <= kMaxLines) break;
    }
    if (!Comparable(verdict_)) {
      // Figures of cases that are not the same would be read as an answer.
      std::string out;
      for (const std::string& line : head) out += line + '\n';
      return out + "No figures: these logs do not answer the same cases.\n";
    }
    const std::vector<std::string> table = Table(dimensions, used < kMaxLines ? kMaxLines - used : 1);
    std::string out;
    for (const std::vector<std::string>* part : {&std::as_const(head), &table, &std::as_const(tail)}) {
      for (const std::string& line : *part) {
        out += line;
        out += '\n';
      }
    }
    return out;
  }

 private:
  struct Block {
    std::string title;
    std::vector<Line> lines;
    std::vector<int> ranks;
  };

  std::string Name(const std::string& text, std::size_t columns) const {
    return CutToWidth(paint_.Show(text), columns, paint_.ascii());
  }

  // The decision, why, what else applies, what to do next.
  std::vector<std::string> Head(const Room& room) const {
    std::vector<std::string> lines;
    const std::string word = DecisionWord(verdict_.decision);
    std::string rest =
        fmt::format("  candidate {} vs incumbent {}   suite {}", Name(ArmName(verdict_.candidate), 48),
                    Name(ArmName(verdict_.incumbent), 48),
                    Name(verdict_.suite.empty() ? "(unnamed)" : verdict_.suite, 40));
    for (const VerdictInput& input : verdict_.inputs) {
      if (!input.suite_sha256) continue;
      rest += fmt::format(" (sha {})", paint_.Show(input.suite_sha256->substr(0, 8)));
      break;
    }
    rest += fmt::format("   exit {}", verdict_.exit_code);
    AddParagraph(lines, word, rest, width_, 3);
    lines.front().replace(0, word.size(), paint_.Paint(word, DecisionColor(verdict_.decision)));
    const std::vector<ReasonLine> reasons = ReasonLines(verdict_);
    for (std::size_t i = 0; i < reasons.size() && i < room.reasons; ++i) {
      std::string label = i == 0 ? "  why: " : "  also: ";
      if (i > 0 && reasons[i].decision != verdict_.decision)
        label += fmt::format("{}: ", DecisionName(reasons[i].decision));
      AddParagraph(lines, label, paint_.Show(reasons[i].text), width_, i == 0 ? 5 : room.reason_lines);
    }
    if (reasons.size() > room.reasons) {
      lines.push_back(fmt::format("  also: {} more in verdict.json", reasons.size() - room.reasons));
    }
    if (verdict_.decision == Decision::kPromote && verdict_.policy.segments.dimensions.empty() &&
        !verdict_.policy.gating && !verdict_.segments.empty())
      lines.emplace_back("  but: no slice is gated by this policy; the last lines say what that hides");
    if (const std::string next = NextStep(verdict_, options_.verdict_path); !next.empty())
      AddParagraph(lines, "  next: ", next, width_, 2);
    lines.emplace_back();
    return lines;
  }

  // What broke, noise, data, what it would take, warnings.
  std::vector<std::string> Tail(const Room& room) const {
    std::vector<std::string> lines;
    const auto list = [&](const std::string& start, const std::vector<std::string>& ids) {
      const std::size_t count = 10;  // " ... (1234)"
      AddParagraph(lines, start,
                   IdList(ids, paint_,
                          width_ > DisplayWidth(start) + count ? width_ - DisplayWidth(start) - count : 1),
                   width_, 2);
    };
    const std::vector<const VerdictSegment*> broken = BrokenSlices(verdict_, 3);
    for (const VerdictSegment* segment : broken)
      list("what broke: " + Name(segment->value, 30) + " ", segment->broke);
    if (broken.empty() && !verdict_.broke.empty()) list("what broke: ", verdict_.broke);
    for (const Fact& fact : Facts(verdict_)) {
      if (!room.resampling && (fact.name == "bootstrap" || fact.name == "mcnemar")) continue;
      AddParagraph(lines, fact.name + ": ", paint_.Show(fact.text), width_, 4);
    }
    for (std::size_t i = 0; i < verdict_.warnings.size() && i < room.warnings; ++i) {
      if (room.warning_lines == 1) {
        lines.push_back(CutToWidth("warning: " + paint_.Show(verdict_.warnings[i]), width_, paint_.ascii()));
      } else {
        AddParagraph(lines, "warning: ", paint_.Show(verdict_.warnings[i]), width_, room.warning_lines);
      }
    }
    if (verdict_.warnings.size() > room.warnings) {
      lines.push_back(
          fmt::format("warning: {} more in verdict.json", verdict_.warnings.size() - room.warnings));
    }
    if (any_untestable_) {
      AddParagraph(lines, "[1] ",
                   "untestable: so few prompts changed that no split of them could reach the level", width_,
                   2);
    }
    return lines;
  }

  void MakeBlocks() {
    aggregate_ = RowLine(verdict_.aggregate, verdict_.broke.size(), verdict_.fixed.size());
    aggregate_.name = "aggregate";
    aggregate_.cells[7] = PValue(verdict_.aggregate.p_value);
    aggregate_.status = AggregateStatus(verdict_);
    for (const VerdictDimension& dimension : verdict_.dimensions) {
      Block block;
      std::string what =
          dimension.role == "gate" ? fmt::format("{} gated", dimension.gated) : "reported, not gated";
      if (dimension.under_floor > 0) {
        what += fmt::format(", {} under {} cases", dimension.under_floor, verdict_.policy.segments.min_cases);
      }
      if (dimension.alpha)
        what += fmt::format(", {}, level {:.3g}", dimension.multiplicity, *dimension.alpha);
      block.title = fmt::format("{} ({})", paint_.Show(dimension.name), what);
      for (const VerdictSegment* segment : WorstFirst(verdict_, dimension.name)) {
        block.lines.push_back(SegmentLine(*segment));
        block.ranks.push_back(SegmentRank(*segment));
      }
      blocks_.push_back(std::move(block));
    }
    std::stable_sort(blocks_.begin(), blocks_.end(), [](const Block& a, const Block& b) {
      return (a.ranks.empty() ? 99 : a.ranks.front()) < (b.ranks.empty() ? 99 : b.ranks.front());
    });
  }

  Line SegmentLine(const VerdictSegment& segment) {
    Line line = RowLine(segment.row, segment.broke.size(), segment.fixed.size());
    line.mark = std::string(1, SegmentMark(segment));
    line.name = paint_.Show(segment.value);
    line.cells[7] = segment.row.p_harm ? PValue(segment.row.p_harm) : "";
    line.cells[8] = segment.row.p_adjusted ? PValue(segment.row.p_adjusted) : "";
    any_harm_ = any_harm_ || segment.row.p_harm.has_value();
    any_adjusted_ = any_adjusted_ || segment.row.p_adjusted.has_value();
    line.status = SegmentStatus(segment);
    if (segment.role == "gate" && !segment.row.testable.value_or(true)) {
      any_untestable_ = true;
      line.status += " [1]";
    }
    const int rank = SegmentRank(segment);
    line.color = rank <= 1 ? "31" : rank <= 4 ? "33" : segment.under_floor ? "2" : "";
    return line;
  }

  // Widths from what is shown; the columns that can be done without leave until a line fits: the resolvable
  // margin and the raw p first, then what after and delta give (before).
  void MeasureColumns() {
    interval_title_ =
        fmt::format("{:.4g}% {}", verdict_.aggregate.level * 100, MethodTitle(verdict_.aggregate.method));
    columns_[8].shown = any_adjusted_;
    std::size_t widest_name = 9;
    std::size_t widest_status = 6;
    const auto measure = [&](const Line& line) {
      for (std::size_t i = 0; i < line.cells.size(); ++i)
        columns_[i].width = std::max(columns_[i].width, line.cells[i].size());
      columns_[9].width = std::max(columns_[9].width, line.resolvable.size());
      widest_name = std::max(widest_name, DisplayWidth(line.name));
    };
    measure(aggregate_);
    for (const Block& block : blocks_) {
      for (const Line& line : block.lines) {
        measure(line);
        widest_status = std::max(widest_status, line.status.size());
      }
    }
    for (Column& column : columns_)
      column.width = std::max(column.width, std::string_view(column.title).size());
    columns_[4].width = std::max(columns_[4].width, interval_title_.size());
    const auto others = [&] {
      std::size_t total = 2 + 2 + widest_status;
      for (const Column& column : columns_) total += column.shown ? column.width + 1 : 0;
      return total;
    };
    const std::size_t least_name = std::min<std::size_t>(widest_name, 14);
    for (const std::size_t i : {9U, 7U, 1U, 8U, 6U, 5U}) {
      if (others() + least_name > width_) columns_[i].shown = false;
    }
    name_width_ = std::min(widest_name, others() + 9 > width_ ? 9 : width_ - others());
  }

  std::string Draw(const Line& line) const {
    std::string text =
        Pad(line.mark, 2, true) + Pad(CutToWidth(line.name, name_width_, paint_.ascii()), name_width_, true);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].shown)
        text += Pad(i == 9 ? line.resolvable : line.cells[i], columns_[i].width + 1, false);
    }
    const std::size_t room = width_ > DisplayWidth(text) + 2 ? width_ - DisplayWidth(text) - 2 : 0;
    text = Trimmed(text + "  " + (line.status.size() <= room ? line.status : std::string()));
    return *line.color == '\0' ? text : paint_.Paint(text, line.color);
  }

  std::vector<std::string> Table(std::size_t dimensions, std::size_t rows_left) const {
    std::vector<std::string> lines;
    Line title;
    for (std::size_t i = 0; i < title.cells.size(); ++i)
      title.cells[i] = i == 4 ? interval_title_ : columns_[i].title;
    title.resolvable = columns_[9].title;
    title.status = "status";
    lines.push_back(paint_.Paint(Draw(title), "1"));
    lines.push_back(Draw(aggregate_));
    if (!lines.back().ends_with(aggregate_.status)) {
      lines.push_back(Pad("", 2 + name_width_, true) + " status: " + aggregate_.status);
    }
    // Slices that decide come first in every dimension; what is left is shared out eight rows at a time.
    std::vector<std::size_t> quota(dimensions, 0);
    const auto grant = [&](std::size_t b) {
      if (rows_left == 0 || quota[b] == blocks_[b].lines.size()) return false;
      ++quota[b];
      --rows_left;
      return true;
    };
    for (std::size_t b = 0; b < dimensions; ++b) {
      while (quota[b] < blocks_[b].ranks.size() && blocks_[b].ranks[quota[b]] <= 4 && grant(b)) {
      }
    }
    for (bool any = true; any;) {
      any = false;
      for (std::size_t b = 0; b < dimensions; ++b) {
        for (int k = 0; k < 8; ++k) any = grant(b) || any;
      }
    }
    for (std::size_t b = 0; b < dimensions; ++b) {
      const Block& block = blocks_[b];
      lines.push_back(paint_.Paint(CutToWidth(block.title, width_, paint_.ascii()), "1"));
      for (std::size_t i = 0; i < quota[b]; ++i) lines.push_back(Draw(block.lines[i]));
      if (quota[b] == block.lines.size()) continue;
      const Line& next = block.lines[quota[b]];
      lines.push_back(
          CutToWidth(fmt::format(". {} more, the next {} ({} pt, {}); all are in verdict.json",
                                 block.lines.size() - quota[b], CutToWidth(next.name, 24, paint_.ascii()),
                                 next.cells[3], next.status),
                     width_, paint_.ascii()));
    }
    if (dimensions < blocks_.size()) {
      lines.push_back(fmt::format(". {} more dimensions in verdict.json", blocks_.size() - dimensions));
    }
    std::string legend = fmt::format("CI: two-sided {:.4g} %", verdict_.aggregate.level * 100);
    if (columns_[7].shown) legend += "; p: two-sided for the aggregate";
    if (columns_[7].shown && any_harm_) legend += ", one-sided for harm in slices";
    if (columns_[8].shown) {
      const bool named = columns_[7].shown || verdict_.policy.segments.strict;
      legend +=
          std::string("; adj: ") + (named ? "" : "p for harm ") + AdjustedOver(verdict_.policy.segments);
    }
    if (columns_[9].shown)
      legend +=
          fmt::format("; resolv: margin certified at one-sided {:.4g}, power {:.0f} %",
                      verdict_.policy.error_rates.alpha_promote, verdict_.policy.error_rates.power * 100);
    AddParagraph(lines, "  ", legend, width_, 3);
    lines.emplace_back();
    return lines;
  }

  const Verdict& verdict_;
  const TextOptions& options_;
  const Painter paint_;
  const std::size_t width_;
  Line aggregate_;
  std::vector<Block> blocks_;
  bool any_untestable_ = false;
  bool any_adjusted_ = false;
  bool any_harm_ = false;
  std::string interval_title_;
  std::size_t name_width_ = 9;
  std::array<Column, 10> columns_ = {
      {{"n"}, {"before"}, {"after"}, {"delta"}, {"CI"}, {"broke"}, {"fixed"}, {"p"}, {"adj"}, {"resolv"}}};
};

}  // namespace

std::string VerdictText(const Verdict& verdict, const TextOptions& options) {
  return TextReport(verdict, options).Render();
}

}  // namespace minslice::report
