// minslice check: before anything is spent, what of a policy this suite cannot answer, and what would be
// enough.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/document.h"
#include "cli/figures.h"
#include "cli/plan_inputs.h"
#include "cli/session.h"
#include "gate/policy_reader.h"
#include "json/json.h"
#include "plan/check.h"
#include "report/escape.h"
#include "suite/suite.h"

namespace minslice::cli {
namespace {

struct CheckFlags {
  std::string policy, suite;
  std::vector<std::string> incumbent;
  double psi = -1;
  double drop = 15;
  double icc = -1;
  std::int64_t rows = 40;
  std::string format = "text";
};

std::string Points(const std::optional<double>& fraction) {
  return fraction ? fmt::format("{:.1f}", *fraction * 100) : "-";
}
std::string Pairs(const std::optional<std::int64_t>& pairs) { return pairs ? CountText(*pairs) : "-"; }

void WriteText(const CheckReport& report, const CheckFlags& flags, Session& session) {
  std::ostream& out = session.out;
  const auto show = [](const std::string& text) { return report::EscapeTerminal(text); };
  const auto paragraph = [&](const std::string& text) {
    out << Wrapped(show(text), kPlanWidth, "  ") << '\n';
  };
  const std::string word = report.answerable ? "ANSWERABLE" : "NOT ANSWERABLE";
  if (session.color) {
    out << "\x1b[" << (report.answerable ? "1;32" : "1;33") << 'm' << word << "\x1b[0m";
  } else {
    out << word;
  }
  out << show(fmt::format(": {} pair{} of suite {}", CountText(report.n), report.n == 1 ? "" : "s",
                          report.suite))
      << '\n';
  for (const CheckProblem& problem : report.problems)
    paragraph((problem.decides ? "x " : "- ") + problem.text);
  const PlanPsi& psi = report.psi;
  out << '\n';
  paragraph(fmt::format(
      "psi {} ({}): {}", ShareText(psi.value),
      psi.low == psi.high ? psi.source
                          : fmt::format("{}, {} to {}", psi.source, ShareText(psi.low), ShareText(psi.high)),
      psi.text));
  if (report.repeats > 1 && psi.noise) {
    paragraph(
        fmt::format("runs: the mean of {} a side; two runs of one side differ on {} % of the cases, so the "
                    "means differ as one run a "
                    "side would at psi {}",
                    report.repeats, RateText(*psi.noise), ShareText(report.pair_psi)));
  }
  if (!report.short_form) {
    const CheckGoal& goal = report.goal;
    std::string range;
    if (psi.low != psi.high && goal.resolvable_low && goal.resolvable_high) {
      range = fmt::format(" ({} to {} over that range)", SizeText(*goal.resolvable_low),
                          SizeText(*goal.resolvable_high));
    }
    paragraph(fmt::format(
        "goal: {} of {} pt; these pairs resolve {} pt{} at {:.0f} % power by {}; it takes {} pairs",
        goal.what == "gain" ? "a gain" : "a margin", SizeText(goal.target),
        goal.resolvable ? SizeText(*goal.resolvable) : "nothing", range, report.power * 100,
        goal.method.empty() ? "no formula" : goal.method, Pairs(goal.pairs_needed)));
  }
  if (report.slices.empty()) return;

  std::size_t width = 5;
  for (const CheckSlice& slice : report.slices) {
    for (const std::string* name : {&slice.value, &slice.dimension}) {
      width = std::max(width, std::min<std::size_t>(26, report::DisplayWidth(show(*name))));
    }
  }
  const auto cell = [](const std::string& text, std::size_t columns, bool left = false) {
    const std::size_t used = report::DisplayWidth(text);
    const std::string fill(used < columns ? columns - used : 0, ' ');
    return left ? text + fill : fill + text;
  };
  const bool floors = std::any_of(report.slices.begin(), report.slices.end(),
                                  [](const CheckSlice& s) { return s.floor_rate.has_value(); });
  std::string dimension;
  std::int64_t listed = 0;
  for (const CheckSlice& slice : report.slices) {
    if (slice.dimension != dimension) {
      dimension = slice.dimension;
      out << '\n'
          << cell(show(report::CutToWidth(dimension, width)), width, true)
          << "       n  blocks from  sees drop" << cell(fmt::format("n for {:g}", report.drop * 100), 12)
          << "  margin" << (floors ? "  floor" : "") << '\n';
      listed = 0;
    }
    if (++listed > flags.rows && flags.rows > 0) {
      if (listed == flags.rows + 1) out << "... more: --rows 0 lists all\n";
      continue;
    }
    std::string note = slice.under_floor ? "under min_cases" : "";
    if (slice.required) note += note.empty() ? "required" : ", required";
    if (slice.gated && slice.alpha && !slice.sees_drop) note += note.empty() ? "blind" : ", blind";
    if (!slice.gated && !slice.under_floor && !slice.required) note = "not gated";
    std::string line =
        cell(report::CutToWidth(show(slice.value), width), width, true) + cell(CountText(slice.n), 8);
    line += cell(slice.smallest_broke ? fmt::format("{} broke", *slice.smallest_broke) : "-", 13);
    line += cell(Points(slice.block_mde), 11) + cell(Pairs(slice.pairs_for_drop), 12) +
            cell(Points(slice.resolvable_margin), 8);
    if (floors) line += cell(slice.floor_rate ? RateText(*slice.floor_rate) : "-", 7);
    line += "  " + note;
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
  if (!report.families.empty()) {
    out << '\n' << cell("family", width, true) << "       n  blocks from  sees drop  slices\n";
    for (const CheckFamily& family : report.families) {
      out << cell(report::CutToWidth(show(family.name), width), width, true) << cell(CountText(family.n), 8)
          << cell(family.smallest_broke ? fmt::format("{} broke", *family.smallest_broke) : "-", 13)
          << cell(Points(family.block_mde), 11) << cell(CountText(family.slices), 8)
          << (family.sees_drop ? "" : "  blind") << '\n';
    }
  }
  out << '\n';
  paragraph(
      fmt::format("blocks from: so many broken prompts with none fixed, over the whole family. sees drop: "
                  "points of pass rate whose "
                  "fall in this slice alone is blocked {:.0f} % of the time. n for {}: pairs that see that "
                  "drop. margin: the smallest "
                  "that this slice is shown not to lose{}",
                  report.power * 100, fmt::format("{:g}", report.drop * 100),
                  floors ? ". floor: the pass rate from which it is shown above the absolute floor" : ""));
  if (!report.families.empty())
    paragraph(
        "A family blocks as one where all its cases together fall; its sees drop is of a fall in all of them "
        "alike.");
}

json::Value ToJson(const CheckReport& report, int exit_code) {
  json::Value document;
  document["check_version"] = 1;
  document["answerable"] = report.answerable;
  document["exit_code"] = exit_code;
  document["suite"] = report.suite;
  document["n_pairs"] = report.n;
  document["clusters"] = report.clusters > 0 ? json::Value(report.clusters) : json::Value(nullptr);
  document["psi"] = cli::ToJson(report.psi);
  document["runs"] = report.repeats;
  document["pair_psi"] = report.pair_psi;
  document["icc"] = OrNull(report.icc);
  document["design_effect"] = report.design_effect;
  document["power"] = report.power;
  document["drop"] = report.drop;
  if (report.short_form) {
    document["goal"] = nullptr;
  } else {
    const CheckGoal& goal = report.goal;
    document["goal"] = {{"what", goal.what},
                        {"target", goal.target},
                        {"resolvable", OrNull(goal.resolvable)},
                        {"resolvable_low", OrNull(goal.resolvable_low)},
                        {"resolvable_high", OrNull(goal.resolvable_high)},
                        {"method", goal.method},
                        {"pairs_needed", OrNull(goal.pairs_needed)},
                        {"resolved", goal.resolved}};
  }
  document["problems"] = json::Value::array();
  for (const CheckProblem& problem : report.problems) {
    document["problems"].push_back(
        {{"code", problem.code}, {"decides", problem.decides}, {"text", problem.text}});
  }
  document["segments"] = json::Value::array();
  for (const CheckSlice& slice : report.slices) {
    document["segments"].push_back({{"dimension", slice.dimension},
                                    {"value", slice.value},
                                    {"n_pairs", slice.n},
                                    {"gated", slice.gated},
                                    {"under_floor", slice.under_floor},
                                    {"pooled", slice.pooled},
                                    {"members", slice.members},
                                    {"required", slice.required},
                                    {"alpha", OrNull(slice.alpha)},
                                    {"block_level", OrNull(slice.block_level)},
                                    {"smallest_broke", OrNull(slice.smallest_broke)},
                                    {"block_mde", OrNull(slice.block_mde)},
                                    {"sees_drop", slice.sees_drop},
                                    {"pairs_for_drop", OrNull(slice.pairs_for_drop)},
                                    {"resolvable_margin", OrNull(slice.resolvable_margin)},
                                    {"pairs_for_margin", OrNull(slice.pairs_for_margin)},
                                    {"floor_rate", OrNull(slice.floor_rate)}});
  }
  document["families"] = json::Value::array();
  for (const CheckFamily& family : report.families) {
    document["families"].push_back({{"dimension", family.dimension},
                                    {"name", family.name},
                                    {"n_pairs", family.n},
                                    {"slices", family.slices},
                                    {"block_level", family.block_level},
                                    {"smallest_broke", OrNull(family.smallest_broke)},
                                    {"block_mde", OrNull(family.block_mde)},
                                    {"sees_drop", family.sees_drop}});
  }
  return document;
}

void RunCheck(const CheckFlags& flags, Session& session) {
  const Result<Policy> policy = gate::LoadPolicy(flags.policy);
  if (!policy) session.Report(policy.error());
  bool good = policy.has_value();
  plan::SuiteShape shape;
  PlanPsi psi = plan::DefaultPsi();
  if (!flags.suite.empty()) {
    const Result<suite::Suite> suite = suite::LoadSuite(flags.suite);
    if (suite) {
      shape = plan::ShapeOfCases(suite->name, suite->cases);
    } else {
      session.Report(suite.error());
      good = false;
    }
  } else {
    std::vector<RunLog> logs;
    if (ReadLogs(flags.incumbent, logs, session)) {
      shape = plan::ShapeOfLogs(logs);
      if (const auto found = PsiOfLogs(logs)) psi = *found;
    } else {
      good = false;
    }
  }
  if (!good) return;
  if (flags.psi >= 0) {
    const std::optional<double> noise = psi.noise;  // the repeats' own, whatever another model differs on
    psi = plan::GivenPsi(flags.psi);
    psi.noise = noise;
  }
  plan::CheckOptions options{.drop = flags.drop / 100, .icc = {}};
  if (flags.icc >= 0) options.icc = flags.icc;
  const CheckReport report = plan::Check(*policy, shape, psi, options);
  session.exit_code = report.answerable ? kExitOk : kExitInconclusive;
  if (flags.format != "text") {
    WriteDocument(ToJson(report, session.exit_code), flags.format, session.out);
  } else {
    WriteText(report, flags, session);
  }
}

}  // namespace

void AddCheckCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* command =
      app.add_subcommand("check", "before spending: which margins and slices a suite cannot resolve");
  command->add_option("policy", flags->policy, "policy file (gates/*.yaml)")->required()->type_name("POLICY");
  CLI::Option* suite =
      command->add_option("--suite", flags->suite, "the suite that would be run")->type_name("SUITE");
  CLI::Option* incumbent =
      command->add_option("--incumbent", flags->incumbent, "or: logs of the model in service")
          ->type_name("LOG");
  suite->excludes(incumbent);
  command->add_option("--psi", flags->psi, "share of prompts on which the two models will disagree, e.g. 0.1")
      ->check(Between(1e-6, 1.0))
      ->type_name("RATE");
  command->add_option("--drop", flags->drop, "points that one slice may lose before the gate should see it")
      ->check(Between(0.1, 100.0))
      ->type_name("POINTS")
      ->capture_default_str();
  command
      ->add_option("--icc", flags->icc,
                   "how much alike the cases of one cluster differ (intraclass correlation); 0.1 is assumed")
      ->check(Between(0.0, 1.0))
      ->type_name("RATE");
  AddRowsFlag(*command, "--rows", flags->rows, "slices to list of each dimension");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Example:\n"
      "  minslice check gates/default.yaml --suite suite.yaml --psi 0.08\n"
      "  minslice check gates/default.yaml --incumbent incumbent.jsonl\n\n"
      "Ends with 0 (the goal can be shown at this size), 11 (it cannot); 2 and 1 are failures.");
  command->callback([flags, &session] {
    if (flags->suite.empty() == flags->incumbent.empty()) {
      session.Report(Failure{Failure::Kind::kInput, {{{}, "check needs --suite SUITE or --incumbent LOG"}}});
      return;
    }
    RunCheck(*flags, session);
  });
}

}  // namespace minslice::cli
