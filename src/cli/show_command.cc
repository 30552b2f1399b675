// minslice show: the prompts of a slice that broke or were fixed, both sides' answers beside each other.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/common_flags.h"
#include "cli/evidence.h"
#include "cli/named_verdict.h"
#include "cli/session.h"
#include "io/nearest_name.h"
#include "json/json.h"
#include "report/escape.h"

namespace minslice::cli {
namespace {

struct ShowOptions {
  std::string verdict;
  std::string slice;
  std::string suite;
  std::vector<std::string> incumbent, candidate;
  bool broke = false;
  bool fixed = false;
  std::size_t lines = 20;
  std::size_t limit = 0;
  std::string format = "text";
};

struct Changed {
  std::string case_id;
  bool broke = false;
};

// The ids that the slice names, broken ones first. Adds nothing and reports where the slice is not known.
std::optional<std::vector<Changed>> Select(const Verdict& verdict, const ShowOptions& options,
                                           Session& session) {
  const std::vector<std::string>* broke = nullptr;
  const std::vector<std::string>* fixed = nullptr;
  if (options.slice == "all") {
    broke = &verdict.broke;
    fixed = &verdict.fixed;
  } else {
    std::vector<const VerdictSegment*> by_value;
    std::vector<std::string> known;
    for (const VerdictSegment& segment : verdict.segments) {
      const std::string full = segment.dimension + ":" + segment.value;
      if (full == options.slice) by_value.assign(1, &segment);
      if (full == options.slice) break;
      if (segment.value == options.slice) by_value.push_back(&segment);
      known.push_back(segment.value);
      known.push_back(full);
    }
    for (const VerdictFamily& family : verdict.families) {
      if (!by_value.empty()) break;
      if ("family:" + family.name != options.slice) continue;
      broke = &family.broke;
      fixed = &family.fixed;
    }
    if (by_value.empty() && broke == nullptr) {
      known.emplace_back("all");
      session.Report(Fail(fmt::format("{} has no slice {}{}", options.verdict, io::Quoted(options.slice),
                                      io::DidYouMean(options.slice, known, 24)))
                         .value());
      return std::nullopt;
    }
    if (by_value.size() > 1) {
      std::string names;
      for (const VerdictSegment* segment : by_value) {
        names += (names.empty() ? "" : ", ") + io::Quoted(segment->dimension + ":" + segment->value);
      }
      session.Report(Fail(fmt::format("{} is a value of several dimensions; name one of {}",
                                      io::Quoted(options.slice), names))
                         .value());
      return std::nullopt;
    }
    if (!by_value.empty()) {
      broke = &by_value.front()->broke;
      fixed = &by_value.front()->fixed;
    }
  }
  std::vector<Changed> changed;
  const bool both = options.broke == options.fixed;
  if (both || options.broke) {
    for (const std::string& id : *broke) changed.push_back({id, true});
  }
  if (both || options.fixed) {
    for (const std::string& id : *fixed) changed.push_back({id, false});
  }
  return changed;
}

std::string OutcomeText(const CaseRecord& record) {
  std::string text = OutcomeName(record.outcome);
  if (record.finish_reason && *record.finish_reason != "stop") text += ", finish " + *record.finish_reason;
  if (record.error) text += ", " + *record.error;
  return text;
}

// Output as lines of at most `width` columns; newlines of the text are kept, everything else is escaped.
std::vector<std::string> Wrapped(const std::string& text, std::size_t width, std::size_t max_lines) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line(text.data() + start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    // A line of a megabyte is cut before it is wrapped: nothing beyond max_lines is shown anyway.
    const std::size_t room = max_lines == 0 ? line.size() : (max_lines + 1) * width * 4;
    for (std::string& wrapped : report::WrapToWidth(report::EscapeTerminal(line.substr(0, room)), width)) {
      lines.push_back(std::move(wrapped));
    }
    start = end + 1;
    if (max_lines > 0 && lines.size() > max_lines) break;
  }
  if (max_lines > 0 && lines.size() > max_lines) {
    lines.resize(max_lines);
    lines.back() = report::CutToWidth(
        "... (" + std::to_string(text.size()) + " bytes in all; --lines 0 shows them)", width);
  }
  return lines;
}

std::vector<std::string> SideLines(const std::vector<CaseRecord>& rows, std::size_t width,
                                   std::size_t max_lines) {
  std::vector<std::string> lines;
  if (rows.empty()) return {"(no row in the log)"};
  for (const CaseRecord& row : rows) {
    std::string head = rows.size() > 1 ? fmt::format("run {}: ", row.repeat) : "";
    head += OutcomeText(row);
    for (std::string& line : report::WrapToWidth(report::EscapeTerminal(head), width))
      lines.push_back(std::move(line));
    if (!row.output) {
      lines.emplace_back("(the log holds no output)");
      continue;
    }
    for (std::string& line : Wrapped(*row.output, width, max_lines)) lines.push_back(std::move(line));
  }
  return lines;
}

json::Value SideJson(const std::vector<CaseRecord>& rows) {
  json::Value list = json::Value::array();
  for (const CaseRecord& row : rows) {
    json::Value item;
    item["repeat"] = row.repeat;
    item["outcome"] = OutcomeName(row.outcome);
    item["finish_reason"] =
        row.finish_reason ? json::Value(report::ValidUtf8(*row.finish_reason)) : json::Value(nullptr);
    item["error"] = row.error ? json::Value(report::ValidUtf8(*row.error)) : json::Value(nullptr);
    item["output"] = row.output ? json::Value(report::ValidUtf8(*row.output)) : json::Value(nullptr);
    list.push_back(std::move(item));
  }
  return list;
}

const CaseEvidence& Held(const Evidence& evidence, const std::string& id) {
  static const CaseEvidence kNone;
  const auto it = evidence.cases.find(id);
  return it == evidence.cases.end() ? kNone : it->second;
}

void Print(const Verdict& verdict, const ShowOptions& options, const std::vector<Changed>& changed,
           const Evidence& evidence, Session& session) {
  const auto width = static_cast<std::size_t>(std::max(session.width, 60));
  const std::size_t column = (width - 3) / 2;
  const auto pad = [&](const std::string& text) {
    const std::size_t used = report::DisplayWidth(text);
    return text + std::string(used < column ? column - used : 0, ' ');
  };
  const auto name = [&](const char* side, const VerdictArm& arm) {
    const std::string& model = arm.request_model.empty() ? arm.target : arm.request_model;
    return report::CutToWidth(std::string(side) + " " + report::EscapeTerminal(model), column);
  };
  std::size_t broke = 0;
  for (const Changed& change : changed) broke += change.broke ? 1U : 0U;
  session.out << fmt::format("{}: {} broke, {} fixed shown\n", report::EscapeTerminal(options.slice), broke,
                             changed.size() - broke);
  std::size_t shown = 0;
  for (const Changed& change : changed) {
    if (options.limit > 0 && shown == options.limit) {
      session.out << fmt::format("\n{} more (--limit {})\n", changed.size() - shown, options.limit);
      break;
    }
    ++shown;
    const CaseEvidence& held = Held(evidence, change.case_id);
    std::string segments;
    for (const auto* rows : {&held.incumbent, &held.candidate}) {
      if (rows->empty() || !segments.empty()) continue;
      for (const Segment& segment : rows->front().segments)
        segments += "  " + segment.dimension + "=" + segment.value;
    }
    const std::string title =
        fmt::format("{} {}", report::EscapeTerminal(change.case_id), change.broke ? "BROKE" : "FIXED");
    session.out << "\n"
                << (session.color ? (change.broke ? "\x1b[1;31m" : "\x1b[1;32m") : "")
                << report::CutToWidth(title, width) << (session.color ? "\x1b[0m" : "")
                << report::CutToWidth(
                       report::EscapeTerminal(segments),
                       width > report::DisplayWidth(title) ? width - report::DisplayWidth(title) : 0)
                << "\n";
    if (!held.prompt.empty()) {
      for (const std::string& line : Wrapped(held.prompt, width - 2, options.lines))
        session.out << "> " << line << "\n";
    }
    if (!held.expected.empty()) {
      for (const std::string& line : Wrapped("expected " + held.expected, width - 2, options.lines))
        session.out << "= " << line << "\n";
    }
    const std::vector<std::string> left = SideLines(held.incumbent, column, options.lines);
    const std::vector<std::string> right = SideLines(held.candidate, column, options.lines);
    session.out << pad(name("before:", verdict.incumbent)) << " | " << name("after:", verdict.candidate)
                << "\n";
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      std::string line = pad(i < left.size() ? left[i] : "") + " | " + (i < right.size() ? right[i] : "");
      while (line.ends_with(' ')) line.pop_back();
      session.out << line << "\n";
    }
  }
}

void RunShow(const ShowOptions& options, Session& session) {
  Result<Verdict> verdict = ReadVerdict(options.verdict);
  if (verdict && OnCounts(*verdict, options.verdict)) verdict = NameCases(*verdict, options.verdict);
  if (!verdict) return session.Report(verdict.error());
  const std::optional<std::vector<Changed>> changed = Select(*verdict, options, session);
  if (!changed) return;

  std::set<std::string> wanted;
  for (const Changed& change : *changed) wanted.insert(change.case_id);
  const Result<Evidence> evidence = ReadEvidence(*verdict, wanted,
                                                 {.verdict_path = options.verdict,
                                                  .suite = options.suite,
                                                  .incumbent = options.incumbent,
                                                  .candidate = options.candidate});
  if (!evidence) return session.Report(evidence.error());
  if (options.format == "json") {
    json::Value list = json::Value::array();
    for (const Changed& change : *changed) {
      json::Value item;
      item["case_id"] = report::ValidUtf8(change.case_id);
      item["change"] = change.broke ? "broke" : "fixed";
      const CaseEvidence& held = Held(*evidence, change.case_id);
      const auto known = [&](const std::string& text) {
        return held.prompt.empty() ? json::Value(nullptr) : json::Value(report::ValidUtf8(text));
      };
      item["prompt"] = known(held.prompt);
      item["expected"] = known(held.expected);
      item["incumbent"] = SideJson(held.incumbent);
      item["candidate"] = SideJson(held.candidate);
      list.push_back(std::move(item));
    }
    session.out << list.dump(2, ' ', true, json::Value::error_handler_t::replace) << "\n";
    return;
  }
  Print(*verdict, options, *changed, *evidence, session);
}

}  // namespace

void AddShowCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command =
      app.add_subcommand("show", "the prompts of a slice that changed, before and after side by side");
  command->add_option("verdict", options->verdict, "verdict.json of minslice gate --out")
      ->required()
      ->type_name("VERDICT");
  command->add_option("slice", options->slice, "a slice: value, dimension:value, family:name, or all")
      ->required()
      ->type_name("SLICE");
  command->add_option("--suite", options->suite, "the suite, to show prompts and expected answers too")
      ->type_name("SUITE");
  command
      ->add_option("--incumbent", options->incumbent,
                   "where the incumbent's log is now, if it has moved since; several: each of them")
      ->type_name("LOG");
  command->add_option("--candidate", options->candidate, "the same for the candidate's log")
      ->type_name("LOG");
  CLI::Option* broke = command->add_flag("--broke", options->broke, "only what passed before and fails now");
  command->add_flag("--fixed", options->fixed, "only what failed before and passes now")->excludes(broke);
  command->add_option("--lines", options->lines, "lines shown of each answer; 0 shows all")
      ->capture_default_str();
  command->add_option("--limit", options->limit, "prompts shown; 0 shows all")->capture_default_str();
  AddFormatFlag(*command, options->format, {"text", "json"});
  command->footer(
      "Example:\n"
      "  minslice show report/verdict.json refund_flow --broke\n\n"
      "Reads the logs that the verdict or its counts name, there or beside the verdict, or those that "
      "--incumbent and --candidate name now, and refuses any whose SHA-256 is not the one that was gated.");
  command->callback([options, &session] { RunShow(*options, session); });
}

}  // namespace minslice::cli
