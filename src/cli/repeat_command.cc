// minslice repeat: the nondeterminism check (methods 2.7). How far the repeats of an arm disagree, whether
// the cases' own noise explains it, and what else differs between the repeats.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/common_flags.h"
#include "cli/document.h"
#include "cli/figures.h"
#include "cli/open_log_argument.h"
#include "cli/session.h"
#include "gate/repeat_check.h"
#include "json/json.h"
#include "report/escape.h"

namespace minslice::cli {
namespace {

constexpr std::size_t kWidth = 80;

struct RepeatFlags {
  std::vector<std::string> logs;
  gate::RepeatOptions options;
  double max_spread_points = 1.0;
  std::int64_t flips = 20;
  std::string format = "text";
};

std::string Upper(std::string text) {
  for (char& c : text) c = c == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// "98.7 % [97.7, 99.3] of 840 cases", or why there is none.
std::string ShareLine(const Computed<Estimate>& share) {
  if (!share) return share.error().text;
  return fmt::format("{} % [{}, {}] of {} cases", RateText(share->value), RateText(share->lower),
                     RateText(share->upper), CountText(share->n));
}

class TextReport {
 public:
  explicit TextReport(Session& session) : out_(session.out), session_(session) {}

  void Arm(const gate::RepeatCheck& check, const RepeatFlags& flags) {
    out_ << Wrapped(report::EscapeTerminal(fmt::format(
                        "{} ({}), suite {}: {} cases x {} repeat{}", check.target, check.request_model,
                        check.suite, CountText(check.cases), check.repeats, check.repeats == 1 ? "" : "s")),
                    kWidth, "  ")
         << '\n';
    const std::string word = Upper(gate::RepeatVerdictName(check.verdict));
    const std::string line = Wrapped(word + ": " + report::EscapeTerminal(check.why), kWidth, "  ");
    out_ << Paint(check.verdict, line, word.size()) << '\n';
    if (check.repeats >= 2) {
      out_ << Wrapped("rule: " + gate::RepeatRule(flags.options), kWidth, "  ") << "\n\n";
      if (check.noise) Figures(check);
    }
    if (!check.causes.empty()) {
      out_ << "\nwhat else differs between the repeats, the likely cause first\n";
      for (const gate::RepeatCause& cause : check.causes) {
        out_ << Wrapped("- " + report::EscapeTerminal(cause.text), kWidth, "  ") << '\n';
      }
    }
    if (!check.flips.empty()) Flips(check, flags);
    for (const std::string& warning : check.warnings) {
      out_ << Wrapped("note: " + report::EscapeTerminal(warning), kWidth, "  ") << '\n';
    }
  }

 private:
  std::string Paint(gate::RepeatVerdict verdict, const std::string& line, std::size_t word) const {
    if (!session_.color) return line;
    const bool bad =
        verdict == gate::RepeatVerdict::kNondeterministic || verdict == gate::RepeatVerdict::kMixedModels;
    const char* code = bad ? "1;31" : verdict == gate::RepeatVerdict::kUnknown ? "1;33" : "1;32";
    return std::string("\x1b[") + code + "m" + line.substr(0, word) + "\x1b[0m" + line.substr(word);
  }

  void Row(const std::string& name, const std::string& text) {
    out_ << Wrapped(fmt::format("{:<16}", name) + text, kWidth, std::string(16, ' ')) << '\n';
  }

  void Figures(const gate::RepeatCheck& check) {
    const stats::Nondeterminism& s = *check.noise;
    std::string rates;
    for (const double rate : check.rates)
      rates += (rates.empty() ? "" : "  ") + fmt::format("{:.2f}", rate * 100);
    Row("pass rate, %", rates);
    Row("spread",
        fmt::format("{} pt over {} cases with every repeat graded", SizeText(s.spread), CountText(s.n)) +
            (check.incomplete > 0 ? fmt::format("; {} left out", CountText(check.incomplete)) : ""));
    Row("own noise", fmt::format("expected spread {} pt, 95 % point {} pt", SizeText(s.expected_spread),
                                 SizeText(s.spread_limit)));
    Row("Cochran's Q", s.flipped > 0 ? fmt::format("{:.2f}, p {} (H0: every repeat has the same pass rate)",
                                                   s.cochran_q, PText(s.cochran_p, std::log10(s.cochran_p)))
                                     : "no case changed between the repeats");
    Row("grades agree", ShareLine(check.tar_answers) + fmt::format(" (TARa@{})", s.repeats));
    Row("texts agree",
        ShareLine(check.tar_raw) + (check.tar_raw ? fmt::format(" (TARr@{})", s.repeats) : ""));
    Row("flips", fmt::format("{} cases, {}", CountText(s.flipped), ShareLine(s.flip_rate)));
    const auto n = static_cast<double>(s.n);
    Row("pass in all", fmt::format("{} % of cases pass every repeat (pass^{}), {} % any (pass@{})",
                                   RateText(static_cast<double>(check.all_pass) / n), s.repeats,
                                   RateText(static_cast<double>(check.any_pass) / n), s.repeats));
  }

  void Flips(const gate::RepeatCheck& check, const RepeatFlags& flags) {
    std::vector<const gate::FlippedCase*> shown;
    for (const gate::FlippedCase& flip : check.flips) shown.push_back(&flip);
    if (flags.flips > 0 && shown.size() > static_cast<std::size_t>(flags.flips))
      shown.resize(static_cast<std::size_t>(flags.flips));
    std::size_t width = 4;
    for (const gate::FlippedCase* flip : shown) {
      width =
          std::max(width, std::min<std::size_t>(36, report::DisplayWidth(report::EscapeTerminal(flip->id))));
    }
    const auto pad = [](std::string text, std::size_t columns) {
      const std::size_t used = report::DisplayWidth(text);
      return text.append(used < columns ? columns - used : 0, ' ');
    };
    const std::size_t repeats = std::max<std::size_t>(7, static_cast<std::size_t>(check.repeats));
    out_ << '\n'
         << pad("case", width) << "  " << pad("repeats", repeats)
         << "  passes   95 % CI (Wilson)   p pass, f fail, e model error\n";
    for (const gate::FlippedCase* flip : shown) {
      out_ << pad(report::CutToWidth(report::EscapeTerminal(flip->id), width), width) << "  "
           << pad(flip->repeats, repeats) << "  "
           << pad(fmt::format("{} of {}", flip->passes, check.repeats), 7)
           << fmt::format("  [{}, {}]\n", RateText(flip->pass_rate.lower), RateText(flip->pass_rate.upper));
    }
    if (shown.size() < check.flips.size()) {
      out_ << fmt::format("... {} more: --flips 0 lists all\n",
                          CountText(static_cast<std::int64_t>(check.flips.size() - shown.size())));
    }
  }

  std::ostream& out_;
  Session& session_;
};

json::Value Null(const Reason& reason) {
  return {{"value", nullptr}, {"code", reason.code}, {"reason", reason.text}};
}

json::Value ToJson(const Computed<Estimate>& estimate) {
  if (!estimate) return Null(estimate.error());
  return {{"value", estimate->value}, {"ci_low", estimate->lower}, {"ci_high", estimate->upper},
          {"level", estimate->level}, {"n", estimate->n},          {"method", estimate->method}};
}

json::Value ToJson(const gate::RepeatCheck& check) {
  json::Value arm;
  arm["target"] = check.target;
  arm["request_model"] = check.request_model;
  arm["suite"] = check.suite;
  arm["logs"] = check.paths;
  arm["repeats"] = check.repeats;
  arm["cases"] = check.cases;
  arm["cases_left_out"] = check.incomplete;
  arm["verdict"] = gate::RepeatVerdictName(check.verdict);
  arm["why"] = check.why;
  if (check.noise) {
    const stats::Nondeterminism& s = *check.noise;
    arm["n"] = s.n;
    arm["rates"] = check.rates;
    arm["spread"] = s.spread;
    arm["variance"] = s.variance;
    arm["expected_spread"] = s.expected_spread;
    arm["spread_95"] = s.spread_limit;
    arm["cochran_q"] =
        s.flipped > 0 ? json::Value{{"statistic", s.cochran_q}, {"p", s.cochran_p}, {"df", s.repeats - 1}}
                      : json::Value{{"statistic", nullptr}, {"p", nullptr}, {"reason", "no case changed"}};
    arm["flipped"] = s.flipped;
    arm["flip_rate"] = ToJson(Computed<Estimate>(s.flip_rate));
    const auto n = static_cast<double>(s.n);
    arm["pass_all"] = static_cast<double>(check.all_pass) / n;
    arm["pass_any"] = static_cast<double>(check.any_pass) / n;
  } else {
    arm["n"] = 0;
    arm["spread"] = nullptr;
    arm["reason"] = check.noise.error().text;
  }
  arm["tar_answers"] = ToJson(check.tar_answers);
  arm["tar_raw"] = ToJson(check.tar_raw);
  arm["flips"] = json::Value::array();
  for (const gate::FlippedCase& flip : check.flips) {
    arm["flips"].push_back({{"case_id", flip.id},
                            {"repeats", flip.repeats},
                            {"passes", flip.passes},
                            {"rate", flip.pass_rate.value},
                            {"ci_low", flip.pass_rate.lower},
                            {"ci_high", flip.pass_rate.upper}});
  }
  arm["causes"] = json::Value::array();
  for (const gate::RepeatCause& cause : check.causes) {
    json::Value item = {{"code", cause.code}, {"text", cause.text}};
    if (!cause.by_repeat.empty()) item["by_repeat"] = cause.by_repeat;
    item["case_ids"] = cause.case_ids;
    arm["causes"].push_back(std::move(item));
  }
  arm["warnings"] = check.warnings;
  return arm;
}

void RunRepeat(const RepeatFlags& flags, Session& session) {
  std::vector<RunLog> logs;
  if (!ReadLogs(flags.logs, logs, session, {.outputs = true})) return;
  const auto checks = gate::CheckRepeats(logs, flags.options);
  if (!checks) {
    session.Report(checks.error());
    return;
  }
  bool unknown = false;
  bool failed = false;
  for (const gate::RepeatCheck& check : *checks) {
    unknown = unknown || check.verdict == gate::RepeatVerdict::kUnknown;
    failed = failed || check.verdict == gate::RepeatVerdict::kNondeterministic ||
             check.verdict == gate::RepeatVerdict::kMixedModels;
  }
  session.exit_code = failed ? kExitInvalid : unknown ? kExitInconclusive : kExitOk;
  if (flags.format != "text") {
    json::Value document;
    document["repeat_version"] = 1;
    document["exit_code"] = session.exit_code;
    document["rule"] = {{"max_spread", flags.options.max_spread},
                        {"cochran_q", flags.options.q_level},
                        {"text", gate::RepeatRule(flags.options)}};
    document["arms"] = json::Value::array();
    for (const gate::RepeatCheck& check : *checks) document["arms"].push_back(ToJson(check));
    WriteDocument(document, flags.format, session.out);
    return;
  }
  TextReport text(session);
  for (std::size_t i = 0; i < checks->size(); ++i) {
    if (i > 0) session.out << '\n';
    text.Arm((*checks)[i], flags);
  }
}

}  // namespace

void AddRepeatCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RepeatFlags>();
  CLI::App* command = app.add_subcommand("repeat", "do the repeats of a run agree: the nondeterminism check");
  command->add_option("logs", flags->logs, "logs; those of one target and model are the repeats of one arm")
      ->required()
      ->type_name("LOG");
  command
      ->add_option("--max-spread", flags->max_spread_points,
                   "points of pass rate between the repeats that are allowed")
      ->check(Between(0.0, 100.0))
      ->type_name("POINTS")
      ->capture_default_str();
  command->add_option("--q-level", flags->options.q_level, "level of Cochran's Q")
      ->check(Between(1e-12, 0.5))
      ->type_name("P")
      ->capture_default_str();
  AddRowsFlag(*command, "--flips", flags->flips, "how many flipped cases to list");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Example:\n"
      "  minslice repeat incumbent.jsonl\n"
      "  minslice repeat run1.jsonl run2.jsonl run3.jsonl --format json\n\n"
      "Ends with 0 (stable, or noise explains it), 13 (nondeterministic, or several\n"
      "models answered), 11 (one repeat, an unfinished log, or over 1 % of the cases\n"
      "without all repeats: cannot tell); 2 and 1 are failures.");
  command->callback([flags, &session] {
    flags->options.max_spread = flags->max_spread_points / 100;
    RunRepeat(*flags, session);
  });
}

}  // namespace minslice::cli
